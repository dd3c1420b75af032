// destructure: a value taken apart by a binding form.
//
// Each way to bind the form's variables is a row: one for a scalar or a tuple, one an element for a
// collection, nested as the form is.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

namespace detail {

class destructurer {
 public:
  explicit destructurer(relation& to) : to_{to}, row_(to.width()) {}

  void run(const binding& form, const value& v) {
    if (form.is == binding_form::type::collection && is_flat_row(form.parts[0])) {
      for_each_element(form, v, [&](const value& element) {
        if (set(form.parts[0], element)) to_.append(row_);
      });
      return;
    }
    expand(form, v, [this] { to_.append(row_); });
  }

 private:
  using next = std::function<void()>;

  static bool is_flat_row(const binding& form) {
    if (form.is == binding_form::type::collection) return false;
    for (const binding& part : form.parts) {
      if (part.is == binding_form::type::collection || part.is == binding_form::type::tuple) return false;
    }
    return true;
  }

  /// Binds a scalar or a tuple of scalars; false if a variable that stands twice would get two values.
  bool set(const binding& form, const value& v) {
    if (form.is == binding_form::type::scalar) {
      if (form.repeats) return query_equal(row_[form.column], v);
      row_[form.column] = v;
      return true;
    }
    if (form.is == binding_form::type::blank) return true;
    const auto elements = tuple_elements(form, v);
    for (std::size_t i = 0; i < form.parts.size(); ++i) {
      if (!set(form.parts[i], elements[i])) return false;
    }
    return true;
  }

  void expand(const binding& form, const value& v, const next& then) {
    switch (form.is) {
      case binding_form::type::blank: return then();
      case binding_form::type::scalar:
        if (set(form, v)) then();
        return;
      case binding_form::type::collection:
        return for_each_element(form, v, [&](const value& element) { expand(form.parts[0], element, then); });
      case binding_form::type::tuple: return expand_parts(form, tuple_elements(form, v), 0, then);
    }
  }

  void expand_parts(const binding& form, std::span<const value> elements, std::size_t i, const next& then) {
    if (i == form.parts.size()) return then();
    expand(form.parts[i], elements[i], [&, i] { expand_parts(form, elements, i + 1, then); });
  }

  static std::span<const value> tuple_elements(const binding& form, const value& v) {
    if (!v.is_sequential())
      refuse(wrong_input, "a tuple is needed here, not a " + std::string{to_string(v.kind())}, v);
    const auto elements = v.elements();
    if (elements.size() < form.parts.size()) {
      refuse(wrong_input, "a tuple of " + std::to_string(form.parts.size()) + " elements is needed here", v);
    }
    return elements;
  }

  template <class F>
  static void for_each_element(const binding&, const value& v, F&& f) {
    if (v.is(kind::map)) {
      for (const map_entry& entry : v.entries()) f(value::vector({entry.key, entry.val}));
    } else if (v.is_sequential() || v.is(kind::set)) {
      for (const value& element : v.elements()) f(element);
    } else if (!v.is_nil()) {
      refuse(wrong_input, "a collection is needed here, not a " + std::string{to_string(v.kind())}, v);
    }
  }

  relation& to_;
  std::vector<value> row_;
};

}  // namespace detail

/// Appends to `to` one row for each way to bind `form` to `v`; its columns are the form's. nil is an empty
/// collection. Throws `db.error/invalid-query-input` where `v` has not the form's shape.
inline void destructure(const value& v, const binding& form, relation& to) {
  detail::destructurer{to}.run(form, v);
}

}  // namespace datolite::query
