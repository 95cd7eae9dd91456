// SPDX-License-Identifier: MIT
// Receiver: the other end of the wire. It bounds, verifies, reads, recognises and routes what a sender posts, and words
// the answer. It does not listen on a socket (adapter/*.hpp mount it in a host's server), and where it remembers what
// it has seen is an inbox's business (inbox/*.hpp).
#ifndef WEBHOOK_RECEIVER_HPP
#define WEBHOOK_RECEIVER_HPP

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

#include "concepts.hpp"
#include "detail/diagnosis.hpp"
#include "detail/key_pool.hpp"
#include "detail/receiver_answers.hpp"
#include "detail/receiver_arguments.hpp"
#include "detail/receiver_body.hpp"
#include "detail/receiver_checks.hpp"
#include "detail/receiver_marks.hpp"
#include "detail/receiver_parts.hpp"
#include "detail/receiver_replies.hpp"
#include "detail/receiver_routes.hpp"
#include "detail/roles.hpp"
#include "event_type.hpp"
#include "explain.hpp"
#include "later.hpp"
#include "pattern.hpp"
#include "receiver_options.hpp"

namespace webhook {
inline namespace v0 {

/// Receives webhooks: give it a scheme, the secrets it may use, and a handler for each type of event.
/// A serializer, a clock, an inbox and ReceiverOptions may follow, in any order; several Secrets may be valid at once
/// (rotation), and with a scheme that is made of several, each may be tied to one of them (Keyed).
/// Which handler runs: the first one registered for exactly this type, else the first pattern that matches, in the
/// order of registration, else otherwise(). One handler runs for each message, and not again for its repetitions: what
/// was handled is known by its id for ReceiverOptions::remember, in the inbox (MemoryInbox, if none is given).
/// Thread safety: first register handlers, then call handle() and verify() from any number of threads; handlers run on
/// them.
template <class Scheme, class Serializer, class Clock, class Inbox>
class Receiver : private detail::receiving::ReceiverChecks<Scheme, Serializer, Clock, Inbox> {
 public:
  using Value = typename Serializer::Value;  ///< what a body is read into, and what untyped handlers take

  /// Takes a scheme, a serializer, a clock, an inbox, ReceiverOptions, and Secrets, Keyed ones, or vectors of them.
  /// Throws Error: errc::invalid_secret for a secret that the scheme refuses, or if there is none; errc::unsupported
  /// for one of a scheme that is not here; errc::invalid for bad options.
  template <class... Args>
  explicit Receiver(Args... args)
      : parts_(std::tuple<Args...>(std::move(args)...)),
        pool_(parts_.scheme, std::move(parts_.secrets)),
        diagnoses_(parts_.options.diagnoses_per_second),
        marks_(std::make_shared<Marks>(std::move(parts_.inbox))),
        replies_(parts_.options.replies) {
    static_assert((detail::receiving::is_secret<Args> || ...),
                  "webhook: a Receiver needs a key: hand it at least one webhook::Secret, or a std::vector of them");
    static_assert(
        ((detail::receiving::is_secret<Args> || std::is_same_v<Args, Scheme> || std::is_same_v<Args, Serializer> ||
          std::is_same_v<Args, Clock> || std::is_same_v<Args, Inbox> || std::is_same_v<Args, ReceiverOptions>)&&...),
        "webhook: a Receiver takes one scheme, one serializer, one clock, one inbox, ReceiverOptions, and "
        "webhook::Secrets; one of these arguments is something else, or a second one of its kind");
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// Registers a handler for events of type `T`; the data is decoded before it is called. It takes (const T&), or also
  /// (const Event&), or also (const Request&). What it throws is answered with 500, so that the sender tries again.
  /// It returns nothing, or the Response that its sender gets (status 0 stands for 200, or 204 without a body): with a
  /// 2xx the message is handled, and its repetitions get the same answer (ReceiverOptions::replies); with anything else
  /// it is not, and may come again. Wrapped in later() it runs after the answer and cannot word one; throws Error
  /// (errc::misuse) if ReceiverOptions::executor is empty then. Where the inbox marks in the host's transaction
  /// (SqliteInbox), its last parameter may be the handle that handle() was given: what it writes there commits with the
  /// mark.
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
    static_assert(detail::receiving::callable<Function, Handle, T>,
                  "webhook: a handler for T takes (const T&), (const T&, const webhook::Event&), or these and (const "
                  "webhook::Request&); after them, where the inbox marks in the host's transaction, its Handle");
    routes_.add(
        checked(detail::receiving::typed_route<T, Handle>(event_type<T>, parts_.serializer, std::move(handler))));
    return *this;
  }

  /// Registers a handler for a type ("order.created") or a pattern ("order.*" and deeper, "*"); it takes the data as
  /// the serializer reads it (Value), then Event and Request as above. Throws Error (errc::invalid_pattern).
  template <class Function>
  Receiver& on(std::string_view pattern, Function handler) {
    check_pattern(pattern);
    routes_.add(untyped(pattern, std::move(handler)));
    return *this;
  }

  /// Registers what runs for events that no handler takes. Without it they are acknowledged: a sender that is refused
  /// would try again for days, and disable the endpoint at last.
  template <class Function>
  Receiver& otherwise(Function handler) {
    routes_.otherwise(untyped("*", std::move(handler)));
    return *this;
  }

  /// Judges a request by its headers and body alone; runs no handler and remembers nothing. The verdict's id points
  /// into the request, and its key counts the secrets in the order they were given; explain() words it. Throws Error
  /// (errc::transient) if the system's cryptography fails, or its clock says that it is before 1970.
  Verification verify(const Request& request) {
    if (request.body.size() > body_limit()) return {Verification::too_large};
    const Now now = read_clock();
    auto keys = pool_.lend();
    Verification verdict = judge(request, now, keys);
    verdict.key = pool_.given_as(verdict.key);
    return verdict;
  }

  /// Verifies, answers the scheme's handshakes, drops repetitions, routes, and words the answer: the handler's own, or 204
  /// when it returned none or none was there, 202 when it runs later, 200 for a message that was handled before, 409 for one that is
  /// being handled, 500 when a handler threw, 503 when the executor has no room, 401 or 400 when the request cannot be
  /// trusted, 415 for a body in a format that is not taken here, 400 when it cannot be read or does not fit the
  /// handler's type, 405 for anything but POST, 413 over the limit. The body names the reason and nothing else.
  /// `where`: the host's open transaction, for an inbox that marks in it; then no handler runs later, and the host
  /// commits after a 2xx and rolls back after anything else.
  template <class... Where>
  Response handle(const Request& request, Where... where) {
    static_assert(
        InboxPolicy<Inbox, Where...>,
        "webhook: Receiver's inbox does not satisfy webhook::InboxPolicy: it lacks `bool first(where..., key, "
        "now, keep)` or `forget(where..., key)` for what handle() is given beside the request");
    static_assert(std::is_same_v<Handle, detail::receiving::NoHandle> ||
                      (sizeof...(Where) == 1 && (std::is_convertible_v<Where, Handle> && ...)),
                  "webhook: Receiver's inbox marks in the host's transaction: hand handle() the inbox's Handle beside "
                  "the request");
    try {
      return respond(request, where...);
    } catch (const std::exception& failure) {
      tell("a webhook could not be handled: ", failure.what());
    } catch (...) {
      tell("a webhook could not be handled: ", unknown);
    }
    return detail::receiving::answer(500, "the receiver failed; try again");
  }

  /// Bytes of a body that handle() takes; whoever buffers requests may stop there.
  std::size_t body_limit() const noexcept { return parts_.options.body_limit; }

 private:
  using Body = detail::receiving::Body<Serializer>;
  using Marks = detail::receiving::Marks<Inbox>;
  using Handle = detail::receiving::handle_of<Inbox>;
  using Route = detail::receiving::Route<Value, Handle>;
  using Loan = typename detail::KeyPool<Scheme>::Loan;
  static constexpr std::string_view unknown = "an exception that is no std::exception";

  template <class Function>
  Route untyped(std::string_view pattern, Function handler) const {
    static_assert(detail::receiving::callable<Function, Handle, Value>,
                  "webhook: a handler takes (const Serializer::Value&), also (const webhook::Event&), and also (const "
                  "webhook::Request&); after them, where the inbox marks in the host's transaction, its Handle");
    return checked(detail::receiving::untyped_route<Value, Handle>(pattern, std::move(handler)));
  }

  Route checked(Route route) const {
    if (route.later && !parts_.options.executor)
      throw Error(errc::misuse, "a handler that runs later needs ReceiverOptions::executor, which says where");
    return route;
  }

  Now read_clock() const {
    const Now now = parts_.clock.now();
    if (now.wall < WallTime{})  // our fault and not the sender's: whoever is refused for it might disable this endpoint
      throw Error(errc::transient, "this machine's clock says that it is before 1970; nothing can be verified by it");
    return now;
  }

  // The key of the verdict counts those of the loan.
  Verification judge(const Request& request, const Now& now, const Loan& loan) {
    const Duration tolerance = parts_.options.tolerance;
    const Verification verdict = parts_.scheme.verify(request, loan.valid_at(now.wall), now, tolerance);
    if (verdict || !diagnoses_.take(now)) return verdict;
    return detail::Diagnosis<Scheme>(parts_.scheme, now, tolerance)(request, verdict, loan.valid_at(now.wall),
                                                                    loan.expired_at(now.wall));
  }

  template <class... Where>
  Response respond(const Request& request, Where... where) {
    using namespace detail::receiving;
    if (request.body.size() > body_limit()) return refused(request, {Verification::too_large});
    const Now now = read_clock();
    Event event;
    event.time = now.wall;
    event.payload = request.body;
    Body body(parts_.serializer, request, event);
    Verification verdict;
    {
      const Loan loan = pool_.lend();
      verdict = judge(request, now, loan);
      if (verdict && verdict.id.size() <= EventId::max_size) event.id = EventId(verdict.id);
      // Asked first: a handshake may be a GET, and some are not signed. The scheme sees the verdict and judges.
      if constexpr (ShakesHands<Scheme>) {
        if (auto shaken = parts_.scheme.handshake(request, verdict, loan.valid_at(now.wall), body))
          return *std::move(shaken);
      }
    }
    if (request.method != "POST") return not_posted();
    if (!verdict) {
      verdict.key = pool_.given_as(verdict.key);
      return refused(request, verdict);
    }
    if (verdict.id.size() > EventId::max_size) return answer(400, "the message id has more than 64 bytes");
    try {
      static_cast<void>(body.read());
    } catch (const Error& error) {
      const bool format = error.code() == errc::unsupported;
      tell(format ? "a verified webhook is in a format that is not taken here: "
                  : "a verified webhook has an unreadable body: ",
           error.what());
      return format ? answer(415, "bodies of this content type are not taken here")
                    : answer(400, "the body cannot be read");
    }
    if constexpr (Describes<Scheme>) parts_.scheme.describe(request, body, event);

    const Route* route = routes_.find(event.type);
    if (route == nullptr) return answer(204);
    const std::string key = name_of(verdict.id.empty() ? event.id.view() : verdict.id, pool_.scheme_of(verdict.key));
    switch (marks_->arrive(key, now, parts_.options.remember, where...)) {
      case Arrival::handled:
        return repeated(*route, key);
      case Arrival::in_progress:
        return answer(409, "this message is being handled; try again");
      case Arrival::first:
        break;
    }
    if constexpr (sizeof...(Where) == 0) {
      if (route->later)
        return postpone(*route, std::make_shared<Mark<Inbox>>(marks_, key), body.take(), event, request);
    }
    Mark<Inbox, Where...> mark(marks_, key, where...);
    return run(*route, mark, key, body.read(), event, request, where...);
  }

  // Ids of different schemes are of different senders, who may not hide each other's messages.
  static std::string name_of(std::string_view id, std::string_view scheme) {
    if (id.empty() || scheme.empty()) return std::string(id);
    return std::string(scheme).append(1, ' ').append(id);
  }

  // Without a word in the body: some senders show it to a person (Twilio sends it as a text message).
  Response repeated(const Route& route, const std::string& key) const {
    const auto kept = route.words ? replies_.find(key) : nullptr;
    return kept ? *kept : detail::receiving::answer(200);
  }

  template <class AnyMark, class... Where>
  Response run(const Route& route, AnyMark& mark, const std::string& key, const Value& data, const Event& event,
               const Request& request, const Where&... where) {
    using namespace detail::receiving;
    try {
      const auto call = route.prepare(data);
      Response answered;
      if constexpr (std::is_same_v<Handle, NoHandle>) {
        answered = call(event, request, {});
      } else {
        answered = call(event, request, where...);
      }
      if (answered.status >= 300) return answered;  // its sender will try again, or give it up: it is not handled
      if (route.words && !key.empty() && !std::is_same_v<Inbox, NoInbox>) replies_.keep(key, answered);
      mark.handled();
      return answered;
    } catch (const Undecodable& error) {
      return unfit(route, error);
    } catch (const std::exception& failure) {
      tell("the handler of \"" + route.pattern + "\" threw: ", failure.what());
    } catch (...) {
      tell("the handler of \"" + route.pattern + "\" threw: ", unknown);
    }
    return answer(500, "the event could not be handled; try again");
  }

  // What the task needs it owns, so that it may outlive the request, and the receiver too.
  Response postpone(const Route& route, std::shared_ptr<detail::receiving::Mark<Inbox>> mark, Value data, Event event,
                    const Request& request) const {
    using namespace detail::receiving;
    struct Kept {
      Value data;
      Event event;
      Request request;
    };
    try {
      const auto kept = std::make_shared<const Kept>(Kept{std::move(data), std::move(event), request});
      const auto call = route.prepare(kept->data);
      auto task = [kept, call, mark, pattern = route.pattern, on_error = parts_.options.on_error] {
        try {
          call(kept->event, kept->request, {});
          mark->handled();
        } catch (const std::exception& failure) {
          tell(on_error, "the handler of \"" + pattern + "\" threw, after its sender was answered: ", failure.what());
        } catch (...) {
          tell(on_error, "the handler of \"" + pattern + "\" threw, after its sender was answered: ", unknown);
        }
      };
      mark.reset();  // the task's alone: one that is dropped before it ran has failed
      parts_.options.executor(std::move(task));
      return answer(202);
    } catch (const Undecodable& error) {
      return unfit(route, error);
    } catch (const std::exception& failure) {
      tell("the executor did not take a task: ", failure.what());
    } catch (...) {
      tell("the executor did not take a task: ", unknown);
    }
    return answer(503, "there is too much to do here; try again");
  }

  Response unfit(const Route& route, const Error& error) const {
    tell("a verified webhook for the handler of \"" + route.pattern + "\" does not fit its type: ", error.what());
    return detail::receiving::answer(400, "the data does not have the form that this event type has here");
  }

  Response refused(const Request& request, const Verification& verdict) const {
    try {
      if (parts_.options.on_refused) parts_.options.on_refused(verdict, request);
    } catch (...) {  // a log that fails must not turn into an answer
    }
    return detail::receiving::refuse(verdict.reason);
  }

  // What is told may quote the host's own exceptions: it is for the host's log and never goes to the sender.
  void tell(std::string what, std::string_view why) const noexcept {
    tell(parts_.options.on_error, std::move(what), why);
  }
  static void tell(const std::function<void(std::string_view)>& on_error, std::string what,
                   std::string_view why) noexcept {
    try {
      if (on_error) on_error(what.append(why));
    } catch (...) {
    }
  }

  detail::receiving::Parts<Scheme, Serializer, Clock, Inbox> parts_;
  detail::KeyPool<Scheme> pool_;
  detail::PerSecond diagnoses_;
  std::shared_ptr<Marks> marks_;
  detail::receiving::Replies replies_;
  detail::receiving::Routes<Value, Handle> routes_{};
};

template <class... Args>
Receiver(Args...) -> Receiver<detail::chosen_t<role::signer, StandardWebhooks, Args...>,
                              detail::chosen_t<role::serializer, JsonSerializer, Args...>,
                              detail::chosen_t<role::clock, SystemClock, Args...>,
                              detail::chosen_t<role::inbox, MemoryInbox, Args...>>;

}  // namespace v0
}  // namespace webhook

#endif
