// structs: C++ structs described with Boost.Hana, as rows of a datasource and as rows of a result.
//
//   struct seat { int row; std::string place; };
//   BOOST_HANA_ADAPT_STRUCT(seat, row, place);
//
//   q("[:find ?p :in $ :where [?row ?p] [(< 10 ?row)]]", adapters::structs(seats));     // a source
//   adapters::rows_as<seat>(q("[:find ?row ?p :where …]", db));                         // a result
//
// The members are the slots, in the order of their description. They must be scalars that a value can hold, and for
// results such as can be made from a value (query/conversion.hpp).
//
// Lifetime: a source refers to its range. Threads: many may query one source at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/unpack.hpp>

#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/source.hpp>

namespace datolite::adapters {

/// A struct that is described with BOOST_HANA_DEFINE_STRUCT or BOOST_HANA_ADAPT_STRUCT.
template <class T>
concept Described = boost::hana::Struct<T>::value;

/// How many members `T` describes.
template <Described T>
inline constexpr std::size_t member_count = decltype(boost::hana::length(boost::hana::accessors<T>()))::value;

/// The members' names, in order.
template <Described T>
constexpr std::array<std::string_view, member_count<T>> member_names() {
  return boost::hana::unpack(boost::hana::accessors<T>(), [](auto... member) {
    return std::array<std::string_view, member_count<T>>{boost::hana::first(member).c_str()...};
  });
}

/// A struct as a row: valid while the struct is.
template <Described T>
class struct_row {
 public:
  explicit struct_row(const T& of) noexcept : of_{&of} {}
  static constexpr std::size_t size() noexcept { return member_count<T>; }

  value operator[](std::size_t slot) const {
    value out;
    boost::hana::unpack(boost::hana::accessors<T>(), [&](auto... member) {
      std::size_t at = 0;
      static_cast<void>(
          ((at++ == slot ? (out = query::to_value(boost::hana::second(member)(*of_)), true) : false) || ...));
    });
    return out;
  }

 private:
  const T* of_;
};

/// The structs of a range that have a pattern's constants.
template <std::ranges::input_range R>
class struct_rows {
 public:
  struct_rows(const R& structs, const query::clause_pattern& pattern) : structs_{&structs}, pattern_{pattern} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
    query::row_joiner join{ys, spec};
    std::uint64_t reads = 0;
    for (const auto& one : *structs_) {
      if (join.done()) break;
      ++reads;
      const struct_row row{one};
      if (pattern_.matches(row)) join.add(row);
    }
    if (pattern_.io() != nullptr) pattern_.io()->other.reads += reads;
    return std::move(join).finish();
  }

 private:
  const R* structs_;
  kept_pattern pattern_;
};

/// A datasource over a range of described structs; see `structs`.
template <std::ranges::input_range R>
  requires Described<std::ranges::range_value_t<R>>
class struct_source {
 public:
  explicit struct_source(const R& structs) noexcept : structs_{&structs} {}
  struct_rows<R> extrel(const query::clause_pattern& pattern) const { return {*structs_, pattern}; }

  /// The slots of members that may be keywords or sequences.
  query::slot_set gives_names(const query::clause_pattern&) const {
    using T = std::ranges::range_value_t<R>;
    query::slot_set out;
    boost::hana::unpack(boost::hana::accessors<T>(), [&](auto... member) {
      std::size_t slot = 0;
      const auto look = [&]<class M>(std::type_identity<M>) {
        if (query::detail::may_be_a_name<M>) out.insert(slot);
        ++slot;
      };
      (look(std::type_identity<std::remove_cvref_t<decltype(boost::hana::second(member)(std::declval<const T&>()))>>{}),
       ...);
    });
    return out;
  }

 private:
  const R* structs_;
};

/// `all` as a datasource with a slot a member. Refers to `all`.
template <std::ranges::input_range R>
  requires Described<std::ranges::range_value_t<R>>
struct_source<R> structs(const R& all) {
  return struct_source<R>{all};
}

template <class R>
void structs(const R&& all) = delete;  // the structs would be gone when they are read

/// A struct from anything with `size()` and `[slot]`: member i from slot i. Throws `db.error/wrong-type` if a value
/// does not fit its member, `incorrect` if there are not as many slots as members.
template <Described T, class Row>
T struct_from(const Row& row) {
  if (row.size() != member_count<T>) {
    throw error{error_category::incorrect, "db.error/wrong-width",
                "a row of " + std::to_string(row.size()) + " values for a struct of " +
                    std::to_string(member_count<T>) + " members"};
  }
  T out{};
  boost::hana::unpack(boost::hana::accessors<T>(), [&](auto... member) {
    std::size_t slot = 0;
    const auto set = [&](auto& to) { to = query::from_value<std::remove_cvref_t<decltype(to)>>(row[slot++]); };
    (set(boost::hana::second(member)(out)), ...);
  });
  return out;
}

/// The rows of a query's result as structs.
template <Described T, std::ranges::input_range Rows>
std::vector<T> rows_as(const Rows& rows) {
  std::vector<T> out;
  for (auto&& row : rows) out.push_back(struct_from<T>(row));
  return out;
}

}  // namespace datolite::adapters
