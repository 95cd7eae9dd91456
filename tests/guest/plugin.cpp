// SPDX-License-Identifier: MIT
// A plug-in with a dispatcher inside.
#include <webhook/webhook.hpp>

#include <chrono>
#include <memory>

namespace {
webhook::Response answer(const webhook::Request&) {
  webhook::Response response;
  response.status = 204;
  return response;
}
using Hooks = decltype(webhook::Dispatcher{answer});
std::unique_ptr<Hooks> hooks;
std::unique_ptr<webhook::Dispatcher<>> with_curl;  // so that libcurl and OpenSSL come along, and stay behind
}  // namespace

extern "C" __attribute__((visibility("default"))) void plugin_begin() {
  hooks = std::make_unique<Hooks>(answer);
  hooks->add({.url = "https://a.example/"});
  hooks->start();
  with_curl = std::make_unique<webhook::Dispatcher<>>();
  with_curl->start();
}

/// How many deliveries were made.
extern "C" __attribute__((visibility("default"))) int plugin_end() {
  for (int i = 0; i < 100; ++i) hooks->emit("a.b", {{"n", i}});
  hooks->stop(std::chrono::seconds{20});
  const int delivered = static_cast<int>(hooks->counters().delivered);
  hooks.reset();
  with_curl.reset();
  return delivered;
}
