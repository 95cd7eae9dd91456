// SPDX-License-Identifier: MIT
// Certificates made at run time, so that no key lies in the repository and none can expire there.
#ifndef WEBHOOK_TESTS_SUPPORT_CERTIFICATES_HPP
#define WEBHOOK_TESTS_SUPPORT_CERTIFICATES_HPP

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

/// A certificate and its key.
struct Certificate {
  std::shared_ptr<X509> certificate{};
  std::shared_ptr<EVP_PKEY> key{};

  struct Wish {
    std::string name = "receiver";
    std::string alternative_names{};  ///< "IP:127.0.0.1", "DNS:receiver.example"
    bool authority = false;
    long begins_in = -3600, ends_in = 3600;  ///< seconds from now
    const Certificate* issuer = nullptr;     ///< none: it signs itself
  };

  std::string pem() const {
    return text([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
  }
  std::string key_pem(const std::string& password = "") const {
    return text([&](BIO* out) {
      return PEM_write_bio_PKCS8PrivateKey(out, key.get(), password.empty() ? nullptr : EVP_aes_128_cbc(),
                                           password.data(), static_cast<int>(password.size()), nullptr, nullptr);
    });
  }

  static Certificate make(const Wish& wish) {
    Certificate made;
    made.key.reset(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    made.certificate.reset(X509_new(), &X509_free);
    X509* const x509 = made.certificate.get();
    if (made.key == nullptr || x509 == nullptr) throw std::runtime_error("no certificate could be made");
    static long serial = 1;
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), wish.begins_in);
    X509_gmtime_adj(X509_getm_notAfter(x509), wish.ends_in);
    X509_set_pubkey(x509, made.key.get());
    const auto* name = reinterpret_cast<const unsigned char*>(wish.name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, name, -1, -1, 0);
    const Certificate& issuer = wish.issuer == nullptr ? made : *wish.issuer;
    X509_set_issuer_name(x509, X509_get_subject_name(issuer.certificate.get()));
    made.extend(NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.alternative_names.empty()) made.extend(NID_subject_alt_name, wish.alternative_names);
    if (X509_sign(x509, issuer.key.get(), EVP_sha256()) == 0)
      throw std::runtime_error("no certificate could be signed");
    return made;
  }

 private:
  template <class Write>
  static std::string text(const Write& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
    char* bytes = nullptr;
    if (out == nullptr || write(out.get()) != 1) throw std::runtime_error("no PEM could be written");
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  void extend(int what, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()), &X509_EXTENSION_free);
    if (extension == nullptr) throw std::runtime_error("no certificate extension could be made");
    X509_add_ext(certificate.get(), extension.get(), -1);
  }
};

/// A PEM file that goes away with this value.
class PemFile {
 public:
  explicit PemFile(const Certificate& certificate) {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder == nullptr ? "/tmp" : folder) + "/webhook-authority-XXXXXX";
    const int fd = ::mkstemp(path_.data());
    FILE* const file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) throw std::runtime_error("no temporary file could be made");
    PEM_write_X509(file, certificate.certificate.get());
    ::fclose(file);
  }
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;
  ~PemFile() { ::unlink(path_.c_str()); }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_{};
};

#endif
