// SPDX-License-Identifier: MIT
// What a dispatcher sends in any format, a receiver hands to the same typed handler.
#include <catch2/catch.hpp>
#include <string>
#include <vector>
#include <webhook/inbox/none.hpp>
#include <webhook/serializer/cloudevents.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/gzip.hpp>
#include <webhook/serializer/xml.hpp>
#include <webhook/webhook.hpp>

struct BasketLine {
  std::string sku{};
  int quantity = 0;
  bool operator==(const BasketLine&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BasketLine, sku, quantity)
struct BasketPaid {
  std::string customer{}, postcode{};
  double total = 0;
  bool gift = false;
  std::vector<BasketLine> lines{};
  bool operator==(const BasketPaid&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BasketPaid, customer, postcode, total, gift, lines)
template <>
inline constexpr std::string_view webhook::event_type<BasketPaid> = "basket.paid";

namespace integration_formats {

TEST_CASE("one event in every format becomes the same value in one typed handler", "[integration][formats]") {
  using All = webhook::Gzip<webhook::Formats<webhook::JsonSerializer, webhook::XmlSerializer, webhook::FormSerializer,
                                             webhook::CloudEventsSerializer>>;
  const std::vector<std::string> formats{
      "", "json", "xml", "form", "cloudevents", "cloudevents-binary", "json+gzip", "xml+gzip", "form+gzip"};
  std::vector<webhook::Secret> secrets;
  std::vector<webhook::Request> sent;
  webhook::Dispatcher hooks{All{}, [&](const webhook::Request& request) {
                              sent.push_back(request);
                              return webhook::Response{.status = 204};
                            }};
  for (const std::string& format : formats) {
    secrets.push_back(hooks.add({.url = "https://a.example/", .format = format}).secrets.front());
  }
  const BasketPaid paid{"Smith & S\xC3\xB6hne <x>", "01234", 19.99, true, {{"4711", 2}, {"A-1", 1}}};
  hooks.emit(paid);
  while (sent.size() < formats.size()) hooks.run_once();

  webhook::Receiver inbox{webhook::StandardWebhooks{}, secrets, All{}, webhook::NoInbox{}};
  std::size_t handled = 0;
  std::string id;
  inbox.on<BasketPaid>([&](const BasketPaid& arrived, const webhook::Event& event) {
    CHECK(arrived == paid);
    CHECK(event.type == "basket.paid");
    if (id.empty()) id = event.id.view();
    CHECK(event.id.view() == id);
    ++handled;
  });
  for (const webhook::Request& request : sent) {
    INFO(request.headers.find("content-type").value_or("none"));
    CHECK(inbox.handle(request).status == 204);
  }
  CHECK(handled == formats.size());
}

}  // namespace integration_formats
