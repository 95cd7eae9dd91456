// SPDX-License-Identifier: MIT
// Receiver: the other end of the wire. It bounds, verifies, reads and routes what a sender posts, and words the answer.
// It does not listen on a socket (adapter/*.hpp mount it in a host's server), and it does not remember which messages it
// has seen: senders repeat themselves, so a handler whose effect must happen once keys it by Event::id.
#ifndef WEBHOOK_RECEIVER_HPP
#define WEBHOOK_RECEIVER_HPP

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "concepts.hpp"
#include "detail/key_pool.hpp"
#include "detail/receiver_arguments.hpp"
#include "detail/receiver_checks.hpp"
#include "detail/receiver_parts.hpp"
#include "detail/roles.hpp"
#include "event_type.hpp"
#include "pattern.hpp"
#include "receiver_options.hpp"

namespace webhook {
inline namespace v0 {

/// Receives webhooks: give it a scheme, the secrets it may use, and a handler for each type of event.
/// A serializer, a clock and ReceiverOptions may follow, in any order; several Secrets may be valid at once (rotation).
/// Which handler runs: the first one registered for exactly this type, else the first pattern that matches, in the order
/// of registration, else otherwise(). One handler runs for each request.
/// Thread safety: first register handlers, then call handle() and verify() from any number of threads; handlers run on them.
template <class Scheme, class Serializer, class Clock>
class Receiver : private detail::receiving::ReceiverChecks<Scheme, Serializer, Clock> {
 public:
  using Value = typename Serializer::Value;  ///< what a body is read into, and what untyped handlers take

  /// Takes a scheme, a serializer, a clock, ReceiverOptions, and Secrets or a vector of them, in any order.
  /// Throws Error: errc::invalid_secret for a secret that the scheme refuses, or if there is none; errc::invalid for bad options.
  template <class... Args>
  explicit Receiver(Args... args)
      : parts_(std::tuple<Args...>(std::move(args)...)), pool_(parts_.scheme, std::move(parts_.secrets)) {
    static_assert((detail::receiving::is_secret<Args> || ...),
                  "webhook: a Receiver needs a key: hand it at least one webhook::Secret, or a std::vector of them");
    static_assert(
        ((detail::receiving::is_secret<Args> || std::is_same_v<Args, Scheme> || std::is_same_v<Args, Serializer> ||
          std::is_same_v<Args, Clock> || std::is_same_v<Args, ReceiverOptions>)&&...),
        "webhook: a Receiver takes one scheme, one serializer, one clock, ReceiverOptions, and webhook::Secrets; one "
        "of "
        "these arguments is something else, or a second one of its kind");
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// Registers a handler for events of type `T`; the data is decoded before it is called. It takes (const T&), or also
  /// (const Event&), or also (const Request&). What it throws is answered with 500, so that the sender tries again.
  template <class T, class Function>
  Receiver& on(Function handler) {
    static_assert(!event_type<T>.empty(),
                  "webhook: this type has no event type; give it one: template <> inline constexpr std::string_view "
                  "webhook::event_type<T> = \"order.created\";");
    static_assert(
        is_event_type(event_type<T>) || event_type<T>.empty(),
        "webhook: this type's webhook::event_type is malformed: [A-Za-z0-9_] joined by dots, at most 128 bytes");
    static_assert(Decodes<Serializer, T>,
                  "webhook: Receiver's serializer cannot decode this type; for JSON, say "
                  "NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(T, fields...)");
    static_assert(detail::receiving::callable<Function, T>,
                  "webhook: a handler for T takes (const T&), (const T&, const webhook::Event&), or these and (const "
                  "webhook::Request&)");
    const Serializer& serializer = parts_.serializer;  // lives as long as the handlers: a Receiver does not move
    return add(event_type<T>, [&serializer, kept = keep(std::move(handler))](const Value& data, const Event& event,
                                                                             const Request& request) {
      std::optional<T> decoded;
      try {
        decoded.emplace(serializer.template decode<T>(data));
      } catch (const Error& error) {
        throw detail::receiving::Undecodable(error);
      }
      detail::receiving::call(*kept, *decoded, event, request);
    });
  }

  /// Registers a handler for a type ("order.created") or a pattern ("order.*" and deeper, "*"); it takes the data as the
  /// serializer reads it (Value), then Event and Request as above. Throws Error (errc::invalid_pattern).
  template <class Function>
  Receiver& on(std::string_view pattern, Function handler) {
    static_assert(detail::receiving::callable<Function, Value>,
                  "webhook: a handler takes (const Serializer::Value&), also (const webhook::Event&), and also (const "
                  "webhook::Request&)");
    check_pattern(pattern);
    return add(pattern, untyped(std::move(handler)));
  }

  /// Registers what runs for events that no handler takes. Without it they are acknowledged: a sender that is refused
  /// would try again for days, and disable the endpoint at last.
  template <class Function>
  Receiver& otherwise(Function handler) {
    static_assert(detail::receiving::callable<Function, Value>,
                  "webhook: a handler takes (const Serializer::Value&), also (const webhook::Event&), and also (const "
                  "webhook::Request&)");
    otherwise_ = {"*", untyped(std::move(handler))};
    return *this;
  }

  /// Judges a request by its headers and body alone; runs no handler. The verdict's id points into the request, and its
  /// key counts the secrets in the order they were given. Throws Error if the system's cryptography fails.
  Verification verify(const Request& request) {
    Verification verdict{Verification::too_large};
    if (request.body.size() > body_limit()) return verdict;
    const Now now = parts_.clock.now();
    auto keys = pool_.lend();
    verdict = parts_.scheme.verify(request, keys.valid_at(now.wall), now, parts_.options.tolerance);
    if (verdict) verdict.key = pool_.given_as(verdict.key);
    return verdict;
  }

  /// Verifies, answers the scheme's handshakes, routes, and words the answer: 204 when a handler returned or none was
  /// there, 500 when one threw, 401 or 400 when the request cannot be trusted, 400 when its body cannot be read or does
  /// not fit the handler's type, 405 for anything but POST, 413 over the limit. The body names the reason and nothing else.
  Response handle(const Request& request) {
    try {
      return respond(request);
    } catch (const std::exception& failure) {
      tell("a webhook could not be handled: ", failure.what());
    } catch (...) {
      tell("a webhook could not be handled: ", "an exception that is no std::exception");
    }
    return answer(500, "the receiver failed; try again");
  }

  /// Bytes of a body that handle() takes; whoever buffers requests may stop there.
  std::size_t body_limit() const noexcept { return parts_.options.body_limit; }

 private:
  using Call = std::function<void(const Value&, const Event&, const Request&)>;
  struct Route {
    std::string pattern{};
    Call call{};
  };

  template <class Function>
  static Call untyped(Function handler) {
    return [kept = keep(std::move(handler))](const Value& data, const Event& event, const Request& request) {
      detail::receiving::call(*kept, data, event, request);
    };
  }
  // std::function copies what it holds; a handler may own what cannot be copied.
  template <class Function>
  static std::shared_ptr<Function> keep(Function handler) {
    return std::make_shared<Function>(std::move(handler));
  }

  Receiver& add(std::string_view pattern, Call call) {
    routes_.push_back({std::string(pattern), std::move(call)});
    return *this;
  }

  const Route* find(std::string_view type) const noexcept {
    for (const Route& route : routes_) {
      if (route.pattern == type) return &route;
    }
    for (const Route& route : routes_) {
      if (matches_pattern(route.pattern, type)) return &route;
    }
    return otherwise_.call ? &otherwise_ : nullptr;
  }

  Response respond(const Request& request) {
    if (request.body.size() > body_limit()) return refuse(Verification::too_large);
    const Now now = parts_.clock.now();
    Verification verdict;
    {
      auto loan = pool_.lend();
      const std::span<typename Scheme::Key> keys = loan.valid_at(now.wall);
      verdict = parts_.scheme.verify(request, keys, now, parts_.options.tolerance);
      // Asked first: a handshake may be a GET, and some are not signed. The scheme sees the verdict and judges.
      if constexpr (requires(const Scheme& scheme) {
                      { scheme.handshake(request, verdict, keys) } -> std::convertible_to<std::optional<Response>>;
                    }) {
        if (std::optional<Response> shaken = parts_.scheme.handshake(request, verdict, keys)) return *std::move(shaken);
      }
    }
    if (request.method != "POST") {
      Response refusal = answer(405, "webhooks are posted");
      refusal.headers.add("allow", "POST");
      return refusal;
    }
    if (!verdict) return refuse(verdict.reason);
    if (verdict.id.size() > EventId::max_size) return answer(400, "the message id has more than 64 bytes");

    Event event;
    event.id = EventId(verdict.id);
    event.time = now.wall;
    event.payload = request.body;
    return route(request, event);
  }

  Response route(const Request& request, Event& event) {
    std::optional<Value> data;
    try {
      data.emplace(parts_.serializer.read(request, event));
    } catch (const Error& error) {
      tell("a verified webhook has an unreadable body: ", error.what());
      return answer(400, "the body cannot be read");
    }
    const Route* route = find(event.type);
    if (route == nullptr) return answer(204);
    try {
      route->call(*data, event, request);
      return answer(204);
    } catch (const detail::receiving::Undecodable& error) {
      tell("a verified webhook for the handler of \"" + route->pattern + "\" does not fit its type: ", error.what());
      return answer(400, "the data does not have the form that this event type has here");
    } catch (const std::exception& failure) {
      tell("the handler of \"" + route->pattern + "\" threw: ", failure.what());
    } catch (...) {
      tell("the handler of \"" + route->pattern + "\" threw: ", "an exception that is no std::exception");
    }
    return answer(500, "the event could not be handled; try again");
  }

  static Response answer(int status, std::string_view text = {}) {
    Response response;
    response.status = status;
    if (text.empty()) return response;
    response.headers.add("content-type", "text/plain; charset=utf-8");
    response.body = text;
    return response;
  }

  static Response refuse(Verification::Reason reason) {
    switch (reason) {
      case Verification::too_large:
        return answer(413, to_string(reason));
      case Verification::missing_header:
      case Verification::malformed:
        return answer(400, to_string(reason));
      default:
        return answer(401, to_string(reason));
    }
  }

  // What is told may quote the host's own exceptions: it is for the host's log and never goes to the sender.
  void tell(std::string what, std::string_view why) const noexcept {
    try {
      if (parts_.options.on_error) parts_.options.on_error(what.append(why));
    } catch (...) {  // a log that fails must not turn into an answer
    }
  }

  detail::receiving::Parts<Scheme, Serializer, Clock> parts_;
  detail::KeyPool<Scheme> pool_;
  std::vector<Route> routes_{};
  Route otherwise_{};
};

template <class... Args>
Receiver(Args...) -> Receiver<detail::chosen_t<role::signer, StandardWebhooks, Args...>,
                              detail::chosen_t<role::serializer, JsonSerializer, Args...>,
                              detail::chosen_t<role::clock, SystemClock, Args...>>;

}  // namespace v0
}  // namespace webhook

#endif
