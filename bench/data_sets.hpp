// data_sets: the data that the benchmarks of databases use, as transaction data and as triples for SQLite.
//
//   people          20,000 generated people, the classic data of DataScript's benchmark: bench::people()
//   a tree of them  each follows five others: bench::people_tree()
//   debian, small   3,000 packages of Debian 12 (tests/data)
//   debian, full    63,666 packages, 265,000 dependencies (bench/data, compressed)
#pragma once

#include <zstd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

#include <sqlite_triples.hpp>

namespace datolite::bench {

using triple = sqlite_triples::triple;

/// One entity: its map, its facts as separate forms, and its triples.
struct entity_data {
  value map{};
  std::vector<value> facts{};
  std::vector<triple> triples{};
};

struct data_set {
  value schema;
  std::vector<entity_data> entities;
  value whole;  ///< every entity's map, as one transaction
};

namespace detail {

/// splitmix64, so that any language can make the same people.
class splitmix {
 public:
  explicit splitmix(std::uint64_t seed) : state_{seed} {}
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::string decompressed(const std::string& raw) {
  const unsigned long long size = ZSTD_getFrameContentSize(raw.data(), raw.size());
  std::string out(size, '\0');
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(got) != 0u || got != size) std::fprintf(stderr, "the data set is damaged\n"), std::exit(1);
  return out;
}

inline triple triple_of(std::int64_t e, int a, bool many, const value& v) {
  triple t{.e = e, .a = a, .many = many};
  if (v.is(kind::long_) || v.is(kind::ref)) {
    t.is_number = true, t.number = v.word();
  } else {
    t.text = v.raw();
  }
  return t;
}

inline void gather(data_set& into) {
  std::vector<value> maps;
  maps.reserve(into.entities.size());
  for (const entity_data& one : into.entities) maps.push_back(one.map);
  into.whole = value::vector(std::span<const value>{maps});
}

}  // namespace detail

/// Attributes of people by number; those of a tree have all, others do without the last two.
inline constexpr const char* people_attributes[] = {"name", "last-name", "full-name", "alias",  "sex",
                                                    "age",  "salary",    "id",        "follows"};
inline constexpr int people_full_name = 2, people_alias = 3, people_id = 7, people_follows = 8;

namespace detail {

/// What a person has, by number of attribute.
inline std::vector<std::pair<int, value>> person(splitmix& random) {
  static constexpr const char* names[] = {"Ivan", "Petr",   "Sergei", "Oleg",
                                          "Yuri", "Dmitry", "Fedor",  "Denis"};
  static constexpr const char* families[] = {"Ivanov",  "Petrov",    "Sidorov",
                                             "Kovalev", "Kuznetsov", "Voronoi"};
  const std::string name = names[random.below(8)], family = families[random.below(6)];
  std::vector<std::string> aliases;
  for (std::uint64_t left = random.below(11); left > 0; --left) {
    const std::string alias(1, static_cast<char>('A' + random.below(12)));
    if (std::find(aliases.begin(), aliases.end(), alias) == aliases.end()) aliases.push_back(alias);
  }
  std::vector<std::pair<int, value>> facts{
      {0, value{name}}, {1, value{family}}, {2, value{name + " " + family}}};
  for (const std::string& alias : aliases) facts.emplace_back(people_alias, value{alias});
  facts.emplace_back(4, value::keyword(random.below(2) == 0 ? "male" : "female"));
  facts.emplace_back(5, value{static_cast<std::int64_t>(random.below(100))});
  facts.emplace_back(6, value{static_cast<std::int64_t>(random.below(100001))});
  return facts;
}

inline entity_data person_of(std::int64_t e, const std::vector<std::pair<int, value>>& facts) {
  entity_data made;
  std::vector<map_entry> map{{value::keyword("db/id"), value{e}}};
  std::vector<value> several[people_follows + 1];
  for (const auto& [a, v] : facts) {
    const bool many = a == people_alias || a == people_follows;
    const value attribute = value::keyword(people_attributes[a]);
    made.triples.push_back(triple_of(e, a, many, v));
    made.facts.push_back(value::vector({value::vector({value::keyword("db/add"), value{e}, attribute, v})}));
    many ? several[a].push_back(v) : map.push_back({attribute, v});
  }
  for (const int a : {people_alias, people_follows}) {
    if (several[a].empty()) continue;
    map.push_back({value::keyword(people_attributes[a]), value::vector(std::span<const value>{several[a]})});
  }
  made.map = make_map(std::span<const map_entry>{map});
  return made;
}

}  // namespace detail

/// `n` people with ids of the partition user, in a shuffled order.
inline data_set people(int n) {
  data_set out;
  out.schema = read_edn(R"([
    {:db/ident :name      :db/valueType :db.type/string  :db/cardinality :db.cardinality/one  :db/index true}
    {:db/ident :last-name :db/valueType :db.type/string  :db/cardinality :db.cardinality/one  :db/index true}
    {:db/ident :full-name :db/valueType :db.type/string  :db/cardinality :db.cardinality/one  :db/index true}
    {:db/ident :alias     :db/valueType :db.type/string  :db/cardinality :db.cardinality/many :db/index true}
    {:db/ident :sex       :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one  :db/index true}
    {:db/ident :age       :db/valueType :db.type/long    :db/cardinality :db.cardinality/one  :db/index true}
    {:db/ident :salary    :db/valueType :db.type/long    :db/cardinality :db.cardinality/one  :db/index true}])");
  detail::splitmix random{20240601};
  for (int i = 0; i < n; ++i) {
    out.entities.push_back(
        detail::person_of((std::int64_t{4} << 42) + 1'000'000 + i, detail::person(random)));
  }
  for (std::size_t i = out.entities.size(); i-- > 1;)
    std::swap(out.entities[i], out.entities[random.below(i + 1)]);
  detail::gather(out);
  return out;
}

