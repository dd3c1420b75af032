// arbitrary_value: RapidCheck generators of values of every kind.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <datolite/core/big_number.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>

#include <rapidcheck.h>

#include "value_printing.hpp"

namespace datolite::test {

/// Longs, with those at the edges more often than chance would have them.
inline rc::Gen<std::int64_t> arbitrary_long() {
  using limits = std::numeric_limits<std::int64_t>;
  return rc::gen::weightedOneOf<std::int64_t>(
      {{3, rc::gen::inRange<std::int64_t>(-3, 4)},
       {2, rc::gen::arbitrary<std::int64_t>()},
       {2, rc::gen::map(rc::gen::inRange(-63, 64),
                        [](int bits) {
                          const std::int64_t power = bits == 0 ? 1 : std::int64_t{1} << (std::abs(bits) - 1);
                          return bits < 0 ? -power - 1 : power + 1;
                        })},
       {1, rc::gen::element<std::int64_t>(limits::min(), limits::max(), (1LL << 53) - 1, (1LL << 53) + 1)}});
}

inline rc::Gen<double> arbitrary_double() {
  using limits = std::numeric_limits<double>;
  return rc::gen::weightedOneOf<double>(
      {{3, rc::gen::map(rc::gen::inRange(-6, 7), [](int halves) { return halves / 2.0; })},
       {2, rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                        [](std::uint64_t bits) {
                          const auto d = std::bit_cast<double>(bits);
                          return d == d ? d : 0.1;
                        })},
       {2, rc::gen::map(arbitrary_long(), [](std::int64_t n) { return static_cast<double>(n); })},
       {1, rc::gen::element(limits::infinity(), -limits::infinity(), limits::denorm_min(), limits::max(),
                            -0.0)}});
}

inline rc::Gen<std::string> arbitrary_digits(int most) {
  return rc::gen::mapcat(rc::gen::inRange(1, most), [](int size) {
    return rc::gen::map(
        rc::gen::container<std::string>(static_cast<std::size_t>(size), rc::gen::inRange('0', ':')),
        [](std::string digits) {
          digits.erase(0, digits.find_first_not_of('0'));
          return digits.empty() ? std::string{"0"} : digits;
        });
  });
}

inline rc::Gen<value> arbitrary_bigint() {
  return rc::gen::oneOf(
      rc::gen::map(arbitrary_long(), [](std::int64_t n) { return make_bigint(n); }),
      rc::gen::map(rc::gen::pair(rc::gen::arbitrary<bool>(), arbitrary_digits(400)),
                   [](const auto& p) { return parse_bigint((p.first ? "-" : "") + p.second); }));
}

inline rc::Gen<value> arbitrary_bigdec() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::pair(arbitrary_long(), rc::gen::inRange(-20, 21)),
                   [](const auto& p) { return make_bigdec(p.first, p.second); }),
      rc::gen::map(rc::gen::pair(rc::gen::inRange(-30, 31), rc::gen::inRange(0, 3)),
                   [](const auto& p) { return make_bigdec(p.first, p.second); }),
      rc::gen::map(rc::gen::pair(arbitrary_digits(60), rc::gen::inRange(-400, 400)),
                   [](const auto& p) { return parse_bigdec(p.first + "e" + std::to_string(p.second)); }));
}

/// A number of any kind, never NaN.
inline rc::Gen<value> arbitrary_number() {
  return rc::gen::oneOf(
      rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value{n}; }),
      rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value::ref(n); }),
      rc::gen::map(arbitrary_double(), [](double d) { return value{d}; }),
      rc::gen::map(arbitrary_double(), [](double d) { return value{static_cast<float>(d)}; }),
      arbitrary_bigint(), arbitrary_bigdec());
}

