// Blocks of datoms: they show the rows that they were made of, and any damage to them is seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <datolite/core/big_number.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/packed_bits.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_build.hpp>
#include <datolite/datoms/packed_column.hpp>
#include <datolite/datoms/packed_directory.hpp>

#include <support/effort.hpp>

namespace packed_block_test {

using namespace datolite;
using namespace datolite::datoms;
using namespace datolite::datoms::packed;

TEST(PackedBits, AreReadAsTheyWereWritten) {
  std::mt19937_64 random{3};
  for (unsigned width = 0; width <= 64; ++width) {
    if (!is_width(width)) continue;
    const std::uint64_t mask = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    std::vector<std::uint64_t> all;
    for (int i = 0; i < 77; ++i) all.push_back(random() & mask);
    bytes stored(bytes_of(all.size(), width) + bits_padding, 'x');
    bits_writer to{stored.data(), width};
    for (const std::uint64_t n : all) to.put(n);
    to.finish();
    EXPECT_EQ(stored.substr(bytes_of(all.size(), width)), bytes(bits_padding, 'x')) << width;
    const bits from{stored.data(), width};
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(from[i], all[i]) << width;
    for (std::size_t first = 0; first <= all.size(); first += 1 + random() % 5) {
      const std::size_t n = random() % (all.size() - first + 1);
      std::vector<std::uint64_t> read;
      from.each(first, n, [&](std::size_t i, std::uint64_t x) {
        ASSERT_EQ(i, read.size());
        read.push_back(x);
      });
      ASSERT_TRUE(std::ranges::equal(read, std::span{all}.subspan(first, n))) << width;
      std::vector<std::uint64_t> appended{7};
      from.append(appended, first, n, [](std::uint64_t x) { return x; });
      read.insert(read.begin(), 7);
      ASSERT_EQ(appended, read) << width;
    }
    if (width > 0 && width < 56) {
      ASSERT_EQ(width_of(mask), width);
    }
  }
}

TEST(WordColumn, FindsTheRunsThatASearchRowByRowFinds) {
  std::mt19937_64 random{7};
  for (int round = 0; round < test::rounds(400, 4000); ++round) {
    // Spread evenly, in clusters, all the same, or as far apart as can be.
    const std::uint64_t most =
        std::array<std::uint64_t, 5>{0, 3, 300, 1 << 20, ~std::uint64_t{0}}[random() % 5];
    const std::int64_t base = round % 2 == 0 ? -7 : std::numeric_limits<std::int64_t>::min();
    std::vector<std::uint64_t> all(1 + random() % 200);
    for (std::uint64_t& n : all) n = random() % 3 == 0 ? most : most == 0 ? 0 : random() % most;
    std::sort(all.begin(), all.end());
    const unsigned width = width_of(all.back());
    bytes stored(bytes_of(all.size(), width) + bits_padding, '\0');
    bits_writer to{stored.data(), width};
    for (const std::uint64_t n : all) to.put(n);
    to.finish();
    const word_column column{bits{stored.data(), width}, base, all.size()};
    std::vector<std::uint64_t> sought{0, all.back(), all.back() + 1};
    for (int i = 0; i < 20; ++i) sought.push_back(all[random() % all.size()] + random() % 3);
    std::sort(sought.begin(), sought.end());
    std::size_t from = 0;
    for (const std::uint64_t n : sought) {
      const auto word = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + n);
      if (word < base) continue;  // no such number
      const auto [first, last] = std::equal_range(all.begin(), all.end(), n);
      const auto [found, end] = column.run(word, random() % 2 == 0 ? from : 0);
      ASSERT_EQ(end - found, static_cast<std::size_t>(last - first)) << n << " in round " << round;
      ASSERT_EQ(found, static_cast<std::size_t>(first - all.begin())) << n << " in round " << round;
      from = found;
    }
    ASSERT_EQ(column.run(base - (round % 2 == 0 ? 1 : 0), 0).first, 0u) << "before all";
  }
}

