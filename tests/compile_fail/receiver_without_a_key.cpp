// error: webhook: a Receiver needs a key: hand it at least one webhook::Secret, or a std::vector of them
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

int main() { webhook::Receiver<> inbox{webhook::StandardWebhooks{}}; }
