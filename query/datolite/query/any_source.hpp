// any_source: any datasource, behind one type.
//
// Made from an lvalue it refers to it, which must then outlive every copy; made from an rvalue it owns it,
// shared by its copies. Copying is O(1). One indirect call a clause, none a row.
//
// Threads: as the source it holds.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <datolite/core/index_access.hpp>
#include <datolite/query/source.hpp>
#include <datolite/query/source_identity.hpp>

namespace datolite::query {

namespace detail {

/// Rows that the built-in join reads one after another, whatever is bound.
template <class X>
inline constexpr bool is_scan = !MemberJoin<X> && !adl::HasJoin<X>;
template <class R>
inline constexpr bool is_scan<matching_rows<R>> = true;

/// Rows that say so themselves.
template <class X>
concept SaysWhetherItScans = requires(const X& xs) {
  { xs.always_scans() } -> std::same_as<bool>;
};

}  // namespace detail

/// Rows of a clause, behind one type; movable, and owns them. Small ones stand inside.
class any_ijoin {
 public:
  template <class X>
  requires(IJoin<X> && !std::same_as<std::remove_cvref_t<X>, any_ijoin>) explicit any_ijoin(X&& xs)
      : ops_{&ops_of<std::remove_cvref_t<X>>} {
    using T = std::remove_cvref_t<X>;
    if constexpr (stands_inside<T>) {
      ::new (static_cast<void*>(inside_)) T(std::forward<X>(xs));
    } else {
      outside_ = new T(std::forward<X>(xs));
    }
  }
  any_ijoin(any_ijoin&& other) noexcept : ops_{std::exchange(other.ops_, nullptr)} {
    if (ops_ != nullptr) ops_->move(other, *this);
  }
  any_ijoin& operator=(any_ijoin&& other) noexcept {
    if (this != &other) {
      if (ops_ != nullptr) ops_->destroy(*this);
      ops_ = std::exchange(other.ops_, nullptr);
      if (ops_ != nullptr) ops_->move(other, *this);
    }
    return *this;
  }
  ~any_ijoin() {
    if (ops_ != nullptr) ops_->destroy(*this);
  }

  /// REQUIRES: not moved from.
  relation join_project_with(const relation& ys, const join_spec& spec) const {
    return ops_->join(*this, ys, spec);
  }

  /// Whether each join reads all the rows, whatever is bound: whoever joins often may keep them. So it is
  /// with what the built-in join reads, and with rows whose member of this name says so.
  bool always_scans() const { return ops_->scans(*this); }

 private:
  struct operations {
    relation (*join)(const any_ijoin&, const relation&, const join_spec&);
    void (*move)(any_ijoin& from, any_ijoin& to) noexcept;
    void (*destroy)(any_ijoin&) noexcept;
    bool (*scans)(const any_ijoin&);
  };

  static constexpr std::size_t room = 96;

  template <class T>
  static constexpr bool stands_inside =
      sizeof(T) <= room && alignof(T) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<T>;

  template <class T>
  static T& held(any_ijoin& self) noexcept {
    if constexpr (stands_inside<T>) {
      return *std::launder(reinterpret_cast<T*>(self.inside_));
    } else {
      return *static_cast<T*>(self.outside_);
    }
  }

  template <class T>
  static relation join_held(const any_ijoin& self, const relation& ys, const join_spec& spec) {
    const T& xs = held<T>(const_cast<any_ijoin&>(self));
    return datolite::join_project_with(xs, ys, spec);
  }
  template <class T>
  static void move_held(any_ijoin& from, any_ijoin& to) noexcept {
    if constexpr (stands_inside<T>) {
      ::new (static_cast<void*>(to.inside_)) T(std::move(held<T>(from)));
      held<T>(from).~T();
    } else {
      to.outside_ = from.outside_;
    }
  }
  template <class T>
  static void destroy_held(any_ijoin& self) noexcept {
    if constexpr (stands_inside<T>) {
      held<T>(self).~T();
    } else {
      delete &held<T>(self);
    }
  }

  template <class T>
  static bool scans_held(const any_ijoin& self) {
    if constexpr (detail::SaysWhetherItScans<T>) {
      return held<T>(const_cast<any_ijoin&>(self)).always_scans();
    } else {
      return detail::is_scan<T>;
    }
  }

  template <class T>
  static constexpr operations ops_of{&join_held<T>, &move_held<T>, &destroy_held<T>, &scans_held<T>};

