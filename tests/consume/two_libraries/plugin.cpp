// SPDX-License-Identifier: MIT
// One of two shared libraries; built twice, under two names.
#include <string>
#include <webhook/webhook.hpp>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

// Another address in each library and in the program: that is what the comparisons must survive.
extern "C" __attribute__((visibility("default"))) const void* JOIN(category_of_, PLUGIN)() {
  return &webhook::category();
}

extern "C" __attribute__((visibility("default"))) void JOIN(fail_in_, PLUGIN)() {
  throw webhook::Error(webhook::errc::invalid_url, "thrown on the other side");
}

// Has both halves of the library at work in here.
extern "C" __attribute__((visibility("default"))) int JOIN(work_in_, PLUGIN)() {
  webhook::Dispatcher hooks{[](const webhook::Request&) { return webhook::Response{}; }};
  webhook::Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  hooks.emit("customer.created", {{"name", "Smith"}});
  return inbox.handle({}).status;
}
