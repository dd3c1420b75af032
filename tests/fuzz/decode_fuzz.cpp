// Whatever the bytes: they decode or are refused as corrupt, and what they decode to encodes to those very
// bytes.
#include <datolite/core/encode.hpp>
#include <datolite/core/value_order.hpp>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const datolite::bytes_view all{reinterpret_cast<const char*>(data), size};
  datolite::bytes_view in = all;
  try {
    while (!in.empty()) {
      const datolite::bytes_view before = in;
      const datolite::value v = datolite::decode_value(in);
      const datolite::bytes_view taken = before.substr(0, before.size() - in.size());
      if (datolite::encode_value(v) != taken) std::abort();
      datolite::bytes_view skipped = before;
      if (datolite::take_encoded(skipped) != taken) std::abort();
    }
  } catch (const datolite::error& e) {
    if (e.category() != datolite::error_category::corrupt) std::abort();
  }
  return 0;
}
