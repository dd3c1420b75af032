// Random transactions of every kind: the store does what the reference transactor does, refusals, tempids and
// datoms alike, and shows what it shows: now, at any T, since any T, and in history; on every engine and
// layout, through reopening.
#include "reference_transactor.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <support/effort.hpp>

#include <random>

namespace model_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :n      :db/valueType :db.type/long   :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :boss   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :part   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many :db/isComponent true}
  {:db/ident :email  :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :code   :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/unique :db.unique/value}])";

constexpr const char* names[] = {"n", "tag", "friend", "boss", "part", "email", "code"};
constexpr std::size_t identity = 5;

class random_store {
 public:
  random_store(const store& in, unsigned seed) : store_{in}, random_{seed} {
    conn_.emplace(store_.open());
    datolite_test::transact(*conn_, schema);
    std::vector<reference_attribute> attributes;
    for (const char* name : names) {
      const attribute_facts& a = *conn_->db().attribute(kw(name));
      attributes.push_back({.id = a.id,
                            .many = a.many,
                            .ref = a.type == kind::ref,
                            .identity = a.unique == uniqueness::identity,
                            .unique = a.unique == uniqueness::value,
                            .component = a.component});
    }
    attributes_ = attributes;
    model_.emplace(std::move(attributes), identity);
  }