/// Bytes of all sorts; zeros, 0xFF and letters more often.
inline rc::Gen<std::string> arbitrary_text() {
  const auto byte =
      rc::gen::weightedOneOf<char>({{4, rc::gen::inRange('a', 'd')},
                                    {2, rc::gen::element('\0', '\1', '\xFF', '/', ':', ' ', '1')},
                                    {1, rc::gen::arbitrary<char>()}});
  return rc::gen::container<std::string>(byte);
}

/// A value of any kind that is no collection, never NaN.
inline rc::Gen<value> arbitrary_scalar() {
  const auto text = [](auto make) { return rc::gen::map(arbitrary_text(), make); };
  return rc::gen::weightedOneOf<value>(
      {{1, rc::gen::just(value{})},
       {1, rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return value{b}; })},
       {8, arbitrary_number()},
       {3, text([](const std::string& s) { return value{s}; })},
       {2, text([](const std::string& s) { return value::keyword(s); })},
       {2, text([](const std::string& s) { return value::symbol(s); })},
       {1, text([](const std::string& s) { return value::uri(s); })},
       {1, text([](const std::string& s) { return value::bytes(s); })},
       {1, rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value::instant(n); })},
       {1, rc::gen::map(rc::gen::inRange<std::int64_t>(-1'000'000'000'000'000, 1'000'000'000'000'000),
                        [](std::int64_t n) { return value::instant(n); })},
       {1, rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 0x120000),
                        [](std::uint32_t c) { return value::character(static_cast<char32_t>(c)); })},
       {1,
        rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>()),
                     [](const auto& p) {
                       std::array<unsigned char, 16> raw;
                       std::memcpy(raw.data(), &p.first, 8);
                       std::memcpy(raw.data() + 8, &p.second, 8);
                       return value::uuid(raw);
                     })}});
}

/// The collection of kind `k` with these elements; what a set or map would have twice is left out.
inline value make_collection(kind k, std::vector<value> elements) {
  if (k == kind::tagged) {
    elements.resize(2);
    if (!elements[0].is(kind::symbol)) elements[0] = value::symbol("some/tag");
  }
  if (k == kind::set) {
    std::sort(elements.begin(), elements.end(), stored_less{});
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  }
  if (k == kind::map) {
    std::vector<map_entry> entries;
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
      const auto same = [&](const map_entry& e) { return e.key == elements[i]; };
      if (std::none_of(entries.begin(), entries.end(), same))
        entries.push_back({elements[i], elements[i + 1]});
    }
    return make_map(entries);
  }
  return value::from_moved(k, elements);
}

inline rc::Gen<value> arbitrary_value(int depth = 3) {
  if (depth == 0) return arbitrary_scalar();
  const auto collection = rc::gen::map(
      rc::gen::pair(
          rc::gen::element(kind::tuple, kind::vector, kind::list, kind::set, kind::map, kind::tagged),
          rc::gen::scale(0.2, rc::gen::container<std::vector<value>>(
                                  rc::gen::lazy([depth] { return arbitrary_value(depth - 1); })))),
      [](const auto& p) { return make_collection(p.first, p.second); });
  return rc::gen::weightedOneOf<value>({{3, arbitrary_scalar()}, {2, collection}});
}

/// Two values that differ little, if at all.
inline rc::Gen<std::pair<value, value>> arbitrary_pair() {
  return rc::gen::oneOf(rc::gen::pair(arbitrary_value(), arbitrary_value()),
                        rc::gen::pair(arbitrary_number(), arbitrary_number()),
                        rc::gen::map(arbitrary_value(),
                                     [](const value& v) {
                                       return std::pair{v, query_canonical(v)};
                                     }),
                        rc::gen::map(rc::gen::pair(arbitrary_text(), arbitrary_text()), [](const auto& p) {
                          return std::pair<value, value>{p.first, p.first + p.second};
                        }));
}

}  // namespace datolite::test

namespace rc {

template <>
struct Arbitrary<datolite::value> {
  static Gen<datolite::value> arbitrary() { return datolite::test::arbitrary_value(); }
};

}  // namespace rc
