// expect: an Iterator must offer seek\(bytes_view\)
// An engine whose iterator cannot seek: the first thing a new engine forgets.
#include <datolite/core/explain.hpp>

namespace {

struct stepping_iterator {
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
  stepping_iterator open_iterator(const datolite::bounds&) const { return {}; }
};

struct snapshot : reader {
  datolite::synctag_t synctag() const { return {}; }
};

struct engine : snapshot {
  static constexpr bool zero_copy = true;
  static constexpr bool multi_process = false;
  datolite::synctag_t commit(std::span<const datolite::change>, const datolite::demands&) { return {}; }
  struct snapshot snapshot() const {
    return {};
  }
  void close() {}
  datolite::durability_level durability() const { return {}; }
  std::size_t min_key_size() const { return 0; }
  std::size_t max_key_size() const { return 0; }
  std::size_t preferred_value_size() const { return 0; }
};

}  // namespace

static_assert(datolite::explain_storage<engine>());
