// packed_merge: the engine changes by which novelty moves into the blocks: the next generation.
//
// Tree by tree, the blocks that a row of novelty falls into are read, merged with it and written anew; the
// others stay, as do the chunks of the directory that name only such. A block that comes out small takes in
// its neighbour. Nothing that older generations read is written over but by the engine, which keeps it for
// their snapshots.
//
// What a merge puts into a tree may come from novelty, or from sorted runs of it (packed_fold.hpp); where
// blocks go, and what becomes of those that are replaced, a `block_sink` decides.
//
// Cost: some 50 ns a row of the blocks that are touched; memory for what the sink keeps, and for the entries
// of the directory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_build.hpp>
#include <datolite/datoms/packed_cursor.hpp>
#include <datolite/datoms/packed_directory.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::packed {

/// What blocks may take.
struct block_shape {
  std::size_t most_bytes = 4080;
  std::size_t most_key = 511;
};

/// Where a merge puts blocks and chunks of the directory.
class block_sink {
 public:
  virtual ~block_sink() = default;
  virtual void put(bytes_view key, bytes_view stored) = 0;
  /// The pair of `key` is not of the tree any more.
  virtual void erase(bytes_view key) = 0;
  /// Must a new block not stand under `key`?
  virtual bool is_taken(bytes_view key) const {
    (void)key;
    return false;
  }
};

/// All of it in one commit.
class batch_sink final : public block_sink {
 public:
  explicit batch_sink(change_batch& to) noexcept : to_{to} {}
  void put(bytes_view key, bytes_view stored) override { to_.put(key, stored); }
  void erase(bytes_view key) override { to_.erase(key); }

 private:
  change_batch& to_;
};

/// What the novelty does to the blocks of a tree: rows to put, and rows to take away, each ascending.
class tree_news {
 public:
  /// With `whole`, forgotten rows are put as well: what will be made of the news must still hide what lies
  /// below.
  tree_news(const sources& in, tree_id of, bool whole = false) : in_{in}, of_{of}, whole_{whole} {
    const place_range all{{.order = of.order}, {.order = of.order, .behind = true}};
    const typed::index& novelty = *in.novelty;
    ended_.seek(novelty.past(of.order), all.low, all.high, false);
    if (!of.past) fresh_.seek(novelty.current(of.order), all, false);
    settle();
  }
  /// The next row to put; null if there is none left.
  const row* put() const { return of_.past ? ended_.front() : fresh_.front(); }
  void advance_put() {
    constexpr std::size_t ahead = 8;
    of_.past ? ended_.advance() : fresh_.advance();
    const auto next = of_.past ? std::span<const row>{} : fresh_.side_by_side();
    if (next.size() > ahead) next[ahead].v.prefetch();
    settle();
  }
  /// The next row to take away.
  const row* take() const { return of_.past ? nullptr : ended_.front(); }
  void advance_take() { ended_.advance(), settle(); }

 private:
  /// Passes over past rows that do nothing here.
  void settle() {
    const auto idle = [&](const row& r) {
      if (of_.past) return r.forgotten && !whole_;
      return r.t_added > in_.novelty->below() || in_.masks(of_.order, r.a);
    };
    while (ended_.front() != nullptr && idle(*ended_.front())) ended_.advance();
  }

  const sources& in_;
  const tree_id of_;
  const bool whole_;
  typed::tree_run fresh_;
  typed::runs_reader ended_;
};

/// Makes the blocks of one tree anew, where they must be. `News` is tree_news, or shows the same.
template <class News>
class tree_merger {
 public:
  tree_merger(const base& old, std::span<const attribute_id> masked, tree_id of, News& news,
              const block_shape& shape, std::uint64_t& next_number, block_sink& out)
      : blocks_{old},
        masked_{of.order == index_order::avet ? masked : std::span<const attribute_id>{}},
        of_{of},
        shape_{shape},
        next_number_{next_number},
        out_{out},
        old_{old.tree(of)},
        news_{news},
        building_{of.order, of.past} {
    for (std::size_t i = 0; i < old_.size(); ++i) standing_.insert(old_[i].key);
  }

