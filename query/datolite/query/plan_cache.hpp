// plan_cache: the plans of one program, by what was estimated when they were made.
//
// Estimates are rounded to quarters of a power of two, and the order of clauses is chosen by the rounded ones
// alone; so a plan is a function of the body and a few small numbers, and is made once for each set of them.
//
// The plans last made are also found without estimates, by what these would be asked of: the sources'
// identities and the inputs. Both are kept, but no source is.
//
// Threads: may be used by many at once.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/core/value_order.hpp>
#include <datolite/query/plan.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/source_identity.hpp>

namespace datolite::query {

/// A number of rows, rounded.
class rounded_size {
 public:
  explicit rounded_size(double rows) noexcept
      : quarters_{static_cast<std::uint16_t>(
            std::lround(4 * std::log2(1 + std::max(0.0, std::min(rows, 1e18)))))} {}
  double rows() const noexcept { return std::exp2(quarters_ / 4.0) - 1; }
  friend bool operator==(rounded_size, rounded_size) noexcept = default;

 private:
  std::uint16_t quarters_;
};

/// What a plan was made for.
struct plan_basis {
  std::vector<rounded_size> sizes;      ///< of the clauses
  std::vector<std::uint64_t> required;  ///< slots that sources want bound, a pattern each; empty if none does
  std::vector<std::uint64_t> names;     ///< what gives and what awaits them; empty if nothing does
  std::vector<var_id> named_in;         ///< variables that come as names
  std::vector<std::size_t> refined;     ///< of which patterns, and by which clauses, the last of `sizes` are
  friend bool operator==(const plan_basis&, const plan_basis&) = default;
};

/// How a rule is answered when certain of its arguments are bound.
struct rule_variant {
  struct branch {
    std::shared_ptr<const body> is;
    std::vector<var_id> columns_in;
    bool continues = false;                 ///< it gives new seeds for the same answers, and no answers
    std::vector<std::size_t> also_seeds{};  ///< the columns of its answers that are new seeds as well, if any
    bool united = false;                    ///< what it would give are another's answers
  };
  std::vector<branch> branches;
  bool keeps_origin = false;  ///< a seed is what was asked for, and what is to be looked at for it
};

/// Plans that were made for what can be told again: they need no estimates to be found.
struct recent_plans {
  struct plan_of {
    std::size_t source;  ///< the caller's
    std::shared_ptr<const body_plan> plan;
  };
  std::vector<source_identity> sources;
  std::vector<value> values;  ///< the inputs that program::planned_values numbers
  std::vector<plan_of> plans;

  std::shared_ptr<const body_plan> find(const body* of, const std::vector<var_id>& columns_in,
                                        const std::vector<var_id>& named_in, std::size_t source) const {
    for (const plan_of& one : plans) {
      if (one.plan->of.get() == of && one.source == source && one.plan->columns_in == columns_in &&
          one.plan->named_in == named_in)
        return one.plan;
    }
    return nullptr;
  }
};

class plan_cache {
 public:
  /// Those plans made for what `is_for(recent_plans)` accepts; null if none were made lately.
  template <class F>
  std::shared_ptr<const recent_plans> recent(F&& is_for) {
    const std::lock_guard lock{mutex_};
    for (const auto& one : recent_) {
      if (one != nullptr && is_for(*one)) return one;
    }
    return nullptr;
  }

  /// Keeps `made` in the place of those for the same, else of the oldest.
  void keep_recent(std::shared_ptr<const recent_plans> made) {
    const std::lock_guard lock{mutex_};
    for (auto& one : recent_) {
      if (one != nullptr && one->sources == made->sources && one->values == made->values)
        return one.swap(made);
    }
    recent_[oldest_].swap(made);
    oldest_ = (oldest_ + 1) % recent_.size();
  }

  std::shared_ptr<const body_plan> find(const body* of, const std::vector<var_id>& columns_in,
                                        std::size_t source, const plan_basis& basis) {
    const std::lock_guard lock{mutex_};
    const auto known = plans_.find(std::tie(of, source, columns_in));
    if (known == plans_.end()) return nullptr;
    for (const auto& [made_for, plan] : known->second) {
      if (made_for == basis) return plan;
    }
    return nullptr;
  }

  void keep(const std::vector<var_id>& columns_in, std::size_t source, plan_basis basis,
            std::shared_ptr<const body_plan> plan) {
    constexpr std::size_t most = 16;
    const std::lock_guard lock{mutex_};
    auto& all = plans_[key{plan->of.get(), source, columns_in}];
    if (all.size() == most) all.erase(all.begin());
    all.emplace_back(std::move(basis), std::move(plan));
  }

  /// The variant of a rule, made by `make` the first time.
  template <class F>
  std::shared_ptr<const rule_variant> variant(std::size_t rule, std::uint64_t mask, F&& make) {
    const std::lock_guard lock{mutex_};
    auto& known = variants_[{rule, mask}];
    if (known == nullptr) known = std::make_shared<const rule_variant>(make());
    return known;
  }

  void clear() {
    const std::lock_guard lock{mutex_};
    plans_.clear(), variants_.clear(), recent_.fill(nullptr);
  }

 private:
  using key = std::tuple<const body*, std::size_t, std::vector<var_id>>;

  std::mutex mutex_;
  std::array<std::shared_ptr<const recent_plans>, 4> recent_;
  std::size_t oldest_ = 0;
  std::map<key, std::vector<std::pair<plan_basis, std::shared_ptr<const body_plan>>>, std::less<>> plans_;
  std::map<std::pair<std::size_t, std::uint64_t>, std::shared_ptr<const rule_variant>> variants_;
};

}  // namespace datolite::query