std::vector<value> some_values(std::mt19937_64& random) {
  std::vector<value> all{value{false},
                         value{true},
                         value{std::numeric_limits<std::int64_t>::min()},
                         value{std::numeric_limits<std::int64_t>::max()},
                         value{-1.5},
                         value{0.0},
                         value{1e300},
                         value{-std::numeric_limits<double>::infinity()},
                         value{std::numeric_limits<double>::denorm_min()},
                         value{1.5f},
                         value{-2.5f},
                         make_bigint(12),
                         value{""},
                         value{std::string_view{"a\0b", 3}},
                         value{std::string(5000, 'x')},
                         value::keyword("a/b"),
                         value::symbol("a"),
                         value::uri("a"),
                         value::bytes(std::string_view{"\xff\x00", 2}),
                         value::uuid({1, 2, 3}),
                         value::character(U'é'),
                         value::instant(-5),
                         value::tuple({value{1}, value{}, value{"t"}}),
                         value::tuple({value{1}, value{2}})};
  for (int i = 0; i < 30; ++i) {
    all.push_back(value{static_cast<std::int64_t>(random() % 100) - 50});
    all.push_back(value::ref(entid_at(part_user, static_cast<std::int64_t>(random() % 1000))));
    all.push_back(value{"name " + std::to_string(random() % 40)});
    all.push_back(value{std::string(20 + random() % 3, 'c') + std::to_string(random() % 9)});
    all.push_back(value{static_cast<double>(random() % 1000) / 8});
  }
  return all;
}

/// Random rows of one tree, ascending; of few attributes or of one.
std::vector<row> some_rows(std::mt19937_64& random, index_order order, bool past, std::size_t n) {
  const std::vector<value> values = some_values(random);
  const unsigned attributes = random() % 2 == 0 ? 1 : 5;
  const bool one_kind = random() % 2 == 0;
  std::vector<row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const auto t = static_cast<std::int64_t>(1000 + random() % 5000);
    value v = order == index_order::vaet
                  ? value::ref(entid_at(part_user, static_cast<std::int64_t>(random() % 50)))
              : one_kind ? value{static_cast<std::int64_t>(random() % 100)}
                         : values[random() % values.size()];
    const entity_id e =
        random() % 3 == 0 ? t_to_tx(t) : entid_at(part_user, static_cast<std::int64_t>(random() % 300));
    rows.emplace_back(e, static_cast<attribute_id>(72 + random() % attributes), order, std::move(v), t,
                      past ? t + 1 + static_cast<std::int64_t>(random() % 100) : 0);
  }
  std::sort(rows.begin(), rows.end(), typed::row_less{});
  const auto same = [](const row& x, const row& y) { return !typed::row_less{}(x, y); };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  return rows;
}

void expect_same(const row& x, const row& y) {
  ASSERT_EQ(x.e, y.e);
  ASSERT_EQ(x.a, y.a);
  ASSERT_EQ(x.v, y.v);
  ASSERT_EQ(x.v.kind(), y.v.kind());
  ASSERT_EQ(x.t_added, y.t_added);
  ASSERT_EQ(x.t_retracted, y.t_retracted);
}

void expect_columns(const block& b, const std::vector<row>& rows, std::size_t from, std::size_t n,
                    const value* stored = nullptr, const std::vector<value>* kept = nullptr) {
  std::vector<entity_id> e{7};
  std::vector<attribute_id> a;
  std::vector<value> v;
  std::vector<std::int64_t> t_op;
  block::texts memo;
  memo.reset(stored, kept);
  b.append_e(e, from, n), b.append_a(a, from, n), b.append_v(v, from, n, memo), b.append_t_op(t_op, from, n);
  ASSERT_EQ(e.size(), n + 1);
  ASSERT_EQ(v.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    const row& r = rows[from + i];
    ASSERT_EQ(e[i + 1], r.e);
    ASSERT_EQ(a[i], r.a);
    ASSERT_EQ(v[i], r.v);
    ASSERT_EQ(v[i].kind(), r.v.kind());
    ASSERT_EQ(t_op[i], make_t_op(r.t_added, true));
  }
}

