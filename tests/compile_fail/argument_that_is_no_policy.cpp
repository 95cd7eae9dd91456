// error: webhook: an argument of Dispatcher's constructor is neither webhook::Options nor a policy: 
#include <webhook/webhook.hpp>

struct Settings {
  int retries = 3;
};

int main() { webhook::Dispatcher<> hooks{Settings{}}; }
