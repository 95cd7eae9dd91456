// compiles
// flags: -fno-rtti
// case: F11
#include <webhook/webhook.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

int main() {
  webhook::Dispatcher hooks;
  hooks.add({.url = "https://a.example/"});
  hooks.emit(OrderCreated{"a book"});
  hooks.start();
  hooks.stop(std::chrono::seconds{1});
  webhook::Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on<OrderCreated>([](const OrderCreated&) {});
  return inbox.handle({}).status;
}
