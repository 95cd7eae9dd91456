// error: webhook: a handler for T takes \(const T&\), \(const T&, const webhook::Event&\), or these and \(const webhook::Request&\)
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

int main() {
  webhook::Receiver<> inbox{webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on<OrderCreated>([](int) {});
}
