// explain: why a type does not model one of the storage concepts.
//
//   static_assert(datolite::explain_storage<my_engine>());
//
// beside the type. Where the type models the concept this costs nothing at run time; where it does not, the
// compiler's first lines name the operation that is missing, and how to offer it, rather than the concept
// three levels above it. Each function is a ladder of assertions: it stops where going on would only repeat
// the news.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/iterator.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>

namespace datolite {

/// True if `I` models Iterator; else does not compile, and says what is missing.
template <class I>
constexpr bool explain_iterator() {
  static_assert(std::movable<I>,
                "datolite: an Iterator must be movable: give it a move constructor and a move assignment; "
                "see docs/write-an-engine.md");
  static_assert(
      requires(I it, bytes_view key) { it.seek(key); },
      "datolite: an Iterator must offer seek(bytes_view): stand on the first pair with a key not below "
      "it, else at the end; see docs/write-an-engine.md");
  static_assert(
      requires(I it, bytes_view key) { it.seek_for_prev(key); },
      "datolite: an Iterator must offer seek_for_prev(bytes_view): stand on the last pair with a key not "
      "above it, else at the end; see docs/write-an-engine.md");
  static_assert(
      requires(I it) { it.seek_first(); },
      "datolite: an Iterator must offer seek_first(): stand on the first pair inside its bounds, else at "
      "the end; see docs/write-an-engine.md");
  static_assert(
      requires(I it) { it.seek_last(); },
      "datolite: an Iterator must offer seek_last(): stand on the last pair inside its bounds, else at "
      "the end; see docs/write-an-engine.md");
  static_assert(
      requires(I it) { it.next(); },
      "datolite: an Iterator must offer next(): move to the following pair, past the last one to the "
      "end; see docs/write-an-engine.md");
  static_assert(
      requires(I it) { it.prev(); },
      "datolite: an Iterator must offer prev(): move to the preceding pair, before the first one to the "
      "end; see docs/write-an-engine.md");
  static_assert(
      requires(const I& at) {
        { at.valid() } -> std::same_as<bool>;
      },
      "datolite: an Iterator must offer bool valid() const: false at the end and never for an error, "
      "which throws; see docs/write-an-engine.md");
  static_assert(
      requires(const I& at) {
        { at.key() } -> std::convertible_to<bytes_view>;
      },
      "datolite: an Iterator must offer bytes_view key() const: the key it stands on, valid until it "
      "moves; see docs/write-an-engine.md");
  static_assert(
      requires(const I& at) {
        { at.value() } -> std::convertible_to<bytes_view>;
      },
      "datolite: an Iterator must offer bytes_view value() const: the value it stands on, valid until it "
      "moves; see docs/write-an-engine.md");
  return Iterator<I>;
}

/// True if `R` models Reader; else does not compile, and says what is missing.
template <class R>
constexpr bool explain_reader() {
  constexpr bool has_get = requires(const R& r, bytes_view key) {
    r.get(key);
  };
  static_assert(
      has_get,
      "datolite: a Reader must offer get(bytes_view) const: a std::optional of something with view(); "
      "see docs/write-an-engine.md");
  if constexpr (has_get) {
    constexpr bool optional_like = requires(const R& r, bytes_view key) {
      *r.get(key);
      static_cast<bool>(r.get(key));
    };
    static_assert(optional_like,
                  "datolite: a Reader's get must return a std::optional, empty where the key is absent; "
                  "see docs/write-an-engine.md");
    if constexpr (optional_like) {
      using found = std::remove_cvref_t<decltype(*std::declval<const R&>().get(bytes_view{}))>;
      static_assert(Pinned<found>,
                    "datolite: what a Reader's get finds must be movable and offer bytes_view view() const; "
                    "pinned_view and pinned_bytes do (core/reader.hpp); see docs/write-an-engine.md");
    }
  }
  constexpr bool opens = requires(const R& r, const bounds& b) {
    r.open_iterator(b);
  };
  static_assert(
      opens,
      "datolite: a Reader must offer open_iterator(const bounds&) const: an Iterator confined to them; "
      "see docs/write-an-engine.md");
  if constexpr (opens) {
    explain_iterator<decltype(std::declval<const R&>().open_iterator(std::declval<const bounds&>()))>();
  }
  return Reader<R>;
}

/// True if `W` models Writer; else does not compile, and says what is missing.
template <class W>
constexpr bool explain_writer() {
  constexpr bool commits = requires(W & w, std::span<const change> c, const demands& d) {
    w.commit(c, d);
  };
  static_assert(
      commits,
      "datolite: a Writer must offer commit(std::span<const change>, const demands&): every change or "
      "none, and only if the demands hold; see docs/write-an-engine.md");
  if constexpr (commits) {
    static_assert(
        std::convertible_to<decltype(std::declval<W&>().commit(std::span<const change>{}, demands{})),
                            synctag_t>,
        "datolite: a Writer's commit must return the synctag_t of the state it made; "
        "see docs/write-an-engine.md");
  }
  return Writer<W>;
}

/// True if `S` models Snapshot; else does not compile, and says what is missing.
template <class S>
constexpr bool explain_snapshot() {
  explain_reader<S>();
  static_assert(std::movable<S>,
                "datolite: a Snapshot must be movable: give it a move constructor and a move assignment; "
                "see docs/write-an-engine.md");
  static_assert(
      requires(const S& s) {
        { s.synctag() } -> std::same_as<synctag_t>;
      },
      "datolite: a Snapshot must offer synctag_t synctag() const: the state that it shows; "
      "see docs/write-an-engine.md");
  return Snapshot<S>;
}

/// True if `S` models Storage; else does not compile, and says what is missing.
template <class S>
constexpr bool explain_storage() {
  explain_reader<S>();
  explain_writer<S>();
  constexpr bool has_snapshot = requires(const S& s) {
    s.snapshot();
  };
  static_assert(
      has_snapshot,
      "datolite: a Storage must offer snapshot() const: a Snapshot of the newest commit, which never "
      "changes; see docs/write-an-engine.md");
  if constexpr (has_snapshot) explain_snapshot<decltype(std::declval<const S&>().snapshot())>();
  static_assert(
      requires(const S& s) {
        { s.synctag() } -> std::same_as<synctag_t>;
      },
      "datolite: a Storage must offer synctag_t synctag() const: the state that snapshot() would show; "
      "see docs/write-an-engine.md");
  static_assert(
      requires(S & s) { s.close(); },
      "datolite: a Storage must offer close(): reads and commits after it throw `unavailable`; "
      "see docs/write-an-engine.md");
  static_assert(
      requires(const S& s) {
        { s.durability() } -> std::same_as<durability_level>;
      },
      "datolite: a Storage must offer durability_level durability() const: what a commit survives; "
      "see docs/write-an-engine.md");
  static_assert(
      requires(const S& s) {
        { s.min_key_size() } -> std::convertible_to<std::size_t>;
      },
      "datolite: a Storage must offer std::size_t min_key_size() const, in bytes; "
      "see docs/write-an-engine.md");
  static_assert(
      requires(const S& s) {
        { s.max_key_size() } -> std::convertible_to<std::size_t>;
      },
      "datolite: a Storage must offer std::size_t max_key_size() const, in bytes; "
      "see docs/write-an-engine.md");
  static_assert(
      requires(const S& s) {
        { s.preferred_value_size() } -> std::convertible_to<std::size_t>;
      },
      "datolite: a Storage must offer std::size_t preferred_value_size() const, in bytes; "
      "see docs/write-an-engine.md");
  static_assert(
      requires {
        { S::zero_copy } -> std::convertible_to<bool>;
      },
      "datolite: a Storage must offer static constexpr bool zero_copy: whether get copies nothing; "
      "see docs/write-an-engine.md");
  static_assert(
      requires {
        { S::multi_process } -> std::convertible_to<bool>;
      },
      "datolite: a Storage must offer static constexpr bool multi_process: whether several processes "
      "may have it open; see docs/write-an-engine.md");
  return Storage<S>;
}

}  // namespace datolite
