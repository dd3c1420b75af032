// A process is killed while it transacts, again and again: every transaction that it was told of is there
// when the store is opened again, whole, and no counter has gone back.
#include "stores.hpp"
#include "support.hpp"

#include <support/effort.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include <datolite/datoms/packed_directory.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <engines/temporary_directory.hpp>

namespace crash_test {

using namespace datolite_test;

struct crash_case {
  const char* engine;
  const char* layout;
};

any_storage open(const crash_case& in, const std::string& path) {
  if (in.engine == std::string_view{"lmdb"}) {
    return any_storage{engines::lmdb{path, {.durability = durability_level::process}}};
  }
  return any_storage{engines::leveldb{path, {.durability = durability_level::process}}};
}

/// Runs the child until it is killed, `microseconds` after its first acknowledgement; the newest T that it
/// was told of.
std::int64_t run_and_kill(const crash_case& in, const std::string& path, unsigned microseconds) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]), ::close(ends[1]);
    ::execl(DATOLITE_CRASH_CHILD, DATOLITE_CRASH_CHILD, in.engine, path.c_str(), in.layout, nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::int64_t t = 0, told = -1;
  if (::read(ends[0], &t, sizeof t) == sizeof t) {
    told = t;
    ::usleep(microseconds);
  }
  ::kill(child, SIGKILL);
  while (::read(ends[0], &t, sizeof t) == sizeof t) told = t;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  return told;
}

/// Whatever is there is whole: each transaction of T has both twins, in every index, and the newest is the
/// last.
void check_whole(const db& now, std::int64_t told) {
  ASSERT_GE(now.basis_t(), told);
  const attribute_id n = now.attribute(kw("n"))->id, twin = now.attribute(kw("twin"))->id;
  std::int64_t newest = 0;
  std::set<entity_id> by_value;
  for (const datom& d : now.datoms({.index = index_order::avet, .a = n})) by_value.insert(d.e);
  const auto twins = now.datoms({.index = index_order::aevt, .a = twin});
  for (const datom& d : twins) {
    newest = std::max(newest, d.t());
    ASSERT_EQ(d.v, value{d.t()});
    ASSERT_TRUE(by_value.contains(d.e));
    std::vector<value> found;
    now.access().read(d.e, n, found);
    ASSERT_EQ(found, (std::vector{value{d.t()}}));
  }
  ASSERT_EQ(by_value.size(), twins.size());
  ASSERT_EQ(newest, now.basis_t());
  ASSERT_EQ(values_of(now, value{101}, "last"), "[" + std::to_string(newest) + "]");
  ASSERT_GT(now.next_t(), newest);
}

TEST(Crash, EveryAcknowledgedTransactionIsThereAndNoneInPart) {
  std::mt19937 random{11};
  const int rounds = datolite::test::rounds(41, 1000);  // for each of seven cases
  for (const crash_case& in :
       {crash_case{"lmdb", "flat"}, crash_case{"leveldb", "flat"}, crash_case{"lmdb", "typed"},
        crash_case{"lmdb", "packed"}, crash_case{"leveldb", "packed"}, crash_case{"lmdb", "bulk"},
        crash_case{"leveldb", "bulk"}}) {
    SCOPED_TRACE(std::string{in.engine} + " " + in.layout);
    const datolite::test::temporary_directory place;
    const std::string path = place / "it";
    // Microseconds: in any phase of a transaction, or of a load.
    const unsigned until = in.layout == std::string_view{"bulk"} ? 80'000 : 8'000;
    std::int64_t next = 0;
    for (int i = 0; i < rounds; ++i) {
      const std::int64_t told = run_and_kill(in, path, random() % until);
      ASSERT_GT(told, 0);
      connection conn{open(in, path)};
      ASSERT_GE(conn.db().next_t(), next) << "a counter went back";
      next = conn.db().next_t();
      ASSERT_NO_FATAL_FAILURE(check_whole(conn.db(), told)) << "round " << i;
      ASSERT_FALSE(conn.storage().get(datoms::packed::fold_mark_key()).has_value())
          << "what a killed load left behind is not cleared away";
      conn.close();
    }
  }
}

}  // namespace crash_test
