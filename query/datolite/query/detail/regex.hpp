// regex: regular expressions whose matching takes time linear in the text, whatever the pattern.
//
// Java's syntax as far as it can be matched so: literals, `.`, classes, \d \w \s and their opposites, \b \B,
// ^ $, groups, (?:…), (?i) at the beginning, alternation, and the greedy and lazy * + ? {n} {n,} {n,m}.
// Refused: back-references, look-around, possessive repetition, and patterns of more than 20,000 steps.
//
// The pattern becomes a program for a virtual machine that follows all its threads in step, in the order of
// their preference, a character of the text at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>

namespace datolite::query::detail {

/// Decodes the character at `at` and moves behind it. REQUIRES: at < text.size(), text is UTF-8.
inline char32_t next_character(std::string_view text, std::size_t& at) noexcept {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : char32_t{0x80};
  };
  const char32_t first = byte(at);
  const std::size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t out = size == 1 ? first : first & (0xFF >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) out = out << 6 | (byte(at + i) & 0x3F);
  at += size;
  return out;
}

class regex {
 public:
  /// Throws `db.error/invalid-pattern`.
  explicit regex(std::string_view pattern) : pattern_{pattern} {
    if (pattern_.starts_with("(?i)")) fold_ = true, at_ = 4;
    emit({op::save, 0});
    alternatives(0);
    if (at_ != pattern_.size()) refuse("a ) too many");
    emit({op::save, 1});
    emit({op::match});
    pattern_ = {};
  }

  /// Groups, the whole match included.
  std::size_t groups() const noexcept { return groups_; }

  struct match {
    std::vector<std::size_t> ends;  ///< where each group begins and ends; `none` for those that took no part
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
  };

  /// The first match at or after `from`; with `whole`, only one of all the text.
  std::optional<match> find(std::string_view text, std::size_t from = 0, bool whole = false) const {
    return machine{*this, text, whole}.run(from);
  }

 private:
  enum class op : std::uint8_t {
    character,
    any,
    set,
    split,
    jump,
    save,
    begin,
    end,
    boundary,
    inside,
    match
  };
  struct instruction {
    op is = op::match;
    std::size_t x = 0, y = 0;  // targets, the group's end, the character, the set
  };
  struct character_set {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    bool negated = false;
    bool has(char32_t c) const noexcept {
      for (const auto& [low, high] : ranges) {
        if (low <= c && c <= high) return !negated;
      }
      return negated;
    }
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw error{error_category::incorrect, "db.error/invalid-pattern",
                "the regular expression cannot be used: " + why};
  }

  // -- compiling

