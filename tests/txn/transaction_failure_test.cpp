// Memory runs out at every single allocation of an edit: the transaction is as it was.
#include <datolite/txn/transaction.hpp>

#include <datolite/engines/memory.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

namespace transaction_failure_test {

thread_local long allocations_left = -1;  ///< negative: all succeed

}  // namespace transaction_failure_test

void* operator new(std::size_t size) {
  if (transaction_failure_test::allocations_left == 0) throw std::bad_alloc{};
  if (transaction_failure_test::allocations_left > 0) --transaction_failure_test::allocations_left;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace transaction_failure_test {

using namespace datolite;

TEST(transaction_failure, an_edit_that_runs_out_of_memory_anywhere_leaves_an_rvalue_as_it_was) {
  const engines::memory store;
  auto t = ensure_transaction(store);
  const std::string keys[] = {"a", "b", "c"};
  for (int round = 0; round < 1500; ++round) {  // enough for the bytes that are replaced to be given back
    const std::string& key = keys[round % 3];
    const std::string value = std::to_string(round) + std::string(1000, 'v');
    const auto before = get(t, key);
    for (long n = 0;; ++n) {
      auto edited = t;
      const synctag_t tag = edited.synctag();
      bool failed = false;
      allocations_left = n;
      try {
        edited = put(std::move(edited), key, value);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      allocations_left = -1;
      if (!failed) {
        ASSERT_EQ(get(edited, key)->view(), value);
        ASSERT_NE(edited.synctag(), tag);
        t = edited;
        break;
      }
      const auto after = get(edited, key);
      ASSERT_EQ(after.has_value(), before.has_value());
      if (before) {
        ASSERT_EQ(after->view(), before->view());
      }
      ASSERT_EQ(edited.synctag(), tag);
    }
  }
}

}  // namespace transaction_failure_test
