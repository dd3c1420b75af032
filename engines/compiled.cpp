// The memory engine, also as any storage, for `datolite::compiled`.
#include <datolite/core/any_storage.hpp>
#include <datolite/engines/detail/memory.hpp>

namespace datolite {

template any_storage::any_storage(engines::memory);

}  // namespace datolite
