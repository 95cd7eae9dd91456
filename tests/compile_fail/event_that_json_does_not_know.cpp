// error: webhook: the dispatcher's serializer does not encode this type; for JSON write NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE\(T, members...\) beside it
#include <webhook/webhook.hpp>

struct OrderCreated {
  std::string item{};
};
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

int main() {
  webhook::Dispatcher hooks;
  hooks.emit(OrderCreated{"a book"});
}
