// SPDX-License-Identifier: MIT
// An online store that tells others of its orders. It sets up one webhook in the four steps that everyone knows from a
// settings page (enter the URL, choose the events, send a test, watch the deliveries), then takes orders from its
// standard input, a line each: order <customer> <price> <item ...>. "log" prints the delivery log, the end of input ends it.
//
//   store <url> <file for the secret>
#include <webhook/webhook.hpp>

#include <sys/stat.h>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>

#include "order.hpp"

namespace {

// The rest of the shop knows the Emitter only, and neither HTTP nor endpoints.
class Shop {
 public:
  explicit Shop(webhook::Emitter events) : events_(events) {}

  webhook::EventId sell(const OrderCreated& order) { return events_.emit(order).id; }

 private:
  webhook::Emitter events_;
};

std::string in_words(const webhook::Attempt& attempt) {
  std::ostringstream words;
  if (attempt.failure != webhook::Failure::none) {
    words << to_string(attempt.failure);
  } else {
    words << "HTTP " << attempt.status;
  }
  words << " in " << std::chrono::duration_cast<std::chrono::microseconds>(attempt.took).count() << " us";
  return words.str();
}

void say(const std::string& line) {
  static std::mutex mutex;  // the workers and main() both talk
  const std::lock_guard lock(mutex);
  std::cout << "store:     " << line << std::endl;
}

void print_log(auto& hooks, const webhook::Endpoint& endpoint) {
  for (const webhook::Delivery& delivery : hooks.deliveries({.endpoint = endpoint.id})) {
    say("log: " + delivery.type + " " + std::string(delivery.event.view()) + ": " +
        std::string(to_string(delivery.state)));
    int number = 0;
    for (const webhook::Attempt& attempt : hooks.attempts(delivery.id)) {
      say("log:   attempt " + std::to_string(++number) + ": " + in_words(attempt));
    }
  }
}

// Shown once, to whoever runs the endpoint: here through a file that only they may read.
bool hand_over(const webhook::Secret& secret, const char* file) {
  umask(077);
  std::ofstream out(std::string(file) + ".part");
  out << secret.reveal() << '\n';
  out.close();
  return out.good() && std::rename((std::string(file) + ".part").c_str(), file) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: store <url> <file for the secret>\n";
    return 2;
  }
  using namespace std::chrono_literals;
  webhook::Options options;
  options.retry =
      webhook::RetrySchedule({0s, 300ms, 500ms, 800ms, 1500ms, 2s, 4s, 8s});  // for a demonstration; days by default
  options.on_notice = [](const webhook::Notice& notice) {
    if (notice.attempt == nullptr) return;
    say(std::string(to_string(notice.kind)) + " " + std::string(notice.event.view()) + ": " +
        in_words(*notice.attempt));
  };
  webhook::Dispatcher hooks{webhook::CurlTransport{{.allow_http = true, .allow_loopback = true}},
                            options};  // both ends are on this machine

  try {
    // 1. Enter the URL.  2. Choose the events.
    const webhook::Endpoint invoicing = hooks.add({.url = argv[1], .events = {"order.*"}, .description = "invoicing"});
    if (!hand_over(invoicing.secrets.front(), argv[2])) {
      std::cerr << "store: cannot write " << argv[2] << '\n';
      return 1;
    }
    say("webhook added: " + invoicing.url + ", events order.*");
    hooks.start();

    // 3. Send a test.
    say("test sent: " + std::string(hooks.send_test(invoicing.id).id.view()));

    Shop shop(hooks.emitter());
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string word;
      OrderCreated order;
      words >> word;
      if (word == "log") {
        print_log(hooks, invoicing);  // 4. Watch the deliveries.
      } else if (word == "order" && words >> order.customer >> order.price >> std::ws &&
                 std::getline(words, order.item)) {
        const webhook::EventId id = shop.sell(order);
        say(order.customer + " buys " + order.item + ": order.created " + std::string(id.view()));
      } else {
        std::cerr << "store: say: order <customer> <price> <item>, or: log\n";
      }
    }
    hooks.stop(10s);
    print_log(hooks, invoicing);
  } catch (const webhook::Error& error) {
    std::cerr << "store: " << error.what() << '\n';
    return 1;
  }
}
