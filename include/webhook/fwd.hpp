// SPDX-License-Identifier: MIT
// The names of the library and the default template arguments, for headers that only mention them.
// It includes nothing, so it defines nothing: include the header of the same name to use one.
#ifndef WEBHOOK_FWD_HPP
#define WEBHOOK_FWD_HPP

namespace webhook {
inline namespace v0 {

// The parts that a policy can play; a policy says `using role = webhook::role::transport;`.
namespace role {
struct clock;
struct inbox;
struct transport;
struct serializer;
struct signer;
struct store;
}  // namespace role

// Nouns.
class Bytes;
class EventId;
class Error;
class Headers;
class Secret;
struct Access;
struct Attempt;
struct Delivery;
struct Emitted;
struct EmitOptions;
struct Endpoint;
struct Event;
struct Header;
struct Keyed;
struct Now;
struct Request;
struct Response;
struct Verification;

// What a host sets and reads.
class Observer;
class RetrySchedule;
struct BreakerRule;
struct Counters;
struct CurlOptions;
struct MemoryInboxOptions;
struct MemoryOptions;
struct Notice;
struct Options;
struct Query;
struct ReceiverOptions;
struct SealingKey;
struct SealingKeys;
struct SqliteOptions;

// Policies.
class ApiKey;
class BasicAuthentication;
class BearerToken;
class CloudEventsSerializer;
class CurlTransport;
class Discord;
class FormSerializer;
class GitHub;
class Hmac;
class JsonSerializer;
class MemoryInbox;
class MemoryStore;
class MessageSignatures;
class NoInbox;
class NoSignature;
class PostgresInbox;
class Shopify;
class Slack;
class SqliteInbox;
class SqliteStore;
class Square;
class StandardWebhooks;
class Stripe;
class Svix;
class SystemClock;
class Twilio;
class XmlSerializer;
template <class First, class... Others>
class Formats;
template <class Function>
class FunctionTransport;
template <class Serializer>
class Gzip;
template <class Function>
class Renderer;
template <class Store>
class Sealed;

// The engine.
class Emitter;
template <class Transport = CurlTransport, class Serializer = JsonSerializer, class Signer = StandardWebhooks,
          class Store = MemoryStore, class Clock = SystemClock>
class Dispatcher;
template <class Scheme = StandardWebhooks, class Serializer = JsonSerializer, class Clock = SystemClock,
          class Inbox = MemoryInbox>
class Receiver;

}  // namespace v0
}  // namespace webhook

#endif
