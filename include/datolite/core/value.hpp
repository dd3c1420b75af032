// value: one piece of data, of any of Datomic's types or EDN's collections.
//
// Representation. 16 bytes: 14 of payload, the length of inline text, the kind. Scalars and texts of up to 14
// bytes stand inline; longer texts, uuids, big numbers and collections are shared, immutable, and counted, so
// that copying a value never allocates and moving one is a copy of 16 bytes. A text may be a part of a longer
// one, which it then keeps alive: where in it, and how long, stands beside the pointer.
//
// There are three relations between values, and each has a header and a name of its own; `==` is the first:
//   stored order      (value_order.hpp)      indexes, encoding: by kind, then by value; 1 and 1.0 differ
//   query equality    (value_equality.hpp)   joins and `=`: ref, long and bigint may be equal
//   comparison        (value_comparison.hpp) `<` and its kin: exact mathematical order across all numbers
//
// Thread-safety: different value objects may be used by different threads even where they share data.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/payload.hpp>

namespace datolite {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wshadow"  // GCC says that a scoped `kind::bytes` hides `datolite::bytes`; it does not

/// What a value is. The order of the enumerators is the stored order of kinds; both it and their numbers are
/// written into files, and never change.
enum class kind : std::uint8_t {
  nil = 0,
  boolean = 1,
  long_ = 2,    ///< 64-bit signed integer
  bigint = 3,   ///< integer of any size
  float_ = 4,   ///< 32-bit IEEE 754
  double_ = 5,  ///< 64-bit IEEE 754
  bigdec = 6,   ///< decimal of any size, with a scale
  string = 7,   ///< UTF-8
  keyword = 8,
  symbol = 9,
  instant = 10,  ///< milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored
  uuid = 11,
  uri = 12,
  bytes = 13,
  ref = 14,        ///< an entity id
  tuple = 15,      ///< of values, as an attribute may hold
  character = 16,  ///< a Unicode scalar value
  vector = 17,
  list = 18,
  set = 19,     ///< elements in stored order, no two the same
  map = 20,     ///< entries in stored order of their keys, no two keys the same
  tagged = 21,  ///< an EDN tagged literal that no reader knew: a symbol and a value
};

#pragma GCC diagnostic pop

/// The kind's name, as after ":db.type/" where Datomic has it: "long".
constexpr std::string_view to_string(kind k) noexcept {
  constexpr std::string_view names[] = {"nil",    "boolean", "long",    "bigint", "float",     "double",
                                        "bigdec", "string",  "keyword", "symbol", "instant",   "uuid",
                                        "uri",    "bytes",   "ref",     "tuple",  "character", "vector",
                                        "list",   "set",     "map",     "tagged"};
  return names[static_cast<std::size_t>(k)];
}

/// Whether all there is to a value of that kind is its 64-bit word.
constexpr bool stands_in_a_word(kind k) noexcept {
  return k == kind::boolean || k == kind::long_ || k == kind::float_ || k == kind::double_ ||
         k == kind::instant || k == kind::ref || k == kind::character;
}

class value;
struct map_entry;

namespace detail {

[[noreturn]] inline void throw_wrong_kind(std::string_view wanted, kind found) {
  throw error{error_category::incorrect, "db.error/wrong-type",
              std::string{"expected a "}.append(wanted).append(", found a ").append(to_string(found))};
}

}  // namespace detail

class value {
 public:
  static constexpr std::size_t inline_capacity = 14;  ///< bytes of text that need no allocation

  // -- making one. Each constructor is O(1), but for texts and collections too long to stand inline: O(size),
  // one
  //    allocation.

  value() noexcept : value{datolite::kind::nil} {}
  value(std::nullptr_t) noexcept : value{} {}
  value(std::same_as<bool> auto b) noexcept : value{datolite::kind::boolean, std::int64_t{b}} {}
  template <std::integral I>
  requires(!std::same_as<I, bool> && !std::same_as<I, char> && (sizeof(I) < 8 || std::is_signed_v<I>))
      value(I i)
  noexcept : value{datolite::kind::long_, static_cast<std::int64_t>(i)} {}
  /// No value holds -0.0: it becomes 0.0 here, so that no index, hash or text can tell the two apart.
  value(double d) noexcept : value{datolite::kind::double_} { store(d == 0.0 ? 0.0 : d); }
  value(float f) noexcept : value{datolite::kind::float_} { store(f == 0.0f ? 0.0f : f); }
  value(std::string_view text) : value{datolite::kind::string, text} {}
  value(const std::string& text) : value{std::string_view{text}} {}
  value(const char* text) : value{std::string_view{text}} {}

