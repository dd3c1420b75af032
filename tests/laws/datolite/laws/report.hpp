// report: what a check of laws found, in words.
//
// A law that does not hold becomes one line: the law, what was done, what came out and what should have, and
// the seed that makes it happen again. Nothing here knows a test framework: a caller compares the list with
// an empty one.
//
// Threads: a checker may be told of failures by many threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>

namespace datolite::laws {

/// The broken laws; empty if all hold.
using report = std::vector<std::string>;

/// How hard to look. The same options give the same checks, except for what threads interleave.
struct options {
  std::uint64_t seed = 1;
  int histories = 4;              ///< random histories
  int commits = 60;               ///< commits a history
  int keys = 40;                  ///< distinct keys in a history
  int threads = 4;                ///< readers, and then writers, at once
  int many = 1000;                ///< keys in the history of large commits
  std::size_t max_changes = 500;  ///< no commit is larger
  std::size_t longest_key = 40;   ///< bytes, in histories; the storage's own limit is tried besides
  std::size_t longest_value = 9000;
};

/// Collects failures. What happens in a section that throws is a failure of that section.
class checker {
 public:
  explicit checker(std::uint64_t seed) : seed_{seed} {}

  /// Notes that `law` is broken unless `holds`; `detail()` says how, and is called only then. Returns
  /// `holds`.
  template <class Detail>
  bool that(bool holds, std::string_view law, Detail&& detail) {
    if (!holds) fail(law, detail());
    return holds;
  }
  bool that(bool holds, std::string_view law) {
    return that(holds, law, [] { return std::string{}; });
  }

  /// Runs `body`; an exception out of it breaks `law`.
  template <class Body>
  void section(std::string_view law, Body&& body) {
    try {
      body();
    } catch (const error& e) {
      fail(law, "threw " + std::string{to_string(e.category())} + ": " + e.message());
    } catch (const std::exception& e) {
      fail(law, std::string{"threw something that is no datolite::error: "} + e.what());
    }
  }

  /// `law` says that `body` throws an error of one of `wanted`, with a code and a message.
  template <class Body>
  void refuses(std::initializer_list<error_category> wanted, std::string_view law, Body&& body) {
    try {
      body();
    } catch (const error& e) {
      bool expected = false;
      for (const error_category c : wanted) expected |= c == e.category();
      that(expected, law, [&] {
        return "threw " + std::string{to_string(e.category())} + " where " +
               std::string{to_string(*wanted.begin())} + " was due: " + e.message();
      });
      that(!e.code().empty() && !e.message().empty(), law,
           [] { return "the error has no code or no message"; });
      return;
    } catch (const std::exception& e) {
      fail(law, std::string{"threw something that is no datolite::error: "} + e.what());
      return;
    }
    fail(law, "threw nothing where " + std::string{to_string(*wanted.begin())} + " was due");
  }

  bool clean() const {
    const std::lock_guard hold{mutex_};
    return failures_.empty();
  }

  report failures() const {
    const std::lock_guard hold{mutex_};
    return failures_;
  }

 private:
  static constexpr std::size_t enough = 40,
                               enough_of_one = 3;  // a broken engine breaks everything again and again

  void fail(std::string_view law, const std::string& how) {
    const std::lock_guard hold{mutex_};
    if (failures_.size() >= enough || ++broken_[std::string{law}] > enough_of_one) return;
    failures_.push_back(std::string{law} + (how.empty() ? "" : ": " + how) + " (seed " +
                        std::to_string(seed_) + ")");
  }

  mutable std::mutex mutex_;
  std::uint64_t seed_;
  report failures_;
  std::map<std::string, std::size_t> broken_;  // how often each law was
};

}  // namespace datolite::laws
