// SPDX-License-Identifier: MIT
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <catch2/catch.hpp>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <webhook/adapter/beast.hpp>

#include "support/received.hpp"

namespace integration_beast_adapter {

namespace {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using webhook::Request;

const webhook::ManualClock stopped_clock;

struct Asking : webhook::StandardWebhooks {
  std::optional<webhook::Response> handshake(const Request& request, const webhook::Verification&, std::span<Key>,
                                             const webhook::Fields&) const {
    if (request.method != "GET") return std::nullopt;
    webhook::Response response{200, {{"content-type", "application/json"}, {"x-extra", "1"}, {"x-extra", "2"}}};
    response.body = "{\"url\":\"" + request.url + "\"}";
    return response;
  }
};

// A real server on a port of the system's choosing: one thread, one connection after the other.
class Served {
 public:
  explicit Served(std::string origin = {}) : origin_(std::move(origin)) {
    inbox_.otherwise([this](const nlohmann::json&, const webhook::Event&, const Request& request) {
      const std::lock_guard lock(mutex_);
      last_ = request;
    });
    thread_ = std::thread([this] {
      while (!over_) {
        tcp::socket socket(context_);
        boost::system::error_code error;
        acceptor_.accept(socket, error);
        if (error) return;
        beast::flat_buffer buffer;
        while (!over_ && webhook::serve(socket, buffer, inbox_, error, origin_)) {
        }
        socket.shutdown(tcp::socket::shutdown_send, error);
        char rest[4096];  // what is still on its way, or the peer would see a reset before our answer
        while (socket.read_some(asio::buffer(rest), error) > 0 && !error) {
        }
      }
    });
  }
  ~Served() {
    over_ = true;
    asio::io_context context;
    tcp::socket(context).connect(acceptor_.local_endpoint());
    thread_.join();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  Request last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  std::string origin_;
  webhook::Receiver<Asking, webhook::JsonSerializer, webhook::ManualClock, webhook::NoInbox> inbox_{
      support::secret(), stopped_clock, webhook::ReceiverOptions{.body_limit = 4096}};
  asio::io_context context_{};
  tcp::acceptor acceptor_{context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_{};
  Request last_{};
  std::thread thread_{};
};

class Client {
 public:
  explicit Client(unsigned short port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }

  http::response<http::string_body> send(http::verb method, std::string_view target, std::string_view body,
                                         bool with_signature = true, std::string_view expect = {}) {
    http::request<http::string_body> request(method, boost::beast::string_view(target.data(), target.size()), 11);
    request.set(http::field::host, "shop.example:81");
    if (!expect.empty()) request.set(http::field::expect, boost::beast::string_view(expect.data(), expect.size()));
    if (with_signature) {
      for (const webhook::Header field : support::signed_request(body, stopped_clock).headers)
        request.insert(boost::beast::string_view(field.name.data(), field.name.size()),
                       boost::beast::string_view(field.value.data(), field.value.size()));
    }
    request.body() = std::string(body);
    request.prepare_payload();
    boost::system::error_code ignored;  // of a server that stopped reading
    http::write(socket_, request, ignored);
    return read();
  }
  void send_raw(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes.data(), bytes.size())); }
  http::response<http::string_body> read() {
    http::response<http::string_body> answer;
    http::read(socket_, buffer_, answer);
    return answer;
  }

 private:
  asio::io_context context_{};
  tcp::socket socket_{context_};
  beast::flat_buffer buffer_{};
};
}  // namespace

TEST_CASE("a receiver mounted in Beast gets method, URL, headers and body", "[adapter][beast]") {
  Served served;
  Client client(served.port());
  const auto answer = client.send(http::verb::post, "/hooks?a=1&b=two", R"({"n":1})");
  CHECK(answer.result_int() == 204);
  CHECK(answer.body().empty());
  const Request seen = served.last();
  CHECK(seen.method == "POST");
  CHECK(seen.url == "http://shop.example:81/hooks?a=1&b=two");
  CHECK(seen.body.view() == R"({"n":1})");
  CHECK(seen.headers.find("webhook-id") == std::string_view("evt_1"));
}

TEST_CASE("behind a proxy Beast's URL is made of the origin that the host names", "[adapter][beast]") {
  Served served("https://shop.example");
  CHECK(Client(served.port()).send(http::verb::post, "/h?x=1", "{}").result_int() == 204);
  CHECK(served.last().url == "https://shop.example/h?x=1");
}

TEST_CASE("answers keep their headers through Beast, and a connection serves several requests", "[adapter][beast]") {
  Served served;
  Client client(served.port());
  const auto shaken = client.send(http::verb::get, "/hooks?challenge=7", "");
  CHECK(shaken.result_int() == 200);
  CHECK(shaken[http::field::content_type] == "application/json");
  CHECK(std::distance(shaken.equal_range("x-extra").first, shaken.equal_range("x-extra").second) == 2);
  CHECK(shaken.body() == "{\"url\":\"http://shop.example:81/hooks?challenge=7\"}");
  const auto refused = client.send(http::verb::post, "/hooks", "{}", false);
  CHECK(refused.result_int() == 400);
  CHECK(refused.body() == to_string(webhook::Verification::missing_header));
  CHECK(client.send(http::verb::put, "/hooks", "{}")[http::field::allow] == "POST");
  CHECK(client.send(http::verb::post, "/hooks", std::string("\"\0\"", 3)).result_int() == 400);  // whole, but no JSON
  CHECK(client.send(http::verb::post, "/hooks", "").result_int() == 400);
  CHECK(client.send(http::verb::post, "/hooks", "{}").result_int() == 204);
}

TEST_CASE("a chunked body is read whole by Beast, and one that is announced is asked for", "[adapter][beast]") {
  Served served;
  Client client(served.port());
  std::string head = "POST /hooks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
  for (const webhook::Header field : support::signed_request("{\"n\":1}", stopped_clock).headers)
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  client.send_raw(head + "\r\n3\r\n{\"n\r\n4\r\n\":1}\r\n0\r\n\r\n");
  CHECK(client.read().result_int() == 204);
  CHECK(served.last().body.view() == "{\"n\":1}");
  CHECK(client.send(http::verb::post, "/hooks", "{}", true, "100-continue").result_int() == 100);
  CHECK(client.read().result_int() == 204);
}

TEST_CASE("a body over the limit ends a connection of Beast with 413", "[adapter][beast][G12]") {
  Served served;
  CHECK(Client(served.port()).send(http::verb::post, "/hooks", std::string(4097, ' ')).result_int() == 413);
  CHECK(Client(served.port()).send(http::verb::post, "/hooks", "\"" + std::string(4094, 'x') + "\"").result_int() ==
        204);
  CHECK(Client(served.port()).send(http::verb::post, "/hooks", std::string(1'000'000, ' ')).result_int() == 413);
}

TEST_CASE("what is no HTTP is answered with 400 by Beast, and ends the connection", "[adapter][beast]") {
  Served served;
  const auto said = [&](std::string_view bytes) {
    Client client(served.port());
    client.send_raw(bytes);
    return client.read().result_int();
  };
  CHECK(said("NONSENSE\r\n\r\n") == 400);
  CHECK(said("POST / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n") == 431);
}

}  // namespace integration_beast_adapter