  static value keyword(std::string_view without_colon) { return {datolite::kind::keyword, without_colon}; }
  static value symbol(std::string_view text) { return {datolite::kind::symbol, text}; }
  static value uri(std::string_view text) { return {datolite::kind::uri, text}; }
  static value bytes(std::string_view raw) { return {datolite::kind::bytes, raw}; }
  static value uuid(const std::array<unsigned char, 16>& raw) {
    return {datolite::kind::uuid, {reinterpret_cast<const char*>(raw.data()), raw.size()}};
  }
  static value instant(std::int64_t milliseconds) noexcept { return {datolite::kind::instant, milliseconds}; }
  static value ref(std::int64_t entity) noexcept { return {datolite::kind::ref, entity}; }
  static value character(char32_t c) noexcept {
    return {datolite::kind::character, static_cast<std::int64_t>(c)};
  }

  static value tuple(std::span<const value> elements) { return {datolite::kind::tuple, elements}; }
  static value vector(std::span<const value> elements) { return {datolite::kind::vector, elements}; }
  static value list(std::span<const value> elements) { return {datolite::kind::list, elements}; }
  static value vector(std::initializer_list<value> elements) {
    return vector(std::span<const value>{elements.begin(), elements.size()});
  }
  static value list(std::initializer_list<value> elements) {
    return list(std::span<const value>{elements.begin(), elements.size()});
  }
  static value tuple(std::initializer_list<value> elements) {
    return tuple(std::span<const value>{elements.begin(), elements.size()});
  }
  static value tagged(const value& tag, const value& form) {
    const value both[] = {tag, form};
    return {datolite::kind::tagged, std::span<const value>{both}};
  }

  /// A value of kind `k` whose payload bytes are exactly `raw`: for the headers that make big numbers.
  static value from_raw(datolite::kind k, std::string_view raw) { return {k, raw}; }
  /// The `n` bytes from `from` on of this text as a value of kind `k`. O(1) and without allocation, for it
  /// shares this one's bytes and keeps all of them alive; too short or too long to do so, it has its own.
  /// What stands alone is from_raw(k, part.raw()).  REQUIRES: kinds as `raw` takes; from + n <= raw().size().
  value part(datolite::kind k, std::size_t from, std::size_t n) const;
  /// A value of kind `k` whose 64-bit word is `w`, as `word()` gives it.  REQUIRES: stands_in_a_word(k).
  static value from_word(datolite::kind k, std::int64_t w) noexcept { return {k, w}; }
  /// A set or map whose elements (a map's: key, value, key, value …) are already in stored order without
  /// duplicates: for `make_set` and `make_map` (value_order.hpp), which see to that.
  static value from_ordered(datolite::kind k, std::span<const value> elements) { return {k, elements}; }
  /// The same for any kind of collection, taking the elements' contents: they are nil afterwards.
  static value from_moved(datolite::kind k, std::span<value> elements);

  // -- copying: O(1), never allocates, never throws

  value(const value& other) noexcept {
    std::memcpy(static_cast<void*>(this), &other, sizeof *this);
    if (is_shared()) payload()->holders.fetch_add(1, std::memory_order_relaxed);
  }
  value(value&& other) noexcept {
    std::memcpy(static_cast<void*>(this), &other, sizeof *this);
    other.forget();
  }
  value& operator=(const value& other) noexcept {
    value copy{other};
    swap(*this, copy);
    return *this;
  }
  value& operator=(value&& other) noexcept {
    value taken{std::move(other)};
    swap(*this, taken);
    return *this;
  }
  ~value() {
    if (is_shared()) release();
  }
  friend void swap(value& a, value& b) noexcept {
    alignas(value) unsigned char kept[sizeof(value)];
    std::memcpy(kept, &a, sizeof a);
    std::memcpy(static_cast<void*>(&a), &b, sizeof a);
    std::memcpy(static_cast<void*>(&b), kept, sizeof a);
  }

