// compiles
// What the other files get wrong, done right.
#include <webhook/webhook.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

int main() {
  webhook::Dispatcher hooks;
  hooks.emit(OrderCreated{"a book"});
  webhook::Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on<OrderCreated>([](const OrderCreated&) {});
  return 0;
}
