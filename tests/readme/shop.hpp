// SPDX-License-Identifier: MIT
// What README.md's blocks take for granted: a shop around them.
#ifndef WEBHOOK_TESTS_README_SHOP_HPP
#define WEBHOOK_TESTS_README_SHOP_HPP

#include <webhook/webhook.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct OrderCreated {
  std::string customer{}, item{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, customer, item, price)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

extern webhook::Dispatcher<> hooks;
extern const webhook::Request request;
extern const OrderCreated order;
extern const webhook::Endpoint endpoint;
extern const std::string url_from_the_form;
extern const webhook::WallTime yesterday;
extern const std::string current_trace;
void serve_metrics(const std::string& text);
extern const std::optional<webhook::WallTime> in_one_hour;
void make_invoice(const OrderCreated& order);
void show(const webhook::Delivery& delivery, int status, webhook::Duration took, const std::string& response);
void complain(std::string_view sentence);
std::optional<std::string> tenant_of_api_key(const webhook::Request& request);
void put_on_bus(const webhook::Request& request);
std::string file(const std::string& name);

#endif
