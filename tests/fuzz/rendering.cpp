// SPDX-License-Identifier: MIT
// A fuzz target for payloads that a host hands over as bytes: the walk accepts what the JSON parser accepts, and every
// format renders it or refuses it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/slack.hpp>
#include <webhook/serializer/xml.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::XmlSerializer xml;
  static const webhook::FormSerializer form;
  static const webhook::SlackSerializer<> slack;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty() || input.substr(0, 1) == "\xEF") return 0;  // the parser lets a byte-order mark pass
  webhook::Event event;
  event.type = "a.b";
  event.payload = webhook::Bytes(input);
  bool json = true;
  try {
    (void)webhook::detail::parse_json(input);
  } catch (const webhook::Error& error) {
    if (std::string_view(error.what()).find("out of range") != std::string_view::npos)
      return 0;  // who knows what follows
    json = false;
  }
  bool rendered = true;
  webhook::Request request;
  try {
    request.body = xml.render(event, "xml").body;
  } catch (const webhook::Error&) {
    rendered = false;
  }
  if (rendered != json) std::abort();
  // One of the others for each input: what none of them renders is an exception for each that tries.
  try {
    if (size % 3 == 2) {
      (void)nlohmann::json::parse(slack.render(event, "slack").body.view());
    } else {
      (void)form.render(event, size % 3 == 0 ? "form" : "form-bare");
    }
  } catch (const webhook::Error&) {
    if (json && size % 3 == 2) std::abort();  // a form has bounds of its own
  }
  if (rendered && size < 10'000) (void)xml.read(request, event);
  return 0;
}
