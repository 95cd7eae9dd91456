// SPDX-License-Identifier: MIT
// BeastClient: the same requests by Boost.Beast's asynchronous client: one thread, kept connections, one request at a time on
// each. Over a socket it is nothing but the exchange; over a tcp_stream, as in Boost.Beast's own example of such a client,
// each request has a deadline. No retries, guards or store.
#ifndef WEBHOOK_TESTS_BENCH_BEAST_CLIENT_HPP
#define WEBHOOK_TESTS_BENCH_BEAST_CLIENT_HPP

#include <fcntl.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace bench {

template <class Stream>
class BeastClient {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Preparation = std::function<void(Request&)>;

  /// `prepare` sees each request before it is sent: whoever signs does it there.
  BeastClient(const std::string& url, const std::vector<std::string>& headers, const std::string& body,
              std::size_t in_flight, Preparation prepare = {})
      : prepare_(std::move(prepare)) {
    const std::size_t colon = url.find(':', 7);
    const std::size_t slash = url.find('/', 7);
    const std::string host = url.substr(7, colon - 7);
    const std::string port = url.substr(colon + 1, slash - colon - 1);
    Request request{boost::beast::http::verb::post, url.substr(slash), 11};
    request.set(boost::beast::http::field::host, host + ":" + port);
    for (const std::string& line : headers) {
      const std::size_t end = line.find(": ");
      request.set(line.substr(0, end), line.substr(end + 2));
    }
    request.body() = body;
    boost::asio::ip::tcp::resolver resolver(context_);
    for (std::size_t i = 0; i < in_flight; ++i) {
      connections_.push_back(std::make_unique<Connection>(*this, request));
      boost::asio::ip::tcp::socket& socket = connections_.back()->socket();
      boost::asio::connect(socket, resolver.resolve(host, port));
      socket.set_option(boost::asio::ip::tcp::no_delay(true));
      // Asio leaves descriptors to what is started beside this; wrk counts on small ones.
      if (::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC) != 0) throw std::runtime_error("fcntl failed");
    }
  }

  /// Sends so many requests. Throws for any answer that is not 2xx.
  void send(std::size_t requests) {
    left_ = requests;
    for (const auto& connection : connections_) connection->next();
    context_.restart();
    context_.run();
    if (failed_) throw std::runtime_error("Boost.Beast got something else than 2xx");
  }

 private:
  static constexpr bool with_deadline = std::is_same_v<Stream, boost::beast::tcp_stream>;

  struct Connection {
    Connection(BeastClient& owner, const Request& request) : client(owner), stream(owner.context_), sent(request) {}

    boost::asio::ip::tcp::socket& socket() noexcept {
      if constexpr (with_deadline) {
        return stream.socket();
      } else {
        return stream;
      }
    }

    void next() {
      if (client.left_ == 0) return;
      --client.left_;
      if (client.prepare_) client.prepare_(sent);
      sent.prepare_payload();  // as whoever sends other bodies has to
      if constexpr (with_deadline) stream.expires_after(std::chrono::seconds(30));
      boost::beast::http::async_write(stream, sent, [this](boost::beast::error_code error, std::size_t) {
        if (error) return fail();
        answer = {};
        boost::beast::http::async_read(stream, buffer, answer, [this](boost::beast::error_code wrong, std::size_t) {
          if (wrong || answer.result_int() / 100 != 2) return fail();
          next();
        });
      });
    }
    void fail() {
      client.failed_ = true;
      client.left_ = 0;
    }

    BeastClient& client;
    Stream stream;
    Request sent;
    boost::beast::flat_buffer buffer{};
    boost::beast::http::response<boost::beast::http::string_body> answer{};
  };

  Preparation prepare_{};
  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<Connection>> connections_{};
  std::size_t left_ = 0;
  bool failed_ = false;
};

}  // namespace bench

#endif
