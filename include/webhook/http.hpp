// SPDX-License-Identifier: MIT
// Request, Response and Headers: what a transport carries and what a receiver is handed.
// Nothing here opens a socket, parses a URL or judges an answer.
#ifndef WEBHOOK_HTTP_HPP
#define WEBHOOK_HTTP_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

struct Access;

/// One header field; views into the Headers it came from.
struct Header {
  std::string_view name{}, value{};
};

/// Header fields in order, names compared without regard to ASCII case (never to the locale; RFC 9110 §5.1).
/// Holds what it is given: whoever sends checks names and values, whoever receives counts and bounds them.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) {
    for (const Header& field : fields) add(field.name, field.value);
  }

  /// Appends a field; several of one name may stand side by side. Both may be views into these same Headers.
  void add(std::string_view name, std::string_view value) {
    const Field field{text_.size(), name.size(), value.size()};
    const std::size_t size = field.at + name.size() + value.size();
    if (size <= text_.capacity()) {
      fields_.push_back(field);
      text_.append(name).append(value);
      return;
    }
    std::string grown;  // the old text stays until both are copied
    grown.reserve((std::max)(size, 2 * text_.capacity()));
    grown.append(text_).append(name).append(value);
    fields_.push_back(field);
    text_.swap(grown);
  }

  /// Appends all fields of others. Throws std::bad_alloc, and then nothing was added.
  void add(const Headers& others) {
    fields_.reserve(fields_.size() + others.fields_.size());
    const std::size_t before = text_.size();
    text_.append(others.text_);
    for (const Field& field : others.fields_) fields_.push_back({before + field.at, field.name, field.value});
  }

  /// Makes the value of the field that was added last longer by `size` characters, to be written where it points to; valid
  /// until the next change.
  char* extend(std::size_t size) {
    text_.resize(text_.size() + size);
    fields_.back().value += size;
    return text_.data() + (text_.size() - size);
  }

  /// The value of the first field of that name; valid until the next add(), clear() or assignment.
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const Header field : *this) {
      if (same_name(field.name, name)) return field.value;
    }
    return std::nullopt;
  }

  /// How many fields have that name: more than one where one is expected is a reason to refuse.
  std::size_t count(std::string_view name) const noexcept {
    std::size_t found = 0;
    for (const Header field : *this) found += same_name(field.name, name) ? 1U : 0U;
    return found;
  }

  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  std::size_t bytes() const noexcept { return text_.size(); }  ///< of all names and values together
  std::string_view text() const noexcept { return text_; }     ///< all of them, one after the other
  Header operator[](std::size_t index) const noexcept {
    const Field& field = fields_[index];
    const char* const text = text_.data() + field.at;
    return {{text, field.name}, {text + field.name, field.value}};
  }
  void clear() noexcept {
    text_.clear();
    fields_.clear();
  }

  class Iterator {  // by value: a Header is two views
   public:
    Iterator(const Headers* headers, std::size_t index) noexcept : headers_(headers), index_(index) {}
    Header operator*() const noexcept { return (*headers_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    friend bool operator==(const Iterator& left, const Iterator& right) noexcept { return left.index_ == right.index_; }

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  Iterator begin() const noexcept { return {this, 0}; }
  Iterator end() const noexcept { return {this, fields_.size()}; }

  /// Compares two names without regard to ASCII case.
  static constexpr bool same_name(std::string_view left, std::string_view right) noexcept {
    if (left.size() != right.size()) return false;
    // Names begin alike more often than they end alike, and what is equal is mostly written alike. Two letters that
    // differ in more than the bit of their case are two.
    if (!left.empty() && ((left.back() ^ right.back()) & ~('a' ^ 'A')) != 0) return false;
    if (left == right) return true;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (lower(left[i]) != lower(right[i])) return false;
    }
    return true;
  }

 private:
  struct Field {
    std::size_t at, name, value;
  };
  static constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

  std::string text_{};  // one allocation for all fields
  std::vector<Field> fields_{};
};

/// What is sent to an endpoint, and what a receiver is handed.
struct Request {
  std::string method = "POST";
  std::string url{};  ///< absolute when sent; as the public sees it when received (some schemes sign it)
  Headers headers{};
  Bytes body{};
  Duration timeout = std::chrono::seconds{15};  ///< in all: name, connection, sending and the answer's header block
  bool http2 = false;                           ///< offer HTTP/2 by ALPN; only over TLS
  const Access* access = nullptr;  ///< of the endpoint, for the transport; stays where it is until the exchange is over
};

/// Why there is no usable answer.
enum class Failure : std::uint8_t {
  none,             ///< there is one: see the status
  not_sent,         ///< the send gate was closed: nothing left this host
  address_refused,  ///< the address dialled is private, local or metadata, and not allowed
  invalid_request,  ///< the URL or a header cannot be sent as it is
  dns,              ///< the name did not resolve
  connect,          ///< nobody accepted the connection
  tls,              ///< the handshake failed, or the certificate does not verify
  timeout,          ///< no complete header block in time
  broken,           ///< the connection ended, or what came is not HTTP
  too_large,        ///< the header block is over its limit
  internal          ///< a failure on our side: out of memory or of descriptors
};

/// The name of a failure, as logs and metrics show it.
constexpr std::string_view to_string(Failure failure) noexcept {
  switch (failure) {
    case Failure::none:
      return "none";
    case Failure::not_sent:
      return "not sent";
    case Failure::address_refused:
      return "address refused";
    case Failure::invalid_request:
      return "invalid request";
    case Failure::dns:
      return "name not resolved";
    case Failure::connect:
      return "connection failed";
    case Failure::tls:
      return "TLS failed";
    case Failure::timeout:
      return "timed out";
    case Failure::broken:
      return "broken answer";
    case Failure::too_large:
      return "header block too large";
    case Failure::internal:
      return "internal failure";
  }
  return "unknown";
}

/// What came back, or what a receiver answers.
struct Response {
  int status = 0;  ///< of the final, complete header block; 0: there was none
  Headers headers{};
  std::string body{};  ///< capped by the transport: never more than it was told to keep
  Failure failure = Failure::none;
  std::string reason{};  ///< of a failure, for the operator; may name addresses, so never show it to a tenant
};

}  // namespace v0
}  // namespace webhook

#endif
