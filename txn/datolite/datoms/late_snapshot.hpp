// late_snapshot: stands for a snapshot where only the log is read, and so none need be kept.
//
// The log only grows: what a state may show of it is the same in every later snapshot. So a state whose index
// does not read from its snapshot keeps one of these, which holds nothing in the engine, and takes a real one
// for each question. Its synctag is that of the state it stands for.
//
// Threads: any number may read one.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/storage.hpp>

namespace datolite::datoms {

class late_snapshot {
 public:
  late_snapshot(any_storage of, synctag_t state) noexcept : of_{std::move(of)}, state_{state} {}

  class pinned {
   public:
    bytes_view view() const noexcept { return found_->view(); }

   private:
    friend class late_snapshot;
    explicit pinned(any_snapshot in) : in_{std::make_unique<const any_snapshot>(std::move(in))} {}
    std::unique_ptr<const any_snapshot> in_;
    std::optional<any_pinned> found_;
  };

  class iterator {
   public:
    void seek(bytes_view at) { it_.seek(at); }
    void seek_for_prev(bytes_view at) { it_.seek_for_prev(at); }
    void seek_first() { it_.seek_first(); }
    void seek_last() { it_.seek_last(); }
    void next() { it_.next(); }
    void prev() { it_.prev(); }
    bool valid() const { return it_.valid(); }
    bytes_view key() const noexcept { return it_.key(); }
    bytes_view value() const { return it_.value(); }

   private:
    friend class late_snapshot;
    iterator(any_snapshot in, const bounds& within)
        : in_{std::make_unique<const any_snapshot>(std::move(in))}, it_{in_->open_iterator(within)} {}
    std::unique_ptr<const any_snapshot> in_;
    any_iterator it_;
  };

  std::optional<pinned> get(bytes_view key) const& {
    pinned out{of_.snapshot()};
    out.found_ = out.in_->get(key);
    return out.found_ ? std::optional{std::move(out)} : std::nullopt;
  }
  iterator open_iterator(const bounds& within) const& { return {of_.snapshot(), within}; }
  std::optional<pinned> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  iterator open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const noexcept { return state_; }

 private:
  any_storage of_;
  synctag_t state_;
};

}  // namespace datolite::datoms
