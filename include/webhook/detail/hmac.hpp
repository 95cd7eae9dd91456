// SPDX-License-Identifier: MIT
// HMAC (RFC 2104, FIPS 180-4) under a key that was made ready once: both pads are hashed beforehand.
// It uses only the part of OpenSSL 3 that is not deprecated, and knows nothing of schemes or encodings.
#ifndef WEBHOOK_DETAIL_HMAC_HPP
#define WEBHOOK_DETAIL_HMAC_HPP

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct Sha1 {
  static constexpr std::size_t size = 20, block = 64;
  static const EVP_MD* digest() noexcept { return EVP_sha1(); }
};
struct Sha256 {
  static constexpr std::size_t size = 32, block = 64;
  static const EVP_MD* digest() noexcept { return EVP_sha256(); }
};
struct Sha512 {
  static constexpr std::size_t size = 64, block = 128;
  static const EVP_MD* digest() noexcept { return EVP_sha512(); }
};

/// A prepared key. Copying a prepared digest state costs a fifth of keying a MAC again, which is most of the price of
/// signing a small message. Holds scratch space: one thread at a time. After a move only destruction is allowed.
template <class Hash>
class HmacOf {
 public:
  static constexpr std::size_t size = Hash::size;  ///< bytes of a MAC
  using Mac = std::array<unsigned char, size>;

  /// Takes a key of any length. Throws Error (errc::transient) if the system's cryptography fails.
  explicit HmacOf(std::span<const unsigned char> key) : inner_(fresh()), outer_(fresh()), scratch_(fresh()) {
    std::array<unsigned char, block> pad{};
    Wipe wipe{pad};
    if (key.size() > block) {
      begin(*scratch_);
      add(*scratch_, {reinterpret_cast<const char*>(key.data()), key.size()});
      require(EVP_DigestFinal_ex(scratch_.get(), pad.data(), nullptr));
    } else {
      for (std::size_t i = 0; i < key.size(); ++i) pad[i] = key[i];
    }
    for (unsigned char& byte : pad) byte ^= 0x36U;
    absorb(*inner_, pad);
    for (unsigned char& byte : pad) byte ^= 0x36U ^ 0x5CU;
    absorb(*outer_, pad);
  }

  /// The MAC of the parts one after the other. Throws Error (errc::transient) as the constructor does.
  Mac operator()(std::initializer_list<std::string_view> parts) {
    return (*this)(std::span(parts.begin(), parts.size()));
  }
  Mac operator()(std::span<const std::string_view> parts) {
    Mac mac{};
    require(EVP_MD_CTX_copy_ex(scratch_.get(), inner_.get()));
    for (const std::string_view part : parts) add(*scratch_, part);
    require(EVP_DigestFinal_ex(scratch_.get(), mac.data(), nullptr));
    require(EVP_MD_CTX_copy_ex(scratch_.get(), outer_.get()));
    add(*scratch_, {reinterpret_cast<const char*>(mac.data()), mac.size()});
    require(EVP_DigestFinal_ex(scratch_.get(), mac.data(), nullptr));
    return mac;
  }

 private:
  static constexpr std::size_t block = Hash::block;

  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }  // clears the state
  };
  using Context = std::unique_ptr<EVP_MD_CTX, Free>;
  struct Wipe {
    std::array<unsigned char, block>& bytes;
    ~Wipe() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  };

  static void require(int done) {
    if (done != 1)
      throw Error(errc::transient, "OpenSSL could not compute a digest: out of memory, or no provider has it");
  }
  static Context fresh() {
    Context context(EVP_MD_CTX_new());
    require(context != nullptr ? 1 : 0);
    return context;
  }
  static void begin(EVP_MD_CTX& context) { require(EVP_DigestInit_ex(&context, Hash::digest(), nullptr)); }
  static void add(EVP_MD_CTX& context, std::string_view bytes) {
    require(EVP_DigestUpdate(&context, bytes.data(), bytes.size()));
  }
  static void absorb(EVP_MD_CTX& context, std::span<const unsigned char, block> pad) {
    begin(context);
    require(EVP_DigestUpdate(&context, pad.data(), pad.size()));
  }

  Context inner_, outer_, scratch_;
};

using HmacSha1 = HmacOf<Sha1>;
using HmacSha256 = HmacOf<Sha256>;
using HmacSha512 = HmacOf<Sha512>;

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
