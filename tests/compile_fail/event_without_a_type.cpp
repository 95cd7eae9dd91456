// error: webhook: this type has no event type: specialise .template <> inline constexpr std::string_view webhook::event_type<T> = 
#include <webhook/webhook.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)

int main() {
  webhook::Dispatcher hooks;
  hooks.emit(OrderCreated{"a book"});
}
