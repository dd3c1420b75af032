// The ordered persistent map by itself.
#include <datolite/core/sorted_map.hpp>

#include <string>

namespace {

bool first_steps() {
  // [first-steps]
  datolite::sorted_map<datolite::bytes, datolite::bytes> films;
  films = std::move(films).insert_or_assign("alien", "1979");  // an rvalue is edited in place
  const auto before = films;                                   // some ten nanoseconds, whatever the size
  films = std::move(films).insert_or_assign("heat", "1995");   // copies only what `before` needs, too
  const auto none = films.erase("alien").erase("heat");        // an lvalue is left as it was

  bool right = before.size() == 1 && films.size() == 2 && none.empty();
  if (const auto year = films.find("heat")) right &= *year == "1995";
  for (const auto& [title, made] : films) right &= !title.empty() && made.size() == 4;  // in the keys' order
  right &= films.count_range("a", "h") == 1;                                            // O(log n)
  // [/first-steps]
  return right;
}

// [own-order]
struct point {
  std::int32_t x, y;
};
struct by_x {
  using is_transparent = void;
  bool operator()(const point& a, const point& b) const { return a.x != b.x ? a.x < b.x : a.y < b.y; }
  bool operator()(const point& a, std::int32_t x) const { return a.x < x; }
  bool operator()(std::int32_t x, const point& b) const { return x < b.x; }
};
// [/own-order]

bool own_order() {
  // [partial-probe]
  datolite::sorted_set<point, by_x> points;
  for (std::int32_t i = 0; i < 1000; ++i) points = std::move(points).insert({i % 10, i});
  const std::size_t in_column_3 = points.rank(points.upper_bound(3)) - points.rank(points.lower_bound(3));
  // [/partial-probe]
  return in_column_3 == 100;
}

}  // namespace

int main() { return first_steps() && own_order() ? 0 : 1; }
