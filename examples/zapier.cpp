// SPDX-License-Identifier: MIT
// From a shop to a spreadsheet, by way of Zapier: two zaps subscribe to the shop's events by themselves (REST hooks),
// one gets forms and the other XML, and what they hear becomes rows of rows.csv. At the end one zap is switched off,
// which the shop learns from a 410, and the other unsubscribes. A function stands for the network between the two.
#include <webhook/adapter/unique_urls.hpp>
#include <webhook/rest_hooks.hpp>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/none.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/xml.hpp>
#include <webhook/webhook.hpp>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "order.hpp"

namespace {

// A field of a CSV file (RFC 4180). A spreadsheet runs text that begins like a formula, so that a customer could name
// himself =HYPERLINK(…): an apostrophe before it keeps it text.
std::string field(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

webhook::Request api_call(std::string method, std::string path, std::string_view body = {}) {
  webhook::Request request;
  request.method = std::move(method);
  request.url = "https://shop.example/api" + path;
  request.headers = {{"authorization", "Bearer smith's-key"}, {"content-type", "application/json"}};
  request.body = webhook::Bytes(body);
  return request;
}

}  // namespace

int main() {
  // Zapier's side. A zap's URL is its only credential: nothing is signed, but nobody can guess it.
  std::ofstream rows("rows.csv", std::ios::binary);
  rows << "event,who,what,amount\r\n";
  webhook::UniqueUrls zaps;
  webhook::Receiver catching{webhook::NoSignature{}, webhook::Secret{"none"},
                             webhook::Formats<webhook::FormSerializer, webhook::XmlSerializer>{}};
  catching.on<OrderCreated>([&](const OrderCreated& order, const webhook::Event& event) {
    rows << field(event.type) << ',' << field(order.customer) << ',' << field(order.item) << ','
         << nlohmann::json(order.price) << "\r\n";  // a number, exactly as it was sent
  });
  catching.on("customer.*", [&](const nlohmann::json& customer, const webhook::Event& event) {
    rows << field(event.type) << ',' << field(customer.at("name")) << ',' << field(customer.at("email")) << ",\r\n";
  });
  const auto zapier = [&](const webhook::Request& request) {
    if (!zaps.find(request.url)) return webhook::Response{.status = 410};
    return catching.handle(request);
  };

  // The shop's side: a subscription API for each format, to be mounted where the documentation says.
  webhook::Dispatcher hooks{
      zapier, webhook::Formats<webhook::JsonSerializer, webhook::FormSerializer, webhook::XmlSerializer>{}};
  webhook::Receiver users{webhook::BearerToken{}, webhook::Secret{"smith's-key"}};
  webhook::RestHookOptions options;
  options.authenticate = [&](const webhook::Request& request) {  // whose subscription; here is only one tenant
    return users.verify(request) ? std::optional<std::string>("smith") : std::nullopt;
  };
  options.events = {"order.created", "customer.*"};
  options.endpoint.order = webhook::Order::complete;  // rows in the order in which things happened
  options.endpoint.format = "form";
  options.endpoint.description = "zaps that take forms";
  const webhook::JsonSerializer json;
  webhook::RestHooks form_hooks(hooks, json, options);
  options.endpoint.format = "xml";
  options.endpoint.description = "zaps that take XML";
  webhook::RestHooks xml_hooks(hooks, json, options);

  // Two zaps are switched on.
  const std::string orders = "https://hooks.example/catch/" + zaps.mint("orders");
  const std::string customers = "https://hooks.example/catch/" + zaps.mint("customers");
  const nlohmann::json wish{{"target_url", orders}, {"event", "order.created"}},
      other{{"target_url", customers}, {"event", "customer.created"}};
  const webhook::Response first = form_hooks.handle(api_call("POST", "/hooks/form", wish.dump()));
  const webhook::Response second = xml_hooks.handle(api_call("POST", "/hooks/xml", other.dump()));
  const webhook::Response stranger = form_hooks.handle(webhook::Request{.url = "https://shop.example/api/hooks/form"});
  if (first.status != 201 || second.status != 201 || stranger.status != 401) return 1;

  const webhook::EmitOptions smith{.tenant = "smith"};
  hooks.emit("customer.created", {{"name", "José <Jones>"}, {"email", "jones@example.com"}}, smith);
  for (int step = 0; step < 4; ++step) hooks.run_once();
  hooks.emit(OrderCreated{"Smith, John", "a 7\" single", 19.99}, smith);
  hooks.emit(OrderCreated{"=HYPERLINK(\"https://evil.example\")", "a book", 12.5}, smith);
  for (int step = 0; step < 8; ++step) hooks.run_once();

  zaps.revoke(orders);  // the first zap is switched off: the next delivery is answered with 410
  hooks.emit(OrderCreated{"Nobody", "nothing", 0}, smith);
  for (int step = 0; step < 4; ++step) hooks.run_once();
  const std::size_t swept = form_hooks.sweep("smith");  // Options::on_notice with observe() does it at once

  const auto id = nlohmann::json::parse(second.body).at("id").get<std::uint64_t>();
  const int unsubscribed = xml_hooks.handle(api_call("DELETE", "/hooks/xml/" + std::to_string(id))).status;
  rows.close();

  std::stringstream written;
  written << std::ifstream("rows.csv", std::ios::binary).rdbuf();
  std::cout << written.str();
  return swept == 1 && unsubscribed == 204 && hooks.endpoints("smith").empty() &&
                 written.str() ==
                     "event,who,what,amount\r\n"
                     "customer.created,José <Jones>,jones@example.com,\r\n"
                     "order.created,\"Smith, John\",\"a 7\"\" single\",19.99\r\n"
                     "order.created,\"'=HYPERLINK(\"\"https://evil.example\"\")\",a book,12.5\r\n"
             ? 0
             : 1;
}
