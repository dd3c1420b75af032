// encode_value: the implementation of the order-preserving encoding that encode.hpp declares.
#pragma once

#include <bit>
#include <cstring>
#include <vector>

#include <datolite/core/detail/bignum_bytes.hpp>
#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/frame_stack.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

inline constexpr char collection_end = '\0';  // below every tag: the shorter comes first
inline constexpr std::size_t max_encoded_nesting = 512;

// -- texts: a zero is 00 FF, the end 00 01

inline void append_escaped(bytes& out, std::string_view text) {
  for (;;) {
    const void* zero = text.empty() ? nullptr : std::memchr(text.data(), 0, text.size());
    if (zero == nullptr) return static_cast<void>(out.append(text));
    const auto size = static_cast<std::size_t>(static_cast<const char*>(zero) - text.data()) + 1;
    out.append(text.substr(0, size)).push_back('\xFF');
    text.remove_prefix(size);
  }
}

inline void encode_text(bytes& out, kind k, std::string_view text) {
  append_u8(out, encoding_tag(k));
  append_escaped(out, text);
  out.append("\0\1", 2);
}

/// Takes an encoded text off `in`, up to its end. The text is `out`, or, where nothing had to be restored, a
/// part of the input, which is returned.
inline bytes_view take_text(bytes_view& in, bytes& out) {
  for (bool restored = false;;) {
    const std::size_t zero = in.find('\0');
    if (zero == in.npos || zero + 1 == in.size()) throw_corrupt("a text does not end");
    const char next = in[zero + 1];
    if (next == '\1') {
      const bytes_view part = in.substr(0, zero);
      in.remove_prefix(zero + 2);
      if (!restored) return part;
      return out.append(part);
    }
    if (next != '\xFF') throw_corrupt("a zero in a text is not followed by FF or 01");
    out.append(in.substr(0, zero + 1));
    in.remove_prefix(zero + 2);
    restored = true;
  }
}

// -- floating point: the bits, all flipped where negative, else the sign flipped

