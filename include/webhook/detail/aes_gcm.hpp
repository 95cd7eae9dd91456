// SPDX-License-Identifier: MIT
// AES-256-GCM (NIST SP 800-38D) over whole texts: what was sealed under a key and a context opens under both, or not.
// It uses OpenSSL 3's EVP interface, and knows neither where keys come from nor what is sealed.
#ifndef WEBHOOK_DETAIL_AES_GCM_HPP
#define WEBHOOK_DETAIL_AES_GCM_HPP

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../secret.hpp"
#include "openssl_errors.hpp"
#include "secure_random.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class AesGcm {
 public:
  static constexpr std::size_t key_size = 32, nonce_size = 12, tag_size = 16;  ///< bytes
  static constexpr std::size_t longest = 1U << 30U;  ///< bytes of a text: lengths are int to OpenSSL

  /// Takes `key_size` bytes.
  explicit AesGcm(Secret key) noexcept : key_(std::move(key)) {}

  /// A fresh nonce, what became of `text`, and the tag. Thread-safe. Throws Error (errc::transient) if the system's
  /// cryptography fails.
  std::string seal(std::string_view text, std::string_view context) const {
    if (text.size() > longest || context.size() > longest) throw Error(errc::too_large, "too much to seal at once");
    std::string sealed(nonce_size + text.size() + tag_size, '\0');
    const std::span<unsigned char> out(bytes(sealed), sealed.size());
    fill_random(out.first(nonce_size));
    const Context cipher = fresh();
    int size = 0;
    require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()), out.data()));
    require(EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(context), length(context)));
    require(EVP_EncryptUpdate(cipher.get(), out.data() + nonce_size, &size, bytes(text), length(text)));
    require(EVP_EncryptFinal_ex(cipher.get(), out.data() + nonce_size + text.size(), &size));
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, int{tag_size}, out.last(tag_size).data()));
    return sealed;
  }

  /// The text; nothing if the key or the context is another, or a bit was changed. Thread-safe; throws as seal().
  std::optional<Secret> open(std::string_view sealed, std::string_view context) const {
    if (sealed.size() < nonce_size + tag_size || sealed.size() > longest) return std::nullopt;
    const ForgetErrors forget;
    const std::string_view inner = sealed.substr(nonce_size, sealed.size() - nonce_size - tag_size);
    std::array<unsigned char, tag_size> tag{};
    std::copy_n(bytes(sealed.substr(sealed.size() - tag_size)), tag_size, tag.begin());
    struct Wiped {
      std::string text;
      ~Wiped() { Secret::wipe(text.data(), text.size()); }
    } opened{std::string(inner.size(), '\0')};
    const Context cipher = fresh();
    int size = 0;
    require(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key_.reveal()), bytes(sealed)));
    require(EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes(context), length(context)));
    require(EVP_DecryptUpdate(cipher.get(), bytes(opened.text), &size, bytes(inner), length(inner)));
    require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, int{tag_size}, tag.data()));
    if (EVP_DecryptFinal_ex(cipher.get(), bytes(opened.text) + inner.size(), &size) != 1) return std::nullopt;
    return Secret(opened.text);
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }  // clears the key
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

  static void require(int done) {
    if (done != 1)
      throw Error(errc::transient,
                  "OpenSSL could not encrypt or decrypt: out of memory, or no provider has AES-256-GCM");
  }
  static Context fresh() {
    Context context(EVP_CIPHER_CTX_new());
    require(context != nullptr ? 1 : 0);
    return context;
  }
  static int length(std::string_view text) noexcept { return static_cast<int>(text.size()); }
  static unsigned char* bytes(std::string& text) noexcept { return reinterpret_cast<unsigned char*>(text.data()); }
  static const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
  }

  Secret key_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
