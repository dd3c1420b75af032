// form_stream: the EDN forms of a file, one after another, of which no more is held than the one being read.
//
// A scan of its own finds where a form ends; what the form is, and what is wrong with it, the EDN reader says. A long
// vector or list can be read in parts: then not even that is held whole.
//
// Memory: 64 KB, and the form or the element being read.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>

namespace cli {

/// Where in a text: lines and characters from 1, bytes from 0.
struct text_place {
  std::size_t line = 1, column = 1, offset = 0;
};

class form_stream {
 public:
  /// "-" is the standard input. Throws if there is no such file, or it cannot be read.
  explicit form_stream(std::string file) : name_{std::move(file)}, file_{name_ == "-" ? STDIN_FILENO : open_file()} {
    struct stat about {};
    if (::fstat(file_, &about) == 0 && S_ISREG(about.st_mode)) size_ = static_cast<std::size_t>(about.st_size);
  }
  form_stream(const form_stream&) = delete;
  ~form_stream() {
    if (file_ != STDIN_FILENO) ::close(file_);
  }

  /// The next form, or nothing at the end. Throws as the EDN reader does, with the place in the file.
  std::optional<datolite::value> next() {
    while (scan()) {
      if (auto form = read()) return form;
    }
    return std::nullopt;
  }

  /// Goes into the next form, if that is a vector or a list: from now on `next_element` reads what is in it. Otherwise
  /// false, and nothing is read.
  bool enter() {
    skip_blank();
    if (peek() != '[' && peek() != '(') return false;
    form_at_ = opened_ = here_, opener_ = static_cast<char>(peek());
    text_.clear(), take();
    return true;
  }
  /// The next element of what was entered, or nothing at its end, which is left behind.
  std::optional<datolite::value> next_element() {
    for (;;) {
      skip_blank();
      if (peek() == end_of_file) throw_unclosed();
      if (is_closer(peek())) return leave(), std::nullopt;
      scan();
      if (auto form = read()) return form;
    }
  }

  /// Where the form begins that was read or entered last.
  const text_place& at() const noexcept { return form_at_; }
  /// How many bytes were read, and how many there are; 0 if that is not known.
  std::size_t offset() const noexcept { return here_.offset; }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr int end_of_file = -1;
  static bool is_closer(int c) noexcept { return c == ')' || c == ']' || c == '}'; }
  static char closer_of(char opener) noexcept { return opener == '(' ? ')' : opener == '[' ? ']' : '}'; }
  static bool is(int c, datolite::detail::edn_class what) noexcept {
    return c != end_of_file && datolite::detail::edn_class_of(static_cast<char>(c)) == what;
  }

