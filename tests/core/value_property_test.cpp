// Laws of values, asked of arbitrary ones.
#include <datolite/core/bignum.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/value_comparison.hpp>

#include "support/arbitrary_value.hpp"
#include "support/property.hpp"

namespace value_property_test {

using namespace datolite;
using namespace datolite::test;

TEST(value_laws, reading_what_was_printed_gives_the_same_value) {
  check_property([](const value& v) {
    const value back = read_edn(to_edn(v));
    RC_ASSERT(back == v);
    RC_ASSERT(encode_value(back) == encode_value(v));
  });
}

TEST(value_laws, plain_style_can_always_be_read_where_the_texts_can_be_spelled) {
  check_property([](double d, std::int64_t n) {
    const value v = value::tuple({d, value::ref(n), static_cast<float>(d), value::uri("x")});
    RC_ASSERT(read_edn(to_edn(v, edn_style::plain)).elements().size() == 4u);
  });
}

TEST(value_laws, the_encoding_decodes_to_the_same_value_whatever_follows) {
  check_property([](const value& v, const std::string& follows) {
    const bytes encoded = encode_value(v), all = encoded + follows;
    bytes_view in = all;
    RC_ASSERT(decode_value(in) == v);
    RC_ASSERT(in == follows);
    in = all;
    RC_ASSERT(take_encoded(in) == encoded);
    RC_ASSERT(in == follows);
  });
}

TEST(value_laws, the_encoding_has_the_stored_order_and_is_prefix_free) {
  check_property(
      [] {
        const auto [a, b] = *arbitrary_pair();
        const bytes x = encode_value(a), y = encode_value(b);
        RC_ASSERT((x <=> y) == stored_order(a, b));
        RC_ASSERT(x == y || (!x.starts_with(y) && !y.starts_with(x)));
      },
      1500);
}

TEST(value_laws, every_truncation_and_every_flipped_byte_is_refused_or_another_value) {
  check_property(
      [](const value& v) {
        const bytes encoded = encode_value(v);
        for (std::size_t i = 0; i < encoded.size(); ++i) {
          bytes_view cut = bytes_view{encoded}.substr(0, i);
          RC_ASSERT_THROWS_AS(decode_value(cut), error);
          bytes flipped = encoded;
          flipped[i] = static_cast<char>(flipped[i] ^ static_cast<char>(*rc::gen::inRange(1, 255)));
          bytes_view in = flipped;
          try {
            const value other = decode_value(in);
            RC_ASSERT(!(other == v));
            RC_ASSERT(bytes_view{flipped}.starts_with(encode_value(other)));
          } catch (const error& e) {
            RC_ASSERT(e.category() == error_category::corrupt);
          }
        }
      },
      100);
}

TEST(value_laws, query_equality_agrees_with_its_canonical_form_and_its_hash) {
  check_property(
      [] {
        const auto [a, b] = *arbitrary_pair();
        RC_ASSERT(query_equal(a, b) == query_equal(b, a));
        RC_ASSERT(query_equal(a, b) == (query_canonical(a) == query_canonical(b)));
        RC_ASSERT(!query_equal(a, b) || query_hash(a) == query_hash(b));
        RC_ASSERT(query_equal(a, query_canonical(a)));
        RC_ASSERT(query_canonical(query_canonical(a)) == query_canonical(a));
      },
      1500);
}

TEST(value_laws, comparison_of_numbers_is_a_total_preorder) {
  check_property(
      [] {
        const value a = *arbitrary_number(), b = *arbitrary_number(), c = *arbitrary_number();
        const auto ab = compare_values(a, b), bc = compare_values(b, c), ac = compare_values(a, c);
        RC_ASSERT(ab != std::partial_ordering::unordered);
        RC_ASSERT(compare_values(b, a) == (0 <=> ab));
        RC_ASSERT(!(ab <= 0 && bc <= 0) || ac <= 0);
        RC_ASSERT(!(ab < 0 && bc <= 0) || ac < 0);
        RC_ASSERT(!(ab == 0 && bc == 0) || ac == 0);
        RC_ASSERT(!query_equal(a, b) || ab == 0);
      },
      1500);
}

TEST(value_laws, comparison_agrees_with_stored_order_within_a_kind) {
  check_property([] {
    const value a = *arbitrary_scalar(), b = *arbitrary_scalar();
    if (a.kind() != b.kind() || a.is(kind::bigdec)) return;
    RC_ASSERT(compare_values(a, b) == stored_order(a, b));
  });
}

/// What a finite number amounts to, as a fraction of 2^-1100 and 10^-900.
boost::multiprecision::cpp_int scaled(const value& v) {
  static const big_integer unit =
      boost::multiprecision::pow(big_integer{10}, 900) * boost::multiprecision::pow(big_integer{2}, 1100);
  if (v.is(kind::double_) || v.is(kind::float_)) {
    int exponent = 0;
    const double d = v.is(kind::double_) ? v.as_double() : double{v.as_float()};
    const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(d, &exponent), 53));
    exponent -= 53;
    const big_integer whole = unit * mantissa;
    return exponent < 0 ? big_integer{whole / boost::multiprecision::pow(big_integer{2},
                                                                         static_cast<unsigned>(-exponent))}
                        : big_integer{whole * boost::multiprecision::pow(big_integer{2},
                                                                         static_cast<unsigned>(exponent))};
  }
  const big_decimal d = to_big_decimal(v);
  const big_integer power =
      boost::multiprecision::pow(big_integer{10}, static_cast<unsigned>(std::abs(d.scale)));
  return d.scale < 0 ? big_integer{unit * d.unscaled * power} : big_integer{unit * d.unscaled / power};
}

