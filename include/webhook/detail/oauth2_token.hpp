// SPDX-License-Identifier: MIT
// A token of OAuth 2.0 client credentials (RFC 6749 section 4.4): the request for it, what its answer says, and the
// book of those that are still good, which all sessions of a transport share.
// It sends nothing and waits for nothing. No sentence repeats what an authorization server says, but its error code.
#ifndef WEBHOOK_DETAIL_OAUTH2_TOKEN_HPP
#define WEBHOOK_DETAIL_OAUTH2_TOKEN_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../access.hpp"
#include "../error.hpp"
#include "../http.hpp"
#include "../secret.hpp"
#include "base64.hpp"
#include "form_writer.hpp"
#include "json_walk.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One value as a form writes it; RFC 6749 section 2.3.1 wants a client's id and secret so, before they become base64.
inline std::string form_encoded(std::string_view text) {
  FormWriter writer;
  writer.begin_object();
  writer.key("v");
  writer.string(text);
  writer.end_object();
  std::string form = writer.take();
  std::string value = form.substr(2);  // after "v="
  Secret::wipe(form.data(), form.size());
  return value;
}

/// The request for a token. It points to `access`, whose certificates the authorization server may ask for, too.
inline Request token_request(const Access& access, Duration timeout) {
  Request request;
  request.url = access.token_url;
  request.timeout = timeout;
  request.access = &access;
  FormWriter body;
  body.begin_object();
  body.key("grant_type");
  body.string("client_credentials");
  if (!access.scope.empty()) {
    body.key("scope");
    body.string(access.scope);
  }
  body.end_object();
  request.body = Bytes(body.take());
  std::string secret = form_encoded(access.client_secret.reveal());
  std::string login = form_encoded(access.client_id) + ":" + secret;
  request.headers.add("authorization", "Basic ");
  encode_base64({reinterpret_cast<const unsigned char*>(login.data()), login.size()},
                request.headers.extend(base64_size(login.size())));
  for (std::string* text : {&secret, &login}) Secret::wipe(text->data(), text->size());
  request.headers.add("content-type", "application/x-www-form-urlencoded");
  request.headers.add("accept", "application/json");
  return request;
}

/// What an authorization server answered: a token, or why there is none, for the operator.
struct TokenAnswer {
  std::shared_ptr<const Secret> token{};  // "Bearer ...", as it is sent
  Duration lifetime{};                    // for how long it may be used for more than this once
  std::string reason{};
};

/// Collects the members of an answer that count, from its top level.
class TokenFields {
 public:
  std::optional<std::string> token{}, type{}, error{}, lifetime{};

  void begin_object() { ++depth_; }
  void end_object() { --depth_; }
  void begin_array() { ++depth_; }
  void end_array() { --depth_; }
  void key(std::string_view name) {
    if (depth_ == 1) key_ = name;
  }
  void string(std::string_view text) {
    if (depth_ != 1) return;
    if (key_ == "access_token") token = text;
    if (key_ == "token_type") type = text;
    if (key_ == "error") error = text;
    number(text);
  }
  void number(std::string_view text) {
    if (depth_ == 1 && key_ == "expires_in") lifetime = text;
  }
  void literal(std::string_view) {}

 private:
  std::size_t depth_ = 0;
  std::string key_{};
};

inline TokenAnswer read_token(const Response& response) {
  TokenAnswer answer;
  TokenFields fields;
  const auto visible = [](std::string_view text, std::size_t most) {
    bool fine = !text.empty() && text.size() <= most;
    for (const char c : text) fine = fine && c > ' ' && c < 0x7F;
    return fine;
  };
  bool json = true;
  try {
    walk_json(response.body, fields);
  } catch (const Error&) {
    json = false;
  }
  if (response.status < 200 || response.status > 299) {
    answer.reason = "the token endpoint answered " + std::to_string(response.status);
    if (json && fields.error && visible(*fields.error, 64)) answer.reason += " (" + *fields.error + ")";
  } else if (!json || !fields.token) {
    answer.reason = "the token endpoint's answer is no JSON with an access_token, or longer than the transport keeps";
  } else if (fields.type && !Headers::same_name(*fields.type, "Bearer")) {
    answer.reason = "the token endpoint gave a token of another type than Bearer";
  } else if (!visible(*fields.token, 8192)) {
    answer.reason = "the token endpoint gave a token that is empty, too long, or no visible ASCII";
  } else {
    std::string sent = "Bearer " + *fields.token;
    answer.token = std::make_shared<const Secret>(sent);
    Secret::wipe(sent.data(), sent.size());
    std::int64_t seconds = fields.lifetime ? 0 : 300;  // RFC 6749 lets it be left out
    for (const char c : fields.lifetime.value_or("")) {
      if (c < '0' || c > '9' || seconds > 86400) break;
      seconds = seconds * 10 + (c - '0');
    }
    const Duration whole = std::chrono::seconds((std::min)(seconds, std::int64_t{86400}));
    answer.lifetime = whole - (std::min)(whole / 4, Duration(std::chrono::seconds(30)));  // renewed before it runs out
  }
  if (fields.token) Secret::wipe(fields.token->data(), fields.token->size());
  return answer;
}

/// Tokens that are still good, each for those who know its client's secret. Thread-safe.
class TokenBook {
 public:
  static constexpr std::size_t most = 10000;  ///< tokens kept; more are fetched each time

  std::shared_ptr<const Secret> find(const Access& access, SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name_of(access));
    if (found == entries_.end() || found->second.until <= now || !(found->second.secret == access.client_secret))
      return nullptr;
    return found->second.token;
  }

  void put(const Access& access, const TokenAnswer& answer, SteadyTime now) {
    if (answer.lifetime <= Duration::zero()) return;
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= most)
      std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
    if (entries_.size() >= most) return;
    entries_.insert_or_assign(name_of(access), Entry{access.client_secret, answer.token, now + answer.lifetime});
  }

  /// Forgets a token that was refused, unless another has taken its place.
  void drop(const Access& access, const std::shared_ptr<const Secret>& refused) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name_of(access));
    if (found != entries_.end() && found->second.token == refused) entries_.erase(found);
  }

 private:
  struct Entry {
    Secret secret{};
    std::shared_ptr<const Secret> token{};
    SteadyTime until{};
  };
  static std::string name_of(const Access& access) {  // a line break is in none of them
    return access.token_url + "\n" + access.client_id + "\n" + access.scope;
  }

  mutable std::mutex mutex_{};
  std::unordered_map<std::string, Entry> entries_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
