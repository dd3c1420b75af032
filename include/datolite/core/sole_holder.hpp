// sole_holder: may what was shared be edited in place?
#pragma once

#include <memory>

namespace datolite {

/// Do `holders` pointers, `p` among them, and no others hold what `p` points to? If so, whatever other
/// threads did with it before they let go of it has happened before this returns: use_count() by itself
/// promises nothing of the kind. REQUIRES: no thread copies these pointers meanwhile, and nothing holds it
/// weakly.
template <class T>
bool is_sole_holder(const std::shared_ptr<T>& p, long holders = 1) noexcept {
  if (p.use_count() != holders) return false;
  std::shared_ptr<T>{p}.reset();  // changes the count, and so acquires what its earlier changes released
  return true;
}

}  // namespace datolite
