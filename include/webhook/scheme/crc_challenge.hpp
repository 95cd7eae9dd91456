// SPDX-License-Identifier: MIT
// CrcChallenge: answers the challenge-response check of X (Twitter), which asks by GET, at first and then every hour,
// whether this endpoint has the key. The signature itself is the business of the scheme inside.
#ifndef WEBHOOK_SCHEME_CRC_CHALLENGE_HPP
#define WEBHOOK_SCHEME_CRC_CHALLENGE_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/form_parameters.hpp"
#include "../detail/json_text.hpp"
#include "../detail/scheme_layer.hpp"

namespace webhook {
inline namespace v0 {

/// A scheme that also answers `GET …?crc_token=t` with {"response_token": s}, s being what the inner scheme would write
/// into the header `signature` for the body t. So the inner scheme signs the body alone: for X, HMAC-SHA256 in base64
/// after "sha256=", in x-twitter-webhooks-signature. The first secret answers. As thread-safe as the inner scheme.
template <class Scheme>
class CrcChallenge : public detail::SchemeLayer<Scheme> {
  using Layer = detail::SchemeLayer<Scheme>;

 public:
  using Key = typename Layer::Key;
  static constexpr std::size_t max_token = 256;  ///< bytes; a longer one is refused with 400

  explicit CrcChallenge(Scheme inner, std::string signature = "x-twitter-webhooks-signature")
      : Layer(std::move(inner)), signature_(std::move(signature)) {}

  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const Fields& fields) const {
    const std::optional<std::string> token =
        request.method == "GET" ? detail::query_value(request.url, "crc_token") : std::nullopt;
    if (!token) return this->inner_handshake(request, verdict, keys, fields);
    Response refusal;
    refusal.status = token->empty() || token->size() > max_token ? 400 : 500;
    if (refusal.status == 400 || keys.empty()) return refusal;
    Request asked;
    asked.method = "POST";
    asked.url = request.url;
    asked.body = Bytes(*token);
    Headers headers;
    if (!this->inner().sign({std::string_view(), {}, asked}, keys.first(1), headers)) return refusal;
    const auto signature = headers.find(signature_);
    if (!signature) return refusal;
    return Layer::json("{\"response_token\":" + detail::json_text(*signature) + "}");
  }

 private:
  std::string signature_;
};

}  // namespace v0
}  // namespace webhook

#endif
