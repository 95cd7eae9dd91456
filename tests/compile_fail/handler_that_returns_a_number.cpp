// error: webhook: a handler returns nothing, or the webhook::Response that its sender is answered
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

int main() {
  webhook::Receiver<> inbox{webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on("order.*", [](const nlohmann::json&) { return 404; });
}