/// The same where values are parts of the block's bytes, and where they were made before.
void expect_same_columns_of_kept_texts(const block& b, bytes_view key, bytes_view stored,
                                       const std::vector<row>& rows) {
  const value whole = value::bytes(stored);
  const block copied{key, whole.raw(), true};
  ASSERT_NO_FATAL_FAILURE(expect_columns(copied, rows, 0, rows.size(), &whole));
  if (!b.keeps_texts()) return;
  const std::vector<value> kept = b.kept_texts(nullptr), parts = copied.kept_texts(&whole);
  ASSERT_NO_FATAL_FAILURE(expect_columns(b, rows, 0, rows.size(), nullptr, &kept));
  ASSERT_NO_FATAL_FAILURE(expect_columns(copied, rows, 0, rows.size(), &whole, &parts));
}

TEST(PackedBlock, ShowsTheRowsItWasMadeOf) {
  std::mt19937_64 random{11};
  constexpr std::size_t most = 3000;
  for (int round = 0; round < 120; ++round) {
    const auto order = static_cast<index_order>(round % 4);
    const bool past = round / 4 % 2 == 1;
    const std::vector<row> all = some_rows(random, order, past, 1 + random() % 800);
    block_builder build{order, past};
    for (std::size_t next = 0; next < all.size();) {
      std::vector<row> rows;
      while (next < all.size() && build.add(all[next], most)) rows.push_back(all[next++]);
      const bytes key = "key " + std::to_string(next);
      ASSERT_TRUE(build.bytes_taken() <= most || rows.size() == 1);
      const bytes stored = build.encode(key);
      ASSERT_EQ(stored.size(), build.bytes_taken());
      build.clear();
      const block b{key, stored, true};
      ASSERT_EQ(b.size(), rows.size());
      ASSERT_EQ(b.order(), order);
      ASSERT_EQ(b.past(), past);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        ASSERT_NO_FATAL_FAILURE(expect_same(b.at(i), rows[i])) << "round " << round;
        ASSERT_TRUE(b.compare(i, rows[i]) == 0);
        ASSERT_LE(b.first_t(), rows[i].t_added);
        ASSERT_GE(b.last_t(), rows[i].t_added);
      }
      for (int probe = 0; probe < 20; ++probe) {
        const row& r = all[random() % all.size()];
        const place p{order, static_cast<std::uint8_t>(random() % 4), random() % 2 == 0, r.e, r.a, r.v};
        const auto before = [](const row& x, const place& y) { return typed::row_less{}(x, y); };
        ASSERT_EQ(
            b.lower_bound(p, 0, b.size()),
            static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), p, before) - rows.begin()));
        ASSERT_EQ(b.lower_bound(r, 0, b.size()),
                  static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), r, typed::row_less{}) -
                                           rows.begin()));
      }
      const std::size_t from = random() % rows.size();
      ASSERT_NO_FATAL_FAILURE(expect_columns(b, rows, from, rows.size() - from));
      ASSERT_NO_FATAL_FAILURE(expect_same_columns_of_kept_texts(b, key, stored, rows));
    }
  }
}

/// The blocks that a builder makes of `all`, each of at most `most` bytes.
std::vector<bytes> blocks_of(index_order order, bool past, const std::vector<row>& all, std::size_t most) {
  std::vector<bytes> made;
  block_builder build{order, past};
  for (const row& r : all) {
    if (build.add(r, most)) continue;
    made.push_back(build.encode("key"));
    build.clear();
    build.add(r, most);
  }
  made.push_back(build.encode("key"));
  return made;
}

