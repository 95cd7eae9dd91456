// error: webhook: a later\(\) handler cannot word an answer, because its sender was answered before it runs
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

int main() {
  webhook::Receiver<> inbox{webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  inbox.on("order.*", webhook::later([](const nlohmann::json&) { return webhook::Response{.status = 200}; }));
}
