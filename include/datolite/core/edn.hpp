// EDN: the text form of values.
//
// Reading takes all of EDN (github.com/edn-format/edn) and nothing else. An integer too large for a long is
// read as a bigint; `1N` is a bigint, `1.0M` a bigdec with its scale. A tag that is not known makes a tagged
// value, `#db/id` included. Printing is exact: reading what was printed gives the same value (`==`), whatever
// its kind. EDN has no form for some kinds; these have tags of ours, in the reserved namespace `datolite`:
//   #datolite/float 1.5           #datolite/bytes "00ff"      #datolite/uri "https://…"     #datolite/ref 17
//   #datolite/tuple [1 nil]       #datolite/instant -99999999999999 (milliseconds; years beyond 0000 to 9999)
//   #datolite/keyword "a b"       #datolite/symbol "1x"       (texts that EDN cannot spell)
//   #datolite/string #datolite/bytes "ff"                     (not UTF-8; likewise keyword, symbol, uri)
//   #datolite/character 55296     #datolite/tagged [tag form] (tags that EDN cannot spell, or that are known)
// Where the reader is no program of ours, `edn_style::plain` prints the nearest EDN instead: a ref as a
// number, a float as a double, a tuple as a vector, a uri as a string.
//
// Input may be hostile: nesting is bounded to 512, nothing recurses, a number has at most 100,000 digits,
// UTF-8 is checked before anything is read. Every refusal is an `error` of category incorrect whose message
// starts with name:line:column (counted in characters, from 1), whose code is :edn.error/… and whose details
// have :line, :column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

/// Reads one form after another. Used by one thread. `text` must outlive it; the values read do not refer to
/// it.
class edn_reader {
 public:
  /// `source_name` stands at the start of error messages ("edn" if it is empty). Throws if `text` is not
  /// UTF-8.
  explicit edn_reader(std::string_view text, std::string_view source_name = {});

  /// The next form, or nothing at the end of the text. O(size of the form). After an error, do not read on.
  std::optional<value> next();

  std::size_t offset() const noexcept { return form_at_; }  ///< where the form just read starts, in bytes
  std::size_t line() const noexcept { return place_of(form_at_).line; }      ///< the same in lines, from 1
  std::size_t column() const noexcept { return place_of(form_at_).column; }  ///< and in characters, from 1

 private:
  enum class opened : std::uint8_t { list, vector, set, map, tag, discard };
  struct frame {
    std::size_t at;     // where it opened in the text
    std::size_t first;  // its first element in pending_; a tag's symbol
    opened what;
  };
  struct place {
    std::size_t offset, line, column;
  };

  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_blank() noexcept;
  std::string_view take_token() noexcept;
  bool read_token();
  bool settle();
  void open(opened what, std::size_t width);
  bool close(char closer);
  bool read_dispatch();
  void read_name();
  void read_keyword();
  void read_number();
  void read_string();
  void read_character();
  void read_escape(std::string& out);
  char32_t read_hex4(std::size_t at) const;
  void apply_tag(const frame& at);
  value tagged_value(std::string_view tag, value& form, std::size_t at) const;
  value big_number(std::string_view token, std::size_t at) const;
  place place_of(std::size_t offset) const noexcept;
  [[noreturn]] void refuse(std::size_t at, std::string_view code, std::string_view what) const;
  [[noreturn]] void refuse_unclosed() const;

  friend value read_edn(std::string_view text, std::string_view source_name);

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::size_t form_at_ = 0;
  std::vector<value> pending_;  // elements of what is open, outermost first
  std::vector<frame> open_;
  mutable place counted_{0, 1, 1};  // the last place that was asked for: the next one is counted from there
};

/// The one form in `text`. Throws if there is none, or a second one.
value read_edn(std::string_view text, std::string_view source_name = {});

/// plain: without the tags of kinds that EDN has no form for. bare: also without quotes around strings and
/// the backslash of characters, for people; it does not read back.
enum class edn_style : std::uint8_t { exact, plain, bare };

/// Appends `v` as EDN. O(size). Never refuses: what is nested deeper than the reader takes is printed all the
/// same.
void print_edn(std::string& out, const value& v, edn_style style = edn_style::exact);
std::string to_edn(const value& v, edn_style style = edn_style::exact);

/// What `e` says, for tools: {:db/error :db.error/… :category :incorrect :message "…"} and its details'
/// entries.
value error_data(const error& e);

namespace literals {

/// R"([:find ?e :where [?e :film/year 1979]])"_edn
value operator""_edn(const char* text, std::size_t size);

}  // namespace literals

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/edn_printer.hpp>
#include <datolite/core/detail/edn_reader.hpp>
#endif
