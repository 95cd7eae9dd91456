// SPDX-License-Identifier: MIT
// A dispatcher that is a static object, with a live TLS connection, a peer that hangs and events that wait, is destroyed
// after main has returned: the program ends as if nothing had happened.
// case: F5
#include <webhook/webhook.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

#include "support/certificates.hpp"
#include "support/tls_server.hpp"

static const Certificate root = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
static const PemFile file(root);
static TlsServer server(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, &root}));
static TlsServer other(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, &root}));

static webhook::CurlTransport trusting() {
  webhook::CurlOptions options;
  options.allow_loopback = true;
  options.ca_file = file.path();
  return webhook::CurlTransport(options);
}
static webhook::Dispatcher<> hooks{trusting()};

int main() {
  hooks.add({.url = server.url()});
  hooks.add({.url = other.url()});  // takes one connection at a time: the second delivery hangs
  hooks.start();
  for (int i = 0; i < 20; ++i) hooks.emit("a.b", {{"n", i}});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (hooks.counters().delivered < 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  if (hooks.counters().delivered >= 2) return 0;
  std::puts("nothing was delivered");
  return 1;
}
