// The definitions of store_check.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/detail/connection.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_index.hpp>
#include <datolite/datoms/store_check.hpp>
#include <datolite/datoms/store_format.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms {

namespace detail {

class store_checker {
 public:
  store_checker(any_storage storage, const each_problem& tell)
      : storage_{std::move(storage)}, now_{storage_.snapshot()}, tell_{tell} {}

  std::size_t run() {
    std::optional<store_format> format;
    attempt([&] { format = read_format(now_); });
    if (!format) {
      if (problems_ == 0) problem("the store is empty: it holds no database");
      return problems_;
    }
    if (format->layout == store_format::layout_kind::packed) attempt([&] { check_blocks(); });
    attempt([&] { play_log(*format); });
    if (played_ != nullptr) attempt([&] { compare(); });
    return problems_;
  }

 private:
  void problem(const std::string& what) { ++problems_, tell_(what); }
  template <class Step>
  void attempt(Step&& step) {
    try {
      step();
    } catch (const error& e) {
      problem(e.message());
    }
  }

  /// Every block that the directory names; and, where no bulk load is under way or was broken off, that the
  /// engine has no other.
  void check_blocks() {
    const auto about = packed::read_manifest(now_);
    std::set<bytes> named;
    if (about) {
      const packed::base all{now_, *about, false, std::make_shared<packed::block_cache>(0), nullptr};
      for (std::size_t number = 0; number < packed::tree_count; ++number) {
        const packed::tree_id of = packed::tree_of(number);
        for (std::size_t i = 0; i < all.tree(of).size(); ++i) {
          named.insert(all.tree(of)[i].key);
          attempt([&] { check_block(all, of, i); });
        }
      }
    }
    if (now_.get(packed::fold_mark_key())) return;
    auto it = now_.open_iterator(between(bytes(1, packed::current_tag), bytes(1, packed::past_tag + 4)));
    for (it.seek_first(); it.valid(); it.next()) {
      if (!named.contains(bytes{it.key()})) {
        problem("the entry with the key 0x" + flat::detail::hex(it.key()) +
                " is a block that no directory names");
      }
    }
  }

  void check_block(const packed::base& all, packed::tree_id of, std::size_t i) {
    const packed::directory& tree = all.tree(of);
    const packed::held_block held = all.read(of, i);
    const packed::block& b = *held.shown;
    const auto fail = [&](const char* why) { flat::detail::throw_corrupt(tree[i].key, why); };
    if (b.size() == 0) fail("is an empty block");
    for (std::size_t at = 1; at < b.size(); ++at) {
      if (b.compare(at, b.at(at - 1)) <= 0) fail("has rows out of order");
    }
    if (b.compare(0, tree[i].low) < 0) fail("has a row that belongs before it");
    if (i + 1 < tree.size() && b.compare(b.size() - 1, tree[i + 1].low) >= 0)
      fail("has a row that belongs behind it");
  }

  void play_log(const store_format& format) {
    const model_ptr model = std::make_shared<const typed::model<any_snapshot>>();
    auto state = std::make_shared<const db_state>(
        opened_state(now_, model->open(now_), 0, model, format.open_schema, nullptr));
    state_ptr played = state;
    read_log(now_, 0, time_filter::end_of_time, [&](const log_record& record) {
      played = state_after(*played, record, now_);
      return true;
    });
    if (played->at.basis_t == 0)
      flat::detail::throw_corrupt(bytes(1, log_tag), "is missing: there is no log");
    played_ = std::move(played);
  }

  void compare() {
    const connection conn{storage_, {.merge = merging::when_asked}};
    const db stored = conn.db(), expected{played_};
    if (stored.basis_t() != expected.basis_t()) return;  // somebody transacts meanwhile
    for (const index_order order : all_orders) attempt([&] { compare(stored, expected, order); });
  }

  void compare(const db& stored, const db& expected, index_order order) {
    const char* const names[] = {"EAVT", "AEVT", "AVET", "VAET"};
    const std::string name = names[static_cast<int>(order)];
    const db past = stored.history(), past_expected = expected.history();
    const auto x = past.access().open_cursor(order, components::all);
    const auto y = past_expected.access().open_cursor(order, components::all);
    datom_range all;
    all.index = order;
    x->seek(all), y->seek(all);
    for (datom_columns is, should;;) {
      const bool more = x->next_batch(is, 512), expected_more = y->next_batch(should, 512);
      const std::size_t n = std::min(is.size, should.size);
      for (std::size_t i = 0; i < n; ++i) {
        const bool same = is.e[i] == should.e[i] && is.a[i] == should.a[i] && is.v[i] == should.v[i] &&
                          is.t_op[i] == should.t_op[i];
        if (same) continue;
        return problem(name + " has " + shown(is, i) + " where the log says " + shown(should, i));
      }
      if (is.size > n) return problem(name + " has " + shown(is, n) + ", which the log does not");
      if (should.size > n) return problem(name + " misses " + shown(should, n) + ", which the log has");
      if (!more || !expected_more) return;
    }
  }
  static std::string shown(const datom_columns& in, std::size_t i) {
    return "[" + std::to_string(in.e[i]) + " " + std::to_string(in.a[i]) + " " + to_edn(in.v[i]) + " " +
           std::to_string(in.t_op[i] >> 1) + ((in.t_op[i] & 1) != 0 ? " true]" : " false]");
  }

  any_storage storage_;
  any_snapshot now_;
  const each_problem& tell_;
  std::size_t problems_ = 0;
  state_ptr played_;
};

}  // namespace detail

DATOLITE_INLINE std::size_t check_store(const any_storage& storage, const each_problem& tell) {
  return detail::store_checker{storage, tell}.run();
}

}  // namespace datolite::datoms
