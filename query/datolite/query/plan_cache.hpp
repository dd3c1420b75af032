// plan_cache: the plans of one program, by what was estimated when they were made.
//
// Estimates are rounded to quarters of a power of two, and the order of clauses is chosen by the rounded ones
// alone; so a plan is a function of the body and a few small numbers, and is made once for each set of them.
//
// Threads: may be used by many at once.
#pragma once

#include <algorithm>
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

#include <datolite/query/plan.hpp>
#include <datolite/query/program.hpp>

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

class plan_cache {
 public:
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
    plans_.clear(), variants_.clear();
  }

 private:
  using key = std::tuple<const body*, std::size_t, std::vector<var_id>>;

  std::mutex mutex_;
  std::map<key, std::vector<std::pair<plan_basis, std::shared_ptr<const body_plan>>>, std::less<>> plans_;
  std::map<std::pair<std::size_t, std::uint64_t>, std::shared_ptr<const rule_variant>> variants_;
};

}  // namespace datolite::query
