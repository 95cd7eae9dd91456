// SPDX-License-Identifier: MIT
// DirectExchanges: the HTTP/1.1 exchanges of one worker that are written and read here, over connections that libcurl makes.
// It knows which connection an exchange gets, when it may be sent, when time is up and when a failure is worth a second
// connection; not what an answer means.
#ifndef WEBHOOK_DETAIL_CURL_DIRECT_EXCHANGES_HPP
#define WEBHOOK_DETAIL_CURL_DIRECT_EXCHANGES_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "curl_direct_exchange.hpp"
#include "curl_direct_pool.hpp"
#include "curl_url.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Its poller, and libcurl, point into it: it stays where it is. Used by one thread at a time.
class DirectExchanges {
 public:
  using Clock = std::chrono::steady_clock;

  DirectExchanges(std::shared_ptr<const CurlConfig> config, const CurlShare& share, Poller& poller)
      : config_(std::move(config)),
        share_(share),
        poller_(poller),
        connector_(poller),
        pool_(config_->options.keep_connections) {
    pool_.keep_spares(64);
  }
  DirectExchanges(const DirectExchanges&) = delete;
  DirectExchanges& operator=(const DirectExchanges&) = delete;
  ~DirectExchanges() {
    for (DirectExchange* const exchange : active_) drop_connection(*exchange);
    pool_.bury();
  }

  std::size_t active() const noexcept { return active_.size(); }

  /// Takes a request up, to be begun by advance(). False: this is not for us. Throws std::bad_alloc, and nothing was taken.
  bool start(Ticket ticket, const Request& request) {
    const CurlOptions& options = config_->options;
    if (request.http2 || !options.proxy.empty()) return false;
    // Connections are told apart by their origin, not by who we are to it.
    if (!options.certificate.empty() || (request.access != nullptr && request.access->concerns_connection()))
      return false;
    const std::string_view url = request.url;
    if (!is_plain_url_text(url) || url.find('#') != std::string_view::npos) return false;
    if (!options.allow_http && url.substr(0, 8) != "https://") return false;
    DirectOrigin* const origin = pool_.origin(url);
    if (origin == nullptr) return false;
    pool_.join(*origin);
    try {
      waiting_.reserve(waiting_.size() + 1);
      active_.reserve(active_.size() + 1);
      if (free_.empty()) {
        free_.reserve(active_.size() + 1);
        all_.push_back(std::make_unique<DirectExchange>(config_->options));
        free_.push_back(all_.back().get());
      }
    } catch (...) {
      pool_.leave(*origin);
      throw;
    }
    DirectExchange& exchange = *free_.back();
    free_.pop_back();
    exchange.ticket = ticket;
    exchange.request = &request;
    exchange.target = url.substr(origin->key.size());
    exchange.origin = origin;
    exchange.stage = DirectExchange::Stage::waiting;
    exchange.cancelled = exchange.reused = exchange.repeated = exchange.sent = false;
    exchange.deadline = exchange.slow_at = (Clock::time_point::max)();  // until it is begun
    exchange.place = active_.size();
    active_.push_back(&exchange);
    waiting_.push_back(&exchange);
    return true;
  }

  /// True if there was one of that ticket.
  bool cancel(Ticket ticket) noexcept {
    const auto same = [ticket](const DirectExchange* one) { return one->ticket == ticket && !one->cancelled; };
    const auto found = std::find_if(active_.begin(), active_.end(), same);
    if (found == active_.end()) return false;
    if (*found == asking_) {
      asking_->cancelled = true;  // whoever asked will see to it
    } else {
      drop_connection(**found);
      release(**found);
    }
    return true;
  }

  /// When it wants to be moved on though nothing happens.
  Clock::time_point due() const noexcept {
    return connector_.due() ? (std::min)(*connector_.due(), look_at_) : look_at_;
  }

  /// Begins what was started, and ends what has no time left. True if anything was reported.
  bool advance(Exchanges& exchanges) {
    const std::size_t before = reported_;
    now_.reset();
    while (!waiting_.empty()) {
      beginning_.swap(waiting_);
      for (DirectExchange* const exchange : beginning_) {
        if (exchange->stage == DirectExchange::Stage::waiting)
          contained(*exchange, exchanges, [&] { begin(*exchange, exchanges); });
      }
      beginning_.clear();
    }
    now_.reset();
    connector_.move_due(now());
    take_connections(exchanges);
    if (now() >= look_at_) end_overdue(now(), exchanges);
    pool_.bury();
    now_.reset();
    return reported_ != before;
  }