  /// The numbers of the chunks of the tree as it will be.
  std::vector<std::uint64_t> run() {
    if (!any_news() && masked_.empty()) return blocks_.about().chunks[of_.number()];
    for (std::size_t i = 0; i < old_.size(); ++i) {
      if (is_touched(i) || takes_in(i)) {
        rewrite(i);
        continue;
      }
      flush(&old_[i].low);
      entries_.push_back(old_.shared(i));
      staying_.insert(old_.shared(i).get());
      low_ = is_last(i) ? std::nullopt : std::optional{old_[i + 1].low};
    }
    put_before(nullptr);
    flush(nullptr);
    for (const bytes& key : replaced_) {
      if (!written_.contains(key)) out_.erase(key);
    }
    return write_chunks();
  }

 private:
  bool masks(attribute_id a) const { return std::binary_search(masked_.begin(), masked_.end(), a); }
  bool any_news() const { return news_.put() != nullptr || news_.take() != nullptr; }
  /// Is there anything left for rows before `x`?
  bool any_before(const row& x) const {
    const auto before = [&](const row* r) { return r != nullptr && typed::compare(*r, x, of_.order) < 0; };
    return before(news_.put()) || before(news_.take());
  }
  bool is_last(std::size_t i) const { return i + 1 == old_.size(); }

  bool is_touched(std::size_t i) const {
    if (is_last(i) ? any_news() : any_before(old_[i + 1].low)) return true;
    const auto first = std::lower_bound(masked_.begin(), masked_.end(), old_[i].low.a);
    return first != masked_.end() && (is_last(i) || *first <= old_[i + 1].low.a);
  }

  /// Merges a block with what the novelty has for it.
  void rewrite(std::size_t i) {
    const held_block held = blocks_.read(of_, i);
    const block& b = *held.shown;
    replaced_.push_back(old_[i].key);
    standing_.erase(old_[i].key);
    building_.copy_from(b);
    for (std::size_t at = 0; at < b.size();) {
      const std::size_t to = first_for_news(b, at);
      copy(b, at, to);
      at = to;
      if (at == b.size()) break;
      const auto is_before = [&](const row* r) { return r != nullptr && b.compare(at, *r) > 0; };
      for (; is_before(news_.put()); news_.advance_put()) add(*news_.put());
      while (is_before(news_.take())) news_.advance_take();
      if (news_.take() != nullptr && b.compare(at, *news_.take()) == 0) {
        news_.advance_take();
      } else {
        copy(b, at, at + 1);
      }
      ++at;
    }
    if (is_last(i)) return;
    const row& next = old_[i + 1].low;
    put_before(&next);
    while (news_.take() != nullptr && typed::compare(*news_.take(), next, of_.order) < 0)
      news_.advance_take();
  }
  /// Adds what there is to put before `end`, or all if that is null.
  void put_before(const row* end) {
    while (news_.put() != nullptr && (end == nullptr || typed::compare(*news_.put(), *end, of_.order) < 0)) {
      if constexpr (requires { news_.put_together(end); }) {
        const auto rows = news_.put_together(end);
        if (rows.size() > 0) {
          building_.copy_from(*rows.of);
          copy(*rows.of, rows.from, rows.to);
          news_.advance_put(rows);
          continue;
        }
      }
      add(*news_.put());
      news_.advance_put();
    }
  }
  /// The first row of a block, from `at` on, before or at which there is something new.
  std::size_t first_for_news(const block& b, std::size_t at) const {
    std::size_t to = b.size();
    if (news_.put() != nullptr) to = b.lower_bound_near(*news_.put(), at, to);
    if (news_.take() != nullptr) to = b.lower_bound_near(*news_.take(), at, to);
    return to;
  }

  /// Has another block of the tree, as it was or as it will be, that key? A separator and a number behind it
  /// may say what a longer separator says.
  bool is_taken(const bytes& key) const {
    return standing_.contains(key) || written_.contains(key) || out_.is_taken(key);
  }

  /// Is what is being built so small that a block which is not touched has room in it?
  bool takes_in(std::size_t i) const {
    return !held_ && !building_.empty() && building_.bytes_taken() + old_[i].size < shape_.most_bytes;
  }

