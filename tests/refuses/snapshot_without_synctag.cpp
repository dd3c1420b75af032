// expect: a Snapshot must offer synctag_t synctag\(\) const
#include <datolite/core/explain.hpp>

namespace {

struct iterator {
  void seek(datolite::bytes_view) {}
  void seek_for_prev(datolite::bytes_view) {}
  void seek_first() {}
  void seek_last() {}
  void next() {}
  void prev() {}
  bool valid() const { return false; }
  datolite::bytes_view key() const { return {}; }
  datolite::bytes_view value() const { return {}; }
};

struct snapshot {
  std::optional<datolite::pinned_view> get(datolite::bytes_view) const { return std::nullopt; }
  iterator open_iterator(const datolite::bounds&) const { return {}; }
};

}  // namespace

static_assert(datolite::explain_snapshot<snapshot>());
