// SPDX-License-Identifier: MIT
// A receiver of a Shopify app: orders into typed handlers, the topics that privacy law demands, and repetitions that
// do no harm. No server here: inbox.handle() is what any framework calls with the request it has.
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/shopify.hpp>
#include <webhook/serializer/json.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "hmac.hpp"

// What the app needs of an order. Shopify writes amounts as text, and they are best kept so until they are counted.
struct Order {
  std::uint64_t id = 0;
  std::string email{}, total_price{}, currency{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, id, email, total_price, currency)
template <>
inline constexpr std::string_view webhook::event_type<Order> = "orders.create";  // Shopify's topic orders/create

namespace {

const std::string secret = "the app's client secret";

// A request as Shopify sends it; the body goes over the wire byte for byte as it is signed.
webhook::Request from_shopify(std::string_view topic, std::string_view id, const std::string& body) {
  webhook::Request request;
  request.url = "https://app.example/shopify";
  request.headers = {{"content-type", "application/json"},
                     {"x-shopify-topic", topic},
                     {"x-shopify-shop-domain", "smiths-books.myshopify.com"},
                     {"x-shopify-event-id", id},
                     {"x-shopify-hmac-sha256", base64(hmac(EVP_sha256(), secret, body))}};
  request.body = webhook::Bytes(body);
  return request;
}

}  // namespace

int main() {
  std::vector<std::string> packed, erased;
  webhook::Receiver inbox{webhook::Shopify{}, webhook::Secret{secret}};
  inbox.on<Order>([&](const Order& order, const webhook::Event&, const webhook::Request& request) {
    // The shop is not signed: look it up among those that installed the app before anything is done for it.
    std::cout << request.headers.find("x-shopify-shop-domain").value_or("?") << ": order " << order.id << " of "
              << order.email << " over " << order.total_price << ' ' << order.currency << '\n';
    packed.push_back(std::to_string(order.id) + " " + order.total_price);
  });
  inbox.on("customers.redact", [&](const nlohmann::json& request) {  // one of the three that every app must answer
    erased.push_back(request.at("customer").at("email"));
  });

  const std::string body =
      R"({"id":820982911946154508,"email":"smith@example.com","total_price":"19.90","currency":"EUR","line_items":[]})";
  const webhook::Request order = from_shopify("orders/create", "98880550-7158-44d4-b7cd-2c97c8a091b5", body);
  const int first = inbox.handle(order).status;
  const int again = inbox.handle(order).status;  // Shopify repeats itself when an answer was late

  const int redacted = inbox
                           .handle(from_shopify("customers/redact", "7e9c5ee2-8d2d-4d1f-94a5-3a7c9a6ab4f1",
                                                R"({"shop_id":1,"customer":{"id":1,"email":"jones@example.com"}})"))
                           .status;
  const int unasked = inbox.handle(from_shopify("themes/update", "b-3", "{}")).status;  // acknowledged, nobody cares

  webhook::Request forged = order;
  forged.body = webhook::Bytes(std::string(body).replace(body.find("19.90"), 5, "00.01"));
  const webhook::Verification verdict = inbox.verify(forged);
  std::cout << "a changed price: " << explain(verdict) << '\n';

  return first == 204 && again == 200 && redacted == 204 && unasked == 204 && !verdict &&
                 packed == std::vector<std::string>{"820982911946154508 19.90"} &&
                 erased == std::vector<std::string>{"jones@example.com"}
             ? 0
             : 1;
}