  void add(const row& r) {
    if (r.forgotten && r.t_retracted != r.t_added) {
      row only_hides = r;
      only_hides.t_retracted = r.t_added;
      return add(only_hides);
    }
    if (starts_block(r.a) || !building_.add(r, shape_.most_bytes)) {
      begin_block(r);
      building_.add(r, shape_.most_bytes);
    }
  }
  /// The same with rows of the block that `building_` copies from, but for those that are masked. (Nothing is
  /// where runs are merged, whose rows are copied too.)
  void copy(const block& b, std::size_t from, std::size_t to) {
    if (is_plain(b)) {
      while ((from = building_.add_copies(from, to, shape_.most_bytes)) < to) begin_block(b.at(from));
      return;
    }
    for (; from < to; ++from) {
      const attribute_id a = b.group_of(from).a;
      if (masks(a)) continue;
      if (starts_block(a) || building_.add_copies(from, from + 1, shape_.most_bytes) == from) {
        begin_block(b.at(from));
        building_.add_copies(from, from + 1, shape_.most_bytes);
      }
    }
  }
  /// Is there nothing to ask of a row of a block but whether it fits?
  bool is_plain(const block& b) const {
    if (!masked_.empty()) return false;
    const bool by_attribute = of_.order == index_order::aevt || of_.order == index_order::avet;
    return !by_attribute ||
           (b.groups().size() == 1 && (building_.empty() || building_.last_a() == b.groups().front().a));
  }
  /// Does a row of the attribute `a` not go into a block that is full enough?
  bool starts_block(attribute_id a) const {
    const bool by_attribute = of_.order == index_order::aevt || of_.order == index_order::avet;
    return by_attribute && !building_.empty() && a != building_.last_a() &&
           building_.bytes_taken() > shape_.most_bytes / 2;
  }
  /// Makes a block of the rows at hand: `next` is the first of another.
  void begin_block(const row& next) {
    const row low = lower_separator(building_.back(), in_order(next));
    write_held();
    held_ = build(&low);
    low_ = low;
  }
  row in_order(row r) const {
    r.order = of_.order;
    return r;
  }

  /// A block that is full, and not written yet: it may have to share its rows with a small one behind it.
  struct made_block {
    bytes stored;
    entry_ptr about;
  };

  /// The block of the rows at hand; `next` is the low of the one behind it, or null.
  made_block build(const row* next) {
    put_row_bytes(last_bytes_, building_.back(), of_.order);
    bytes separator(1, '\xFF');
    if (next != nullptr) {
      put_row_bytes(next_bytes_, *next, of_.order);
      separator = upper_separator(last_bytes_, next_bytes_);
    }
    bytes key(1, static_cast<char>((of_.past ? past_tag : current_tag) + static_cast<char>(of_.order)));
    const std::size_t most = shape_.most_key - 1 - sizeof(std::uint64_t);
    key.append(separator, 0, most);
    const std::size_t cut = key.size();
    for (bool unsure = separator.size() > most; unsure || is_taken(key); unsure = false) {
      key.resize(cut);
      append_u64(key, next_number_++);
    }
    bytes stored = building_.encode(key);
    if (!low_) low_ = building_.at(0), low_->t_retracted = 0;
    const auto n = static_cast<std::uint32_t>(building_.size()),
               size = static_cast<std::uint32_t>(stored.size());
    auto about = std::make_shared<const entry>(*std::exchange(low_, std::nullopt), n, size, std::move(key));
    building_.clear();
    return {std::move(stored), std::move(about)};
  }

  void write(const made_block& one) {
    out_.put(one.about->key, one.stored);
    written_.insert(one.about->key);
    entries_.push_back(one.about);
  }
  void write_held() {
    if (held_) write(*held_);
    held_.reset();
  }

  /// Writes what is at hand; `next` is the low of the block that follows, or null.
  void flush(const row* next) {
    if (building_.empty()) return;
    if (held_ && building_.bytes_taken() < shape_.most_bytes / 2) share_evenly();
    write_held();
    write(build(next));
  }

