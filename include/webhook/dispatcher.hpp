// SPDX-License-Identifier: MIT
// Dispatcher: what a host holds to send webhooks. Endpoints, emit, the delivery log, start and stop.
// A face: the work is done by the registry (endpoints), the engine (events, threads) and the workers (deliveries).
#ifndef WEBHOOK_DISPATCHER_HPP
#define WEBHOOK_DISPATCHER_HPP

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "detail/dispatcher_checks.hpp"
#include "detail/policies.hpp"
#include "detail/values.hpp"
#include "emitter.hpp"
#include "engine.hpp"
#include "in_transaction.hpp"

namespace webhook {
inline namespace v0 {

/// Delivers the events of one host to the endpoints that subscribed to them.
///
/// Policies and Options are given to the constructor in any order; those left out are default-constructed. Constructing
/// starts no thread. Every call may be made from any thread, and from observers, but for stop() and run_once() there;
/// none from a signal handler, because they allocate and take locks.
///
/// Throws: each member throws webhook::Error for misuse and bad input: errc::stopped after stop(), errc::forked in a
/// child of the process that started it, and what is named beside it. Overloads with a std::error_code& report that way
/// instead; std::bad_alloc is thrown by both.
/// Example: examples/quick_start.cpp, examples/store.cpp
template <class Transport, class Serializer, class Signer, class Store, class Clock>
class Dispatcher : detail::DispatcherChecks<Transport, Serializer, Signer, Store, Clock> {
  using Policies = detail::Policies<Transport, Serializer, Signer, Store, Clock>;
  using Value = detail::value_of<Serializer>;

 public:
  template <class... P>
  explicit(sizeof...(P) == 1) Dispatcher(P&&... policies)
      : engine_(std::make_unique<Engine<Policies>>(std::tuple<std::decay_t<P>...>(std::forward<P>(policies)...))) {
    static_assert(
        (!std::same_as<detail::role_of_t<std::decay_t<P>>, detail::no_role> && ...),
        "webhook: an argument of Dispatcher's constructor is neither webhook::Options nor a policy: a policy says "
        "`using role = webhook::role::transport;` (or serializer, signer, store, clock), and a function "
        "`Response(const Request&)` is a transport");
    static_assert(((detail::how_many<detail::role_of_t<std::decay_t<P>>, std::decay_t<P>...> == 1) && ...),
                  "webhook: two arguments of Dispatcher's constructor play the same part; the second would be ignored");
  }

  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Ends as stop() with no time to wait does. In a forked child it leaves everything as it is. Never to be run by an
  /// observer: it ends then, too, but later, its memory is never freed, and a Notice::Kind::trouble says so.
  ~Dispatcher() {
    if (engine_->orphaned()) {
      // Closing the connections here would break the parent's: their memory is a copy, their sockets are shared.
      static_cast<void>(engine_.release());
      return;
    }
    std::error_code ignored;
    stop(Duration::zero(), ignored);
    if (engine_->destroyed_by_observer()) static_cast<void>(engine_.release());
  }

  // -------------------------------------------------------------------------------------------------------- endpoints
  /// Checks and stores an endpoint, and generates a secret if it has none. Returns it with its id and secrets: show the
  /// secret once to whoever runs the endpoint. Throws errc::invalid (its family), errc::unsupported, errc::full.
  Endpoint add(Endpoint endpoint) {
    Endpoint added = engine_->registry().add(std::move(endpoint));
    engine_->tell(Notice::Kind::endpoint_added, added.id);
    return added;
  }
  std::optional<Endpoint> add(Endpoint endpoint, std::error_code& error) {
    return caught(error, [&] { return add(std::move(endpoint)); });
  }

  /// Stores a changed copy of an endpoint; in force before the next attempt. Throws as add() does, errc::not_found, and
  /// errc::conflict if it was changed since the copy was read.
  Endpoint change(Endpoint endpoint) {
    Endpoint changed = engine_->registry().change(std::move(endpoint));
    engine_->notify();  // it may be active now, or have more room
    engine_->tell(Notice::Kind::endpoint_changed, changed.id);
    return changed;
  }
  std::optional<Endpoint> change(Endpoint endpoint, std::error_code& error) {
    return caught(error, [&] { return change(std::move(endpoint)); });
  }

  /// All endpoints of a tenant that were not removed, in no particular order.
  std::vector<Endpoint> endpoints(std::string_view tenant = {}) { return engine_->registry().router().list(tenant); }

  /// One endpoint. Throws errc::not_found.
  Endpoint endpoint(EndpointId id) { return *engine_->registry().existing(id); }

  /// Deletes an endpoint; its pending deliveries become cancelled. As the next four, it throws errc::not_found.
  void remove(EndpointId id) { move_to(id, EndpointState::removed, Notice::Kind::endpoint_removed); }

  /// Sends nothing to an endpoint until resume(); its events are kept.
  void pause(EndpointId id) { move_to(id, EndpointState::paused, Notice::Kind::endpoint_paused); }
  void disable(EndpointId id) { move_to(id, EndpointState::disabled, Notice::Kind::endpoint_disabled); }
  void resume(EndpointId id) { enable(id); }

  /// Serves a paused, disabled or gone endpoint again.
  void enable(EndpointId id) {
    move_to(id, EndpointState::active, Notice::Kind::endpoint_enabled);
    engine_->notify();
  }

  /// Gives an endpoint a new secret (the first of the returned ones); the old ones sign along until `overlap` is over.
  Endpoint rotate_secret(EndpointId id, Duration overlap = std::chrono::hours{24}) {
    Endpoint rotated = engine_->registry().rotate(id, overlap);
    engine_->tell(Notice::Kind::secret_rotated, id);
    return rotated;
  }

  /// Makes the fields of an event type known: from now on, a filter for it that names another field is refused when its
  /// endpoint is added. Fields are read off an encoded default value; empty containers and nulls may hold anything.
  template <class T>
  void declare() {
    declare(event_type<T>, T{});
  }
  /// The same from a value that has every field.
  template <detail::EncodedBy<Serializer> T>
  void declare(std::string_view type, const T& sample) {
    engine_->registry().declare(type, engine_->policies().serializer.encode(sample));
  }
  void declare(std::string_view type, const Value& sample) {
    engine_->registry().declare(type, engine_->policies().serializer.encode(sample));
  }
  /// The same from a list of JSON Pointers, {"/customer/country", "/price"}; what lies below one of them is not checked.
  void declare_fields(std::string_view type, const std::vector<std::string_view>& fields) requires Samples<Serializer> {
    engine_->registry().declare(type, engine_->policies().serializer.sample(fields));
  }

  // ------------------------------------------------------------------------------------------------------------- emit
  /// Emits a value under event_type<T>. Never waits for the network; returns when the store has it. Throws
  /// errc::invalid_payload, errc::too_large, errc::full, errc::conflict (this id, other content).
  template <detail::NotText T>
  Emitted emit(const T& event, const EmitOptions& options = {}) {
    static_assert(!event_type<T>.empty(),
                  "webhook: this type has no event type: specialise `template <> inline constexpr std::string_view "
                  "webhook::event_type<T> = \"order.created\";`");
    return encoded(event_type<T>, event, options);
  }
  template <detail::NotText T>
  std::optional<Emitted> emit(const T& event, std::error_code& error) {
    return caught(error, [&] { return emit(event); });
  }

  /// Emits any value that the serializer encodes, under a type given by name. Throws as above, and errc::invalid_type.
  template <detail::EncodedBy<Serializer> T>
  Emitted emit(std::string_view type, const T& data, const EmitOptions& options = {}) {
    return encoded(type, data, options);
  }
  template <detail::EncodedBy<Serializer> T>
  std::optional<Emitted> emit(std::string_view type, const T& data, std::error_code& error) {
    return caught(error, [&] { return emit(type, data); });
  }

  /// The same for a value written in braces: hooks.emit("customer.created", {{"name", "Smith"}}).
  Emitted emit(std::string_view type, const Value& data, const EmitOptions& options = {}) {
    return encoded(type, data, options);
  }
  std::optional<Emitted> emit(std::string_view type, const Value& data, std::error_code& error) {
    return caught(error, [&] { return emit(type, data); });
  }

  /// Emits a payload that is encoded already, byte for byte.
  Emitted emit_bytes(std::string_view type, std::string_view payload, const EmitOptions& options = {}) {
    return engine_->intake().emit(type, options, [&] { return Bytes(payload); });
  }
  std::optional<Emitted> emit_bytes(std::string_view type, std::string_view payload, std::error_code& error) {
    return caught(error, [&] { return emit_bytes(type, payload); });
  }

  /// The same within a transaction of the host's own: `hooks.emit(webhook::in_transaction(db), order)`. The event is
  /// stored by the host's commit, and gone with a rollback; call notify() after the commit, or it is found within 250 ms.
  /// `endpoints` of the answer is how many may get it, as this process sees it now. Throws as above, and errc::misuse
  /// where the handle has no open transaction on the store's database; the handle is left as it was.
  template <class Handle, detail::NotText T>
  Emitted emit(InTransaction<Handle> where, const T& event, const EmitOptions& options = {}) {
    static_assert(!event_type<T>.empty(), "webhook: this type has no event type: specialise webhook::event_type<T>");
    return emit(where, event_type<T>, event, options);
  }
  template <class Handle, detail::EncodedBy<Serializer> T>
  Emitted emit(InTransaction<Handle> where, std::string_view type, const T& data, const EmitOptions& options = {}) {
    return joined(where, type, options, [&] { return engine_->policies().serializer.encode(data); });
  }
  template <class Handle>
  Emitted emit(InTransaction<Handle> where, std::string_view type, const Value& data, const EmitOptions& options = {}) {
    return joined(where, type, options, [&] { return engine_->policies().serializer.encode(data); });
  }
  template <class Handle>
  Emitted emit_bytes(InTransaction<Handle> where, std::string_view type, std::string_view payload,
                     const EmitOptions& options = {}) {
    return joined(where, type, options, [&] { return Bytes(payload); });
  }

  /// A handle for code that only emits; this dispatcher must outlive it.
  Emitter emitter() noexcept {
    return Emitter(this, [](void* self, std::string_view type, std::string_view payload, const EmitOptions* options) {
      return static_cast<Dispatcher*>(self)->emit_bytes(type, payload, options != nullptr ? *options : EmitOptions{});
    });
  }

  /// Sends a test event of type "webhook.test" to one endpoint, whatever it subscribed to; watch it as any delivery. It
  /// expires after ten minutes. Throws errc::not_found.
  Emitted send_test(EndpointId id) { return test(id, "webhook.test", Bytes()); }

  /// Sends a value of one of the host's own event types as a test.
  template <class T>
  Emitted send_test(EndpointId id, const T& example) {
    static_assert(!event_type<T>.empty(), "webhook: this type has no event type: specialise webhook::event_type<T>");
    return test(id, event_type<T>, engine_->policies().serializer.encode(example));
  }

  // ------------------------------------------------------------------------------------------------------ delivery log
  /// Deliveries, the oldest first; page on with Query::after.
  std::vector<Delivery> deliveries(const Query& query = {}) requires Remembers<Store> { return log().find(query); }

  /// Events with their payloads, the oldest first; page on with EventQuery::after. Only events that somebody subscribed to
  /// are kept, and as long as one of their deliveries is.
  std::vector<KeptEvent> events(const EventQuery& query = {}) requires Remembers<Store> { return log().events(query); }

  /// The attempts of a delivery, the oldest first; none for an unknown one.
  std::vector<Attempt> attempts(DeliveryId delivery) requires Remembers<Store> { return log().attempts(delivery); }

  // -------------------------------------------------------------------------------------------------- second thoughts
  /// Sends a delivery again that is over or parked, whatever became of it: at once, behind live traffic, with a fresh
  /// schedule. Throws errc::not_found for an unknown one, errc::misuse for one that cannot be sent again now.
  void resend(DeliveryId delivery) requires Remembers<Store> {
    if (amend({.delivery = delivery, .most = 1}, State::due) == 1) return;
    if (log().find({.delivery = delivery, .most = 1}).empty())
      throw Error(errc::not_found, "there is no delivery of that id");
    throw Error(errc::misuse,
                "this delivery is due or being sent, or its endpoint is gone, or a newer one superseded it");
  }

  /// Sends again what an endpoint did not get since a time: dead letters, expired, quarantined and parked ones. Returns
  /// how many.
  std::size_t recover(EndpointId endpoint, WallTime since) requires Remembers<Store> {
    std::size_t recovered = 0;
    for (const State lost : {State::dead, State::expired, State::quarantined, State::parked}) {
      recovered += amend({.endpoint = endpoint, .state = lost, .since = since, .most = everything}, State::due);
    }
    return recovered;
  }

  /// Sends an endpoint what it would have got since a time had it been there: every event that it subscribes to, that the
  /// store still keeps, and of which it has no delivery; behind live traffic. Returns how many. Throws errc::not_found.
  std::size_t replay_missing(EndpointId endpoint, WallTime since) requires Remembers<Store> {
    return engine_->intake().replay(*engine_->registry().existing(endpoint), since);
  }

  /// Cancels a delivery that is not over. Throws errc::not_found, errc::misuse for one that is over.
  void cancel(DeliveryId delivery) requires Remembers<Store> {
    if (amend({.delivery = delivery, .most = 1}, State::cancelled) == 1) return;
    if (log().find({.delivery = delivery, .most = 1}).empty())
      throw Error(errc::not_found, "there is no delivery of that id");
    throw Error(errc::misuse, "this delivery is over already");
  }

  /// Cancels everything that is pending for an endpoint. Returns how many deliveries that were.
  std::size_t cancel_pending(EndpointId endpoint) requires Remembers<Store> {
    return amend({.endpoint = endpoint, .most = everything}, State::cancelled);
  }

  /// Forgets deliveries that have been over for at least `age`, the oldest first, at most `most`. Returns how many.
  std::size_t prune(Duration age, std::size_t most = everything) requires Remembers<Store> {
    return log().prune(engine_->policies().clock.now(), age, most);
  }

  /// What this dispatcher has done so far, and what it is at; to_prometheus() makes it a text.
  Counters counters() const noexcept { return engine_->counters(); }

  /// How much the store holds for all who share it, and how many endpoints there are; to_prometheus() makes it a text.
  Gauges gauges() requires Remembers<Store> { return engine_->gauges(); }

  // --------------------------------------------------------------------------------------------------------------- run
  /// Starts Options::workers threads, with all signals blocked. Calling it again does nothing. Throws errc::misuse after
  /// run_once(), errc::transient if the system refuses a thread.
  void start() { engine_->start(); }

  /// For a host without spare threads: does what is to do now, waiting at most `wait` for something to happen. Returns
  /// how many attempts ended. Throws errc::misuse after start(), or while another thread is in it.
  std::size_t run_once(Duration wait = Duration::zero()) { return engine_->run_once(wait); }

  /// Accepts nothing more, delivers what is due, then ends; what is still in flight after `within` is given back to the
  /// store. Returns at the latest about a second after `within`. What the store keeps in memory only is gone with it.
  /// Throws errc::misuse when called from an observer.
  void stop(Duration within) { engine_->stop(within); }
  void stop(Duration within, std::error_code& error) {
    caught(error, [&] {
      stop(within);
      return true;
    });
  }

  /// Tells a sleeping worker that the store may hold something new, after a commit that the dispatcher did not see.
  void notify() noexcept { engine_->notify(); }

  Transport& transport() noexcept { return engine_->policies().transport; }
  Store& store() noexcept { return engine_->policies().store; }

 private:
  template <class T>
  Emitted encoded(std::string_view type, const T& data, const EmitOptions& options) {
    static_assert(Encodes<Serializer, T>,
                  "webhook: the dispatcher's serializer does not encode this type; for JSON write "
                  "NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(T, members...) beside it");
    return engine_->intake().emit(type, options, [&] { return engine_->policies().serializer.encode(data); });
  }

  template <class Handle, class Encode>
  Emitted joined(InTransaction<Handle> where, std::string_view type, const EmitOptions& options, const Encode& encode) {
    static_assert(JoinsTransaction<Store, Handle>,
                  "webhook: the dispatcher's store cannot join a transaction of such a handle (it does not model "
                  "webhook::JoinsTransaction); SqliteStore takes a sqlite3*");
    return engine_->intake().emit_within(where.handle, type, options, encode);
  }

  Emitted test(EndpointId id, std::string_view type, Bytes payload) {
    const std::shared_ptr<const Endpoint> endpoint = engine_->registry().existing(id);
    EmitOptions options;
    options.tenant = endpoint->tenant;
    options.expires = engine_->policies().clock.now().wall + std::chrono::minutes{10};
    return engine_->intake().emit_to(*endpoint, type, options, std::move(payload));
  }

  void move_to(EndpointId id, EndpointState state, Notice::Kind kind) {
    if (engine_->registry().move_to(id, state)) engine_->tell(kind, id);
  }

  static constexpr std::size_t everything = static_cast<std::size_t>(-1);

  std::size_t amend(const Query& query, State to) {
    const std::size_t amended = log().amend(engine_->policies().clock.now(), query, to);
    if (amended > 0) engine_->notify();
    return amended;
  }

  Store& log() {
    static_cast<void>(engine_->registry());  // refuses in a forked child
    return engine_->policies().store;
  }

  template <class Call>
  static auto caught(std::error_code& error, const Call& call) -> std::optional<decltype(call())> {
    error.clear();
    try {
      return call();
    } catch (const std::system_error& thrown) {
      error = thrown.code();
      return std::nullopt;
    }
  }

  std::unique_ptr<Engine<Policies>> engine_;
};

/// Sorts policies, given in any order, into their places; a plain function is wrapped as a transport.
template <class... P>
Dispatcher(P...)
    -> Dispatcher<detail::chosen_t<role::transport, CurlTransport, P...>,
                  detail::chosen_t<role::serializer, JsonSerializer, P...>,
                  detail::chosen_t<role::signer, StandardWebhooks, P...>,
                  detail::chosen_t<role::store, MemoryStore, P...>, detail::chosen_t<role::clock, SystemClock, P...>>;

}  // namespace v0
}  // namespace webhook

#endif
