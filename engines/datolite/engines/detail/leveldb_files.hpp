// What LevelDB's own recovery passes over in silence, looked at before it runs.
//
// LevelDB's logs (and its MANIFEST, which is one) are blocks of 32 KiB that hold records: a masked CRC-32C of
// type and payload (4 bytes), the payload's length (2), its type (1), the payload. A record never crosses a
// block; a long one is cut into first, middle and last. With paranoid_checks, recovery refuses every damage
// but these:
//   * in the last block, a record that says it is longer than what is left counts as torn by a crash, and it
//   and all
//     behind it are dropped. That is right for a torn record, wrong for a flipped bit in the length of a
//     whole one. The checksum tells them apart: a whole record's matches at its true length.
//   * a record of type zero and length zero ends the block: right at the end of a file that was written in
//   advance,
//     wrong where anything but zeros follows.
//   * a log whose file is gone; a CURRENT whose file is gone looks like a database not yet made.
// What is left: a log cut short at its end, or the removal of the newest log alone, cannot be told from a
// crash.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

/// CRC-32C, a byte at a time: it only sees the last blocks of logs.
class crc32c {
 public:
  void add(unsigned char byte) noexcept { state_ = table[(state_ ^ byte) & 0xFF] ^ (state_ >> 8); }
  /// As LevelDB stores it.
  std::uint32_t masked() const noexcept {
    const std::uint32_t crc = ~state_;
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
  }

 private:
  static constexpr std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
      made[i] = crc;
    }
    return made;
  }();
  std::uint32_t state_ = 0xFFFFFFFFU;
};

[[noreturn]] inline void throw_corrupt_file(const std::string& file, const std::string& what) {
  throw error{error_category::corrupt, "db.error/corrupt",
              "the database file " + file + " is damaged: " + what + "; restore it from a copy"};
}

/// The records of one log file, in order.
class leveldb_log {
 public:
  explicit leveldb_log(std::string file) : file_{std::move(file)} {
    descriptor_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw_system_error(errno, "cannot read the database file " + file_);
  }
  leveldb_log(const leveldb_log&) = delete;
  leveldb_log& operator=(const leveldb_log&) = delete;
  ~leveldb_log() { ::close(descriptor_); }

  /// The next whole record, valid until the next call; nothing at the end, be it clean, torn, or damaged in a
  /// way that LevelDB reports itself. Throws `corrupt` on damage that it would not report.
  std::optional<bytes_view> next() {
    record_.clear();
    for (bool inside = false;;) {
      const std::optional<fragment> one = next_fragment();
      if (!one) return std::nullopt;
      if (one->type == full || one->type == first) record_.clear();
      inside = inside || one->type == full || one->type == first;
      record_.append(one->payload);
      if (inside && (one->type == full || one->type == last)) return record_;
    }
  }

  /// Once `next` has returned nothing: did the file end inside a record?
  bool torn() const noexcept { return torn_ || !record_.empty(); }

 private:
  static constexpr std::size_t block_size = 32768, header_size = 7;
  enum : unsigned char { zero, full, first, middle, last };
  struct fragment {
    unsigned char type;
    bytes_view payload;
  };

  std::optional<fragment> next_fragment() {
    while (at_ + header_size > filled_) {
      if (filled_ < block_size && started_) return torn_ = torn_ || at_ < filled_, std::nullopt;
      read_block();
    }
    const bytes_view rest{block_.data() + at_, filled_ - at_};
    const std::size_t length = length_of(rest);
    const unsigned char type = byte(rest, 6);
    if (header_size + length > rest.size()) {
      torn_ = filled_ < block_size;
      if (torn_) refuse_damaged_length(rest);
      return std::nullopt;
    }
    if (type == zero && length == 0) return refuse_unless_zeros(), std::nullopt;
    at_ += header_size + length;
    return fragment{type, rest.substr(header_size, length)};
  }

  static unsigned char byte(bytes_view from, std::size_t i) noexcept {
    return static_cast<unsigned char>(from[i]);
  }
  static std::size_t length_of(bytes_view header) noexcept {
    return byte(header, 4) | static_cast<std::size_t>(byte(header, 5)) << 8;
  }
  static std::uint32_t checksum_of(bytes_view header) noexcept {
    std::uint32_t sum = 0;
    for (std::size_t i = 4; i-- > 0;) sum = sum << 8 | byte(header, i);
    return sum;
  }

