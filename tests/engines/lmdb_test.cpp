#include <datolite/engines/lmdb.hpp>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/explain.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/traced.hpp>
#include <datolite/laws/storage.hpp>
#include <engines/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <string>

namespace lmdb_test {

using namespace datolite;
using datolite::test::temporary_directory;
using engines::lmdb, engines::lmdb_options;

static_assert(explain_storage<lmdb>());
static_assert(BulkLoader<lmdb>);
static_assert(lmdb::zero_copy && lmdb::multi_process);

// [places]
/// LMDB files, each of its own name, for the laws.
class places {
 public:
  explicit places(lmdb_options o = {.durability = durability_level::process}) : options_{o} {}
  lmdb fresh() { return lmdb{directory_ / (std::to_string(++made_) + ".db"), options_}; }
  lmdb reopen() { return lmdb{directory_ / (std::to_string(made_) + ".db"), options_}; }

 private:
  temporary_directory directory_;
  lmdb_options options_;
  int made_ = 0;
};
// [/places]

TEST(lmdb, keeps_every_law) { EXPECT_EQ(laws::check_storage(places{}), laws::report{}); }

TEST(lmdb, keeps_every_law_when_it_syncs) {
  EXPECT_EQ(laws::check_storage(places{lmdb_options{}}, {.seed = 2, .histories = 1}), laws::report{});
}

/// The same, inside every wrapper at once.
class wrapped_places {
 public:
  any_storage fresh() { return engines::traced{engines::faulty{inner_.fresh()}}; }
  any_storage reopen() { return engines::traced{engines::faulty{inner_.reopen()}}; }

 private:
  places inner_;
};

TEST(lmdb, keeps_every_law_inside_every_wrapper) {
  EXPECT_EQ(laws::check_storage(wrapped_places{}, {.seed = 3, .histories = 1, .many = 500}), laws::report{});
}

}  // namespace lmdb_test
