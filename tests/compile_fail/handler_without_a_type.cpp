// error: webhook: this type has no event type; give it one: template <> inline constexpr std::string_view webhook::event_type<T> = 
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)

int main() {
  webhook::Receiver<> inbox{webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on<OrderCreated>([](const OrderCreated&) {});
}
