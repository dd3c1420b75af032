// Whatever the text: it is read or refused with an error of ours, and what was read prints to text that reads as the
// same value.
#include <datolite/core/edn.hpp>
#include <datolite/core/value_order.hpp>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    datolite::edn_reader reader{text, "fuzz"};
    while (const auto form = reader.next()) {
      if (!(datolite::read_edn(datolite::to_edn(*form)) == *form)) std::abort();
    }
  } catch (const datolite::error& e) {
    if (e.category() != datolite::error_category::incorrect) std::abort();
    datolite::error_data(e);
  }
  return 0;
}
