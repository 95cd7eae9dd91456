// SPDX-License-Identifier: MIT
// Credential: the text of a header that proves who sends, kept so that it can be sent, and compared by its digest, so
// that neither its bytes nor its length show in the time that a comparison takes.
// It does not know which header it stands in.
#ifndef WEBHOOK_DETAIL_CREDENTIAL_HPP
#define WEBHOOK_DETAIL_CREDENTIAL_HPP

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../error.hpp"
#include "../http.hpp"
#include "../secret.hpp"
#include "../verification.hpp"
#include "base64.hpp"
#include "field.hpp"
#include "key_match.hpp"
#include "sha256.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::string_view authorization = "Authorization";

class Credential {
 public:
  /// What is sent is `kind` ("Bearer ") and the text; what is compared is the text.
  Credential(std::string_view kind, std::string_view text) : digest_(sha256(text)) {
    std::vector<char> whole(kind.size() + text.size());
    std::copy(text.begin(), text.end(), std::copy(kind.begin(), kind.end(), whole.begin()));
    sent_ = Secret({whole.data(), whole.size()});
    OPENSSL_cleanse(whole.data(), whole.size());
  }
  /// The same of the base64 of the text.
  static Credential encoded(std::string_view kind, std::string_view text) {
    std::vector<char> base64(base64_size(text.size()));
    encode_base64({reinterpret_cast<const unsigned char*>(text.data()), text.size()}, base64.data());
    Credential credential(kind, {base64.data(), base64.size()});
    OPENSSL_cleanse(base64.data(), base64.size());
    return credential;
  }

  std::string_view sent() const noexcept { return sent_.reveal(); }
  const Sha256Digest& digest() const noexcept { return digest_; }

 private:
  Secret sent_{};
  Sha256Digest digest_{};
};

/// Throws Error (errc::invalid_secret) for a text that cannot be sent as it is.
inline void require_credential(std::string_view text, std::string_view what) {
  bool visible = !text.empty() && text.size() <= 4096;
  for (const char c : text) visible = visible && c > ' ' && c < 0x7F;
  if (!visible) {
    throw Error(errc::invalid_secret,
                std::string(what) + " has 1 to 4096 visible ASCII characters and no blank; this one does not");
  }
}

/// Compares what was received with every key.
inline Verification judge_credential(std::string_view received, std::span<Credential> keys) {
  if (keys.empty()) return {Verification::unknown_key};
  const Sha256Digest digest = sha256(received);
  KeyMatch match;
  for (std::size_t k = 0; k < keys.size(); ++k) match.consider(k, equal_bytes(keys[k].digest(), digest));
  return match.verdict({Verification::ok});
}

/// The same for Authorization, whose kind is compared without regard to case (RFC 9110 §11.1).
inline Verification judge_authorization(const Request& request, std::span<Credential> keys, std::string_view kind) {
  std::string_view value;
  if (const Verification found = only_field(request.headers, authorization, value); !found) return found;
  const std::size_t end = (std::min)(value.find(' '), value.size());
  if (!Headers::same_name(value.substr(0, end), kind)) return refused(Verification::unsupported, authorization);
  const std::size_t begin = (std::min)(value.find_first_not_of(' ', end), value.size());
  return judge_credential(value.substr(begin), keys);
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