  // -- asking. Each `as_…` throws `db.error/wrong-type` when the kind is another.

  datolite::kind kind() const noexcept { return kind_; }
  bool is(datolite::kind k) const noexcept { return kind_ == k; }
  bool is_nil() const noexcept { return kind_ == datolite::kind::nil; }

  bool as_boolean() const { return expect(datolite::kind::boolean), word() != 0; }
  std::int64_t as_long() const { return expect(datolite::kind::long_), word(); }
  std::int64_t as_ref() const { return expect(datolite::kind::ref), word(); }
  std::int64_t as_instant() const { return expect(datolite::kind::instant), word(); }
  char32_t as_character() const { return expect(datolite::kind::character), static_cast<char32_t>(word()); }
  double as_double() const { return expect(datolite::kind::double_), load<double>(); }
  float as_float() const { return expect(datolite::kind::float_), load<float>(); }
  std::string_view as_string() const { return expect(datolite::kind::string), raw(); }
  std::string_view as_keyword() const {
    return expect(datolite::kind::keyword), raw();
  }  ///< without the colon
  std::string_view as_symbol() const { return expect(datolite::kind::symbol), raw(); }
  std::string_view as_uri() const { return expect(datolite::kind::uri), raw(); }
  std::string_view as_bytes() const { return expect(datolite::kind::bytes), raw(); }
  std::array<unsigned char, 16> as_uuid() const {
    expect(datolite::kind::uuid);
    std::array<unsigned char, 16> out;
    std::memcpy(out.data(), raw().data(), out.size());
    return out;
  }

  /// The 64-bit word of a boolean, long, instant, ref or character.  REQUIRES: one of these kinds.
  std::int64_t word() const noexcept { return load<std::int64_t>(); }

  /// The payload bytes of a text, uuid or big number; valid while this very object lives and is not assigned
  /// to (short texts stand inside it).  REQUIRES: one of these kinds.
  std::string_view raw() const noexcept {
    if (!is_shared()) return {small_, inline_size_};
    const char* const whole = reinterpret_cast<const char*>(payload() + 1);
    if (inline_size_ == shared_mark) return {whole, payload()->size};
    const extent shown = part_of_whole();
    return {whole + shown.from, shown.size};
  }

  /// The elements of a tuple, vector, list or set, and a tagged literal's symbol and form; a map's keys and
  /// values in turn. Empty for every other kind. Valid while some value that shares them lives.
  std::span<const value> elements() const noexcept;

  /// A map's entries, in stored order of their keys. Empty for every other kind.
  std::span<const map_entry> entries() const noexcept;

  /// Are the two the same 16 bytes? Then they are equal in every sense, collections included; O(1). The
  /// converse does not hold: equal payloads may be shared apart.
  bool is_identical(const value& other) const noexcept {
    return std::memcmp(this, &other, sizeof *this) == 0;
  }

  /// Does it hold no memory beyond its own 16 bytes?
  bool is_inline() const noexcept { return !is_shared(); }

  /// Asks memory for what it shares, for who will copy it or read its bytes soon, and not at once.
  void prefetch() const noexcept {
    if (is_shared()) __builtin_prefetch(payload());
  }

  bool is_text() const noexcept {  ///< string, keyword, symbol, uri or bytes: `raw()` is what it says
    return (kind_ >= datolite::kind::string && kind_ <= datolite::kind::symbol) ||
           kind_ == datolite::kind::uri || kind_ == datolite::kind::bytes;
  }
  bool is_sequential() const noexcept {
    return kind_ == datolite::kind::tuple || kind_ == datolite::kind::vector || kind_ == datolite::kind::list;
  }
  bool is_keyword(std::string_view without_colon) const noexcept {
    return kind_ == datolite::kind::keyword && raw() == without_colon;
  }
  bool is_symbol(std::string_view text) const noexcept {
    return kind_ == datolite::kind::symbol && raw() == text;
  }

 private:
  friend class value_batch_writer;
  friend void drop_values(std::vector<value>& all) noexcept;