template <class Bits, class Float>
Bits ordered_bits(Float f) {
  if (f != f) {
    throw error{error_category::incorrect, "db.error/nan",
                "NaN cannot be stored or indexed: it has no place in an order"};
  }
  const auto bits = std::bit_cast<Bits>(f);
  constexpr Bits sign = Bits{1} << (8 * sizeof(Bits) - 1);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

template <class Float, class Bits>
Float from_ordered_bits(Bits bits) {
  constexpr Bits sign = Bits{1} << (8 * sizeof(Bits) - 1);
  const auto f = std::bit_cast<Float>((bits & sign) != 0 ? bits ^ sign : ~bits);
  if (f != f) throw_corrupt("it is NaN");
  if (f == 0 && bits != sign) throw_corrupt("it is -0.0");
  return f;
}

/// REQUIRES: no collection.
inline void encode_scalar(bytes& out, const value& v) {
  const std::uint8_t tag = encoding_tag(v.kind());
  switch (v.kind()) {
    case kind::nil: return append_u8(out, tag);
    case kind::boolean: return append_u8(out, static_cast<std::uint8_t>(tag + v.word()));
    case kind::long_:
    case kind::instant:
    case kind::ref: return append_u8(out, tag), append_i64(out, v.word());
    case kind::character: return append_u8(out, tag), append_u32(out, static_cast<std::uint32_t>(v.word()));
    case kind::float_: return append_u8(out, tag), append_u32(out, ordered_bits<std::uint32_t>(v.as_float()));
    case kind::double_:
      return append_u8(out, tag), append_u64(out, ordered_bits<std::uint64_t>(v.as_double()));
    case kind::bigint:
    case kind::bigdec:
    case kind::uuid: return append_u8(out, tag), static_cast<void>(out.append(v.raw()));
    default: return encode_text(out, v.kind(), v.raw());
  }
}

inline void encode_collection(bytes& out, const value& v) {
  struct frame {
    const value *next, *end;
    bool ended;  // a tagged literal has two elements and needs no end
  };
  frame_stack<frame> open;
  const auto enter = [&](const value& from) {
    if (open.size() >= max_encoded_nesting) {
      throw error{error_category::incorrect, "db.error/nesting",
                  "a value to be stored is nested more than 512 deep"};
    }
    append_u8(out, encoding_tag(from.kind()));
    const auto elements = from.elements();
    open.push({elements.data(), elements.data() + elements.size(), !from.is(kind::tagged)});
  };
  enter(v);
  while (!open.empty()) {
    frame& top = open.top();
    if (top.next == top.end) {
      if (top.ended) out.push_back(collection_end);
      open.pop();
    } else if (const value& element = *top.next++; is_collection(element.kind())) {
      enter(element);
    } else {
      encode_scalar(out, element);
    }
  }
}

inline kind take_kind(bytes_view& in, bool& truth) {
  const std::uint8_t tag = take_u8(in);
  const unsigned number = tag / 8u - 1u;
  const kind k = static_cast<kind>(number);
  truth = tag % 8 == 1 && k == kind::boolean;
  if (tag < 8 || number > static_cast<unsigned>(kind::tagged) || (tag % 8 != 0 && !truth)) {
    throw_corrupt("it starts with a byte that is no kind's tag");
  }
  return k;
}

inline bytes_view take_bytes(bytes_view& in, std::size_t size) {
  need(in, size);
  const bytes_view taken = in.substr(0, size);
  in.remove_prefix(size);
  return taken;
}

inline bytes_view take_big_number(bytes_view& in, kind k) {
  const std::size_t size = k == kind::bigint ? bigint_size(in) : bigdec_size(in);
  if (size == 0) throw_corrupt("a big number is not well formed");
  return take_bytes(in, size);
}

/// The rest of a scalar after its tag.
inline value decode_scalar(bytes_view& in, kind k, bool truth) {
  switch (k) {
    case kind::nil: return {};
    case kind::boolean: return truth;
    case kind::long_: return take_i64(in);
    case kind::instant: return value::instant(take_i64(in));
    case kind::ref: return value::ref(take_i64(in));
    case kind::character: return value::character(static_cast<char32_t>(take_u32(in)));
    case kind::float_: return from_ordered_bits<float>(take_u32(in));
    case kind::double_: return from_ordered_bits<double>(take_u64(in));
    case kind::bigint:
    case kind::bigdec: return value::from_raw(k, take_big_number(in, k));
    case kind::uuid: return value::from_raw(k, take_bytes(in, 16));
    default: {
      bytes restored;
      return value::from_raw(k, take_text(in, restored));
    }
  }
}

/// A set's or map's elements must be what `make_set` and `make_map` would have made of them.
inline void check_order(kind k, std::span<const value> elements) {
  if (k != kind::set && k != kind::map) return;
  const std::size_t step = k == kind::map ? 2 : 1;
  if (elements.size() % step != 0) throw_corrupt("a map has a key without a value");
  for (std::size_t i = step; i < elements.size(); i += step) {
    if (stored_order(elements[i - step], elements[i]) >= 0) throw_corrupt("a set or map is out of order");
  }
}

inline value decode_collection(bytes_view& in, kind k) {
  struct frame {
    std::size_t first;
    kind of;
  };
  frame_stack<frame> open;
  std::vector<value> done;
  done.reserve(8);
  open.push({0, k});
  for (;;) {
    const frame top = open.top();
    const bool full = top.of == kind::tagged && done.size() - top.first == 2;
    if (!full) {
      need(in, 1);
      if (in[0] != collection_end) {
        bool truth = false;
        const kind next = take_kind(in, truth);
        if (!is_collection(next)) {
          done.push_back(decode_scalar(in, next, truth));
        } else if (open.size() >= max_encoded_nesting) {
          throw_corrupt("it is nested more than 512 deep");
        } else {
          open.push({done.size(), next});
        }
        continue;
      }
      if (top.of == kind::tagged) throw_corrupt("a tagged literal lacks its form");
      in.remove_prefix(1);
    }
    const auto elements = std::span<value>{done}.subspan(top.first);
    check_order(top.of, elements);
    value made = value::from_moved(top.of, elements);
    done.resize(top.first);
    open.pop();
    if (open.empty()) return made;
    done.push_back(std::move(made));
  }
}

/// Takes the rest of a scalar after its tag off `in`.
inline void skip_scalar(bytes_view& in, kind k) {
  switch (k) {
    case kind::nil:
    case kind::boolean: return;
    case kind::long_:
    case kind::instant:
    case kind::ref:
    case kind::double_: return static_cast<void>(take_bytes(in, 8));
    case kind::character:
    case kind::float_: return static_cast<void>(take_bytes(in, 4));
    case kind::uuid: return static_cast<void>(take_bytes(in, 16));
    case kind::bigint:
    case kind::bigdec: return static_cast<void>(take_big_number(in, k));
    default:
      for (;;) {
        const std::size_t zero = in.find('\0');
        if (zero == in.npos || zero + 1 == in.size()) throw_corrupt("a text does not end");
        const bool ends = in[zero + 1] == '\1';
        in.remove_prefix(zero + 2);
        if (ends) return;
      }
  }
}

}  // namespace detail

inline void encode_value(bytes& out, const value& v) {
  if (detail::is_collection(v.kind())) {
    detail::encode_collection(out, v);
  } else {
    detail::encode_scalar(out, v);
  }
}

inline bytes encode_value(const value& v) {
  bytes out;
  encode_value(out, v);
  return out;
}

inline value decode_value(bytes_view& in) {
  bool truth = false;
  const kind k = detail::take_kind(in, truth);
  return detail::is_collection(k) ? detail::decode_collection(in, k) : detail::decode_scalar(in, k, truth);
}

inline bytes_view take_encoded(bytes_view& in) {
  const bytes_view whole = in;
  detail::frame_stack<std::size_t>
      open;  // forms still to come in each open tagged literal; any number elsewhere
  constexpr std::size_t any = ~std::size_t{0};
  do {
    if (!open.empty() && open.top() == any && !in.empty() && in[0] == detail::collection_end) {
      in.remove_prefix(1);
      open.pop();
    } else {
      if (!open.empty() && open.top() != any) --open.top();
      bool truth = false;
      const kind k = detail::take_kind(in, truth);
      if (detail::is_collection(k)) {
        if (open.size() >= detail::max_encoded_nesting)
          detail::throw_corrupt("it is nested more than 512 deep");
        open.push(k == kind::tagged ? 2 : any);
      } else {
        detail::skip_scalar(in, k);
      }
    }
    while (!open.empty() && open.top() == 0) open.pop();
  } while (!open.empty());
  return whole.substr(0, whole.size() - in.size());
}

inline bytes encode_text_prefix(kind k, std::string_view text) {
  bytes out;
  append_u8(out, encoding_tag(k));
  detail::append_escaped(out, text);
  return out;
}

}  // namespace datolite
