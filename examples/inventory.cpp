// SPDX-License-Identifier: MIT
// Stock kept by events: orders and deliveries of goods change it, and a display in the shop shows its level. The
// display is down for a while; afterwards it gets the newest level of each product and none of those in between
// (supersede). Its time and its network are the program's own, so that the outage takes no time: leave both out, and
// it is the real one.
#include <webhook/testing/manual_clock.hpp>
#include <webhook/webhook.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <string>

#include "order.hpp"

struct GoodsReceived {
  std::string item{};
  int count = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GoodsReceived, item, count)
template <>
inline constexpr std::string_view webhook::event_type<GoodsReceived> = "goods.received";

struct StockLevel {
  std::string item{};
  int level = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StockLevel, item, level)
template <>
inline constexpr std::string_view webhook::event_type<StockLevel> = "stock.level";

int main() {
  using namespace std::chrono_literals;
  webhook::ManualClock clock;
  const webhook::Secret secret = webhook::StandardWebhooks{}.generate("");
  webhook::Receiver warehouse{webhook::StandardWebhooks{}, secret, clock};
  webhook::Receiver display{webhook::StandardWebhooks{}, secret, clock};
  bool display_is_down = false;

  webhook::Dispatcher hooks{clock, [&](const webhook::Request& request) {
                              if (request.url == "https://warehouse.example/hooks") return warehouse.handle(request);
                              return display_is_down ? webhook::Response{.status = 502} : display.handle(request);
                            }};
  hooks.add({.url = "https://warehouse.example/hooks", .events = {"order.created", "goods.*"}, .secrets = {secret}});
  hooks.add({.url = "https://display.example/hooks",
             .events = {"stock.level"},
             .secrets = {secret},
             .retry = webhook::RetrySchedule::exponential(5s, 100, 1min),
             .supersede = true});

  // A message that comes twice changes the stock once: the receiver knows its id.
  std::map<std::string, int> stock, shown;
  const auto change = [&](const std::string& item, int by) {
    hooks.emit(StockLevel{item, stock[item] += by}, webhook::EmitOptions{.key = item});
  };
  warehouse.on<GoodsReceived>([&](const GoodsReceived& goods) { change(goods.item, goods.count); });
  warehouse.on<OrderCreated>([&](const OrderCreated& order) { change(order.item, -1); });
  int updates = 0;
  display.on<StockLevel>([&](const StockLevel& stock_level) {
    std::cout << "display: " << stock_level.item << " " << stock_level.level << '\n';
    shown[stock_level.item] = stock_level.level;
    ++updates;
  });
  const auto pass = [&](std::chrono::minutes time) {
    for (auto passed = 0s; passed <= time; passed += 10s) {
      for (int step = 0; step < 8; ++step) hooks.run_once();
      clock.advance(10s);
    }
  };

  hooks.emit(GoodsReceived{"book", 10});
  hooks.emit(GoodsReceived{"pen", 50});
  pass(1min);
  const bool shown_at_once = shown == stock && updates == 2;

  display_is_down = true;
  for (int customer = 0; customer < 4; ++customer) {
    hooks.emit(OrderCreated{"Smith", "book", 12.5});
    pass(5min);
  }
  hooks.emit(OrderCreated{"Jones", "pen", 1.5});
  pass(5min);
  const bool missed = updates == 2 && stock["book"] == 6;

  display_is_down = false;
  pass(10min);
  const std::size_t superseded = hooks.deliveries({.state = webhook::State::superseded}).size();
  std::cout << superseded << " levels were out of date before they could be shown\n";
  return shown_at_once && missed && shown == stock && updates == 4 && superseded == 3 ? 0 : 1;
}