/// The same, but rows are copied from blocks of another size, some of them one by one as rows.
std::vector<bytes> copied_blocks_of(std::mt19937_64& random, index_order order, bool past,
                                    const std::vector<row>& all, std::size_t most) {
  std::vector<bytes> made;
  block_builder build{order, past};
  const auto full = [&] {
    made.push_back(build.encode("key"));
    build.clear();
  };
  for (const bytes& stored : blocks_of(order, past, all, 400 + random() % 4000)) {
    const block from{"key", stored, true};
    build.copy_from(from);
    for (std::size_t i = 0; i < from.size();) {
      if (random() % 8 == 0) {
        if (!build.add(from.at(i), most)) full(), build.add(from.at(i), most);
        ++i;
      } else {
        const std::size_t to = i + 1 + random() % (from.size() - i);
        while ((i = build.add_copies(i, to, most)) < to) full();
      }
      EXPECT_NO_FATAL_FAILURE(expect_same(build.back(), from.at(i - 1)));
    }
  }
  full();
  return made;
}

TEST(PackedBlock, RowsCopiedFromOtherBlocksMakeTheSameBytes) {
  std::mt19937_64 random{12};
  for (int round = 0; round < 160; ++round) {
    const auto order = static_cast<index_order>(round % 4);
    const bool past = round / 4 % 2 == 1;
    const std::vector<row> all = some_rows(random, order, past, 1 + random() % 800);
    const std::size_t most = 500 + random() % 3000;
    ASSERT_EQ(copied_blocks_of(random, order, past, all, most), blocks_of(order, past, all, most)) << round;
  }
}

/// `rows` rows for each of 40 texts of `size` bytes, in one block, and their values read from it; the block
/// and its bytes are gone.
std::vector<value> read_texts(std::size_t size, std::int64_t rows) {
  block_builder build{index_order::eavt, false};
  for (std::int64_t i = 0; i < 40 * rows; ++i) {
    const value text{std::string(size, static_cast<char>('a' + i % 40))};
    EXPECT_TRUE(build.add({entid_at(part_user, i), 72, index_order::eavt, text, 1000, 0}, 1 << 20));
  }
  const bytes stored = build.encode("key");
  const block b{"key", stored, true};
  std::vector<value> read;
  block::texts memo;
  b.append_v(read, 0, b.size(), memo);
  return read;
}

TEST(PackedBlock, TextsAreReadAsOneOrSharedByTheirRowsAndOutliveTheBlock) {
  for (const std::size_t size : {1, 2, 3, 4, 7, 8, 13, 14, 15, 30, 400, 1000}) {
    for (const std::int64_t rows : {1, 2}) {
      const std::vector<value> read = read_texts(size, rows);
      ASSERT_EQ(read.size(), 40u * rows);
      for (std::size_t i = 0; i < read.size(); ++i) {
        ASSERT_EQ(read[i].as_string(), std::string(size, static_cast<char>('a' + i % 40)));
        if (i >= 40) {
          ASSERT_TRUE(read[i].is_identical(read[i - 40])) << size << " bytes, row " << i;
        }
      }
      const bool as_one = read[11].raw().data() == read[10].raw().data() + size;
      EXPECT_EQ(as_one, size > value::inline_capacity && 40 * size <= block::texts::most_shared) << size;
    }
  }
}

TEST(PackedBlock, DamageToAnyByteIsSeenAndNamesTheKey) {
  std::mt19937_64 random{5};
  const bytes key = "some key";
  for (const bool past : {false, true}) {
    block_builder build{index_order::eavt, past};
    for (const row& r : some_rows(random, index_order::eavt, past, 60)) build.add(r, 2000);
    bytes stored = build.encode(key);
    EXPECT_NO_THROW((block{key, stored, true}));
    EXPECT_THROW((block{"another key", stored, true}), error);
    for (std::size_t at = 0; at < stored.size(); ++at) {
      const char was = stored[at];
      stored[at] = static_cast<char>(was ^ (1 << random() % 8));
      try {
        const block b{key, stored, true};
        FAIL() << "nobody saw byte " << at;
      } catch (const error& e) {
        if (e.code() != "db.error/newer-format") {
          EXPECT_EQ(e.category(), error_category::corrupt);
          EXPECT_NE(e.message().find(packed::detail::hex(key)), std::string::npos) << e.message();
        }
      }
      stored[at] = was;
    }
    for (std::size_t size = 0; size < stored.size(); ++size) {
      EXPECT_THROW((block{key, bytes_view{stored}.substr(0, size), true}), error);
    }
  }
}

