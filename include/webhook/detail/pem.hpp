// SPDX-License-Identifier: MIT
// Whether PEM texts are what they are taken for: certificates, and the private key of the first of them.
// It looks at form alone: nobody's signature and no date is judged here. No sentence repeats a byte of them.
#ifndef WEBHOOK_DETAIL_PEM_HPP
#define WEBHOOK_DETAIL_PEM_HPP

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "openssl_errors.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The first of the certificates in `pem`. Throws Error (errc::invalid) unless it is one or more and nothing else;
/// `what` names the text.
inline std::shared_ptr<X509> check_certificates(std::string_view pem, const std::string& what) {
  const ForgetErrors forget;
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                   &BIO_free);
  std::shared_ptr<X509> first;
  std::size_t found = 0, begun = 0;
  for (std::size_t at = 0; (at = pem.find("-----BEGIN ", at)) != std::string_view::npos; ++at) ++begun;
  while (source != nullptr) {
    std::shared_ptr<X509> next(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), &X509_free);
    if (next == nullptr) break;
    if (found++ == 0) first = std::move(next);
  }
  if (found == 0 || found != begun) {
    throw Error(errc::invalid, what +
                                   " is one certificate or more in PEM (\"-----BEGIN CERTIFICATE-----\" ...), and "
                                   "nothing else; this text is not");
  }
  return first;
}

/// Throws Error (errc::invalid) unless `key` is the private key of the first certificate, in clear PEM.
inline void check_private_key(std::string_view certificates, std::string_view key, const std::string& what) {
  const std::shared_ptr<X509> certificate = check_certificates(certificates, what + "certificate");
  const ForgetErrors forget;
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())),
                                                   &BIO_free);
  const auto nobody_to_ask = [](char*, int, int, void*) { return -1; };  // or OpenSSL would ask at the terminal
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> own(
      source == nullptr ? nullptr : PEM_read_bio_PrivateKey(source.get(), nullptr, nobody_to_ask, nullptr),
      &EVP_PKEY_free);
  if (own == nullptr)
    throw Error(errc::invalid, what + "certificate_key is no private key in PEM, or it is encrypted: decrypt it first");
  if (X509_check_private_key(certificate.get(), own.get()) != 1)
    throw Error(errc::invalid, what + "certificate_key does not belong to the first certificate");
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
