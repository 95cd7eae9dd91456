// SPDX-License-Identifier: MIT
// A fuzz target for the XML reader: whatever a stranger posts is read or refused, and what was read survives the way
// back into XML.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/serializer/xml.hpp>

struct Order {
  std::string customer{};
  double price = 0;
  std::vector<int> lines{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, customer, price, lines)

namespace {
// What a list looks like in XML; a stranger's escaped name can make one.
bool has_lone_item(const nlohmann::json& value) {
  if (value.is_object() && value.size() == 1 && value.contains("item")) return true;
  for (const nlohmann::json& part : value) {
    if (part.is_structured() && has_lone_item(part)) return true;
  }
  return false;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::XmlSerializer serializer;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  webhook::Request request;
  request.body = webhook::Bytes(input);
  webhook::Event event;
  nlohmann::json value;
  try {
    value = serializer.read(request, event);
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::invalid_payload) std::abort();
    return 0;
  }
  if (size % 8 == 0) {  // it may try 64 readings, and each that fails is an exception
    try {
      (void)serializer.decode<Order>(value);
    } catch (const webhook::Error&) {
    }
  }
  if (has_lone_item(value)) return 0;
  event = {};
  event.type = "a.b";
  event.payload = webhook::Bytes(value.dump());
  request.body = serializer.render(event, "xml").body;
  try {
    const nlohmann::json again = serializer.read(request, event);
    if (again != value) std::abort();
  } catch (const webhook::Error&) {
    if (size < 500) std::abort();  // the envelope adds to a document that was as deep as it may be
  }
  return 0;
}