  void read_block() {
    started_ = true;
    block_at_ += filled_;
    at_ = filled_ = 0;
    while (filled_ < block_size) {
      const ssize_t got = ::read(descriptor_, block_.data() + filled_, block_size - filled_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_system_error(errno, "cannot read the database file " + file_);
      if (got == 0) break;
      filled_ += static_cast<std::size_t>(got);
    }
  }

  /// `rest` starts with a header and is too short for it. A checksum that holds at a shorter length, with
  /// nothing or another header behind it, says that the length was damaged.
  void refuse_damaged_length(bytes_view rest) const {
    crc32c sum;
    sum.add(byte(rest, 6));
    for (std::size_t length = 0;; ++length) {
      const bytes_view behind = rest.substr(header_size + length);
      if (sum.masked() == checksum_of(rest) &&
          (behind.size() < header_size || (byte(behind, 6) >= full && byte(behind, 6) <= last))) {
        throw_corrupt_file(file_, "the length of the record at byte " + std::to_string(block_at_ + at_) +
                                      " does not fit its checksum");
      }
      if (behind.empty()) return;
      sum.add(byte(behind, 0));
    }
  }

  void refuse_unless_zeros() {
    for (; filled_ > 0; read_block()) {
      const bytes_view rest{block_.data() + at_, filled_ - at_};
      const std::size_t damage = rest.find_first_not_of('\0');
      if (damage != bytes_view::npos) {
        throw_corrupt_file(
            file_, "zeros stand where a record was, before byte " + std::to_string(block_at_ + at_ + damage));
      }
    }
  }

  std::string file_;
  int descriptor_ = -1;
  std::string block_ = std::string(block_size, '\0');
  std::string record_;
  std::size_t block_at_ = 0, at_ = 0, filled_ = 0;
  bool started_ = false, torn_ = false;
};

/// The names in a directory.
inline std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* open = ::opendir(directory.c_str());
  if (open == nullptr) throw_system_error(errno, "cannot read the directory " + directory);
  while (const dirent* entry = ::readdir(open)) names.emplace_back(entry->d_name);
  ::closedir(open);
  return names;
}

/// The number of a file such as 000012.log, if `name` is one with that ending.
inline std::optional<std::uint64_t> numbered(std::string_view name, std::string_view ending) {
  if (!name.ends_with(ending) || name.size() == ending.size()) return std::nullopt;
  name.remove_suffix(ending.size());
  std::uint64_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

/// The path of a log. `start` is the directory and a slash.
inline std::string log_name(const std::string& start, std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return start + digits + ".log";
}

inline bool exists(const std::string& file) noexcept {
  return ::access(file.c_str(), F_OK) == 0;
}

/// The first line of CURRENT.
inline std::string current_manifest(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_system_error(errno, "cannot read the database file " + file);
  char text[64];
  const ssize_t got = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  const std::string_view line{text, got > 0 ? static_cast<std::size_t>(got) : 0};
  return std::string{line.substr(0, line.find('\n'))};
}

/// The oldest log that the MANIFEST's record still needs, if it names one. A field that cannot be read ends
/// the search: LevelDB reports it.
inline std::optional<std::uint64_t> oldest_log_of(bytes_view edit) {
  const auto number = [&edit]() -> std::optional<std::uint64_t> {
    std::uint64_t n = 0;
    for (unsigned shift = 0; !edit.empty() && shift < 64; shift += 7) {
      const auto part = static_cast<unsigned char>(edit.front());
      edit.remove_prefix(1);
      n |= static_cast<std::uint64_t>(part & 0x7F) << shift;
      if (part < 0x80) return n;
    }
    return std::nullopt;
  };
  const auto skip_numbers = [&](int count) {
    while (count > 0 && number()) --count;
    return count == 0;
  };
  const auto skip_text = [&] {
    const auto size = number();
    if (!size || *size > edit.size()) return false;
    edit.remove_prefix(*size);
    return true;
  };
  std::optional<std::uint64_t> found;
  while (const auto field = number()) {
    bool read = false;
    switch (*field) {
      case 1:
        read = skip_text();
        break;  // comparator
      case 2:
        found = number(), read = found.has_value();
        break;  // log
      case 3:
      case 4:
      case 9:
        read = skip_numbers(1);
        break;  // next file, sequence, old log
      case 5:
        read = skip_numbers(1) && skip_text();
        break;  // compaction pointer
      case 6:
        read = skip_numbers(2);
        break;  // file removed
      case 7:
        read = skip_numbers(3) && skip_text() && skip_text();
        break;  // file added
      default:
        break;
    }
    if (!read) break;
  }
  return found;
}

/// Throws `corrupt` on the damage described above. O(bytes of the logs), which LevelDB is about to read
/// anyway. REQUIRES: nobody has the database open.
inline void check_leveldb_files(const std::string& directory) {
  const std::string start = directory + "/";
  std::vector<std::uint64_t> logs;
  bool tables = false;
  for (const std::string& name : names_in(directory)) {
    if (const auto number = numbered(name, ".log")) logs.push_back(*number);
    tables = tables || numbered(name, ".ldb") || numbered(name, ".sst");
  }
  if (!exists(start + "CURRENT")) {
    if (!tables && logs.empty()) return;
    throw_corrupt_file(start + "CURRENT", "it is missing, while tables or logs are there");
  }
  const std::string manifest = start + current_manifest(start + "CURRENT");
  if (!manifest.starts_with(start + "MANIFEST-") || !exists(manifest)) return;  // LevelDB refuses this itself
  std::uint64_t oldest = 0;
  leveldb_log edits{manifest};
  while (const auto edit = edits.next()) oldest = oldest_log_of(*edit).value_or(oldest);
  if (oldest != 0 && std::find(logs.begin(), logs.end(), oldest) == logs.end()) {
    throw_corrupt_file(log_name(start, oldest), "it is missing");
  }
  for (const std::uint64_t number : logs) {
    if (number < oldest) continue;  // its contents are in tables
    leveldb_log log{log_name(start, number)};
    while (log.next()) {
    }
  }
}

}  // namespace datolite::engines::detail
