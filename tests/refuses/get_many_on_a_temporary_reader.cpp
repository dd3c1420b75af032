// expect: use of deleted function .*get_many
// The views that get_many returns belong to the reader, so a reader that dies at once is refused.
#include <datolite/core/reader.hpp>

struct iterator {
  void seek(datolite::bytes_view);
  void seek_for_prev(datolite::bytes_view);
  void seek_first();
  void seek_last();
  void next();
  void prev();
  bool valid() const;
  datolite::bytes_view key() const;
  datolite::bytes_view value() const;
};

struct reader {
  std::optional<datolite::pinned_view> get(datolite::bytes_view) const;
  iterator open_iterator(const datolite::bounds&) const;
};

void wrong() { datolite::get_many(reader{}, {}); }
