// expect: what cursor\(pattern\) returns must have valid\(\) const
#include <datolite/query/any_source.hpp>

#include <array>
#include <span>
#include <vector>

namespace {

struct source {
  struct position {
    void seek(std::span<const datolite::value>) {}
    void next() {}
    std::array<int, 2> row() const { return {}; }
  };
  std::vector<datolite::query::sorted_slot> sorted_by() const { return {}; }
  position cursor(const datolite::query::clause_pattern&) const { return {}; }
};

}  // namespace

datolite::query::any_source wrong{source{}};
