#include <datolite/engines/memory.hpp>

#include <datolite/core/explain.hpp>
#include <datolite/laws/storage.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace memory_test {

using namespace datolite;

static_assert(explain_storage<engines::memory>());
static_assert(BulkLoader<engines::memory>);
static_assert(engines::memory::zero_copy);

// What a snapshot shows must not outlive it, so a temporary one is not read.
template <class R>
concept read_as_a_temporary = requires(R& r) {
  std::move(r).get(bytes_view{});
}
|| requires(R& r) { std::move(r).open_iterator(everything()); };
static_assert(!read_as_a_temporary<engines::memory_snapshot>);

TEST(memory, keeps_every_law) {
  EXPECT_EQ(laws::check_storage([] { return engines::memory{}; }), laws::report{});
}

synctag_t put(engines::memory& store, bytes_view key, bytes_view value) {
  const change one[] = {{key, value}};
  return store.commit(one);
}

TEST(memory, forks_diverge_unseen_by_each_other) {
  engines::memory store;
  put(store, "a", "1");
  engines::memory fork = store.fork();
  put(store, "a", "2");
  put(fork, "b", "3");
  EXPECT_EQ(store.get("a")->view(), "2");
  EXPECT_FALSE(store.get("b"));
  EXPECT_EQ(fork.get("a")->view(), "1");
  EXPECT_EQ(fork.get("b")->view(), "3");
}

TEST(memory, a_fork_stays_open_when_its_origin_is_closed) {
  engines::memory store;
  put(store, "a", "1");
  const engines::memory fork = store.fork();
  store.close();
  EXPECT_EQ(fork.get("a")->view(), "1");
  EXPECT_THROW(store.get("a"), error);
}

TEST(memory, a_pinned_of_the_storage_outlives_the_state_it_was_read_from) {
  engines::memory store;
  put(store, "a", std::string(1000, 'x'));
  put(store, "b", "short");
  const auto a = store.get("a"), b = store.get("b");
  put(store, "a", "new");
  put(store, "b", "new");
  EXPECT_EQ(a->view(), std::string(1000, 'x'));
  EXPECT_EQ(b->view(), "short");
}

}  // namespace memory_test