  /// Moves rows of the block that is held to the small one behind it.
  void share_evenly() {
    std::vector<row> all;
    const block full{held_->about->key, held_->stored, false};
    all.reserve(full.size() + building_.size());
    for (std::size_t i = 0; i < full.size(); ++i) all.push_back(full.at(i));
    for (std::size_t i = 0; i < building_.size(); ++i) all.push_back(building_.at(i));
    low_ = held_->about->low;
    held_.reset();
    building_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i == all.size() / 2 && i > 0) begin_block(all[i]);
      add(all[i]);
    }
  }

  /// Keeps the chunks whose entries all stay, and puts the other entries into new ones.
  std::vector<std::uint64_t> write_chunks() {
    std::unordered_map<const entry*, const chunk*> whole;  // by their first entries
    for (const chunk_ptr& one : old_.chunks()) {
      const bool stays = std::all_of(one->entries.begin(), one->entries.end(),
                                     [&](const entry_ptr& e) { return staying_.contains(e.get()); });
      if (stays) whole.emplace(one->entries.front().get(), one.get());
    }
    std::vector<std::uint64_t> numbers;
    std::unordered_set<std::uint64_t> reused;
    std::size_t pending = 0;  // entries before the present one that are to go into new chunks
    constexpr std::size_t few = chunk::most / 4;
    for (std::size_t i = 0; i < entries_.size();) {
      const auto found = whole.find(entries_[i].get());
      const std::size_t n = found == whole.end() ? 0 : found->second->entries.size();
      if (n == 0 || (pending > 0 && (pending < few || n < few))) {
        ++pending, ++i;
        continue;
      }
      put_chunks(i - pending, i, numbers);
      pending = 0;
      numbers.push_back(found->second->number);
      reused.insert(numbers.back());
      i += n;
    }
    put_chunks(entries_.size() - pending, entries_.size(), numbers);
    for (const chunk_ptr& one : old_.chunks()) {
      if (!reused.contains(one->number)) out_.erase(chunk_key(of_, one->number));
    }
    return numbers;
  }
  void put_chunks(std::size_t from, std::size_t to, std::vector<std::uint64_t>& numbers) {
    const std::size_t parts = (to - from + chunk::most - 1) / chunk::most;
    const auto at = [&](std::size_t part) {
      return entries_.begin() + static_cast<std::ptrdiff_t>(from + (to - from) * part / parts);
    };
    for (std::size_t part = 0; part < parts; ++part) {
      const chunk made{next_number_++, {at(part), at(part + 1)}};
      out_.put(chunk_key(of_, made.number), encode_chunk(of_, made));
      numbers.push_back(made.number);
    }
  }

  const base& blocks_;
  const std::span<const attribute_id> masked_;
  const tree_id of_;
  const block_shape& shape_;
  std::uint64_t& next_number_;
  block_sink& out_;
  const directory& old_;
  News& news_;
  block_builder building_;
  std::optional<row> low_;  // of the block being built; its first row's if there is none
  std::optional<made_block> held_;
  bytes last_bytes_, next_bytes_;
  std::vector<entry_ptr> entries_;  // of the tree as it will be
  std::unordered_set<const entry*> staying_;
  std::unordered_set<bytes_view> standing_;  // the keys of old blocks that were not replaced (so far)
  std::vector<bytes> replaced_;
  std::unordered_set<bytes> written_;
};

/// Appends to `out` what makes the blocks hold all that `in` shows, up to the transaction `t`.
inline void merge_blocks(const sources& in, std::int64_t t, const block_shape& shape, change_batch& out) {
  typed::index novelty = *in.novelty;
  novelty.empty_tail();
  const sources all{in.blocks, &novelty, in.masked};
  manifest next = in.blocks->about();
  batch_sink to{out};
  for (std::size_t number = 0; number < tree_count; ++number) {
    const tree_id of = tree_of(number);
    tree_news news{all, of};
    next.chunks[number] = tree_merger{*in.blocks, in.masked, of, news, shape, next.next_number, to}.run();
  }
  ++next.generation;
  next.t = t;
  out.put(manifest_key(), encode_manifest(next));
}

}  // namespace datolite::datoms::packed
