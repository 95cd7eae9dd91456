// SPDX-License-Identifier: MIT
// An invoicing system that hears of a store's orders. For each it writes an invoice and the customer's e-mail into an
// outbox folder, under the event's id, so that an order that arrives twice is invoiced once.
//
//   invoicing <port, or 0> <file for the port> <file with the secret> <outbox folder>
#include <httplib.h>

#include <webhook/adapter/httplib.hpp>
#include <webhook/webhook.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <thread>

#include "order.hpp"

namespace {

std::string read_secret(const std::filesystem::path& file) {
  std::string text;
  for (int tries = 0; tries < 100 && !(std::ifstream(file) >> text); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return text;
}

// Written beside and renamed, so that nobody ever sees half an invoice.
void write_whole(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path part = file.string() + ".part";
  std::ofstream out(part);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + part.string());
  std::filesystem::rename(part, file);
}

std::string money(double amount) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << amount << " EUR";
  return text.str();
}

void make_invoice(const std::filesystem::path& outbox, const OrderCreated& order, const std::string& number) {
  if (std::filesystem::exists(outbox / ("mail-" + number + ".txt"))) return;  // delivered before
  write_whole(outbox / ("invoice-" + number + ".txt"), "INVOICE " + number + "\n  to      " + order.customer +
                                                           "\n  item    " + order.item + "\n  amount  " +
                                                           money(order.price) + "\n");
  write_whole(outbox / ("mail-" + number + ".txt"),
              "To: " + order.customer + "\nSubject: Your order\n\nThank you for buying " + order.item +
                  ".\nYour invoice " + number + " over " + money(order.price) + " is attached.\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: invoicing <port, or 0> <file for the port> <file with the secret> <outbox folder>\n";
    return 2;
  }
  const std::filesystem::path outbox = argv[4];
  std::filesystem::create_directories(outbox);

  sigset_t ending;  // taken by sigwait() below, so that this process ends in order
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  httplib::Server server;
  int port = std::stoi(argv[1]);
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  if (port < 0) {
    std::cerr << "invoicing: cannot bind\n";
    return 1;
  }
  write_whole(argv[2], std::to_string(port) + "\n");

  try {
    webhook::Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{read_secret(argv[3])}};
    inbox.on<OrderCreated>(
        [&](const OrderCreated& order, const webhook::Event& event, const webhook::Request& request) {
          std::cout << "invoicing: verified " << event.type << '\n';
          for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
            std::cout << "invoicing:   " << name << ": " << request.headers.find(name).value_or("") << '\n';
          }
          make_invoice(outbox, order, std::string(event.id.view()));
          std::cout << "invoicing:   " << order.customer << " is invoiced " << money(order.price) << " for "
                    << order.item << std::endl;
        });
    inbox.on("webhook.test", [](const nlohmann::json&, const webhook::Event& event) {
      std::cout << "invoicing: the test arrived, verified: " << event.id.view() << std::endl;
    });
    server.set_keep_alive_timeout(1);  // seconds; stop() waits for it
    server.Post("/hooks", webhook::mount(inbox));

    std::thread listening([&] { server.listen_after_bind(); });
    std::cout << "invoicing: listening on 127.0.0.1:" << port << std::endl;
    int signal = 0;
    sigwait(&ending, &signal);
    server.stop();
    listening.join();
    std::cout << "invoicing: stopped" << std::endl;
  } catch (const webhook::Error& error) {
    std::cerr << "invoicing: " << error.what() << '\n';
    return 1;
  }
}
