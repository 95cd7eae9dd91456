// SPDX-License-Identifier: MIT
// The address guard: which IP addresses may be dialled. It decides on the address itself, never on how a URL spells it,
// so whoever opens a socket asks here with the sockaddr in hand.
// It knows no names, no URLs, no ports and no HTTP; it never resolves or connects.
#ifndef WEBHOOK_ADDRESS_HPP
#define WEBHOOK_ADDRESS_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detail/address_kind.hpp"
#include "error.hpp"

namespace webhook {
inline namespace v0 {

/// An IPv4 or IPv6 address. An IPv4 address and its IPv4-mapped IPv6 form are the same address, as they are to the kernel.
class IpAddress {
 public:
  using Octets = std::array<std::uint8_t, 16>;

  /// Of a socket address of `size` bytes; nothing for other families than AF_INET and AF_INET6.
  static std::optional<IpAddress> from(const sockaddr* address, std::size_t size) noexcept {
    sa_family_t family = AF_UNSPEC;
    if (address == nullptr || size < sizeof(sockaddr)) return std::nullopt;
    std::memcpy(&family, reinterpret_cast<const char*>(address) + offsetof(sockaddr, sa_family), sizeof family);
    if (family == AF_INET && size >= sizeof(sockaddr_in)) {
      sockaddr_in v4{};
      std::memcpy(&v4, static_cast<const void*>(address), sizeof v4);
      return mapped(&v4.sin_addr);
    }
    if (family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, static_cast<const void*>(address), sizeof v6);
      IpAddress found;
      std::memcpy(found.octets_.data(), &v6.sin6_addr, found.octets_.size());
      return found;
    }
    return std::nullopt;
  }

  /// Of its usual text, "192.0.2.1" or "2001:db8::1"; nothing for any other spelling.
  static std::optional<IpAddress> parse(std::string_view text) noexcept {
    char terminated[INET6_ADDRSTRLEN]{};
    if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
    std::memcpy(terminated, text.data(), text.size());
    if (std::memchr(terminated, '\0', text.size()) != nullptr) return std::nullopt;
    in_addr v4{};
    if (inet_pton(AF_INET, terminated, &v4) == 1) return mapped(&v4);
    IpAddress found;
    if (inet_pton(AF_INET6, terminated, found.octets_.data()) == 1) return found;
    return std::nullopt;
  }

  /// All 16 octets; IPv4 is written as ::ffff:a.b.c.d.
  const Octets& octets() const noexcept { return octets_; }

  bool is_ipv4() const noexcept { return number(0) == 0 && number(8) >> 32U == 0xFFFFU; }

  AddressKind kind() const noexcept { return detail::kind_of(detail::Ipv6{number(0), number(8)}); }

  std::string text() const {
    char written[INET6_ADDRSTRLEN]{};
    const bool v4 = is_ipv4();
    inet_ntop(v4 ? AF_INET : AF_INET6, octets_.data() + (v4 ? 12 : 0), written, sizeof written);
    return written;
  }

  friend bool operator==(const IpAddress& left, const IpAddress& right) noexcept {
    return left.octets_ == right.octets_;
  }

 private:
  static IpAddress mapped(const in_addr* v4) noexcept {
    IpAddress address;
    address.octets_[10] = address.octets_[11] = 0xFF;
    std::memcpy(address.octets_.data() + 12, v4, 4);
    return address;
  }
  std::uint64_t number(std::size_t at) const noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = at; i < at + 8; ++i) value = value << 8U | octets_[i];
    return value;
  }

  Octets octets_{};
};

/// A network in CIDR notation, "10.20.0.0/16" or "fd12:3456::/32"; without a slash it is one address.
class Network {
 public:
  /// Throws Error (errc::invalid) if it is not a network, or if bits are set that the prefix does not cover.
  Network(std::string_view cidr) {  // NOLINT(google-explicit-constructor): lists of networks are written as text
    const std::size_t slash = cidr.find('/');
    const std::optional<IpAddress> first = IpAddress::parse(cidr.substr(0, slash));
    if (!first) refuse(cidr);
    first_ = *first;
    const unsigned longest = first_.is_ipv4() ? 32U : 128U;
    unsigned bits = longest;
    if (slash != std::string_view::npos) {
      const std::string_view digits = cidr.substr(slash + 1);
      if (digits.empty() || digits.size() > 3) refuse(cidr);
      bits = 0;
      for (const char digit : digits) {
        if (digit < '0' || digit > '9') refuse(cidr);
        bits = bits * 10U + static_cast<unsigned>(digit - '0');
      }
      if (bits > longest) refuse(cidr);
    }
    bits_ = bits + (128U - longest);
    for (unsigned bit = bits_; bit < 128U; ++bit) {
      if ((first_.octets()[bit / 8U] >> (7U - bit % 8U) & 1U) != 0) refuse(cidr);
    }
  }
  Network(const char* cidr) : Network(std::string_view(cidr)) {}         // NOLINT(google-explicit-constructor)
  Network(const std::string& cidr) : Network(std::string_view(cidr)) {}  // NOLINT(google-explicit-constructor)

  bool contains(const IpAddress& address) const noexcept {
    for (unsigned bit = 0; bit < bits_; bit += 8U) {
      const unsigned left = bits_ - bit;
      const auto mask = static_cast<std::uint8_t>(left >= 8U ? 0xFFU : 0xFFU << (8U - left));
      if (((address.octets()[bit / 8U] ^ first_.octets()[bit / 8U]) & mask) != 0) return false;
    }
    return true;
  }

 private:
  [[noreturn]] static void refuse(std::string_view cidr) {
    throw Error(errc::invalid, "\"" + std::string(cidr.substr(0, 64)) +
                                   "\" is no network: write its first address and its prefix length, such as "
                                   "\"10.20.0.0/16\" or \"fd12:3456::/32\"");
  }

  IpAddress first_{};
  unsigned bits_ = 128;
};

/// Which addresses may be dialled: public ones always, metadata addresses never, the others as the host says.
struct AddressRules {
  bool allow_loopback = false;   ///< 127.0.0.0/8 and ::1
  bool allow_private = false;    ///< RFC 1918, 100.64.0.0/10, fc00::/7, and loopback
  std::vector<Network> allow{};  ///< and whatever lies in these

  bool allows(const IpAddress& address) const noexcept {
    switch (address.kind()) {
      case AddressKind::global:
        return true;
      case AddressKind::metadata:
        return false;
      case AddressKind::loopback:
        if (allow_loopback || allow_private) return true;
        break;
      case AddressKind::private_network:
        if (allow_private) return true;
        break;
      case AddressKind::special:
        break;
    }
    for (const Network& network : allow) {
      if (network.contains(address)) return true;
    }
    return false;
  }

  /// True if nothing but public addresses is allowed.
  bool only_public() const noexcept { return !allow_loopback && !allow_private && allow.empty(); }
};

}  // namespace v0
}  // namespace webhook

#endif