  const operations* ops_;
  union {
    alignas(std::max_align_t) std::byte inside_[room];
    void* outside_;
  };
};

namespace detail {

template <class S>
concept HasAccess = requires(const S& source) {
  { source.access() } -> std::convertible_to<const index_access&>;
};
template <class S>
concept HasAccessPointer = requires(const S& source) {
  { source.access() } -> std::convertible_to<const index_access*>;
};

}  // namespace detail

class any_source {
 public:
  /// Refers to `source`.
  template <class S>
  requires(!std::same_as<std::remove_const_t<S>, any_source>) explicit any_source(S& source)
      : any_source{&source, std::shared_ptr<const S>{}} {
    static_assert(explain_extrel<S>());
  }
  /// Owns `source`.
  template <class S>
  requires(!std::is_lvalue_reference_v<S> &&
           !std::same_as<std::remove_const_t<S>, any_source>) explicit any_source(S&& source)
      : any_source{std::make_shared<const std::remove_const_t<S>>(std::move(source))} {
    static_assert(explain_extrel<S>());
  }

  any_ijoin extrel(const clause_pattern& pattern) const { return ops_->extrel(source_, pattern); }

  /// What get-else, pull and their like read through, if the source offers `access()`, as a reference or
  /// as a pointer that may be null. Null otherwise.
  const index_access* access() const { return ops_->access(source_); }

  /// The source's rows as an EDN vector of vectors, if it is a range of rows. O(its size).
  std::optional<value> rows() const { return ops_->rows(source_); }

  /// The slots that must be bound before it can answer `pattern`.
  slot_set required(const clause_pattern& pattern) const { return ops_->required(source_, pattern); }
  /// Whether it may say that there are any.
  bool may_require() const noexcept { return ops_->may_require; }

  /// The slots of `pattern` in which it takes other names for what its rows have.
  slot_set resolves(const clause_pattern& pattern) const { return ops_->resolves(source_, pattern); }
  /// Whether it may say that there are any.
  bool may_resolve() const noexcept { return ops_->may_resolve; }

  /// The slots of `pattern` in which its rows may have a keyword or a sequence.
  slot_set gives_names(const clause_pattern& pattern) const { return ops_->gives_names(source_, pattern); }
  /// Whether it may say that there are any.
  bool may_name() const noexcept { return ops_->may_name; }

  /// What the source thinks `pattern` would give, if it thinks.
  std::optional<double> estimate(const clause_pattern& pattern) const {
    return ops_->estimate(source_, pattern);
  }

  /// What it shows; empty unless the source says so.
  std::optional<source_identity> identity() const {
    auto out = ops_->identity(source_);
    if (out && out->type == nullptr) out->type = ops_;
    return out;
  }

 private:
  struct operations {
    any_ijoin (*extrel)(const void*, const clause_pattern&);
    std::optional<double> (*estimate)(const void*, const clause_pattern&);
    slot_set (*required)(const void*, const clause_pattern&);
    slot_set (*resolves)(const void*, const clause_pattern&);
    slot_set (*gives_names)(const void*, const clause_pattern&);
    std::optional<value> (*rows)(const void*);
    const index_access* (*access)(const void*);
    std::optional<source_identity> (*identity)(const void*);
    bool may_require, may_resolve, may_name;
  };

  template <class S>
  static constexpr operations ops_of{
      [](const void* s, const clause_pattern& p) {
        return any_ijoin{datolite::extrel(*static_cast<const S*>(s), p)};
      },
      [](const void* s, const clause_pattern& p) { return estimate_of(*static_cast<const S*>(s), p); },
      [](const void* s, const clause_pattern& p) { return required_of(*static_cast<const S*>(s), p); },
      [](const void* s, const clause_pattern& p) { return resolves_of(*static_cast<const S*>(s), p); },
      [](const void* s, const clause_pattern& p) { return gives_names_of(*static_cast<const S*>(s), p); },
      [](const void* s) -> std::optional<value> {
        if constexpr (ConstRowRange<S>) {
          return rows_as_value(*static_cast<const S*>(s));
        } else {
          return std::nullopt;
        }
      },
      [](const void* s) -> const index_access* {
        if constexpr (detail::HasAccess<S>) {
          return &static_cast<const index_access&>(static_cast<const S*>(s)->access());
        } else if constexpr (detail::HasAccessPointer<S>) {
          return static_cast<const S*>(s)->access();
        } else {
          return nullptr;
        }
      },
      [](const void* s) { return identity_of(*static_cast<const S*>(s)); },
      detail::MemberRequired<S> || detail::adl::HasRequired<S>,
      detail::MemberResolves<S> || detail::adl::HasResolves<S>,
      may_give_names<S>};

  template <class S>
  any_source(const S* source, std::shared_ptr<const S> owner);
  template <class S>
  explicit any_source(std::shared_ptr<const S> owner) : any_source{owner.get(), owner} {}

  const void* source_;
  std::shared_ptr<const void> owner_;
  const operations* ops_;
};

template <class S>
any_source::any_source(const S* source, std::shared_ptr<const S> owner)
    : source_{source}, owner_{std::move(owner)}, ops_{&ops_of<S>} {}

}  // namespace datolite::query