  static constexpr std::uint8_t part_mark = 0xFE, shared_mark = 0xFF;  // of inline_size_: a payload is shared

  /// Where in a payload the text stands that is part of it, as it lies behind the pointer.
  struct extent {
    std::uint32_t from;
    std::uint16_t size;
  };
  static constexpr std::size_t extent_at = sizeof(void*), extent_size = 6;

  explicit value(datolite::kind k) noexcept : value{k, std::int64_t{0}} {}
  /// Two words, for whoever copies it soon reads words: what is written in smaller parts must be waited for.
  value(datolite::kind k, std::int64_t w) noexcept {
    constexpr int at_the_end = std::endian::native == std::endian::little ? 56 : 0;
    const std::uint64_t words[] = {static_cast<std::uint64_t>(w), static_cast<std::uint64_t>(k)
                                                                      << at_the_end};
    std::memcpy(static_cast<void*>(this), words, sizeof words);
  }
  value(datolite::kind k, std::string_view text);
  value(datolite::kind k, std::span<const value> elements);

  bool is_shared() const noexcept { return inline_size_ >= part_mark; }
  extent part_of_whole() const noexcept {
    extent e;
    std::memcpy(&e, small_ + extent_at, extent_size);
    return e;
  }
  bool holds_values() const noexcept {
    return kind_ == datolite::kind::tuple || kind_ >= datolite::kind::vector;
  }
  detail::shared_payload* payload() const noexcept { return load<detail::shared_payload*>(); }
  /// Without a call: two copies of fixed size that may overlap.
  void copy_inline(std::string_view text) noexcept {
    const char* const from = text.data();
    const std::size_t n = text.size();
    const auto ends = [&](auto half) {
      std::memcpy(&half, from + n - sizeof half, sizeof half);
      std::memcpy(small_, from, sizeof half);
      std::memcpy(small_ + n - sizeof half, &half, sizeof half);
    };
    if (n >= 8) return ends(std::uint64_t{});
    if (n >= 4) return ends(std::uint32_t{});
    if (n >= 2) return ends(std::uint16_t{});
    if (n == 1) small_[0] = *from;
  }
  void share(detail::shared_payload* p) noexcept {
    store(p);
    inline_size_ = shared_mark;
  }
  void forget() noexcept {
    inline_size_ = 0;
    kind_ = datolite::kind::nil;
  }
  void expect(datolite::kind k) const {
    if (kind_ != k) detail::throw_wrong_kind(to_string(k), kind_);
  }
  void release() noexcept;
  /// A part that this one's payload has not been told of.
  value uncounted_part(datolite::kind k, std::size_t from, std::size_t n) const noexcept;

  template <class T>
  void store(T t) noexcept {
    std::memcpy(small_, &t, sizeof t);
  }
  template <class T>
  T load() const noexcept {
    T t;
    std::memcpy(&t, small_, sizeof t);
    return t;
  }

