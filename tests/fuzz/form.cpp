// SPDX-License-Identifier: MIT
// A fuzz target for the form reader: whatever a stranger posts is read or refused, and what was read survives the way
// back into a form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/serializer/form.hpp>

struct Line {
  std::string sku{};
  int quantity = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Line, sku, quantity)
struct Order {
  std::string customer{};
  double price = 0;
  bool paid = false;
  std::vector<Line> lines{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, customer, price, paid, lines)

namespace {
bool has_empty_name(const nlohmann::json& value) {
  if (value.is_object() && value.contains("")) return true;
  for (const nlohmann::json& part : value) {
    if (part.is_structured() && has_empty_name(part)) return true;
  }
  return false;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::FormSerializer plain, with_json{webhook::FormOptions{.json_field = "payload"}};
  webhook::Request request;
  request.body = webhook::Bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  webhook::Event event;
  if (request.body.view().find("payload") != std::string_view::npos) {  // else it does what the other one does
    try {
      (void)with_json.read(request, event);
    } catch (const webhook::Error&) {
    }
  }
  nlohmann::json value;
  try {
    value = plain.read(request, event);
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::invalid_payload) std::abort();
    return 0;
  }
  if (size % 8 == 0) {  // it may try 64 readings, and each that fails is an exception
    try {
      (void)plain.decode<Order>(value);
    } catch (const webhook::Error&) {
    }
  }
  if (has_empty_name(value)) return 0;  // an empty name in brackets is an element
  event = {};
  event.type = "a.b";
  event.payload = webhook::Bytes(value.dump());
  try {
    const webhook::Rendering rendering = plain.render(event, "form");
    request.body = rendering.body;
    const nlohmann::json again = plain.read(request, event);
    if (value.is_structured() && !value.empty() && again != value) std::abort();
  } catch (const webhook::Error&) {  // deeper, or more fields, than a form may have: the envelope adds to both
  }
  return 0;
}