TEST(value_laws, comparison_of_numbers_is_that_of_exact_arithmetic) {
  const auto finite = [](const value& v) {
    return (!v.is(kind::double_) || std::isfinite(v.as_double())) &&
           (!v.is(kind::float_) || std::isfinite(v.as_float()));
  };
  check_property(
      [finite] {
        const value a = *arbitrary_number(), b = *arbitrary_number();
        if (!finite(a) || !finite(b)) return;
        const int order = scaled(a).compare(scaled(b));
        RC_ASSERT(compare_values(a, b) == (order <=> 0));
      },
      500);
}

TEST(value_laws, set_and_map_order_is_independent_of_the_order_given) {
  check_property(
      [](std::vector<value> elements) {
        const value made = make_collection(kind::set, elements);
        std::reverse(elements.begin(), elements.end());
        RC_ASSERT(make_collection(kind::set, elements) == made);
        RC_ASSERT(std::is_sorted(made.elements().begin(), made.elements().end(), stored_less{}));
      },
      60);
}

TEST(value_laws, exact_arithmetic_keeps_the_ring_laws) {
  const auto exact = [] {
    return rc::gen::oneOf(rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value{n}; }),
                          arbitrary_bigint(),
                          rc::gen::map(rc::gen::pair(arbitrary_long(), rc::gen::inRange(-20, 20)),
                                       [](const auto& p) { return make_bigdec(p.first, p.second); }));
  };
  check_property([exact] {
    const value a = *exact(), b = *exact(), c = *exact();
    RC_ASSERT(exact_add(a, b) == exact_add(b, a));
    RC_ASSERT(exact_multiply(a, b) == exact_multiply(b, a));
    RC_ASSERT(std::is_eq(compare_values(exact_subtract(exact_add(a, b), b), a)));
    RC_ASSERT(std::is_eq(compare_values(exact_multiply(a, exact_add(b, c)),
                                        exact_add(exact_multiply(a, b), exact_multiply(a, c)))));
    RC_ASSERT(std::is_eq(compare_values(exact_add(a, exact_negate(a)), 0)));
  });
}

TEST(value_laws, whole_division_undoes_multiplication) {
  check_property([] {
    const value a = *rc::gen::oneOf(arbitrary_bigint(),
                                    rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value{n}; }));
    const value b = *rc::gen::oneOf(arbitrary_bigint(),
                                    rc::gen::map(arbitrary_long(), [](std::int64_t n) { return value{n}; }));
    if (compare_values(b, 0) == 0) return;
    const auto [quotient, remainder] = exact_divide_whole(a, b);
    RC_ASSERT(std::is_eq(compare_values(exact_add(exact_multiply(quotient, b), remainder), a)));
  });
}

}  // namespace value_property_test