  /// What a poller says of one of our tokens. finish_round() follows, once all that it said has been passed on.
  void happened(std::uint64_t token, std::uint32_t events, Exchanges& exchanges) {
    if (CurlConnector::owns(token)) return connector_.move(token, events);
    DirectConnection& connection = *DirectConnection::of(token);
    if (connection.closed()) return;
    if (connection.exchange == nullptr) {
      if (!connection.quiet()) pool_.close(connection);
      return;
    }
    DirectExchange& exchange = *connection.exchange;
    contained(exchange, exchanges, [&] { move(exchange, events, exchanges); });
  }
  /// True if anything was reported since the last time.
  bool finish_round(Exchanges& exchanges) {
    take_connections(exchanges);
    pool_.bury();
    now_.reset();
    return std::exchange(told_, reported_) != reported_;
  }

 private:
  static constexpr auto unheard = std::chrono::milliseconds(10);

  // Runs a step that may want memory; without, the exchange fails, and no other one.
  template <class Step>
  void contained(DirectExchange& exchange, Exchanges& exchanges, const Step& step) {
    const Ticket ticket = exchange.ticket;
    try {
      step();
    } catch (const std::exception& error) {
      if (exchange.stage == DirectExchange::Stage::free || exchange.ticket != ticket) throw;  // done() itself threw
      drop_connection(exchange);
      fail(exchange, Failure::internal, error.what(), exchanges);
    }
  }

  // ---- Connections
  void begin(DirectExchange& exchange, Exchanges& exchanges) {
    if (std::string wrong = write(exchange); !wrong.empty()) {
      return fail(exchange, Failure::invalid_request, wrong, exchanges);
    }
    const Duration timeout = exchange.request->timeout;
    exchange.deadline = now() + std::clamp(timeout, Duration::zero(), Duration(std::chrono::hours(24)));
    look_at(exchange.deadline);
    while (DirectConnection* const idle = pool_.take(*exchange.origin, now())) {
      // What came since the last poll is an end, or an answer to nobody; a moment ago there was nothing.
      const bool usable = permitted(*idle) && (now() - idle->idle_since < unheard || idle->quiet());
      if (!usable) {
        pool_.close(*idle);
        continue;
      }
      give(exchange, *idle);
      exchange.reused = true;
      return send(exchange, exchanges);
    }
    connect(exchange, exchanges);
  }

  void connect(DirectExchange& exchange, Exchanges& exchanges) {
    std::unique_ptr<CurlHandle> handle = pool_.handle();
    if (!handle) {
      handle = std::make_unique<CurlHandle>(*config_, share_);
      handle->set(CURLOPT_CONNECT_ONLY, 1L);
      handle->set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
      handle->set(CURLOPT_MAXAGE_CONN, 1L << 30);  // the pool's decision, not libcurl's
    }
    handle->forget();
    handle->set(CURLOPT_URL, exchange.origin->key.c_str());
    handle->set_connect_timeout(exchange.deadline - now());
    auto connection = std::make_unique<DirectConnection>(connector_, poller_, std::move(handle));
    connection->handle()->set(CURLOPT_PRIVATE, static_cast<void*>(connection.get()));
    pool_.enter(*connection, *exchange.origin, now());
    give(exchange, *connection.release());
    exchange.reused = false;
    exchange.stage = DirectExchange::Stage::connecting;
    if (!exchange.connection->connect()) {
      drop_connection(exchange);
      fail(exchange, Failure::internal, "libcurl could not take the request: out of memory", exchanges);
    }
  }

  static void give(DirectExchange& exchange, DirectConnection& connection) noexcept {
    exchange.connection = &connection;
    connection.exchange = &exchange;
  }

  bool permitted(const DirectConnection& connection) const noexcept {
    return connection.address() && config_->rules.allows(*connection.address()) &&
           port_allowed(config_->options, connection.port());
  }

