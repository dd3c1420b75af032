// Work done by child processes at once.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace datolite::test {

/// Runs `body(who)` in `count` processes at once, and says in how many it did not return true. One that waits
/// for ever is ended after five minutes, and fails.
template <class Body>
int children_that_fail(int count, Body&& body) {
  std::vector<pid_t> children;
  int failed = 0;
  for (int who = 0; who < count; ++who) {
    const pid_t child = ::fork();
    if (child < 0) {
      ++failed;
      continue;
    }
    if (child == 0) {
      ::alarm(300);
      bool good = false;
      try {
        good = body(who);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "in child %d: %s\n", who, e.what());
      }
      std::_Exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    const bool ended = ::waitpid(child, &status, 0) == child;
    failed += ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  }
  return failed;
}

}  // namespace datolite::test
