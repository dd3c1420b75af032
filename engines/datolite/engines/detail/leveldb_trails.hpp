// Which steps of a LevelDB iterator cannot have passed over a block that it failed to read.
//
// LevelDB's iterators skip a block that they cannot read, stay valid behind it and keep the failure in their
// status. An iterator that ends for no other cause than the end has to ask for that status after every move;
// but asking takes as long as a step. Where the pairs stand in memory can prove that nothing was skipped.
// LevelDB merges streams, one a table or level, and each goes through its blocks entry by entry. An entry is
// three varints (bytes of key shared with the entry before, bytes of key not shared, bytes of value), then
// the unshared bytes, then the value; the key has eight bytes of LevelDB's own at its end. Behind the last
// entry stand at least eight bytes that begin with two zeros, which no entry does. So a step is sound if
//   * the stream that it left has another entry in that block: two bytes that are not both zero follow its
//   value, and
//   * what it shows is the next entry of some stream: its value begins so close behind a value shown before
//   that there
//     is room for one header and one key, and for no end of a block.
// One thing escapes this: a third stream may have moved over entries that the snapshot does not show
// (overwritten or removed ones) and into a block that cannot be read. That is found when this stream is shown
// next, and at the latest at the end of the bounds or by the next seek.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <datolite/core/bytes.hpp>

namespace datolite::engines::detail {

class leveldb_trails {
 public:
  /// Nothing is known: after a step back.
  void forget() noexcept { *this = {}; }
  /// A seek led here.
  void start(bytes_view value) noexcept {
    forget();
    ends_[0] = end_of(value);
  }
  /// A step forward led here. False if LevelDB has to be asked whether it failed on the way.
  bool step(bytes_view key, bytes_view value) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(value.data());
    const std::uintptr_t room = key.size() + 16;  // a header of up to eight bytes, and the key
    if (merging_ == 0) {
      if (at - ends_[last_] <= room) [[likely]] {
        ends_[last_] = at + value.size();
        return true;
      }
      more_ = false;
    }
    return merged_step(at, room, value);
  }

 private:
  static constexpr unsigned streams = 8;
  static constexpr unsigned memory = 64;  // steps in one stream after which only that one is watched
  static constexpr std::uintptr_t page = 4096;

  static std::uintptr_t end_of(bytes_view value) noexcept {
    return reinterpret_cast<std::uintptr_t>(value.data() + value.size());
  }

  bool merged_step(std::uintptr_t at, std::uintptr_t room, bytes_view value) noexcept {
    unsigned found = 0;  // by bits, not by branches: which stream comes next is not to be guessed
    for (unsigned i = 0; i < streams; ++i) found |= static_cast<unsigned>(at - ends_[i] <= room) << i;
    const bool same = (found >> last_ & 1) != 0;
    const bool inside = (proven_ >> last_ & 1) != 0 && more_;
    if (found == 0) [[unlikely]] {
      if (more_ || merging_ == 0) last_ = ++newest_ % streams;  // else its block is done with
      proven_ &= ~(1U << last_);
    } else {
      last_ = same ? last_ : static_cast<unsigned>(std::countr_zero(found));
      merging_ = same ? merging_ - 1 : memory;
      proven_ |= 1U << last_;
    }
    ends_[last_] = end_of(value);
    look_behind(value.data() + value.size());
    return same | (inside & (found != 0));
  }

  /// Looks at two bytes behind a value. They are in the page of its last byte, so that they can be read
  /// wherever LevelDB keeps it; they mean something in a block only, which `proven_` says.
  __attribute__((no_sanitize("address", "thread", "undefined"))) void look_behind(const char* end) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(end);
    more_ = (at - 1) / page == (at + 1) / page && (end[0] | end[1]) != 0;
  }

  std::array<std::uintptr_t, streams> ends_{};  // of what each stream showed last
  unsigned last_ = 0, newest_ = 0;
  unsigned merging_ = 0;  // how many more steps all streams are watched
  unsigned proven_ = 0;   // bits: what was shown last was in a block, for it stood close behind another
  bool more_ = false;     // behind what was shown last
};

}  // namespace datolite::engines::detail
