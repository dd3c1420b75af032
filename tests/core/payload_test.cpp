// The shared parts of values go back to where they came from, at the size they were allocated for, and a
// thread keeps few of them.
#include <datolite/core/payload.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_batch.hpp>
#include <datolite/core/value_order.hpp>

#include <gtest/gtest.h>

namespace payload_test {

using datolite::drop_values;
using datolite::kind;
using datolite::value;
using datolite::detail::payload_memory;
using datolite::detail::payload_sizes;
using datolite::detail::shared_payload;

/// Runs `work` in a thread that keeps nothing yet.
template <class F>
void in_new_thread(F work) {
  std::thread{[&] {
    ASSERT_EQ(payload_memory::kept_bytes(), 0u);
    work();
  }}.join();
}

/// What a thread keeps of a payload of so many bytes behind its head.
std::size_t kept_of(std::size_t bytes) {
  const std::size_t whole = sizeof(shared_payload) + bytes;
  return payload_memory::keeps && whole <= payload_sizes::most ? (whole + 15) / 16 * 16 : 0;
}

value text(std::size_t size) { return value{std::string(size, 'x')}; }
value numbers(std::size_t n) { return value::vector(std::vector<value>(n, value{1})); }

TEST(Payload, IsKeptAtTheSizeItWasAllocatedFor) {
  for (std::size_t n = 1; n < 40; ++n) {
    in_new_thread([n] {
      { const value dropped = numbers(n); }
      EXPECT_EQ(payload_memory::kept_bytes(), kept_of(n * sizeof(value))) << n << " values";
    });
  }
  for (std::size_t size = 15; size < 600; size += 7) {
    in_new_thread([size] {
      { const value dropped = text(size); }
      EXPECT_EQ(payload_memory::kept_bytes(), kept_of(size)) << "a text of " << size;
    });
  }
}

TEST(Payload, OfCollectionsWithinCollectionsAndOfParts) {
  in_new_thread([] {
    std::size_t expected = 0;
    {
      std::vector<value> parts;
      for (std::size_t n = 1; n < 20; ++n) {
        parts.push_back(value::vector({numbers(n), text(20 * n)}));
        expected += kept_of(2 * sizeof(value)) + kept_of(n * sizeof(value)) + kept_of(20 * n);
      }
      expected += kept_of(parts.size() * sizeof(value));
      const value whole = value::vector(parts);
    }
    EXPECT_EQ(payload_memory::kept_bytes(), expected);
  });
  in_new_thread([] {
    value part;
    {
      const value whole = text(100);
      part = whole.part(kind::string, 10, 50);
    }
    EXPECT_EQ(payload_memory::kept_bytes(), 0u);
    part = value{};
    EXPECT_EQ(payload_memory::kept_bytes(), kept_of(100));
  });
  in_new_thread([] {
    std::vector<value> batch(10, text(100));
    drop_values(batch);
    EXPECT_EQ(payload_memory::kept_bytes(), kept_of(100));
  });
}

TEST(Payload, WhatIsKeptIsUsedAgainAndHolds) {
  in_new_thread([] {
    for (int round = 0; round < 3; ++round) {
      std::vector<value> held;
      for (std::size_t n = 0; n < 500; ++n) held.push_back(n % 2 == 0 ? numbers(n % 40) : text(n));
      for (std::size_t n = 0; n < held.size(); ++n) {
        if (n % 2 == 0) {
          ASSERT_EQ(held[n].elements().size(), n % 40);
          ASSERT_TRUE(std::all_of(held[n].elements().begin(), held[n].elements().end(),
                                  [](const value& v) { return v == value{1}; }));
        } else {
          ASSERT_EQ(held[n].raw(), std::string(n, 'x'));
        }
      }
    }
    if (!payload_memory::keeps) return;
    const std::size_t kept = payload_memory::kept_bytes();
    { const value again = numbers(3); }
    EXPECT_EQ(payload_memory::kept_bytes(), kept);
  });
}

TEST(Payload, AThreadKeepsHalfAMegabyteOfThem) {
  in_new_thread([] {
    std::vector<value> many;
    for (int i = 0; i < 20'000; ++i) many.push_back(numbers(1 + static_cast<std::size_t>(i) % 31));
    many.clear();
    EXPECT_LE(payload_memory::kept_bytes(), payload_sizes::most_bytes);
    if (payload_memory::keeps) {
      EXPECT_GT(payload_memory::kept_bytes(), payload_sizes::most_bytes - payload_sizes::most);
    }
  });
}

TEST(Payload, MayBeFreedByAnotherThread) {
  std::vector<value> made;
  in_new_thread([&] {
    for (int i = 0; i < 1000; ++i) made.push_back(value::vector({numbers(7), text(60)}));
  });
  in_new_thread([&] {
    made.clear();
    made.shrink_to_fit();
    if (payload_memory::keeps) {
      EXPECT_GT(payload_memory::kept_bytes(), 0u);
    }
  });
}

}  // namespace payload_test
