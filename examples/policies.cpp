// SPDX-License-Identifier: MIT
// Policies of a host's own, given to the constructor in any order: a transport that writes to a stream, a serializer for
// lines of text, and a scheme that signs with a word known to both ends (which is no signature at all: use a real one).
// It checks itself, so that it is a test as well.
#include <webhook/webhook.hpp>

#include <iostream>
#include <type_traits>

class StreamTransport {
 public:
  using role = webhook::role::transport;
  explicit StreamTransport(std::ostream& out) : out_(&out) {}

  struct Session {
    std::ostream* out;
    std::vector<std::pair<webhook::Ticket, const webhook::Request*>> started{};

    std::size_t room() const { return 16 - started.size(); }
    void start(webhook::Ticket ticket, const webhook::Request& request) { started.emplace_back(ticket, &request); }
    void poll(webhook::Duration, webhook::Exchanges& exchanges) {
      for (const auto& [ticket, request] : std::exchange(started, {})) {
        webhook::Response answer;
        if (exchanges.may_send(ticket)) {
          *out << request->headers.find("x-word").value_or("(unsigned)") << ": " << request->body.view() << '\n';
          answer.status = 200;
        } else {
          answer.failure = webhook::Failure::not_sent;
        }
        exchanges.done(ticket, std::move(answer));
      }
    }
    void cancel(webhook::Ticket ticket) noexcept {
      std::erase_if(started, [&](const auto& exchange) { return exchange.first == ticket; });
    }
    void wake() noexcept {}  // poll() never waits
  };
  Session open() { return {out_}; }

 private:
  std::ostream* out_;
};

struct LineSerializer {
  using role = webhook::role::serializer;
  bool renders(std::string_view format) const { return format.empty() || format == "line"; }
  webhook::Rendering render(const webhook::Event& event, std::string_view) const {
    return {{{"content-type", "text/plain"}}, webhook::Bytes::join({event.type, " ", event.payload.view()})};
  }
  webhook::Bytes encode(const std::string& text) const { return webhook::Bytes(text); }
};

struct WordScheme {
  using role = webhook::role::signer;
  using Key = std::string;
  bool signs(std::string_view scheme) const { return scheme.empty() || scheme == "word"; }
  Key prepare(const webhook::Secret& secret, std::string_view) const {
    if (secret.empty()) throw webhook::Error(webhook::errc::invalid_secret, "the word is empty");
    return Key(secret.reveal());
  }
  bool sign(const webhook::Signing&, std::span<Key> keys, webhook::Headers& headers) const {
    headers.add("x-word", keys.front());
    return true;
  }
};

int main() {
  std::ostringstream sent;
  webhook::Options options;
  options.retry = webhook::RetrySchedule::exponential(std::chrono::seconds{1}, 5, std::chrono::minutes{1});

  webhook::Dispatcher hooks{WordScheme{}, webhook::MemoryStore{{.max_deliveries = 100}}, options, StreamTransport{sent},
                            LineSerializer{}};
  static_assert(std::is_same_v<decltype(hooks), webhook::Dispatcher<StreamTransport, LineSerializer, WordScheme>>);
  webhook::Dispatcher<webhook::CurlTransport, webhook::JsonSerializer, webhook::StandardWebhooks> same_as_default;
  static_assert(std::is_same_v<decltype(same_as_default), webhook::Dispatcher<>>);

  hooks.add({.url = "stream:out", .format = "line", .secrets = {webhook::Secret{"sesame"}}});
  hooks.emit("door.opened", std::string("by Ali"));
  while (hooks.run_once() > 0) {
  }
  hooks.run_once();
  std::cout << sent.str();
  return sent.str() == "sesame: door.opened by Ali\n" ? 0 : 1;
}
