// expect: use of deleted function
// The scan would show bytes of a reader that is gone.
#include <datolite/core/scan.hpp>

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

struct reader {
  std::optional<datolite::pinned_view> get(datolite::bytes_view) const { return std::nullopt; }
  iterator open_iterator(const datolite::bounds&) const { return {}; }
};

}  // namespace

void wrong() {
  for (auto [key, value] : datolite::scan(reader{})) (void)key, (void)value;
}
