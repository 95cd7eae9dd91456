// SPDX-License-Identifier: MIT
// What an operational event says: a Notice as JSON. Numbers that name things are strings, because 64 bits do not survive
// every JSON reader. It carries no payload, no URL and no secret.
#ifndef WEBHOOK_SERIALIZER_JSON_NOTICE_HPP
#define WEBHOOK_SERIALIZER_JSON_NOTICE_HPP

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "../notice.hpp"

namespace webhook {
inline namespace v0 {

/// {"endpoint", "delivery"?, "event"?, "reason", "failing_for_seconds"?, "last_attempt"?: {"status" | "failure"}}
template <class Json>
void to_json(Json& json, const Notice& notice) {
  json = Json{{"endpoint", std::to_string(static_cast<std::uint64_t>(notice.endpoint))},
              {"reason", std::string(notice.text)}};
  if (notice.delivery != DeliveryId{}) json["delivery"] = std::to_string(static_cast<std::uint64_t>(notice.delivery));
  if (!notice.event.empty()) json["event"] = std::string(notice.event.view());
  if (notice.failing_for > Duration::zero())
    json["failing_for_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(notice.failing_for).count();
  if (notice.attempt == nullptr) return;
  if (notice.attempt->failure == Failure::none) {
    json["last_attempt"] = Json{{"status", notice.attempt->status}};
  } else {
    json["last_attempt"] = Json{{"failure", std::string(to_string(notice.attempt->failure))}};
  }
}

}  // namespace v0
}  // namespace webhook

#endif
