// Whatever the text: it is a query or is refused with an error of ours; a query that needs no more than one
// source is answered over a few rows, or refused, or stopped by its limits.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/query/query.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::tuple<int, std::string, int>> rows{{1, "a", 2}, {2, "b", 3}, {3, "a", 1}};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const datolite::value form = datolite::read_edn(text);
    datolite::query::parse_rules(form.is(datolite::kind::map) ? datolite::value{} : form);
  } catch (const datolite::error& e) {
    if (e.category() != datolite::error_category::incorrect) std::abort();
  }
  try {
    const datolite::query::prepared asked{datolite::read_edn(text)};
    const auto found =
        datolite::q({.query = asked, .args = {rows}, .timeout = 200, .memory = std::size_t{64} << 20});
    if (datolite::to_edn(found.as_value()).empty()) std::abort();
  } catch (const datolite::error& e) {
    using enum datolite::error_category;
    if (e.category() != incorrect && e.category() != interrupted && e.category() != exhausted) std::abort();
  }
  return 0;
}
