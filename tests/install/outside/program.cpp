// A small program against one engine; the README's own program is built besides.
#include <datolite/core/edn.hpp>
#include <datolite/engines/lmdb.hpp>

#include <cstdio>

int main() {
  datolite::engines::lmdb store{"outside.db"};
  const datolite::change changes[] = {{"greeting", datolite::to_edn("from outside")}};
  store.commit(changes, {});
  const auto found = store.get("greeting");
  return found && datolite::read_edn(found->view()) == datolite::value{"from outside"} ? 0 : 1;
}