  void take_connections(Exchanges& exchanges) {
    connector_.each_done([&](CURL* easy, CURLcode code) {
      char* owner = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
      DirectConnection& connection = *static_cast<DirectConnection*>(static_cast<void*>(owner));
      DirectExchange& exchange = *connection.exchange;
      contained(exchange, exchanges, [&] { connected(exchange, connection, code, exchanges); });
    });
  }

  void connected(DirectExchange& exchange, DirectConnection& connection, CURLcode code, Exchanges& exchanges) {
    if (code != CURLE_OK) {
      Response response;
      connection.handle()->explain(code, false, response);
      drop_connection(exchange);
      return report(exchange, std::move(response), exchanges);
    }
    std::unique_ptr<CurlHandle> spare;
    const bool usable = connection.connected(exchange.origin->plain.tls, spare);
    if (spare) pool_.spare(std::move(spare));
    if (!usable) {
      drop_connection(exchange);
      return fail(exchange, Failure::internal, "no socket could be kept: out of descriptors or of memory", exchanges);
    }
    if (!permitted(connection)) {  // it was when it was dialled
      drop_connection(exchange);
      return fail(exchange, Failure::address_refused, "the connection leads to an address that is not allowed",
                  exchanges);
    }
    write(exchange);
    send(exchange, exchanges);
  }

  void drop_connection(DirectExchange& exchange) noexcept {
    if (exchange.connection == nullptr) return;
    exchange.connection->exchange = nullptr;
    pool_.close(*std::exchange(exchange.connection, nullptr));
  }

  // ---- Requests and answers
  // Head, and body if it is small, into wire_; returns what is wrong with them.
  std::string write(const DirectExchange& exchange) {
    const Request& request = *exchange.request;
    wire_.clear();
    std::string wrong =
        write_http1_head(wire_, request, exchange.origin->plain.host, exchange.target, config_->user_agent);
    if (wrong.empty() && request.body.size() <= DirectExchange::copied_body) wire_.append(request.body.view());
    return wrong;
  }

  // With wire_ written, and a connection.
  void send(DirectExchange& exchange, Exchanges& exchanges) {
    if (!asked(exchange, exchanges)) return;
    exchange.stage = DirectExchange::Stage::moving;
    exchange.open(wire_.view(), exchange.request->body.size() <= DirectExchange::copied_body);
    if (exchange.deaf) return receive(exchange, exchanges);
    if (!exchange.all_written() && !exchange.connection->write_when_possible(true)) throw std::bad_alloc();
  }

  // The send gate: right before the first byte. False: the exchange is over.
  bool asked(DirectExchange& exchange, Exchanges& exchanges) {
    asking_ = &exchange;
    bool open = false;
    try {
      open = exchanges.may_send(exchange.ticket);
    } catch (...) {  // a gate that throws is a closed one
    }
    asking_ = nullptr;
    if (exchange.cancelled) {
      drop_connection(exchange);
      release(exchange);
      return false;
    }
    if (open) return true;
    const bool left = exchange.sent;
    // A fresh one stays libcurl's until something was sent over it.
    exchange.reused ? keep_connection(exchange) : drop_connection(exchange);
    fail(exchange, left ? Failure::broken : Failure::not_sent,
         left ? "the connection ended, and the send gate was closed before the repetition" : "the send gate was closed",
         exchanges);
    return false;
  }

