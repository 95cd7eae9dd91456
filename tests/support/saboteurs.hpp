// SPDX-License-Identifier: MIT
// A scheme and a transport with one chosen fault each, to prove that the simulator notices it. (Stores: wrong_store.hpp.)
#ifndef WEBHOOK_TESTS_SUPPORT_SABOTEURS_HPP
#define WEBHOOK_TESTS_SUPPORT_SABOTEURS_HPP

#include <webhook/scheme/standard.hpp>
#include <webhook/testing/simulated_network.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

enum class SchemeFault { none, first_key_for_ever, first_time_for_ever, fresh_id_per_attempt };

/// Standard Webhooks, but for one fault.
class WrongScheme {
  using Real = webhook::StandardWebhooks;

 public:
  using role = webhook::role::signer;
  struct Key {
    webhook::Secret secret{};
    Real::Key real;
  };

  explicit WrongScheme(SchemeFault fault = SchemeFault::none) : fault_(fault) {}

  bool signs(std::string_view scheme) const { return real_.signs(scheme); }
  webhook::Secret generate(std::string_view scheme) const { return real_.generate(scheme); }
  Key prepare(const webhook::Secret& secret, std::string_view scheme) const {
    return {secret, real_.prepare(secret, scheme)};
  }

  bool sign(const webhook::Signing& signing, std::span<Key> keys, webhook::Headers& headers) const {
    webhook::Signing changed{signing.id, signing.time, signing.request};
    std::vector<Real::Key> used;
    for (const Key& key : keys) used.push_back(real_.prepare(key.secret, {}));
    std::string id(signing.id);
    if (fault_ == SchemeFault::fresh_id_per_attempt) {
      id += "_" + std::to_string(++memory_->tries[id]);
      changed.id = id;
    } else if (fault_ == SchemeFault::first_time_for_ever) {
      changed.time = memory_->times.emplace(id, signing.time).first->second;
    } else if (fault_ == SchemeFault::first_key_for_ever) {
      const auto first = memory_->keys.emplace(signing.request.url, keys.front().secret).first;
      used.clear();
      used.push_back(real_.prepare(first->second, {}));
    }
    return real_.sign(changed, used, headers);
  }

  webhook::Verification verify(const webhook::Request& request, std::span<Key> keys, const webhook::Now& now,
                               webhook::Duration tolerance) const {
    std::vector<Real::Key> real;
    for (const Key& key : keys) real.push_back(real_.prepare(key.secret, {}));
    return real_.verify(request, real, now, tolerance);
  }

 private:
  struct Memory {
    std::map<std::string, int> tries{};
    std::map<std::string, webhook::WallTime> times{};
    std::map<std::string, webhook::Secret> keys{};
  };
  SchemeFault fault_;
  Real real_{};
  std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
};

enum class TransportFault {
  none,
  gate_not_asked,
  answered_before_it_was_sent,
  redirect_taken_for_success,
  never_woken
};

/// The simulated transport, but for one fault.
class WrongTransport {
 public:
  using role = webhook::role::transport;

  class Session final : private webhook::Exchanges {
   public:
    Session(webhook::SimulatedTransport::Session real, TransportFault fault) : real_(std::move(real)), fault_(fault) {}
    std::size_t room() const noexcept { return real_.room(); }
    void start(webhook::Ticket ticket, const webhook::Request& request) {
      if (fault_ == TransportFault::answered_before_it_was_sent) early_.push_back(ticket);
      real_.start(ticket, request);
    }
    void poll(webhook::Duration wait, webhook::Exchanges& engine) {
      for (const webhook::Ticket ticket : std::exchange(early_, {})) {
        real_.cancel(ticket);
        webhook::Response response;
        response.status = 204;
        engine.done(ticket, std::move(response));
      }
      engine_ = &engine;
      real_.poll(wait, *this);
    }
    void cancel(webhook::Ticket ticket) noexcept { real_.cancel(ticket); }
    void wake() noexcept {
      if (fault_ != TransportFault::never_woken) real_.wake();
    }

   private:
    bool may_send(webhook::Ticket ticket) override {
      return fault_ == TransportFault::gate_not_asked || engine_->may_send(ticket);
    }
    void done(webhook::Ticket ticket, webhook::Response response) override {
      const bool redirect = response.status >= 300 && response.status < 400;
      if (redirect && fault_ == TransportFault::redirect_taken_for_success) response.status = 200;
      engine_->done(ticket, std::move(response));
    }

    webhook::SimulatedTransport::Session real_;
    TransportFault fault_;
    webhook::Exchanges* engine_ = nullptr;
    std::vector<webhook::Ticket> early_{};
  };

  WrongTransport(webhook::SimulatedTransport real, TransportFault fault) : real_(std::move(real)), fault_(fault) {}
  Session open() { return {real_.open(), fault_}; }

 private:
  webhook::SimulatedTransport real_;
  TransportFault fault_;
};

}  // namespace support

#endif
