// SPDX-License-Identifier: MIT
#include <webhook/detail/fork_guard.hpp>

#include <sys/wait.h>

#include <catch2/catch.hpp>

namespace unit_detail_fork_guard {

TEST_CASE("a child knows that it is one, until it adopts the guard; the parent never notices") {
  webhook::detail::ForkGuard guard;
  CHECK_FALSE(guard.in_child());
  const pid_t child = fork();
  if (child == 0) {
    const bool before = guard.in_child();
    guard.adopt();
    _exit(before && !guard.in_child() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(guard.in_child());
}

}  // namespace unit_detail_fork_guard