  std::size_t emit(instruction i) {
    if (program_.size() >= 20'000) refuse("it is too large");
    program_.push_back(i);
    return program_.size() - 1;
  }
  bool more() const noexcept { return at_ < pattern_.size(); }
  bool looking_at(char c) const noexcept { return more() && pattern_[at_] == c; }

  /// Inserts an instruction at `where`. What stands behind it moves; what led to `where` from before leads to it.
  void insert(std::size_t where, instruction i) {
    if (program_.size() >= 20'000) refuse("it is too large");
    for (std::size_t at = 0; at < program_.size(); ++at) {
      instruction& other = program_[at];
      if (other.is != op::split && other.is != op::jump) continue;
      const std::size_t first_moved = at < where ? where + 1 : where;
      if (other.x >= first_moved) ++other.x;
      if (other.is == op::split && other.y >= first_moved) ++other.y;
    }
    program_.insert(program_.begin() + static_cast<std::ptrdiff_t>(where), i);
  }

  void alternatives(int depth) {
    if (depth > 200) refuse("its groups nest too deeply");
    const std::size_t start = program_.size();
    sequence(depth);
    if (!looking_at('|')) return;
    ++at_;
    insert(start, {op::split, start + 1, 0});
    const std::size_t leave = emit({op::jump});
    program_[start].y = program_.size();
    alternatives(depth + 1);
    program_[leave].x = program_.size();
  }

  void sequence(int depth) {
    while (more() && !looking_at('|') && !looking_at(')')) repeated(depth);
  }

  void repeated(int depth) {
    const std::size_t start = program_.size();
    const std::size_t from = at_;
    const std::size_t groups = groups_;
    atom(depth);
    std::size_t least = 1, most = 1;
    if (!repetition(least, most)) return;
    const bool lazy = looking_at('?');
    if (lazy) ++at_;
    if (looking_at('+')) refuse("possessive repetition is not supported");
    const std::size_t behind = at_;
    program_.resize(start);
    const auto again = [&] {
      at_ = from, groups_ = groups;
      atom(depth);
    };
    for (std::size_t i = 0; i < least; ++i) again();
    if (most == unbounded) {
      const std::size_t loop = emit({op::split});
      again();
      emit({op::jump, loop});
      fork(loop, loop + 1, program_.size(), lazy);
    } else {
      std::vector<std::size_t> exits;
      for (std::size_t i = least; i < most; ++i) {
        exits.push_back(emit({op::split}));
        again();
      }
      for (const std::size_t exit : exits) fork(exit, exit + 1, program_.size(), lazy);
    }
    at_ = behind;
  }

  static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);

  void fork(std::size_t at, std::size_t go_on, std::size_t leave, bool lazy) {
    program_[at].x = lazy ? leave : go_on;
    program_[at].y = lazy ? go_on : leave;
  }

  bool repetition(std::size_t& least, std::size_t& most) {
    if (looking_at('*')) return ++at_, least = 0, most = unbounded, true;
    if (looking_at('+')) return ++at_, least = 1, most = unbounded, true;
    if (looking_at('?')) return ++at_, least = 0, most = 1, true;
    if (!looking_at('{')) return false;
    ++at_;
    least = number();
    most = least;
    if (looking_at(',')) {
      ++at_;
      most = looking_at('}') ? unbounded : number();
    }
    if (!looking_at('}') || most < least) refuse("a repetition is {n}, {n,} or {n,m}");
    ++at_;
    return true;
  }

  std::size_t number() {
    std::size_t n = 0;
    const std::size_t first = at_;
    for (; more() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_) {
      n = n * 10 + static_cast<std::size_t>(pattern_[at_] - '0');
      if (n > 1000) refuse("a repetition is at most 1000 times");
    }
    if (at_ == first) refuse("a repetition is {n}, {n,} or {n,m}");
    return n;
  }

  void atom(int depth) {
    if (++atoms_ > 100'000) refuse("its repetitions nest too deeply");
    const char32_t c = next_character(pattern_, at_);
    switch (c) {
      case U'(': return group(depth);
      case U'[': return put_set(parse_set());
      case U'.': emit({op::any}); return;
      case U'^': emit({op::begin}); return;
      case U'$': emit({op::end}); return;
      case U'\\': return escape();
      case U'*':
      case U'+':
      case U'?':
      case U'{': refuse("a repetition of nothing");
      default: literal(c);
    }
  }

  void group(int depth) {
    bool counted = true;
    if (looking_at('?')) {
      if (at_ + 1 >= pattern_.size() || pattern_[at_ + 1] != ':')
        refuse("look-around and flags are not supported");
      at_ += 2;
      counted = false;
    }
    const std::size_t mine = counted ? groups_++ : 0;
    if (counted) emit({op::save, 2 * mine});
    alternatives(depth + 1);
    if (!looking_at(')')) refuse("a ) is missing");
    ++at_;
    if (counted) emit({op::save, 2 * mine + 1});
  }

  void literal(char32_t c) {
    if (fold_ && lower(c) != upper(c)) {
      put_set({{{lower(c), lower(c)}, {upper(c), upper(c)}}, false});
    } else {
      emit({op::character, c});
    }
  }
  static char32_t lower(char32_t c) noexcept { return c >= U'A' && c <= U'Z' ? c + 32 : c; }
  static char32_t upper(char32_t c) noexcept { return c >= U'a' && c <= U'z' ? c - 32 : c; }

  void put_set(character_set set) {
    if (fold_) {
      const auto ranges = set.ranges;
      for (const auto& [low, high] : ranges) {
        for (char32_t c = low; c <= high && c < 128; ++c) {
          if (lower(c) != upper(c))
            set.ranges.insert(set.ranges.end(), {{lower(c), lower(c)}, {upper(c), upper(c)}});
        }
      }
    }
    emit({op::set, sets_.size()});
    sets_.push_back(std::move(set));
  }

  /// \d \w \s and their opposites.
  static std::optional<character_set> named_set(char32_t c) {
    character_set out;
    switch (lower(c)) {
      case U'd': out.ranges = {{U'0', U'9'}}; break;
      case U'w': out.ranges = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}}; break;
      case U's': out.ranges = {{U'\t', U'\r'}, {U' ', U' '}}; break;
      default: return std::nullopt;
    }
    out.negated = c != lower(c);
    return out;
  }

  char32_t escaped(char32_t c) const {
    switch (c) {
      case U'n': return U'\n';
      case U't': return U'\t';
      case U'r': return U'\r';
      case U'f': return U'\f';
      default:
        if ((c >= U'0' && c <= U'9') || (lower(c) >= U'a' && lower(c) <= U'z'))
          refuse("an escape is not supported");
        return c;
    }
  }

  void escape() {
    if (!more()) refuse("it ends with \\");
    const char32_t c = next_character(pattern_, at_);
    if (c == U'b' || c == U'B') {
      emit({c == U'b' ? op::boundary : op::inside});
    } else if (auto set = named_set(c)) {
      put_set(*std::move(set));
    } else {
      literal(escaped(c));
    }
  }

