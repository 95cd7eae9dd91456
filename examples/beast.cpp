// SPDX-License-Identifier: MIT
// A receiver in a Boost.Beast server, and a dispatcher that sends to it over a real socket of this machine. A server of
// your own has its threads, its TLS and its timeouts; what it does with a webhook is the one line with serve().
#include <webhook/adapter/beast.hpp>
#include <webhook/webhook.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <iostream>
#include <thread>

#include "order.hpp"

int main() {
  using boost::asio::ip::tcp;
  const webhook::Secret secret = webhook::StandardWebhooks{}.generate("");
  double total = 0;
  webhook::Receiver inbox{webhook::StandardWebhooks{}, secret};
  inbox.on<OrderCreated>([&](const OrderCreated& order) { total += order.price; });

  boost::asio::io_context context;
  tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
  std::thread server([&] {
    tcp::socket connection = acceptor.accept();
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    while (webhook::serve(connection, buffer, inbox, error)) {  // a request, verified, handled and answered
    }
  });

  const std::string url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/hooks";
  {
    webhook::Dispatcher hooks{webhook::CurlTransport{{.allow_http = true, .allow_loopback = true}}};
    hooks.add({.url = url, .secrets = {secret}, .cap = 1});
    hooks.emit(OrderCreated{"Smith", "a book", 12.5});
    hooks.emit(OrderCreated{"Jones", "another", 20});
    while (hooks.counters().delivered < 2) hooks.run_once(std::chrono::milliseconds{100});
  }  // the connection closes with the dispatcher, and the server's loop ends
  server.join();
  std::cout << "sold for " << total << '\n';
  return total == 32.5 ? 0 : 1;
}