  int open_file() const {
    int file = -1;
    while ((file = ::open(name_.c_str(), O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (file < 0 && errno == ENOENT) {
      throw datolite::error{datolite::error_category::not_found, "cli/no-such-file", "there is no file " + name_};
    }
    if (file < 0) throw_unreadable();
    return file;
  }
  [[noreturn]] void throw_unreadable() const {
    throw datolite::error{datolite::error_category::unavailable, "cli/unreadable",
                          "the file " + name_ + " cannot be read: " + std::system_category().message(errno)};
  }

  // -- bytes

  int peek() {
    if (next_ == end_ && !fill()) return end_of_file;
    return static_cast<unsigned char>(buffer_[next_]);
  }
  bool fill() {
    ::ssize_t n = 0;
    while ((n = ::read(file_, buffer_.data(), buffer_.size())) < 0 && errno == EINTR) {
    }
    if (n < 0) throw_unreadable();
    next_ = 0, end_ = static_cast<std::size_t>(n);
    if (here_.offset == 0) skip_byte_order_mark();
    return next_ < end_ || (n > 0 && fill());
  }
  void skip() noexcept {
    const char c = buffer_[next_++];
    ++here_.offset;
    if (c == '\n') {
      ++here_.line, here_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++here_.column;
    }
  }
  void take() {
    text_ += buffer_[next_];
    skip();
  }
  void skip_byte_order_mark() noexcept {
    if (end_ < 3 || std::string_view{buffer_.data(), 3} != "\xEF\xBB\xBF") return;
    skip(), skip(), skip();
  }
  void skip_comment() {
    while (peek() != end_of_file && peek() != '\n') skip();
  }
  void skip_blank() {
    for (;;) {
      if (peek() == ';') {
        skip_comment();
      } else if (is(peek(), datolite::detail::edn_class::blank)) {
        skip();
      } else {
        return;
      }
    }
  }
  void take_token() {
    while (is(peek(), datolite::detail::edn_class::symbol)) take();
  }

  // -- forms

  /// Takes the text up to the end of the next form into text_; or up to where it cannot be a form any more, which the
  /// reader then says. False at the end of the file.
  bool scan() {
    text_.clear(), open_.clear();
    skip_blank();
    begun_ = here_;
    bool has_discarded = false;  // and nothing else was begun
    for (std::size_t missing = 1; missing > 0 && peek() != end_of_file;) {
      const bool outermost = open_.empty();
      if (outermost && has_discarded && is_closer(peek())) return true;
      const step was = scan_token();
      if (was == step::broken) return true;
      if (was != step::blank) has_discarded = was == step::form && open_.empty() && missing > 1;
      if (was == step::discard && outermost) ++missing;
      if (was == step::form && open_.empty()) --missing;
    }
    return !text_.empty();
  }

  enum class step { form, open, blank, tag, discard, broken };

  step scan_token() {
    const int c = peek();
    if (c == ';') return skip_comment(), step::blank;
    if (is(c, datolite::detail::edn_class::blank)) return take(), step::blank;
    if (c == '"') return scan_string();
    if (c == '#') return scan_dispatch();
    if (c == '(' || c == '[' || c == '{') return scan_opener();
    if (is_closer(c)) {
      const bool fits = !open_.empty() && closer_of(open_.back()) == static_cast<char>(c);
      take();
      if (!fits) return step::broken;
      open_.pop_back();
      return step::form;
    }
    if (c == '\\') {
      take();
      if (peek() != end_of_file) take();
      return take_token(), step::form;
    }
    if (!is(c, datolite::detail::edn_class::symbol)) return take(), step::broken;
    return take_token(), step::form;
  }
  step scan_opener() {
    open_ += static_cast<char>(peek());
    take();
    return open_.size() > datolite::detail::max_edn_nesting ? step::broken : step::open;
  }
  step scan_dispatch() {
    take();
    if (peek() == '{') return scan_opener();
    if (peek() == '_') return take(), step::discard;
    const bool is_number = peek() == '#';
    take_token();
    return is_number ? step::form : step::tag;
  }
  step scan_string() {
    take();
    for (; peek() != end_of_file && peek() != '"'; take()) {
      if (peek() == '\\') take();
      if (peek() == end_of_file) return step::broken;
    }
    if (peek() != end_of_file) take();
    return step::form;
  }

  /// What the reader makes of text_; nothing if that was only discarded.
  std::optional<datolite::value> read() const {
    try {
      datolite::edn_reader one{text_, name_};
      auto form = one.next();
      if (form) form_at_ = behind(begun_, {one.line(), one.column(), one.offset()});
      return form;
    } catch (const datolite::error&) {
      refuse(blank({}, begun_) + text_);
    }
  }
  static text_place behind(const text_place& start, const text_place& there) {
    return {start.line + there.line - 1, there.line == 1 ? start.column + there.column - 1 : there.column,
            start.offset + there.offset};
  }
  /// A blank text that leads from one place to another.
  static std::string blank(const text_place& from, const text_place& to) {
    const bool same_line = from.line == to.line;
    return std::string(to.line - from.line, '\n').append(to.column - (same_line ? from.column : 1), ' ');
  }
  /// Lets the reader say what is wrong with a text that stands as in the file.
  [[noreturn]] void refuse(const std::string& text) const {
    datolite::edn_reader all{text, name_};
    while (all.next()) {
    }
    throw datolite::error{datolite::error_category::incorrect, "cli/unreadable-form", name_ + " is no EDN"};
  }
  [[noreturn]] void throw_unclosed() const { refuse(blank({}, opened_) + opener_); }
  void leave() {
    const text_place closed = here_;
    text_.clear(), take();
    if (text_.front() == closer_of(opener_)) return;
    const text_place inside{opened_.line, opened_.column + 1, opened_.offset + 1};
    refuse(blank({}, opened_) + opener_ + blank(inside, closed) + text_);
  }

  const std::string name_;
  const int file_;
  std::size_t size_ = 0;
  std::array<char, 1 << 16> buffer_;
  std::size_t next_ = 0, end_ = 0;  // of buffer_
  text_place here_, begun_, opened_;
  mutable text_place form_at_;
  char opener_ = '[';
  std::string text_;  // of the form being read, without comments
  std::string open_;  // its brackets that are open
};

}  // namespace cli