  character_set parse_set() {
    character_set out;
    if (looking_at('^')) ++at_, out.negated = true;
    for (bool first = true; first || !looking_at(']'); first = false) {
      if (!more()) refuse("a ] is missing");
      std::optional<char32_t> low = set_member(out);
      if (!low) continue;
      char32_t high = *low;
      if (looking_at('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        const auto end = set_member(out);
        if (!end || *end < *low) refuse("a range in [ ] ends before it begins");
        high = *end;
      }
      out.ranges.emplace_back(*low, high);
    }
    ++at_;
    return out;
  }

  /// One character of a set; nothing if it was a set itself, which is added.
  std::optional<char32_t> set_member(character_set& out) {
    const char32_t c = next_character(pattern_, at_);
    if (c != U'\\') return c;
    if (!more()) refuse("it ends with \\");
    const char32_t named = next_character(pattern_, at_);
    const auto set = named_set(named);
    if (!set) return escaped(named);
    if (set->negated) refuse("an opposite within [ ] is not supported");
    out.ranges.insert(out.ranges.end(), set->ranges.begin(), set->ranges.end());
    return std::nullopt;
  }

  // -- matching

  class machine {
   public:
    machine(const regex& of, std::string_view text, bool whole)
        : of_{of}, text_{text}, whole_{whole}, seen_(of.program_.size()) {}

    std::optional<match> run(std::size_t from) {
      std::vector<thread> now, next;
      std::size_t at = from;
      for (std::size_t step = 1;; ++step) {
        if (!best_ && (!whole_ || at == from)) {
          follow(now, {0, std::vector<std::size_t>(2 * of_.groups_, match::none)}, at, 2 * step);
        }
        if (now.empty() && (best_ || at >= text_.size() || whole_)) break;
        const std::size_t here = at;
        const bool ends = at >= text_.size();
        const char32_t c = ends ? 0 : next_character(text_, at);
        next.clear();
        for (thread& t : now) {
          const instruction& i = of_.program_[t.at];
          if (i.is == op::match) {
            if (whole_ && here != text_.size()) continue;
            best_ = match{std::move(t.ends)};
            break;  // the other threads are preferred less
          }
          if (!ends && takes(i, c)) follow(next, {t.at + 1, std::move(t.ends)}, at, 2 * step + 1);
        }
        now.swap(next);
        std::fill(seen_.begin(), seen_.end(), 0);
        for (const thread& t : now) seen_[t.at] = 2 * (step + 1);
        if (ends) break;
      }
      return best_;
    }

   private:
    struct thread {
      std::size_t at;
      std::vector<std::size_t> ends;
    };

    bool takes(const instruction& i, char32_t c) const {
      if (i.is == op::character) return c == i.x;
      if (i.is == op::any) return c != U'\n';
      return i.is == op::set && of_.sets_[i.x].has(c);
    }

    static bool is_word(char c) noexcept {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    }
    bool at_boundary(std::size_t at) const noexcept {
      const bool before = at > 0 && is_word(text_[at - 1]);
      const bool behind = at < text_.size() && is_word(text_[at]);
      return before != behind;
    }

    /// Adds to `threads` all that `first` leads to without taking a character, in the order of preference.
    void follow(std::vector<thread>& threads, thread first, std::size_t at, std::size_t mark) {
      std::vector<thread> open;
      open.push_back(std::move(first));
      while (!open.empty()) {
        thread t = std::move(open.back());
        open.pop_back();
        if (seen_[t.at] == mark) continue;
        seen_[t.at] = mark;
        const instruction& i = of_.program_[t.at];
        switch (i.is) {
          case op::jump: open.push_back({i.x, std::move(t.ends)}); break;
          case op::split:
            open.push_back({i.y, t.ends});
            open.push_back({i.x, std::move(t.ends)});
            break;
          case op::save:
            t.ends[i.x] = at;
            open.push_back({t.at + 1, std::move(t.ends)});
            break;
          case op::begin:
            if (at == 0) open.push_back({t.at + 1, std::move(t.ends)});
            break;
          case op::end:
            if (at == text_.size()) open.push_back({t.at + 1, std::move(t.ends)});
            break;
          case op::boundary:
          case op::inside:
            if (at_boundary(at) == (i.is == op::boundary)) open.push_back({t.at + 1, std::move(t.ends)});
            break;
          default: threads.push_back(std::move(t));
        }
      }
    }

    const regex& of_;
    std::string_view text_;
    bool whole_;
    std::vector<std::size_t> seen_;  // the step in which an instruction was reached last
    std::optional<match> best_;
  };

  std::string_view pattern_;  // while it is read
  std::size_t at_ = 0;
  bool fold_ = false;
  std::size_t atoms_ = 0;  // read so far, repeated ones each time
  std::size_t groups_ = 1;
  std::vector<instruction> program_;
  std::vector<character_set> sets_;
};

}  // namespace datolite::query::detail
