// SPDX-License-Identifier: MIT
// What the plug-ins throw is caught and told apart here, although each has a category object of its own.
#include <cstdio>
#include <system_error>
#include <webhook/error.hpp>

extern "C" const void* category_of_one();
extern "C" const void* category_of_two();
extern "C" void fail_in_one();
extern "C" void fail_in_two();
extern "C" int work_in_one();
extern "C" int work_in_two();

static int failures = 0;
static void check(bool holds, const char* what) {
  std::printf("%s: %s\n", holds ? "ok" : "FAILED", what);
  failures += holds ? 0 : 1;
}

static void compare(void (*fail)()) {
  try {
    fail();
    check(false, "it throws");
  } catch (const std::system_error& error) {
    check(error.code() == webhook::errc::invalid_url, "the code equals the condition");
    check(error.code() == webhook::errc::invalid, "the code belongs to its family");
    check(!(error.code() == webhook::errc::full), "the code equals no other condition");
    check(!(error.code() == std::errc::invalid_argument), "the code equals no condition of the system");
  }
  try {
    fail();
  } catch (const webhook::Error& error) {
    check(error.code() == webhook::errc::invalid_url, "it is caught by its own type");
  }
}

int main() {
  check(category_of_one() != category_of_two() && category_of_one() != &webhook::category(),
        "the categories are three objects");
  compare(fail_in_one);
  compare(fail_in_two);
  check(work_in_one() == work_in_two(), "both plug-ins work");
  return failures;
}
