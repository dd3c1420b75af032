// Whatever the text: it is a pull pattern or is refused with an error of ours; a pattern pulls from a few
// datoms that refer to one another, and what it shows prints and reads as the same value.
#include <cstdint>
#include <cstdlib>

#include <datolite/core/edn.hpp>
#include <datolite/query/pull.hpp>

#include <query/datom_set.hpp>

namespace {

/// Each attribute leads to one entity and from one, so that what is shown grows only as the pattern does.
const datolite_test::datom_set& knot() {
  static const auto made = [] {
    datolite_test::datom_set set;
    set.attribute("a"), set.many("b"), set.many("s", datolite::kind::ref), set.part("p"), set.part("q", true);
    set.add(1, "a", 1), set.add(1, "b", 2), set.add(1, "b", 3), set.add(3, "a", 4);
    set.add(1, "s", 2), set.add(2, "s", 3), set.add(3, "s", 1), set.add(1, "p", 3), set.add(2, "q", 1);
    set.name(3, "three");
    return set;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const datolite::pull_pattern pattern{text};
    if (!(datolite::pull_pattern{datolite::to_edn(pattern.form())}.form() == pattern.form())) std::abort();
    const datolite::value found = datolite::pull(knot(), pattern, 1);
    if (!(datolite::read_edn(datolite::to_edn(found)) == found)) std::abort();
  } catch (const datolite::error& e) {
    if (e.category() != datolite::error_category::incorrect) std::abort();
  }
  return 0;
}
