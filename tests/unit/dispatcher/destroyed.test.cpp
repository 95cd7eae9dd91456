// SPDX-License-Identifier: MIT
// A dispatcher that is destroyed by its own observer: a mistake that is told, and costs memory instead of a crash.
#include <catch2/catch.hpp>
#include <webhook/testing/recording_transport.hpp>
#include <webhook/webhook.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace unit_dispatcher_destroyed {
using namespace std::chrono_literals;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;

namespace {
using Hooks = webhook::Dispatcher<RecordingTransport>;

/// Destroys the dispatcher at the first notice of a kind.
struct Destroyer {
  std::unique_ptr<Hooks> hooks{};
  std::atomic<int> troubles{0};
  std::atomic<bool> destroyed{false};

  Options options(Notice::Kind at) {
    Options made;
    made.on_notice = [this, at](const Notice& notice) {
      if (notice.kind == Notice::Kind::trouble &&
          notice.text.find("destroyed by its own observer") != std::string_view::npos)
        ++troubles;
      if (notice.kind != at || hooks == nullptr) return;
      hooks.reset();
      destroyed = true;
    };
    return made;
  }
  bool told_once() const { return destroyed && troubles == 1; }
};

/// Runs in a child, because what it does costs memory by design; true if it returned true and crashed nowhere.
template <class Call>
bool in_child(const Call& call) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    bool held = false;
    try {
      held = call();
    } catch (...) {
    }
    syscall(SYS_exit_group, held ? 0 : 1);  // _exit() would have a sanitizer report the threads that are left
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool within(std::chrono::steady_clock::duration most, const std::atomic<bool>& flag) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!flag && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return flag;
}
}  // namespace

TEST_CASE("an observer that destroys its dispatcher on a worker's thread ends it, and is told", "[F4]") {
  CHECK(in_child([] {
    Destroyer destroyer;
    Options options = destroyer.options(Notice::Kind::delivered);
    options.workers = 2;
    const RecordingTransport transport;
    destroyer.hooks = std::make_unique<Hooks>(transport, options);
    destroyer.hooks->add({.url = "https://a.example/"});
    destroyer.hooks->start();
    destroyer.hooks->emit("a.b", {});
    if (!within(20s, destroyer.destroyed)) return false;
    return destroyer.told_once() && transport.requests().size() == 1;
  }));
}

TEST_CASE("an observer that destroys its dispatcher where the host drives it returns to the host, and is told",
          "[F4]") {
  CHECK(in_child([] {
    Destroyer destroyer;
    const RecordingTransport transport;
    destroyer.hooks = std::make_unique<Hooks>(transport, destroyer.options(Notice::Kind::delivered));
    Hooks& hooks = *destroyer.hooks;
    hooks.add({.url = "https://a.example/"});
    hooks.emit("a.b", {});
    for (int i = 0; i < 5 && !destroyer.destroyed; ++i) hooks.run_once();
    return destroyer.told_once();
  }));
}

TEST_CASE("an observer that destroys its dispatcher within the host's own call is told", "[F4]") {
  CHECK(in_child([] {
    Destroyer destroyer;
    destroyer.hooks = std::make_unique<Hooks>(RecordingTransport(), destroyer.options(Notice::Kind::endpoint_added));
    destroyer.hooks->add({.url = "https://a.example/"});
    return destroyer.told_once();
  }));
}

TEST_CASE("a slow observer delays its own worker, and nobody else's deliveries", "[F4]") {
  std::atomic<bool> go_on{false}, held{false};
  std::atomic<int> delivered{0};
  Options options;
  options.workers = 2;
  options.on_notice = [&](const Notice& notice) {
    if (notice.kind != Notice::Kind::delivered) return;
    if (!held.exchange(true)) {
      while (!go_on) std::this_thread::yield();
    } else {
      ++delivered;
    }
  };
  Hooks hooks{RecordingTransport(), options};
  hooks.add({.url = "https://a.example/"});
  hooks.start();
  hooks.emit("a.b", {});
  CHECK(within(20s, held));
  for (int i = 0; i < 20; ++i) hooks.emit("a.b", {});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (delivered < 20 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(delivered == 20);
  go_on = true;
  hooks.stop(20s);
}

}  // namespace unit_dispatcher_destroyed
