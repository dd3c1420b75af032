// expect: must say by which slots its rows ascend
#include <datolite/query/any_source.hpp>

#include <array>
#include <span>

namespace {

struct source {
  struct position {
    void seek(std::span<const datolite::value>) {}
    void next() {}
    bool valid() const { return false; }
    std::array<int, 2> row() const { return {}; }
  };
  position cursor(const datolite::query::clause_pattern&) const { return {}; }
};

}  // namespace

datolite::query::any_source wrong{source{}};
