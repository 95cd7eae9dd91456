// SPDX-License-Identifier: MIT
// RestHooks: the subscription API that Zapier and others expect of a system with webhooks. Others subscribe and
// unsubscribe by themselves; each subscription is an endpoint of the dispatcher. A host mounts it under a path of its
// own. Who may subscribe is the host's to say; it listens on no socket and delivers nothing.
#ifndef WEBHOOK_REST_HOOKS_HPP
#define WEBHOOK_REST_HOOKS_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "concepts.hpp"
#include "detail/json_text.hpp"
#include "detail/one_exchange.hpp"
#include "endpoint.hpp"
#include "error.hpp"
#include "notice.hpp"
#include "pattern.hpp"
#include "rest_hook_options.hpp"

namespace webhook {
inline namespace v0 {

/// Answers the requests of a subscription API: POST {"target_url": …, "event": …} → 201 {"id": …}, DELETE …/<id> → 204.
/// The URL may also be called targetUrl, hookUrl, hook_url or url, and the event event_type; "format" names one of
/// RestHookOptions::formats. A tenant sees its own subscriptions only. `serializer` reads the requests' bodies: JSON, or whatever else it takes.
/// Thread safety: handle(), sweep() and observe() from any thread; dispatcher and serializer must outlive it.
template <class Dispatcher, Reads Serializer>
class RestHooks {
 public:
  /// Throws Error: errc::misuse if nobody could be let in, errc::invalid_pattern for a malformed pattern in the
  /// options.
  RestHooks(Dispatcher& hooks, const Serializer& serializer, RestHookOptions options)
      : hooks_(hooks), serializer_(serializer), options_(std::move(options)) {
    if (!options_.authenticate) {
      throw Error(errc::misuse,
                  "RestHookOptions::authenticate says whose subscription a request is about; without it nobody could "
                  "subscribe");
    }
    for (const std::string& pattern : options_.events) check_pattern(pattern);
  }

  /// Answers one request; never throws. 201 with the id, 204 after a removal; 400, 401, 404, 405, 413, 415, 422 and 429
  /// with {"error": …} that says what is wrong. The same URL, event and format twice is the same subscription.
  Response handle(const Request& request) {
    try {
      return respond(request);
    } catch (const Error& error) {
      return refused(error);
    } catch (const std::exception&) {
    } catch (...) {
    }
    return problem(500, "this failed on our side; try again");
  }

  /// Bytes of a body that handle() takes; adapters mount this API as they mount a Receiver.
  std::size_t body_limit() const noexcept { return options_.body_limit; }

  /// Removes the subscriptions that answered 410 to a delivery: that is how a subscriber without DELETE unsubscribes.
  /// To be called now and then, by a host whose observer does not call observe(). Returns how many.
  std::size_t sweep(std::string_view tenant = {}) {
    std::size_t removed = 0;
    for (const Endpoint& endpoint : hooks_.endpoints(tenant)) {
      if (endpoint.state == EndpointState::gone && ours(endpoint) && remove(endpoint.id)) ++removed;
    }
    return removed;
  }

  /// The same at once: to be called from Options::on_notice.
  void observe(const Notice& notice) {
    if (notice.kind != Notice::Kind::endpoint_gone) return;
    try {
      if (ours(hooks_.endpoint(notice.endpoint))) remove(notice.endpoint);
    } catch (const Error&) {  // somebody else was quicker
    }
  }

 private:
  Response respond(const Request& request) {
    if (request.body.size() > options_.body_limit) return problem(413, "this request is too large");
    const std::optional<std::string> tenant = options_.authenticate(request);
    if (!tenant) return problem(401, "say who you are");
    if (request.method == "DELETE") return unsubscribe(request, *tenant);
    if (request.method != "POST") {
      Response refusal = problem(405, "POST subscribes, DELETE unsubscribes");
      refusal.headers.add("allow", "POST, DELETE");
      return refusal;
    }
    if (const std::optional<EndpointId> id = id_of(request.url); id && request.headers.count("x-hook-secret") == 1)
      return confirm(*id, *tenant, *request.headers.find("x-hook-secret"));
    return subscribe(request, *tenant);
  }

  Response subscribe(const Request& request, const std::string& tenant) {
    Event unused;
    std::optional<typename Serializer::Value> data;
    try {
      data.emplace(serializer_.read(request, unused));
    } catch (const Error& error) {
      if (error.code() == errc::unsupported)
        return problem(415, "bodies of this content type are not taken here; send JSON");
      return problem(400, "the body cannot be read; send a JSON object with target_url and event");
    }
    const auto url = first_of(*data, {"/target_url", "/targetUrl", "/hookUrl", "/hook_url", "/url"});
    if (!url || url->empty()) return problem(422, "target_url is missing: where shall events be sent to?");
    const auto event = first_of(*data, {"/event", "/event_type"});
    if (!event || event->empty()) return problem(422, "event is missing: which events shall be sent?");
    if (!is_pattern(*event) || !offered(*event)) return problem(422, "there is no such event here");
    const std::string format = serializer_.find(*data, "/format").value_or(options_.endpoint.format);
    const auto& formats = options_.formats;
    if (format != options_.endpoint.format && std::find(formats.begin(), formats.end(), format) == formats.end())
      return problem(422, "there is no such format here");

    for (const Endpoint& known : hooks_.endpoints(tenant)) {
      // Whoever repeats a request whose answer was lost must not get everything twice.
      if (known.url == *url && known.events == std::vector<std::string>{*event} && known.format == format &&
          alive(known) && ours(known))
        return created(known);
    }
    Endpoint endpoint = options_.endpoint;
    endpoint.url = *url;
    endpoint.events = {*event};
    endpoint.format = format;
    endpoint.tenant = tenant;
    endpoint.description = std::string(mark());
    return created(options_.confirm ? add_unconfirmed(std::move(endpoint)) : hooks_.add(std::move(endpoint)));
  }

  // Nothing is sent before the other side has shown that it wants it: the endpoint is paused before it gets its events.
  Endpoint add_unconfirmed(Endpoint endpoint) {
    const std::vector<std::string> events = std::exchange(endpoint.events, {"webhook.unconfirmed"});
    const EndpointId id = hooks_.add(std::move(endpoint)).id;
    hooks_.pause(id);
    endpoint = hooks_.endpoint(id);
    endpoint.events = events;
    endpoint = hooks_.change(std::move(endpoint));
    if (ask_to_confirm(endpoint)) hooks_.resume(id);
    return endpoint;
  }

  // Immediate confirmation sends the secret back in the answer; if that is missing, the subscription waits for a
  // request that has it.
  bool ask_to_confirm(const Endpoint& endpoint) {
    Request ask;
    ask.url = endpoint.url;
    ask.headers.add("X-Hook-Secret", secret_of(endpoint));
    if (options_.confirm_within > Duration::zero()) ask.timeout = options_.confirm_within;
    const Response answer = detail::one_exchange(hooks_.transport(), ask);
    return answer.failure == Failure::none && answer.status / 100 == 2 &&
           answer.headers.find("x-hook-secret") == secret_of(endpoint);
  }

  Response confirm(EndpointId id, const std::string& tenant, std::string_view secret) {
    const std::optional<Endpoint> endpoint = find(id, tenant);
    if (!options_.confirm || !endpoint || !same(secret, secret_of(*endpoint)))
      return problem(404, "there is no such subscription, or its secret is another");
    if (endpoint->state == EndpointState::paused) hooks_.resume(id);
    return Response{204};
  }

  Response unsubscribe(const Request& request, const std::string& tenant) {
    const std::optional<EndpointId> id = id_of(request.url);
    if (!id || !find(*id, tenant) || !remove(*id)) return problem(404, "there is no such subscription");
    return Response{204};
  }

  bool remove(EndpointId id) {
    try {
      hooks_.remove(id);
    } catch (const Error& failure) {
      if (failure.code() != errc::not_found) throw;
      return false;
    }
    return true;
  }

  // Nothing for an endpoint of somebody else, and for one that was no subscription.
  std::optional<Endpoint> find(EndpointId id, std::string_view tenant) {
    try {
      Endpoint endpoint = hooks_.endpoint(id);
      if (endpoint.tenant == tenant && ours(endpoint)) return endpoint;
    } catch (const Error& error) {
      if (error.code() != errc::not_found) throw;
    }
    return std::nullopt;
  }

  std::string_view mark() const noexcept {
    return options_.endpoint.description.empty() ? std::string_view("REST hook") : options_.endpoint.description;
  }
  bool ours(const Endpoint& endpoint) const noexcept { return endpoint.description == mark(); }
  static bool alive(const Endpoint& endpoint) noexcept {
    return endpoint.state == EndpointState::active || endpoint.state == EndpointState::paused;
  }
  static std::string_view secret_of(const Endpoint& endpoint) noexcept {
    return endpoint.secrets.empty() ? std::string_view() : endpoint.secrets.front().reveal();
  }
  // Takes as long for any two texts of these lengths.
  static bool same(std::string_view left, std::string_view right) noexcept {
    unsigned char difference = left.size() == right.size() && !right.empty() ? 0 : 1;
    for (std::size_t i = 0; i < (std::min)(left.size(), right.size()); ++i)
      difference = static_cast<unsigned char>(difference | (left[i] ^ right[i]));
    return difference == 0;
  }

  bool offered(std::string_view event) const noexcept {
    if (options_.events.empty()) return true;
    for (const std::string& pattern : options_.events) {
      if (pattern == event || (is_event_type(event) && matches_pattern(pattern, event))) return true;
    }
    return false;
  }

  std::optional<std::string> first_of(const typename Serializer::Value& data,
                                      std::initializer_list<std::string_view> paths) const {
    for (const std::string_view path : paths) {
      if (auto found = serializer_.find(data, path)) return found;
    }
    return std::nullopt;
  }

  // The last part of the path, if it is a number.
  static std::optional<EndpointId> id_of(std::string_view url) noexcept {
    url = url.substr(0, url.find_first_of("?#"));
    if (!url.empty() && url.back() == '/') url.remove_suffix(1);
    const std::string_view last = url.substr(url.find_last_of('/') + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
    if (error != std::errc() || end != last.data() + last.size() || number == 0) return std::nullopt;
    return EndpointId{number};
  }

  Response created(const Endpoint& endpoint) const {
    const std::string id = std::to_string(static_cast<std::uint64_t>(endpoint.id));
    std::string body = "{\"id\":" + id;
    if (options_.show_secret) body += ",\"secret\":" + detail::json_text(secret_of(endpoint));
    return json(201, body + "}");
  }

  // Errors of the dispatcher in words for a stranger: they name nothing of this host.
  static Response refused(const Error& error) {
    if (error.code() == errc::invalid_url)
      return problem(422, "target_url is not a URL that events can be sent to; it begins with https://");
    if (error.code() == errc::address_refused) return problem(422, "target_url does not lead to a public address");
    if (error.code() == errc::full) return problem(429, "there are too many subscriptions; remove one");
    if (error.code() == errc::invalid) return problem(422, "this subscription is not possible");
    return problem(500, "this failed on our side; try again");
  }
  static Response problem(int status, std::string_view sentence) {
    return json(status, "{\"error\":" + detail::json_text(sentence) + "}");
  }
  static Response json(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("content-type", "application/json");
    response.body = std::move(body);
    return response;
  }

  Dispatcher& hooks_;
  const Serializer& serializer_;
  RestHookOptions options_;
};

}  // namespace v0
}  // namespace webhook

#endif
