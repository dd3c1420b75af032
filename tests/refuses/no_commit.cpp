// expect: a Writer must offer commit\(std::span<const change>, const demands&\)
// Put and erase are the transaction map's; an engine offers one verb.
#include <datolite/core/explain.hpp>

namespace {

struct engine {
  void put(datolite::bytes_view, datolite::bytes_view) {}
  void erase(datolite::bytes_view) {}
};

}  // namespace

static_assert(datolite::explain_writer<engine>());
