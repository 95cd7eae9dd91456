// error: webhook: Receiver's serializer does not satisfy webhook::Reads: it lacks .read\(request, event\) const., which returns a Value
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>

struct Hieroglyphs {
  using role = webhook::role::serializer;
  using Value = std::string;
};

int main() {
  webhook::Receiver<webhook::StandardWebhooks, Hieroglyphs> inbox{webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
}
