// change_source: what gives the changes of a sorted run, whatever its type.
#pragma once

#include <concepts>
#include <memory>
#include <optional>

#include <datolite/core/writer.hpp>

namespace datolite {

/// A reference to a callable that gives the next change of a sorted run, or nothing at its end. The callable
/// must outlive it.
class change_source {
 public:
  template <class F>
  requires(!std::same_as<F, change_source>) explicit change_source(F& next) noexcept
      : callee_{const_cast<void*>(static_cast<const void*>(std::addressof(next)))},
        call_{[](void* f) -> std::optional<change> { return (*static_cast<F*>(f))(); }} {}
  std::optional<change> operator()() const { return call_(callee_); }

 private:
  void* callee_;
  std::optional<change> (*call_)(void*);
};

}  // namespace datolite