TEST(PackedDirectory, SeparatorsStandBetweenTheRowsTheySeparate) {
  std::mt19937_64 random{17};
  bytes x, y;
  for (int round = 0; round < 200; ++round) {
    const auto order = static_cast<index_order>(round % 4);
    const auto rows = some_rows(random, order, false, 50);
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const row low = lower_separator(rows[i - 1], rows[i]);
      ASSERT_TRUE(typed::compare(rows[i - 1], low, order) < 0);
      ASSERT_TRUE(typed::compare(low, rows[i], order) <= 0);
      put_row_bytes(x, rows[i - 1], order), put_row_bytes(y, rows[i], order);
      ASSERT_LT(x, y);
      const bytes up = upper_separator(x, y);
      ASSERT_LE(x, up);
      ASSERT_LT(up, y);
    }
  }
}

TEST(PackedDirectory, OnwardFromAnyBlockBeforeItTheSameBlockIsFound) {
  std::mt19937_64 random{29};
  for (int round = 0; round < 80; ++round) {
    const auto order = static_cast<index_order>(round % 4);
    const auto rows = some_rows(random, order, false, 1 + random() % 120);
    auto all = std::make_shared<chunk>();
    for (const row& r : rows) all->entries.push_back(std::make_shared<const entry>(r, 5, 900, "key"));
    const directory blocks{{all}};
    for (int probe = 0; probe < 40; ++probe) {
      const row& r = rows[random() % rows.size()];
      const auto given = static_cast<std::uint8_t>(random() % 4);
      const place p{order, given, random() % 2 == 0, r.e + static_cast<std::int64_t>(random() % 3) - 1,
                    r.a,   r.v};
      const std::size_t found = blocks.find(p);
      ASSERT_EQ(blocks.find_from(random() % (found + 1), p), found) << "round " << round;
      ASSERT_EQ(blocks.find_from(random() % (blocks.find(r) + 1), r), blocks.find(r)) << "round " << round;
    }
  }
}

TEST(PackedDirectory, IsReadAsItWasWritten) {
  std::mt19937_64 random{23};
  const tree_id of{index_order::avet, false};
  chunk made{7, {}};
  for (const row& r : some_rows(random, of.order, false, 100)) {
    made.entries.push_back(
        std::make_shared<const entry>(r, 5, 900, bytes(1, current_tag + 2) + std::to_string(r.e)));
  }
  const bytes stored = encode_chunk(of, made);
  const chunk back = decode_chunk(of, 7, stored);
  ASSERT_EQ(back.entries.size(), made.entries.size());
  for (std::size_t i = 0; i < back.entries.size(); ++i) {
    expect_same(back.entries[i]->low, made.entries[i]->low);
    EXPECT_EQ(back.entries[i]->key, made.entries[i]->key);
    EXPECT_EQ(back.entries[i]->rows, 5u);
    EXPECT_EQ(back.entries[i]->size, 900u);
  }
  EXPECT_THROW(decode_chunk(of, 8, stored), error);
  manifest m{.generation = 3, .t = 1005, .next_number = 9, .chunks = {}};
  m.chunks[of.number()] = {7, 2};
  const manifest again = decode_manifest(encode_manifest(m));
  EXPECT_EQ(again.generation, 3u);
  EXPECT_EQ(again.t, 1005);
  EXPECT_EQ(again.next_number, 9u);
  EXPECT_EQ(again.chunks, m.chunks);
}

}  // namespace packed_block_test
