// SPDX-License-Identifier: MIT
// exit() while workers are at it: in the main function's scope, from another function, with TLS connections open and
// deliveries under way. Again and again, because it is a race; each child must end by itself, soon, and with success.
// case: F6
#include <webhook/webhook.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "support/certificates.hpp"
#include "support/tls_server.hpp"

static void deliver_and_exit(const std::string& url, const std::string& ca_file, int round) {
  webhook::CurlOptions trusting;
  trusting.allow_loopback = true;
  trusting.ca_file = ca_file;
  static webhook::Options options;
  options.workers = 2;
  webhook::Dispatcher<> hooks{webhook::CurlTransport{trusting}, options};
  hooks.add({.url = url, .cap = 64});
  hooks.start();
  for (int i = 0; i < 200; ++i) hooks.emit("a.b", {{"n", i}});
  std::this_thread::sleep_for(std::chrono::microseconds{round * 500});
  std::exit(0);
}

/// Serves until `end` is closed; ends with success if somebody came.
static int serve(int tell, int end) {
  const Certificate root = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
  const PemFile file(root);
  const TlsServer server(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, &root}));
  const std::string text = server.url() + "\n" + file.path();
  if (write(tell, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return 1;
  close(tell);
  char byte = 0;
  static_cast<void>(!read(end, &byte, 1));
  return server.requests() > 0 ? 0 : 1;
}

int main() {
  // In a process of its own, so that nobody has used OpenSSL before the dispatcher does.
  int told[2], end[2];
  if (pipe(told) != 0 || pipe(end) != 0) return 1;
  const pid_t peer = fork();
  if (peer == 0) {
    close(end[1]);
    alarm(120);
    return serve(told[1], end[0]);
  }
  close(told[1]);
  std::string text(4096, '\0');
  const ssize_t size = read(told[0], text.data(), text.size());
  if (size <= 0) return 1;
  text.resize(static_cast<std::size_t>(size));
  const std::string url = text.substr(0, text.find('\n')), ca_file = text.substr(url.size() + 1);

  int failures = 0;
  for (int round = 0; round < 40; ++round) {
    std::fflush(stdout);
    const auto began = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
      close(end[1]);
      alarm(20);
      deliver_and_exit(url, ca_file, round);
    }
    int status = -1;
    waitpid(child, &status, 0);
    const auto took = std::chrono::steady_clock::now() - began;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && took < std::chrono::seconds{5}) continue;
    ++failures;
    std::printf("round %d: status %d after %.3f s\n", round, status, std::chrono::duration<double>(took).count());
  }
  close(end[1]);
  int status = -1;
  waitpid(peer, &status, 0);
  if (status != 0) std::puts("nobody came to the server");
  std::printf("%d of 40 did not end well\n", failures);
  return failures == 0 && status == 0 ? 0 : 1;
}
