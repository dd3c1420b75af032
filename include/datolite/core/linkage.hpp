// linkage: where the functions live that cost much to compile.
//
// Header-only, all is inline. A program that links `datolite::compiled` is compiled with DATOLITE_COMPILED:
// then headers only declare their doors, and the library, compiled once with DATOLITE_COMPILED_SOURCE, defines
// them: each layer's compiled.cpp includes the definitions, which stand in the layer's detail/. Both do the
// same; an object compiled the one way and one compiled the other link together.
#pragma once

#if defined(DATOLITE_COMPILED_SOURCE)
/// Before the definition of a door: a function that a header declares and `datolite::compiled` may define.
#define DATOLITE_INLINE
#else
#define DATOLITE_INLINE inline
#endif

#if defined(DATOLITE_COMPILED)
/// At namespace scope: the library has this instance of a template. An optimizer may still look inside.
#define DATOLITE_COMPILED_TEMPLATE(...) extern template __VA_ARGS__
#else
#define DATOLITE_COMPILED_TEMPLATE(...) static_assert(true)
#endif
