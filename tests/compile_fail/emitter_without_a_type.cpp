// error: webhook: this type has no event type: specialise 
#include <webhook/emitter.hpp>
#include <webhook/serializer/json.hpp>

struct OrderCreated {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, item)

void order_created(const webhook::Emitter& hooks) { hooks.emit(OrderCreated{"a book"}); }
