// The transaction map: what docs/transactions.md quotes.
#include <datolite/core/edn.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/txn/transaction.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

using namespace datolite;

namespace {

void check(bool holds) {
  if (!holds) std::exit(1);
}

std::string keys_of(const auto& reader, const bounds& within) {
  std::string all;
  for (auto [key, value] : scan(reader, within)) all.append(key).append(" ");
  return all;
}

void first_steps(engines::memory& store) {
  // [first-steps]
  auto t = ensure_transaction(store);                                         // a snapshot, and no changes
  t = put(std::move(t), "doc-1", "the first document");                       // bytes
  t = put(std::move(t), "doc-2", read_edn("{:title \"Alien\" :year 1979}"));  // any EDN value
  t = put(std::move(t), "owner-of-doc-1", "ada");
  t = erase(std::move(t), "doc-0");

  for (auto [key, value] : scan(t, prefix("doc-"))) std::cout << key << '\n';  // doc-1, doc-2
  std::cout << t << '\n';                                                      // the changes, as EDN
  commit(store, t);  // the one place that touches the store
  // [/first-steps]
  check(keys_of(store, everything()) == "doc-1 doc-2 owner-of-doc-1 ");
}

void forks(engines::memory& store) {
  // [forks]
  const auto draft = put(ensure_transaction(store), "doc-3", "a draft");
  const auto bold = put(draft, "doc-3", "a bold draft");  // draft is left as it was
  const auto gone = erase(draft, prefix("doc-"));         // all that starts with doc-, in this fork only
  // [/forks]
  check(get(draft, "doc-3")->view() == "a draft");
  check(get(bold, "doc-3")->view() == "a bold draft");
  check(keys_of(gone, prefix("doc-")).empty());
}

void reading(engines::memory& store) {
  const auto t = put(ensure_transaction(store), "doc-3", "text");
  // [reading]
  if (const auto found = get(t, "doc-3")) std::cout << found->view() << '\n';  // bytes, kept by `found`
  const auto film = get_value(t, "doc-2");                                     // the EDN value that was put
  for (auto [key, value] : scan_reverse(t, between("doc-1", "doc-3")))
    std::cout << key << '\n';  // doc-2, doc-1
  // [/reading]
  check(film && find_keyword(*film, "year")->as_long() == 1979);
}

void editing_in_a_scan(engines::memory& store) {
  auto t = ensure_transaction(store);
  // [editing]
  for (auto [key, value] : scan(t, prefix("doc-"))) {
    t = put(std::move(t), std::string{"old-"}.append(key), value);
    t = erase(std::move(t), key);
  }
  // [/editing]
  check(keys_of(t, everything()) == "old-doc-1 old-doc-2 owner-of-doc-1 ");
}

void retrying(engines::memory& store) {
  // [retry]
  const auto add_one = [](auto t) {
    const auto n = get_value(t, "counter");
    return put(std::move(t), "counter", n ? n->as_long() + 1 : 1);
  };
  for (;;) {
    const auto t = add_one(ensure_transaction(store));
    try {
      commit(store, t, unmoved(t));  // only if nobody has committed since
      break;
    } catch (const error& e) {
      if (e.category() != error_category::conflict) throw;
    }
  }
  // [/retry]
  check(get_value(store, "counter")->as_long() == 1);
}

void demanding(engines::memory& store) {
  bool refused = false;
  // [conditions]
  const auto t = put(ensure_transaction(store), "lock", "mine");
  const condition free_and_same[] = {{"lock", std::nullopt}, {"owner-of-doc-1", "ada"}};
  commit(store, t, {.conditions = free_and_same});
  // [/conditions]
  try {
    commit(store, t, {.conditions = free_and_same});
  } catch (const error& e) {
    refused = e.category() == error_category::conflict;
  }
  check(refused);
}

void nesting(engines::memory& store) {
  // [nesting]
  auto outer = put(ensure_transaction(store), "a", "1");
  auto inner = put(transaction_on(outer), "b", "2");
  commit(outer, inner);  // into the outer transaction; the store has seen nothing yet
  // [/nesting]
  check(get(outer, "b") && !store.get("b"));
}

}  // namespace

int main() {
  engines::memory store;
  commit(store, put(ensure_transaction(store), "doc-0", "old"));
  first_steps(store);
  forks(store);
  reading(store);
  editing_in_a_scan(store);
  retrying(store);
  demanding(store);
  nesting(store);
}
