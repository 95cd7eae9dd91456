// SPDX-License-Identifier: MIT
// The event that the store and the invoicing system have in common.
#ifndef WEBHOOK_EXAMPLES_ORDER_HPP
#define WEBHOOK_EXAMPLES_ORDER_HPP

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <webhook/event_type.hpp>

struct OrderCreated {
  std::string customer{}, item{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, customer, item, price)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

#endif
