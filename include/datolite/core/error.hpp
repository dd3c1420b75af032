// error: the one exception type of the library.
//
// An error says what was wrong, where, and what to do. Its category tells a program how to react; its code is a
// keyword that names the rule broken; its message is for people; its details are an EDN map for tools. An
// engine's own words may stand inside the message, never alone.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace datolite {

/// How a program should react to an error.
enum class error_category : std::uint8_t {
  incorrect,        ///< the caller's input is wrong; repeating it will fail again
  not_found,        ///< what was named does not exist
  conflict,         ///< somebody else was faster; read again and retry
  busy,             ///< held by another; wait and retry
  exhausted,        ///< a limit is used up: space, memory, slots, key size, budget
  unavailable,      ///< closed, unreachable, or not permitted
  unsupported,      ///< a correct request that this engine or version cannot serve
  corrupt,          ///< stored bytes are not what was written
  interrupted,      ///< cancelled, or out of time
  unknown_outcome,  ///< a commit failed so that it may or may not have happened
};

/// The category's name as in EDN, without a colon: "unknown-outcome".
constexpr std::string_view to_string(error_category c) noexcept {
  constexpr std::string_view names[] = {"incorrect",   "not-found",   "conflict", "busy",        "exhausted",
                                        "unavailable", "unsupported", "corrupt",  "interrupted", "unknown-outcome"};
  return names[static_cast<std::size_t>(c)];
}

/// Thread-safety: as any value. Copies share nothing and may throw only std::bad_alloc.
class error : public std::exception {
 public:
  /// `code` is a keyword without its colon, such as "db.error/unique-conflict". `details` is the text of an EDN
  /// map, or empty.
  error(error_category c, std::string_view code, std::string message, std::string details = {})
      : category_{c}, code_{code}, message_{std::move(message)}, details_{std::move(details)} {}

  error_category category() const noexcept { return category_; }
  const std::string& code() const noexcept { return code_; }  ///< "db.error/unique-conflict"
  const std::string& message() const noexcept { return message_; }
  const std::string& details() const noexcept { return details_; }  ///< EDN text of a map, or empty
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  error_category category_;
  std::string code_;
  std::string message_;
  std::string details_;
};

}  // namespace datolite