  void run(int transactions) {
    for (int i = 0; i < transactions; ++i) {
      step();
      if (::testing::Test::HasFailure()) return;
      if (i % 40 == 39) compare();
      if (i % 150 == 149) conn_.reset(), conn_.emplace(store_.open());
    }
    compare();
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  named some_entity(bool may_be_new) {
    const unsigned dice = below(10);
    if (may_be_new && dice < 4) return {.tempid = std::string(1, static_cast<char>('a' + below(3)))};
    if (dice == 9) return {.lookup = "m" + std::to_string(below(6))};
    if (!ids_.empty() && dice < 7) return {.id = ids_[below(static_cast<unsigned>(ids_.size()))]};
    const entity_id partition = below(2) == 0 ? datoms::part_user : datoms::implicit_part(below(2));
    return {.id = datoms::entid_at(partition, 1 + below(6))};
  }

  reference_operation some_operation() {
    reference_operation op{.what = reference_operation::add};
    const unsigned dice = below(20);
    if (dice >= 13) op.what = reference_operation::retract;
    if (dice == 17) op.what = reference_operation::retract_attribute;
    if (dice == 18) op.what = reference_operation::retract_entity;
    if (dice == 19) op.what = reference_operation::cas;
    op.e = some_entity(op.what == reference_operation::add);
    op.a = below(7);
    if (op.what == reference_operation::cas) op.a = below(2) == 0 ? 0 : 6;
    if (attributes_[op.a].ref) {
      op.target = some_entity(op.what == reference_operation::add);
    } else if (op.a == 0 || op.a == 6) {
      op.v = value{std::int64_t{below(op.a == 0 ? 4 : 9)}};
      if (below(4) != 0) op.old = value{std::int64_t{below(4)}};
    } else {
      const unsigned n = below(6);  // some texts stand inline in a value, some do not
      op.v = value{(op.a == identity ? "m" : n % 2 == 0 ? "t" : "a longer tag than ") + std::to_string(n)};
    }
    return op;
  }

  static value written(const named& n) {
    if (!n.tempid.empty()) return value{n.tempid};
    if (!n.lookup.empty()) return value::vector({kw("email"), value{n.lookup}});
    return value{n.id};
  }
  value form_of(const reference_operation& op) const {
    const value e = written(op.e), a = kw(names[op.a]), v = attributes_[op.a].ref ? written(op.target) : op.v;
    switch (op.what) {
      case reference_operation::add: return value::vector({kw("db/add"), e, a, v});
      case reference_operation::retract: return value::vector({kw("db/retract"), e, a, v});
      case reference_operation::retract_attribute: return value::vector({kw("db/retract"), e, a});
      case reference_operation::retract_entity: return value::vector({kw("db/retractEntity"), e});
      default: return value::vector({kw("db/cas"), e, a, op.old ? *op.old : value{}, v});
    }
  }

  void step() {
    std::vector<reference_operation> operations;
    std::vector<value> forms;
    for (unsigned n = 1 + below(4); n > 0; --n) {
      operations.push_back(some_operation());
      forms.push_back(form_of(operations.back()));
    }
    const value data = value::vector(std::span<const value>{forms});
    const std::int64_t t = conn_->db().next_t();
    const auto expected = model_->transact(t, operations);
    try {
      const tx_report report = conn_->transact(data);
      ASSERT_TRUE(expected.refusals.empty()) << *expected.refusals.begin() << ": " << to_edn(data);
      ASSERT_EQ(report.t, t);
      moments_.push_back(t);
      std::set<std::pair<std::string, bool>> datoms;
      for (const datom& d : report.tx_data) {
        if (datoms::part(d.e) == datoms::part_tx) continue;
        datoms.insert({reference_transactor::shown(d.e, d.a, d.v), d.added()});
      }
      ASSERT_EQ(datoms, expected.datoms) << to_edn(data);
      for (const auto& [name, id] : expected.tempids) {
        ASSERT_EQ(report.resolve_tempid(value{name}), id) << name << " of " << to_edn(data);
        if (ids_.size() < 12) ids_.push_back(id);
      }
      ASSERT_EQ(report.db_after.next_t(), expected.next_t);
    } catch (const error& e) {
      ASSERT_TRUE(expected.refusals.contains(std::string{e.code()}))
          << e.message() << "\n"
          << to_edn(data) << (expected.refusals.empty() ? "" : *expected.refusals.begin());
      ASSERT_EQ(conn_->db().next_t(), t);
    }
  }

  using rows = std::multiset<std::pair<std::string, std::int64_t>>;  // a fact, and its t_op
  rows shown(const db& in) const {
    rows out;
    for (const datom& d : in.datoms(datom_range{})) {
      if (d.t() < moments_.front() || datoms::part(d.e) == datoms::part_tx) continue;
      out.insert({reference_transactor::shown(d.e, d.a, d.v), d.t_op});
    }
    return out;
  }
  rows expected(std::int64_t as_of, std::int64_t since, bool history) const {
    rows out;
    const auto within = [&](std::int64_t t) { return since < t && t <= as_of; };
    for (const auto& f : model_->facts()) {
      const std::string text = reference_transactor::shown(f.e, f.a, f.v);
      if (history) {
        if (within(f.added)) out.insert({text, make_t_op(f.added, true)});
        if (!f.current() && within(f.retracted)) out.insert({text, make_t_op(f.retracted, false)});
      } else if (within(f.added) && f.retracted > as_of) {
        out.insert({text, make_t_op(f.added, true)});
      }
    }
    return out;
  }

  void compare() {
    if (moments_.empty()) return;
    const auto some = [&] { return moments_[below(static_cast<unsigned>(moments_.size()))]; };
    const std::int64_t t = some(), s = some(), end = reference_transactor::forever - 1;
    const db now = conn_->db();
    ASSERT_EQ(shown(now), expected(end, -1, false));
    ASSERT_EQ(shown(now.history()), expected(end, -1, true));
    ASSERT_EQ(shown(now.as_of(t)), expected(t, -1, false)) << "as of " << t;
    ASSERT_EQ(shown(now.since(s)), expected(end, s, false)) << "since " << s;
    ASSERT_EQ(shown(now.as_of(t).since(s)), expected(t, s, false));
    ASSERT_EQ(shown(now.history().as_of(t).since(s)), expected(t, s, true));
  }

  store store_;
  std::mt19937 random_;
  std::optional<connection> conn_;
  std::vector<reference_attribute> attributes_;
  std::optional<reference_transactor> model_;
  std::vector<std::int64_t> moments_, ids_;
};

TEST(Model, RandomTransactionsDoWhatTheReferenceDoes) {
  const unsigned seeds = datolite::test::rounds(2u, 200u);  // a long run: 100,000 on each store
  const std::size_t stores = all_stores().size();
  for (std::size_t i = 0; i < stores; ++i) {
    for (unsigned seed = 1; seed <= seeds; ++seed) {
      const store in = all_stores()[i];
      SCOPED_TRACE(in.name + ", seed " + std::to_string(seed));
      random_store{in, seed}.run(500);
      if (HasFailure()) return;
    }
  }
}

}  // namespace model_test
