// Random histories of transactions: the store agrees with the model about every moment, on every engine.
#include "fact_model.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <support/effort.hpp>

#include <random>

namespace history_test {

using namespace datolite_test;
using datoms::time_filter;

constexpr std::string_view schema = R"([
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many :db/index true}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :boss   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :code   :db/valueType :db.type/string :db/cardinality :db.cardinality/one  :db/unique :db.unique/value}])";

class history {
 public:
  history(const store& in, unsigned seed) : store_{in}, random_{seed} {
    conn_.emplace(store_.open());
    transact(*conn_, schema);
    for (const char* name : {"age", "name", "tag", "friend", "boss", "code"}) {
      const attribute_facts& a = *conn_->db().attribute(kw(name));
      attributes_.push_back({a.id, a.many, a.indexed, a.unique != uniqueness::none, a.type == kind::ref});
    }
    model_.emplace(attributes_);
  }

  void run(int transactions) {
    for (int i = 0; i < transactions; ++i) {
      step();
      if (i % 7 == 0) compare_some(conn_->db(), {}, 3);
      if (i % 23 == 22) reopen();
    }
    compare_every_moment();
    reopen();
    compare_every_moment();
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  entity_id some_entity() { return datoms::entid_at(datoms::part_user, 1 + below(9)); }

  value some_text() {
    static const std::string start(std::size_t{470}, 'x');
    switch (below(8)) {
      case 0: return value{start.substr(0, 30) + std::string(static_cast<std::size_t>(below(40)), 'y')};
      case 1: return value{start + std::string(static_cast<std::size_t>(below(30)), 'y')};
      case 2:
        return value{start +
                     std::string(static_cast<std::size_t>(20 + below(3)), static_cast<char>('a' + below(3)))};
      case 3: return value{start + std::string(10'000, static_cast<char>('a' + below(3)))};
      case 4: return value{""};
      default: return value{std::string(1, static_cast<char>('a' + below(4)))};
    }
  }

  value some_value(const model_attribute& a) {
    if (a.ref) return value::ref(some_entity());
    return &a == &attributes_[0] ? value{below(8) - 3} : some_text();
  }

  void step() {
    std::vector<model_operation> operations;
    std::vector<value> forms;
    for (int n = 1 + below(5); n > 0; --n) {
      const model_attribute& a = attributes_[static_cast<std::size_t>(below(6))];
      const int dice = below(20);
      model_operation op{model_operation::add, some_entity(), a.id, some_value(a)};
      if (dice >= 12) op.what = model_operation::retract;
      if (dice == 18) op.what = model_operation::retract_attribute;
      if (dice == 19) op.what = model_operation::retract_entity;
      operations.push_back(op);
      forms.push_back(form_of(op));
    }
    const std::int64_t t = conn_->db().next_t();
    const bool expected = model_->transact(t, operations);
    try {
      const tx_report report = conn_->transact(value::vector(std::span<const value>{forms}));
      ASSERT_TRUE(expected) << "should have been refused: "
                            << to_edn(value::vector(std::span<const value>{forms}));
      ASSERT_EQ(report.t, t);
      moments_.push_back(t);
      if (store_.name != "lmdb" && store_.name != "leveldb") kept_.push_back(report.db_after);
    } catch (const error& e) {
      ASSERT_FALSE(expected) << e.message();
    }
  }

  static value form_of(const model_operation& op) {
    const value e = value::ref(op.e), a = value::ref(op.a);
    switch (op.what) {
      case model_operation::add: return value::vector({kw("db/add"), e, a, op.v});
      case model_operation::retract: return value::vector({kw("db/retract"), e, a, op.v});
      case model_operation::retract_attribute: return value::vector({kw("db/retract"), e, a});
      default: return value::vector({kw("db/retractEntity"), e});
    }
  }

  void reopen() {
    kept_.clear();
    conn_.reset();
    conn_.emplace(store_.open());
  }

  datom_range some_range() {
    datom_range range;
    range.index = static_cast<index_order>(below(4));
    range.descending = below(2) == 0;
    const model_attribute& a = attributes_[static_cast<std::size_t>(below(6))];
    const int given = below(4);
    value next = some_value(a), other = some_value(a);
    if (range.index == index_order::eavt) {
      if (given > 0) range.e = some_entity();
      if (given > 1) range.a = a.id;
      if (given > 2) range.v = some_value(a);
      if (given == 0) next = value::ref(some_entity()), other = value::ref(some_entity());
      if (given == 1)
        next = value::ref(a.id), other = value::ref(attributes_[static_cast<std::size_t>(below(6))].id);
    } else if (range.index == index_order::aevt || range.index == index_order::avet) {
      const bool by_e = range.index == index_order::aevt;
      if (given > 0) range.a = a.id;
      if (given > 1) by_e ? void(range.e = some_entity()) : void(range.v = some_value(a));
      if (given > 2) by_e ? void(range.v = some_value(a)) : void(range.e = some_entity());
      if (given == 0)
        next = value::ref(a.id), other = value::ref(attributes_[static_cast<std::size_t>(below(6))].id);
      if (given == (by_e ? 1 : 2)) next = value::ref(some_entity()), other = value::ref(some_entity());
    } else {
      if (given > 0) range.v = value::ref(some_entity());
      if (given > 1) range.a = a.id;
      if (given > 2) range.e = some_entity();
      next = value::ref(given == 1 ? entity_id{a.id} : some_entity());
      other = value::ref(given == 1 ? entity_id{attributes_[static_cast<std::size_t>(below(6))].id}
                                    : some_entity());
    }
    if (given < 3 && below(2) == 0) range.start = range_bound{next, below(2) == 0};
    if (given < 3 && below(2) == 0) range.stop = range_bound{other, below(2) == 0};
    return range;
  }

  /// Only what the transactions of the history made: the model knows nothing of the schema.
  static std::vector<std::string> shown(const std::vector<datom>& datoms) {
    std::vector<std::string> out;
    for (const datom& d : datoms) {
      if (d.t() <= datoms::first_user_t || datoms::part(d.e) == datoms::part_tx) continue;
      std::string v = to_edn(d.v);
      if (v.size() > 60) v = v.substr(0, 20) + "…" + v.substr(v.size() - 20) + std::to_string(v.size());
      out.push_back(std::to_string(datoms::counter_of(d.e)) + " " + std::to_string(d.a) + " " + v + " " +
                    std::to_string(d.t_op));
    }
    return out;
  }

  static std::vector<datom> read(datom_cursor& cursor, const datom_range& range, std::size_t at_once) {
    cursor.seek(range);
    std::vector<datom> out;
    for (datom_columns batch; cursor.next_batch(batch, at_once);) {
      for (std::size_t i = 0; i < batch.size; ++i)
        out.push_back({batch.e[i], batch.a[i], batch.v[i], batch.t_op[i]});
    }
    return out;
  }

  /// Whoever wants the datoms of some entities gets all of theirs, perhaps others of the range, and no more.
  void compare_among(datom_cursor& cursor, const datom_range& all, const time_filter& time,
                     std::size_t at_once) {
    std::vector<entity_id> some;
    for (int i = 0; i < 5; ++i) some.push_back(some_entity());
    const auto among = entity_set::of(some);
    if (!among) return;
    datom_range range = all;
    range.among = &*among;
    auto found = read(cursor, range, at_once), expected = model_->datoms(all, time);
    const auto shown_all = shown(expected);
    for (const std::string& one : shown(found)) {
      ASSERT_NE(std::find(shown_all.begin(), shown_all.end(), one), shown_all.end()) << one;
    }
    const auto unwanted = [&](const datom& d) { return !among->contains(d.e); };
    std::erase_if(found, unwanted), std::erase_if(expected, unwanted);
    ASSERT_EQ(shown(found), shown(expected)) << "in " << static_cast<int>(range.index);
  }

  /// As expect_same_runs, by any component that is a number.
  void compare_runs(const db& in, const datom_range& range) {
    const bool by_v = range.v && (range.v->is(kind::ref) || range.v->is(kind::long_));
    if (!range.e && !by_v) return;
    const bool by_e = range.e && (!by_v || below(2) == 0);
    std::set<std::int64_t> words;
    for (int i = below(12); i >= 0; --i)
      words.insert(by_e || range.v->is(kind::ref) ? some_entity() : below(8) - 3);
    const std::vector<std::int64_t> ascending{words.begin(), words.end()};
    run_limits limits{.enough = below(3) == 0 ? static_cast<std::size_t>(below(9)) : run_limits::all,
                      .each = below(3) == 0 ? static_cast<std::size_t>(1 + below(6)) : run_limits::all};
    std::set<attribute_id> wanted;
    for (int i = below(4); i > 0; --i) wanted.insert(attributes_[static_cast<std::size_t>(below(6))].id);
    const std::vector<attribute_id> attributes{wanted.begin(), wanted.end()};
    if (by_e && range.index == index_order::eavt && !range.a) limits.attributes = attributes;
    expect_same_runs(in, range, by_e ? components::e : components::v, ascending, limits);
  }

  void compare_some(const db& in, const time_filter& time, int ranges) {
    std::vector<std::unique_ptr<datom_cursor>> cursors;
    for (int i = 0; i < 4; ++i) {
      cursors.push_back(in.access().open_cursor(static_cast<index_order>(i), components::all));
    }
    for (int i = 0; i < ranges; ++i) {
      const datom_range range = some_range();
      const std::size_t at_once = below(3) == 0 ? 1 : 1 + static_cast<std::size_t>(below(40));
      datom_cursor& cursor = *cursors[static_cast<std::size_t>(range.index)];
      if (below(4) == 0) compare_among(cursor, range, time, at_once);
      if (below(2) == 0) compare_runs(in, range);
      const auto found = read(cursor, range, at_once);
      ASSERT_EQ(shown(found), shown(model_->datoms(range, time))) << "in " << static_cast<int>(range.index);
      if (found.size() <= datoms::exact_count_limit) {
        ASSERT_EQ(in.count(range), found.size());
      } else {
        ASSERT_GT(in.count(range), datoms::exact_count_limit);
      }
    }
  }

  void compare_all(const db& in, const time_filter& time) {
    for (int i = 0; i < 4; ++i) {
      datom_range range;
      range.index = static_cast<index_order>(i);
      ASSERT_EQ(shown(in.datoms(range)), shown(model_->datoms(range, time)));
    }
  }

  void compare_every_moment() {
    const db now = conn_->db();
    compare_all(now, {});
    compare_all(now.history(), {.history = true});
    compare_some(now.history(), {.history = true}, 10);
    for (std::size_t i = 0; i < moments_.size(); ++i) {
      const std::int64_t t = moments_[i];
      compare_all(now.as_of(t), {.as_of = t});
      compare_some(now.as_of(t), {.as_of = t}, 2);
      if (i % 5 != 0) continue;
      const std::int64_t from = moments_[static_cast<std::size_t>(below(static_cast<int>(moments_.size())))];
      compare_all(now.since(from), {.since = from});
      compare_all(now.as_of(t).since(from), {.as_of = t, .since = from});
      compare_all(now.history().as_of(t).since(from), {.as_of = t, .since = from, .history = true});
    }
    for (std::size_t i = 0; i < kept_.size(); i += 3) {  // a db kept since then still says the same
      const std::int64_t t = kept_[i].basis_t();
      compare_all(kept_[i], {.as_of = t});
      compare_some(kept_[i], {.as_of = t}, 2);
    }
  }

  store store_;
  std::mt19937 random_;
  std::optional<connection> conn_;
  std::vector<model_attribute> attributes_;
  std::optional<fact_model> model_;
  std::vector<std::int64_t> moments_;
  std::vector<db> kept_;
};

TEST(History, TheStoreAgreesWithTheModelAboutEveryMoment) {
  for (unsigned seed = 1; seed <= datolite::test::rounds(2u, 20u); ++seed) {
    for (const store& in : all_stores()) {
      SCOPED_TRACE(in.name + ", seed " + std::to_string(seed));
      history{in, seed}.run(datolite::test::rounds(60, 60));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace history_test