  void move(DirectExchange& exchange, std::uint32_t events, Exchanges& exchanges) {
    if (exchange.stage != DirectExchange::Stage::moving) return;
    if ((events & EPOLLOUT) != 0 && !exchange.all_written() && !exchange.deaf) {
      exchange.go_on();
      const bool more = !exchange.all_written() && !exchange.deaf;
      if (!exchange.connection->write_when_possible(more)) throw std::bad_alloc();
    }
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 || exchange.deaf) receive(exchange, exchanges);
  }

  void receive(DirectExchange& exchange, Exchanges& exchanges) {
    if (exchange.read(buffer_)) {
      look_at(exchange.slow_at);
      if (!exchange.deaf) return;
      exchange.reader.end();  // it takes no more of the request, and has said nothing about it
    }
    Http1Reader& reader = exchange.reader;
    if (reader.complete()) {
      // Accepted is accepted, whatever happens to the body: sending it again would double it.
      reader.reusable() && exchange.all_written() && !exchange.surplus ? keep_connection(exchange)
                                                                       : drop_connection(exchange);
      return report(exchange, reader.response(), exchanges);
    }
    drop_connection(exchange);
    // An idle connection may end at any time. If nothing was answered, the request most likely never arrived; should it
    // have, the receiver knows it by its id.
    if (!reader.started() && exchange.reused && !exchange.repeated) {
      exchange.repeated = true;
      return connect(exchange, exchanges);
    }
    if (reader.too_large()) {
      return fail(exchange, Failure::too_large, "the answer's header block is over its limit", exchanges);
    }
    fail(exchange, Failure::broken,
         reader.refused() ? "the answer is not HTTP/1.1, or its header block can be read in two ways"
                          : "the connection ended before the answer's header block did",
         exchanges);
  }

  void keep_connection(DirectExchange& exchange) noexcept {
    DirectConnection& connection = *std::exchange(exchange.connection, nullptr);
    connection.exchange = nullptr;
    connection.answered(streams_) ? pool_.put(connection, now()) : pool_.close(connection);
  }

  // ---- Time
  // Read once for all that is done between two waits.
  Clock::time_point now() noexcept {
    if (!now_) now_ = Clock::now();
    return *now_;
  }
  void look_at(Clock::time_point time) noexcept { look_at_ = (std::min)(look_at_, time); }

  void end_overdue(Clock::time_point now, Exchanges& exchanges) {
    look_at_ = (Clock::time_point::max)();
    // From the end: an exchange that ends is replaced by the last one. One that is started meanwhile is not overdue.
    for (std::size_t i = active_.size(); i-- > 0;) {
      if (i >= active_.size()) continue;
      DirectExchange& exchange = *active_[i];
      if (now >= exchange.deadline || (now >= exchange.slow_at && !exchange.fast_enough(now))) {
        end_late(exchange, exchanges);
      }
    }
    for (const DirectExchange* const exchange : active_) look_at(exchange->due());
    pool_.close_outdated(now);
  }

  void end_late(DirectExchange& exchange, Exchanges& exchanges) {
    const bool moving = exchange.stage == DirectExchange::Stage::moving;
    const bool accepted = moving && exchange.reader.complete();
    drop_connection(exchange);
    if (accepted) return report(exchange, exchange.reader.response(), exchanges);
    fail(exchange, Failure::timeout,
         moving ? "no complete header block came in time" : "there was no connection in time", exchanges);
  }

  // ---- Ends
  void fail(DirectExchange& exchange, Failure failure, std::string_view reason, Exchanges& exchanges) {
    Response response;
    response.failure = failure;
    response.reason = reason;
    report(exchange, std::move(response), exchanges);
  }

  void report(DirectExchange& exchange, Response&& response, Exchanges& exchanges) {
    const Ticket ticket = exchange.ticket;
    release(exchange);
    ++reported_;
    exchanges.done(ticket, std::move(response));
  }

  void release(DirectExchange& exchange) noexcept {
    active_.back()->place = exchange.place;
    active_[exchange.place] = active_.back();
    active_.pop_back();
    exchange.stage = DirectExchange::Stage::free;
    pool_.leave(*std::exchange(exchange.origin, nullptr));
    free_.push_back(&exchange);  // start() has reserved the place
  }

  std::shared_ptr<const CurlConfig> config_;
  const CurlShare& share_;
  Poller& poller_;
  TlsStreams streams_{};  // outlives libcurl's connections
  CurlConnector connector_;
  DirectPool pool_;  // its connections go before the connector does
  std::vector<std::unique_ptr<DirectExchange>> all_{};
  std::vector<DirectExchange*> active_{}, free_{}, waiting_{}, beginning_{};
  DirectExchange* asking_ = nullptr;
  Clock::time_point look_at_ = (Clock::time_point::max)();  // no exchange is overdue before
  std::optional<Clock::time_point> now_{};
  std::size_t reported_ = 0, told_ = 0;
  WireBuffer wire_{};
  std::array<char, 16 * 1024> buffer_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
