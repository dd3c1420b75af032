// The implementation of query_ours.hpp.
#include "query_ours.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <datolite/datolite.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>

#include <data_sets.hpp>

namespace datolite::bench {

namespace {

any_storage open(const std::string& engine, const std::string& name) {
  if (engine == "memory") return any_storage{engines::memory{}};
  const auto at = std::filesystem::temp_directory_path() / ("bench-query-" + engine + "-" + name);
  std::filesystem::remove_all(at);
  if (engine == "lmdb")
    return any_storage{engines::lmdb{at.string(), {.durability = durability_level::process}}};
  return any_storage{engines::leveldb{at.string(), {.durability = durability_level::process}}};
}

std::string shown(const value& v) {
  if (v.is_text()) return std::string{v.raw()};
  if (v.is(kind::long_) || v.is(kind::ref)) return std::to_string(v.word());
  return to_edn(v);
}

class one_query final : public our_query {
 public:
  one_query(db now, const std::string& text, std::vector<value> extra)
      : now_{std::move(now)}, query_{prepare(text)}, extra_{std::move(extra)} {}

  std::size_t run() override { return answer().size(); }

  shown_rows rows() override {
    shown_rows out;
    for (const auto& row : answer()) {
      std::string one;
      for (std::size_t i = 0; i < row.size(); ++i) one += shown(row[i]) + "\t";
      out.push_back(std::move(one));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  query::result answer() {
    std::vector<query::argument> args;
    args.reserve(1 + extra_.size());
    args.emplace_back(now_);
    for (const value& v : extra_) args.emplace_back(v);
    return q({.query = query_, .args = std::move(args)});
  }

  db now_;
  query::prepared query_;
  std::vector<value> extra_;
};

class one_pull final : public our_query {
 public:
  one_pull(db now, const std::string& pattern, std::int64_t root)
      : now_{std::move(now)}, pattern_{pattern}, root_{value::ref(root)} {}

  std::size_t run() override { return datolite::pull(now_, pattern_, root_).entries().size(); }

  shown_rows rows() override {
    shown_rows out;
    gather(datolite::pull(now_, pattern_, root_), out);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  static void gather(const value& person, shown_rows& into) {
    std::string row;
    for (int a = 0; a < people_follows; ++a) {
      const value* const found = find_keyword(person, people_attributes[a]);
      if (found == nullptr) {
      } else if (a != people_alias) {
        row += shown(*found);
      } else {
        for (const value& alias : found->elements()) row += shown(alias);
      }
      row += "\t";
    }
    into.push_back(std::move(row));
    if (const value* const kids = find_keyword(person, people_attributes[people_follows]))
      for (const value& kid : kids->elements()) gather(kid, into);
  }

  db now_;
  pull_pattern pattern_;
  value root_;
};

}  // namespace

struct our_facts::state {
  connection conn;
};

our_facts::our_facts(const std::string& engine, const std::string& name, const value& schema,
                     const value& facts)
    : state_{std::make_unique<state>(state{connection{open(engine, name)}})} {
  state_->conn.transact(schema);
  state_->conn.transact(facts);
}
our_facts::our_facts(our_facts&&) noexcept = default;
our_facts::~our_facts() = default;

std::unique_ptr<our_query> our_facts::ask(const std::string& text, std::vector<value> extra) const {
  return std::make_unique<one_query>(state_->conn.db(), text, std::move(extra));
}

std::unique_ptr<our_query> our_facts::pull(const std::string& pattern, std::int64_t root) const {
  return std::make_unique<one_pull>(state_->conn.db(), pattern, root);
}

}  // namespace datolite::bench
