// encoded_row: a tuple of encoded values (encode.hpp), as a row whose slots are decoded when they are asked
// for.
//
// Most rows that a join is shown fail its first condition. So showing one only finds where its elements
// begin, and the conditions on longs and on texts are decided on the bytes.
//
// Lifetime: a row shows bytes of someone else's. Threads: one uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::adapters {

/// Models query::SlotRow.
class encoded_row {
 public:
  explicit encoded_row(std::size_t width) : starts_(width + 1) {}

  /// Shows the tuple `encoded`, until the next call or until the bytes go. Throws `corrupt` if it is no tuple
  /// of this width.
  void show(bytes_view encoded) {
    const char* at = encoded.data();
    const char* const end = at + encoded.size();
    const char** start = starts_.data();
    plain_ = {};
    for (std::size_t slot = 0; slot < size(); ++slot, ++start) {
      *start = at;
      at = after(at, end, slot);
    }
    *start = at;
    if (at != end) datolite::detail::throw_corrupt("a tuple has more elements than its relation has slots");
  }

  std::size_t size() const noexcept { return starts_.size() - 1; }

  value operator[](std::size_t slot) const {
    if (is_plain_text(slot)) return value{text(slot)};
    if (is_long(slot)) return value{word(slot)};
    bytes_view element{starts_[slot], static_cast<std::size_t>(starts_[slot + 1] - starts_[slot])};
    return decode_value(element);
  }

  /// Whether the slot's value `op v`.
  bool holds(query::comparison op, std::size_t slot, const value& v) const {
    if (is_long(slot) && query::detail::is_integral(v.kind())) {
      return op != query::comparison::starts_with && query::detail::holds_for(op, word(slot) <=> v.word());
    }
    if (v.is(kind::string) && is_plain_text(slot)) {
      if (op == query::comparison::starts_with) return text(slot).starts_with(v.raw());
      return query::detail::holds_for(op, text(slot) <=> v.raw());
    }
    return query::holds(op, (*this)[slot], v);
  }
  bool equals(std::size_t slot, const value& v) const {
    if (v.is(kind::string) && is_plain_text(slot)) return query::same_text(text(slot), v.raw());
    if (is_long(slot) && query::detail::is_integral(v.kind())) return word(slot) == v.word();
    return query::same((*this)[slot], v);
  }

 private:
  static constexpr char long_tag = static_cast<char>(encoding_tag(kind::long_));
  static constexpr char text_tag = static_cast<char>(encoding_tag(kind::string));
  static constexpr std::ptrdiff_t long_size = 9;

  /// Where the element that starts at `at` ends. The usual ones are found without a call: a long, and a short
  /// string without zeros, which is noted.
  const char* after(const char* at, const char* end, std::size_t slot) {
    constexpr std::ptrdiff_t near = 24;
    if (end - at >= long_size && *at == long_tag) return at + long_size;
    if (at != end && *at == text_tag) {
      const char* const last = end - at < near ? end : at + near;
      const char* zero = at + 1;
      while (zero < last && *zero != '\0') ++zero;
      if (zero < last && end - zero >= 2 && zero[1] == '\1') {
        if (slot < query::slot_set::capacity) plain_.insert(slot);
        return zero + 2;
      }
    }
    bytes_view rest{at, static_cast<std::size_t>(end - at)};
    return at + take_encoded(rest).size();
  }

  bool is_plain_text(std::size_t slot) const noexcept { return plain_.contains(slot); }
  std::string_view text(std::size_t slot) const noexcept {
    return {starts_[slot] + 1, static_cast<std::size_t>(starts_[slot + 1] - starts_[slot]) - 3};
  }

  bool is_long(std::size_t slot) const noexcept { return *starts_[slot] == long_tag; }
  std::int64_t word(std::size_t slot) const noexcept {
    const auto* at = reinterpret_cast<const unsigned char*>(starts_[slot] + 1);
    const auto byte = [at](int i) { return std::uint64_t{at[i]} << (56 - 8 * i); };
    const std::uint64_t n = byte(0) | byte(1) | byte(2) | byte(3) | byte(4) | byte(5) | byte(6) | byte(7);
    return static_cast<std::int64_t>(n ^ std::uint64_t{1} << 63);
  }

  std::vector<const char*> starts_;  ///< of the elements, and the end of the last
  query::slot_set plain_;            ///< slots with a text that stands in the bytes as it is
};

}  // namespace datolite::adapters
