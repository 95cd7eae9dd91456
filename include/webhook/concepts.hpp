// SPDX-License-Identifier: MIT
// The contracts: everything the engine asks of the world, on one page. It asks five things: the time, a way to send,
// a way to write, a signature, and a place to keep what was promised. All else (routing, retry, breakers, health,
// deadlines) is the engine's own judgement, made without I/O. The rules for every policy stand below.
#ifndef WEBHOOK_CONCEPTS_HPP
#define WEBHOOK_CONCEPTS_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "delivery.hpp"
#include "endpoint.hpp"
#include "error.hpp"
#include "event.hpp"
#include "fwd.hpp"
#include "http.hpp"
#include "time.hpp"
#include "verification.hpp"

// The page is set by hand.
// clang-format off
namespace webhook {
inline namespace v0 {

// A policy is a value that can be moved in, and says which part it plays:       using role = webhook::role::store;
// It fails by throwing webhook::Error; whatever else it throws is contained and read as errc::transient.
// It never calls back into the engine, except through what it was handed for that purpose.

// ============================================================================================== 1. Clock
/// Tells the time, both ways at once. Nobody sleeps on it: the one place where a worker waits is its transport.
template <class C>
concept ClockPolicy = std::same_as<typename C::role, role::clock> && std::move_constructible<C> && requires(const C& clock) {
  { clock.now() } -> std::same_as<Now>;  // thread-safe; steady never goes back
};

// ========================================================================================== 2. Transport
/// What a session may ask and must tell; the engine hands it to poll(), and only poll() may use it.
struct Exchanges {
  virtual bool may_send(Ticket) = 0;        // the send gate: ask right before the first byte leaves; false: send
                                            // nothing, and answer done(ticket, {.failure = Failure::not_sent})
  virtual void done(Ticket, Response) = 0;  // exactly once for each start(), unless cancelled
 protected:
  ~Exchanges() = default;
};

/// Carries requests for one worker. Used by one thread at a time, but for wake().
template <class S>
concept TransportSession = requires(S& session, Ticket ticket, const Request& request, Duration wait, Exchanges& exchanges) {
  { session.room() } -> std::convertible_to<std::size_t>;  // how many more may start now; no more than that are claimed
  session.start(ticket, request);       // begins; the request stays where it is, unchanged, until done() or cancel()
  session.poll(wait, exchanges);        // moves everything on; returns after `wait`, or once something was done or woken
  { session.cancel(ticket) } noexcept;  // forget it: no done() will follow
  { session.wake() } noexcept;          // from any thread: the poll under way, or else the next one, returns at once
};

/// A transport is its configuration; each worker opens a session of its own. It ends every exchange within
/// request.timeout, never follows a redirect, and reports failures as data. A plain function
/// `Response(const Request&)` is a transport too: the engine wraps it (transport/function.hpp).
template <class T>
concept TransportPolicy = std::same_as<typename T::role, role::transport> && std::move_constructible<T> && requires(T& transport) {
  { transport.open() } -> TransportSession;  // thread-safe; the session may outlive a move of the transport, not its end
};
/// A transport that can tell beforehand which URLs it will never send to.
template <class T>
concept ChecksUrls = TransportPolicy<T> && requires(const T& transport, std::string_view url) {
  transport.check(url);  // throws errc::invalid_url or errc::address_refused with what is wrong and what to do
};
/// A transport that serves endpoints with an Access (request.access): whose certificates or tokens it knows to use.
template <class T>
concept ChecksAccess = TransportPolicy<T> && requires(const T& transport, const Access& access) {
  transport.check(access);  // throws errc::invalid for what can never work, errc::unsupported for what it does not do
};

// ========================================================================================= 3. Serializer
struct Rendering {    // one event in one format, the same for every endpoint and attempt: a pure function of both
  Headers headers{};  // content-type, content-encoding, ce-*
  Bytes body{};
};

/// Turns events into what an endpoint reads. Thread-safe. A format is a name ("json", "xml", "cloudevents", "slack",
/// "json+gzip"); "" is the serializer's own.
template <class S>
concept SerializerPolicy = std::same_as<typename S::role, role::serializer> && std::move_constructible<S> &&
    requires(const S& serializer, const Event& event, std::string_view format) {
  { serializer.renders(format) } -> std::same_as<bool>;             // is this a format? asked when an endpoint is added
  { serializer.render(event, format) } -> std::same_as<Rendering>;  // deterministic: may be asked again after a restart
};
/// Encodes a value of the host into a payload, once, at emit.
template <class S, class T>
concept Encodes = requires(const S& serializer, const T& value) {
  { serializer.encode(value) } -> std::same_as<Bytes>;  // throws errc::invalid_payload (NaN, bad UTF-8, too deep)
};
/// Takes a received body apart, once: fills in event.type and event.time where the body says them, returns the data.
template <class S>
concept Reads = requires(const S& serializer, const Request& request, Event& event, const typename S::Value& data,
                         std::string_view path) {
  { serializer.read(request, event) } -> std::same_as<typename S::Value>;          // throws errc::invalid_payload, too_large,
                                                                                   // or unsupported: not its format
  { serializer.find(data, path) } -> std::same_as<std::optional<std::string>>;     // by JSON Pointer: a string as it
};                                                                                 // is, a number or boolean as text
/// How sure a serializer is, by the headers alone, that a request is its own to read.
enum class Recognition : std::uint8_t { no, readable, own };  // own: by its marks, whatever else could read it (ce-*)
/// A serializer that can be one of several: of those that recognise a request, the surest reads it (serializer/formats.hpp).
template <class S>
concept Recognises = Reads<S> && requires(const S& serializer, const Request& request) {
  { serializer.recognises(request) } -> std::same_as<Recognition>;
};
template <class S, class T>
concept Decodes = Reads<S> && requires(const S& serializer, const typename S::Value& data) {
  { serializer.template decode<T>(data) } -> std::same_as<T>;  // throws errc::invalid_payload
};
/// Judges events by their data; the filter's language is the serializer's own.
template <class S>
concept Filters = SerializerPolicy<S> && requires(const S& serializer, const Event& event, std::string_view text,
    std::span<const typename S::Filter* const> filters, std::span<bool> verdicts) {
  { serializer.compile(text, text) } -> std::same_as<typename S::Filter>;  // (filter, sample payload or ""): throws
                                                                           // errc::invalid_filter
  serializer.matches(filters, event, verdicts);                            // all filters of one event with one parse
};
/// Makes up a payload that has all fields of a list (JSON Pointers), for compile() to check filters against.
template <class S>
concept Samples = Filters<S> && requires(const S& serializer, std::span<const std::string_view> fields) {
  { serializer.sample(fields) } -> std::same_as<Bytes>;  // throws errc::invalid_filter
};

// ================================================================================== 4. Signer, and Scheme
struct Signing {
  std::string_view id{};    // the same over all attempts
  WallTime time{};          // of this attempt
  const Request& request;   // the very object that is sent: a signer can only add headers to it
  std::string_view type{};  // of the event, for schemes that name it in a header
};

/// A stateless value. Its Key is a secret made ready (decoded, pads hashed); whoever uses it prepares it once, keeps it,
/// and never lets two threads touch it, so a Key may hold scratch space. A scheme is a name; "" is the signer's own.
template <class S>
concept SignerPolicy = std::same_as<typename S::role, role::signer> && std::move_constructible<S> &&
    requires(const S& signer, const Secret& secret, std::string_view scheme, const Signing& signing,
             std::span<typename S::Key> keys, Headers& headers) {
  { signer.signs(scheme) } -> std::same_as<bool>;  // is this a scheme? asked when an endpoint is added
  { signer.prepare(secret, scheme) } -> std::same_as<typename S::Key>;  // throws errc::invalid_secret with what is wrong
  { signer.sign(signing, keys, headers) } -> std::same_as<bool>;  // with every key; false: not ready, ask me again (a
};                                                                // remote key)
/// A signer that makes fresh secrets of its own kind, so that an endpoint can be added without one.
template <class S>
concept Generates = SignerPolicy<S> && requires(const S& signer, std::string_view scheme) {
  { signer.generate(scheme) } -> std::same_as<Secret>;  // from the system's cryptographic randomness
};
/// A signer some of whose secrets only verify: public keys, which prepare() takes and an endpoint must not be given.
template <class S>
concept ChecksSecrets = SignerPolicy<S> && requires(const S& signer, const Secret& secret, std::string_view scheme) {
  signer.check(secret, scheme);  // of an endpoint that is sent to: throws errc::invalid_secret if it cannot sign, and why
};
/// A signer that names the headers it adds, so that an endpoint is not given one of them a second time.
template <class S>
concept WritesHeaders = SignerPolicy<S> && requires(const S& signer, std::string_view header, std::string_view scheme) {
  { signer.writes(header, scheme) } -> std::same_as<bool>;  // whatever its case
};
/// A scheme also verifies, so that sender and receiver cannot disagree. Constant time; every key is tried.
template <class S>
concept SchemePolicy = SignerPolicy<S> && requires(const S& scheme, const Request& request, std::span<typename S::Key> keys,
                                                   const Now& now, Duration tolerance) {
  { scheme.verify(request, keys, now, tolerance) } -> std::same_as<Verification>;
};
/// What a scheme may look up in a received body; the body is read when it is first asked.
struct Fields {
  virtual std::optional<std::string> find(std::string_view path) const = 0;  // by JSON Pointer; nothing if the body
 protected:                                                                  // cannot be read
  ~Fields() = default;
};
/// A scheme whose senders ask before they send (url_verification, ping, a challenge). Asked for every request, whatever
/// its method; nothing: it is no handshake, go on.
template <class S>
concept ShakesHands = SchemePolicy<S> && requires(const S& scheme, const Request& request, const Verification& verdict,
                                                  std::span<typename S::Key> keys, const Fields& fields) {
  { scheme.handshake(request, verdict, keys, fields) } -> std::same_as<std::optional<Response>>;
};
/// A scheme whose senders name the event in headers, or in places of the body that are their own.
template <class S>
concept Describes = SchemePolicy<S> && requires(const S& scheme, const Request& request, const Fields& fields, Event& event) {
  scheme.describe(request, fields, event);  // of a verified request: fills in what it knows of id, type and time
};

// ============================================================================================== 5. Store
// The store keeps; the engine judges. A store knows four things: the endpoints, their lanes (one queue each), the
// deliveries in them, and who holds which until when. Rules for all of it:
//   - Thread-safe and synchronous; returns when the effect is as durable as the store is. Batches are all or nothing.
//   - A reading of the clock comes in with each call, durations go out. A store shared by hosts takes its server's time.
//   - errc::unknown_commit: it may have happened. Repeating any call here is harmless; the engine repeats it. So a store
//     that throws it recognises the ids of unnamed events too.
//   - Leasing a delivery *is* postponing it: due again after `lease`, with the next fence. So a crash needs no
//     recovery, no reaper, no sweep: what nobody settles becomes claimable. (A store that can tell that a worker is
//     dead may make its leases due at once.)

struct NewEvent {
  std::shared_ptr<const Event> event{};   // a store may keep the pointer, or write the fields
  std::span<const EndpointId> routes{};   // to whom, as the engine sees the registry ...
  Version registry = 0;                   // ... at this version. A shared store that knows a newer one keeps the event
                                          // unrouted
  bool named = false;                     // the host chose the id: the same (tenant, id) may exist
  Duration delay{};                       // not before
};

struct Lease { DeliveryId delivery{}; Fence fence = 0; };
struct Claim {
  Now now{};
  WorkerId worker{};
  Duration lease = std::chrono::seconds{30};
  std::size_t most = 64;      // in all; what can be started at once, never more
  std::size_t per_lane = 8;
};
struct Claimed {
  Lease lease{};
  EndpointId endpoint{};
  Version version = 0;        // of the endpoint: another than the engine's copy has means: read it again before sending
  std::shared_ptr<const Event> event{};
  std::uint32_t attempts = 0, lost = 0;  // so far; lost: leases that ran out (three: the engine quarantines)
};
struct Found {
  Version registry = 0;  // the newest the store knows: this is how one process hears of another's changes
  Duration next{};       // come again after this even if nobody wakes you; a store that others write to bounds it (250 ms)
};

struct Settlement {  // what becomes of a claimed delivery. It was: ...
  Lease lease{};
  State state = State::due;  // tried, again in `in`: due + attempt | given back: due, no attempt | renewed: leased |
  Duration in{};             // parked | over: delivered, dead, cancelled, expired, quarantined
  const Attempt* attempt = nullptr;  // counts as an attempt, and is logged, if given
};
struct Settled {
  enum class Word : std::uint8_t {  // The fence alone decides: after the lease, but before the next claim, the word counts
    applied,
    already,  // the same word came before: after errc::unknown_commit this is the success that was not heard of
    stale     // someone else has it, nothing changed
  } word = Word::stale;
  Duration failing_for{};               // of the endpoint, by the attempts of all workers: since the first of these failures ...
  std::uint32_t failures = 0, cap = 0;  // ... without a success between; and the cap now in force
};
struct Lane {             // how a lane may be served from now on, by everyone: breaker, half-open probe, recovery ramp,
  std::uint32_t cap = 4;  // Retry-After, and pause between tests are all these two numbers
  Duration rest{};        // no claim for so long
};

/// Six words. claim: marks and returns what is due, at most `most`: lanes least recently served first, each lane in
/// order of due time, at most `per_lane` of it, never more in flight than its cap, none while it rests or its endpoint
/// is not active (gone or removed: its deliveries become cancelled); after n from a lane it rests n * spacing.
/// An endpoint with an order: of each key (or of all) the oldest that is not over goes first, and none while another of
/// them is leased or parked; a resent one takes its place as soon as the one before it is over. An endpoint that
/// supersedes: what is due or parked becomes superseded when a newer event of its key (not "") is appended, and what is
/// leased when it would become due again.
/// put: a changed cap, order or supersede is in force at once, and an endpoint that becomes active starts without rest
/// and without failures.
template <class S>
concept StorePolicy = std::same_as<typename S::role, role::store> && std::move_constructible<S> &&
    requires(S& store, std::span<const NewEvent> events, std::span<Appended> appended, const Claim& ask,
             std::vector<Claimed>& claimed, std::span<const Settlement> words, std::span<Settled> settled,
             const Now& now, EndpointId endpoint, const Lane& lane, const Endpoint& description, Version after) {
  store.append(now, events, appended);  // called by emitters: combine their commits; errc::full at the bound
  { store.claim(ask, claimed) } -> std::same_as<Found>;  // appends to `claimed`, each with a fence greater than ever before
  store.settle(now, words, settled);                     // settled[i] is the answer to words[i]
  store.tune(now, endpoint, lane);                       // breaker, ramp, Retry-After
  { store.put(description) } -> std::same_as<Version>;   // insert or replace if stored version == description.version,
                                                         // else errc::conflict
  { store.endpoints(after) } -> std::same_as<std::vector<Endpoint>>;  // all that changed after this version, removed too
};

// ---- Three more chapters a store may have; the engine looks for them at compile time and refuses what it cannot do.

struct KeptEvent { EventNumber number{}; std::shared_ptr<const Event> event{}; };
struct Route { EventNumber event{}; std::span<const EndpointId> endpoints{}; };
/// For events that were stored without routes: by another process, in a host's transaction, under an old registry.
template <class S>
concept RoutesLater = StorePolicy<S> && requires(S& store, std::size_t most, std::span<const Route> routes,
                                                 Version registry, const Now& now) {
  { store.unrouted(most) } -> std::same_as<std::vector<KeptEvent>>;
  { store.route(now, routes, registry) } -> std::same_as<bool>;  // one delivery per (event, endpoint), ever; false: the
};                                                               // registry has moved on, nothing was written: read it
                                                                 // and route again

/// Emit inside the host's own transaction: an INSERT on the host's handle, checked before it touches anything. `Handle`
/// is sqlite3*, PGconn*, yours: the engine only passes it through.
template <class S, class Handle>
concept JoinsTransaction = RoutesLater<S> && requires(S& store, Handle handle, std::span<const NewEvent> events,
                                                      std::span<Appended> appended) {
  store.append(handle, events, appended);  // never begins, commits or breaks the transaction; afterwards:
};                                         // Dispatcher::notify()

struct Query {  // of deliveries, the oldest first
  std::optional<DeliveryId> delivery{};  // that one alone
  std::optional<EndpointId> endpoint{};
  std::optional<EventId> event{};
  std::optional<State> state{};
  std::optional<WallTime> since{};
  DeliveryId after{};
  std::size_t most = 100;
  std::optional<WallTime> until{};  // accepted before
  std::optional<std::string> tenant{}, type{};
};
struct EventQuery {  // the oldest first; an event is kept as long as one of its deliveries is
  std::optional<EventId> id{};
  std::optional<std::string> tenant{}, type{};
  std::optional<WallTime> since{}, until{};
  EventNumber after{};
  std::size_t most = 100;
};
struct Backlog {  // how much is waiting
  std::uint64_t due = 0, leased = 0, parked = 0;
  std::uint64_t bytes = 0;  // of payload, each event counted once
  Duration oldest{};        // since the oldest of what is due, leased or parked was accepted; 0: nothing is
};
/// What happened, and second thoughts about it.
template <class S>
concept Remembers = StorePolicy<S> && requires(S& store, const Query& query, const EventQuery& events, DeliveryId delivery,
    State to, const Now& now, Duration age, std::size_t most, std::span<const Route> routes) {
  { store.find(query) } -> std::same_as<std::vector<Delivery>>;
  { store.attempts(delivery) } -> std::same_as<std::vector<Attempt>>;
  { store.events(events) } -> std::same_as<std::vector<KeptEvent>>;
  { store.backlog(now) } -> std::same_as<Backlog>;
  { store.amend(now, query, to) } -> std::convertible_to<std::size_t>;  // resend, recover, unpark: to due, behind live
                                        // traffic, attempts and lost from 0; cancel, drop the oldest: to cancelled
  { store.replay(now, routes) } -> std::convertible_to<std::size_t>;    // deliveries that are missing: one for each
                                        // (event, endpoint) that has none yet, due now, behind live traffic
  { store.prune(now, age, most) } -> std::convertible_to<std::size_t>;  // forget what is over, never what is not
};

// ============================================================================= 6. Inbox (of the receiver)
/// The seen-set. `where` is nothing, or the host's transaction: then the mark commits with the business effect.
/// Thread-safe. If it has a type `Handle` (sqlite3*, yours), that is its `where`, and handlers may take it last.
template <class I, class... Where>
concept InboxPolicy = std::same_as<typename I::role, role::inbox> && std::move_constructible<I> &&
    requires(I& inbox, Where... where, std::string_view key, const Now& now, Duration keep) {
  { inbox.first(where..., key, now, keep) } -> std::same_as<bool>;  // of several at once, exactly one is first
  inbox.forget(where..., key);                                      // the handler failed: let the next one in
};

}  // namespace v0
}  // namespace webhook
// clang-format on

#endif
