// error: webhook: this transport is only declared here; include <webhook/webhook.hpp>, or the header of its name
#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>

int main() { webhook::Dispatcher<> hooks; }