  alignas(8) char small_[inline_capacity];
  std::uint8_t inline_size_;
  datolite::kind kind_;
};

static_assert(sizeof(value) == 16);

/// One entry of a map.
struct map_entry {
  value key;
  value val;
};

static_assert(sizeof(map_entry) == 2 * sizeof(value), "a map's entries are shown in place");

/// The value under the keyword `key` in the map `m`; null when there is none or `m` is no map. Valid while
/// `m` lives. O(log n) for a map (keywords stand together, in bytewise order).
const value* find_keyword(const value& m, std::string_view key) noexcept;

// ---------------------------------------------------------------------------------------------------------------

inline value::value(datolite::kind k, std::string_view text) : value{k} {
  if (text.size() <= inline_capacity) {
    copy_inline(text);
    inline_size_ = static_cast<std::uint8_t>(text.size());
    return;
  }
  auto* shared = detail::allocate_payload(text.size(), text.size());
  std::memcpy(reinterpret_cast<char*>(shared + 1), text.data(), text.size());
  share(shared);
}

inline value value::part(datolite::kind k, std::size_t from, std::size_t n) const {
  const std::string_view whole = raw();
  if (n <= inline_capacity || n > 0xFFFFu || !is_shared()) return {k, whole.substr(from, n)};
  payload()->holders.fetch_add(1, std::memory_order_relaxed);
  return uncounted_part(k, from, n);
}

inline value value::uncounted_part(datolite::kind k, std::size_t from, std::size_t n) const noexcept {
  const char* const first = reinterpret_cast<const char*>(payload() + 1);
  const extent shown{static_cast<std::uint32_t>(raw().data() - first + from), static_cast<std::uint16_t>(n)};
  value made{k};
  made.store(payload());
  std::memcpy(made.small_ + extent_at, &shown, extent_size);
  made.inline_size_ = part_mark;
  return made;
}

inline value::value(datolite::kind k, std::span<const value> elements) : value{k} {
  if (elements.empty()) return;
  static_assert(sizeof(detail::shared_payload) % alignof(value) == 0);
  auto* shared = detail::allocate_payload(elements.size(), elements.size_bytes());
  auto* to = reinterpret_cast<value*>(shared + 1);
  for (const value& element : elements) ::new (to++) value{element};
  share(shared);
}

inline value value::from_moved(datolite::kind k, std::span<value> elements) {
  value made{k};
  if (elements.empty()) return made;
  auto* shared = detail::allocate_payload(elements.size(), elements.size_bytes());
  std::memcpy(static_cast<void*>(shared + 1), elements.data(), elements.size_bytes());
  for (value& element : elements) element.forget();
  made.share(shared);
  return made;
}

/// Frees without recursion: a chain of collections, however deep, is taken apart one at a time, each dead
/// payload linked to the next through its own (no longer needed) memory.
inline void value::release() noexcept {
  if (payload()->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (!holds_values()) return detail::free_payload(payload(), payload()->size);

  // A dead payload counts its living elements in `size`. Its link in a side chain, and how many there were,
  // are kept in the first element's slot only after that element has been moved out, so nothing is allocated
  // here.
  value* chain =
      nullptr;  // dead payloads' first slots; slot->small_ holds the next, elements from 1 on still live
  auto push = [&chain](detail::shared_payload* dead) {
    auto* first = reinterpret_cast<value*>(dead + 1);
    value head{std::move(*first)};
    first->store(chain);
    std::memcpy(first->small_ + extent_at, &dead->size, sizeof dead->size);
    chain = first;
    return head;
  };
  value pending = push(payload());
  forget();
  for (;;) {
    if (pending.is_shared()) {
      auto* p = pending.payload();
      const bool nested = pending.holds_values();
      pending.forget();
      if (p->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        if (nested) {
          pending = push(p);
          continue;
        }
        detail::free_payload(p, p->size);
      }
    }
    if (chain == nullptr) return;
    auto* top = reinterpret_cast<detail::shared_payload*>(chain) - 1;
    if (top->size > 1) {
      pending.~value();
      ::new (&pending) value{std::move(chain[--top->size])};
    } else {
      std::uint32_t elements;
      std::memcpy(&elements, chain->small_ + extent_at, sizeof elements);
      chain = chain->load<value*>();
      detail::free_payload(top, elements * sizeof(value));
    }
  }
}

inline std::span<const value> value::elements() const noexcept {
  if (!is_shared() || !holds_values()) return {};
  return {reinterpret_cast<const value*>(payload() + 1), payload()->size};
}

inline std::span<const map_entry> value::entries() const noexcept {
  if (kind_ != datolite::kind::map) return {};
  const auto flat = elements();
  return {reinterpret_cast<const map_entry*>(flat.data()), flat.size() / 2};
}

inline const value* find_keyword(const value& m, std::string_view key) noexcept {
  std::span<const map_entry> among = m.entries();
  while (!among.empty()) {
    const map_entry& middle = among[among.size() / 2];
    const bool same_kind = middle.key.is(kind::keyword);
    if (same_kind && middle.key.raw() == key) return &middle.val;
    const bool below = same_kind ? middle.key.raw() < key : middle.key.kind() < kind::keyword;
    among = below ? among.subspan(among.size() / 2 + 1) : among.first(among.size() / 2);
  }
  return nullptr;
}

namespace literals {

/// "db/ident"_kw is the keyword :db/ident.
inline value operator""_kw(const char* text, std::size_t size) { return value::keyword({text, size}); }

}  // namespace literals

}  // namespace datolite