/// 781 people, each of the first five levels but the last following five, the root first, and `others` whom
/// nobody follows. Nothing is indexed by value.
inline data_set people_tree(int others) {
  constexpr std::int64_t base = std::int64_t{4} << 42, root = 1, leaves = 156;
  data_set out;
  out.schema = read_edn(R"([
    {:db/ident :name      :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
    {:db/ident :last-name :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
    {:db/ident :full-name :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
    {:db/ident :alias     :db/valueType :db.type/string  :db/cardinality :db.cardinality/many}
    {:db/ident :sex       :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}
    {:db/ident :age       :db/valueType :db.type/long    :db/cardinality :db.cardinality/one}
    {:db/ident :salary    :db/valueType :db.type/long    :db/cardinality :db.cardinality/one}
    {:db/ident :id        :db/valueType :db.type/long    :db/cardinality :db.cardinality/one}
    {:db/ident :follows   :db/valueType :db.type/ref     :db/cardinality :db.cardinality/many}])");
  detail::splitmix random{20240601};
  for (std::int64_t i = root; i <= 781; ++i) {
    auto facts = detail::person(random);
    if (i <= leaves) {
      facts.emplace_back(people_id, value{i});
      for (std::int64_t k = 5 * i - 3; k <= 5 * i + 1; ++k)
        facts.emplace_back(people_follows, value::ref(base + k));
    }
    out.entities.push_back(detail::person_of(base + i, facts));
  }
  for (int i = 0; i < others; ++i)
    out.entities.push_back(detail::person_of(base + 10'000 + i, detail::person(random)));
  detail::gather(out);
  return out;
}

inline constexpr int debian_depends = 6;

/// The package graph of `text`, a vector of maps whose :db/id is the package's name.
inline data_set debian(const std::string& schema, const std::string& text) {
  static constexpr const char* attributes[] = {"name",           "version",    "section", "priority",
                                               "installed-size", "maintainer", "depends"};
  data_set out;
  out.schema = read_edn(schema);
  out.whole = read_edn(text);
  std::unordered_map<std::string_view, std::int64_t> ids;
  const auto id_of = [&](const value& name) {
    return ids.try_emplace(name.raw(), static_cast<std::int64_t>(ids.size()) + 1).first->second;
  };
  for (const value& map : out.whole.elements()) {
    entity_data made{.map = map};
    std::int64_t e = 0;
    for (const map_entry& entry : map.entries()) {
      if (entry.key.is_keyword("db/id")) e = id_of(entry.val);
    }
    for (const map_entry& entry : map.entries()) {
      for (int a = 0; a < 7; ++a) {
        if (!entry.key.is_keyword(std::string{"package/"} + attributes[a])) continue;
        if (a != debian_depends) {
          made.triples.push_back(detail::triple_of(e, a, false, entry.val));
        } else {
          for (const value& target : entry.val.elements()) {
            made.triples.push_back(
                {.e = e, .a = a, .many = true, .is_number = true, .number = id_of(target)});
          }
        }
      }
    }
    out.entities.push_back(std::move(made));
  }
  return out;
}

inline data_set small_debian() {
  const std::string at = DATOLITE_TEST_DATA;
  return debian(detail::read_file(at + "/debian-schema.edn"), detail::read_file(at + "/debian-packages.edn"));
}
inline data_set full_debian() {
  return debian(detail::read_file(std::string{DATOLITE_TEST_DATA} + "/debian-schema.edn"),
                detail::decompressed(
                    detail::read_file(std::string{DATOLITE_BENCH_DATA} + "/debian-packages-full.edn.zst")));
}

}  // namespace datolite::bench
