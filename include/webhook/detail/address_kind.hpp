// SPDX-License-Identifier: MIT
// What kind of place an IP address is, by the IANA special-purpose registries (IPv4, IPv6) and the metadata addresses
// of the large clouds. Pure arithmetic on integers: it knows neither sockets nor what is allowed (address.hpp).
#ifndef WEBHOOK_DETAIL_ADDRESS_KIND_HPP
#define WEBHOOK_DETAIL_ADDRESS_KIND_HPP

#include <cstdint>
#include <string_view>

namespace webhook {
inline namespace v0 {

/// What kind of place an address is.
enum class AddressKind : std::uint8_t {
  global,           ///< a public unicast address
  loopback,         ///< this host: 127.0.0.0/8, ::1
  private_network,  ///< RFC 1918, RFC 6598 (100.64.0.0/10), RFC 4193 (fc00::/7)
  special,          ///< every other special-purpose, reserved, multicast or transition address
  metadata          ///< where a cloud hands out credentials; never dialled
};

/// The kind in words, to stand before "address".
constexpr std::string_view to_string(AddressKind kind) noexcept {
  switch (kind) {
    case AddressKind::global:
      return "public";
    case AddressKind::loopback:
      return "loopback";
    case AddressKind::private_network:
      return "private";
    case AddressKind::special:
      return "special-purpose";
    case AddressKind::metadata:
      return "cloud metadata";
  }
  return "unknown";
}

namespace detail {

struct Ipv4Range {
  std::uint32_t first;
  unsigned bits;
  AddressKind kind;
};
// https://www.iana.org/assignments/iana-ipv4-special-registry, and 224.0.0.0/4. The few entries that the registry calls
// globally reachable (AS112, AMT, anycast services) are refused too: nobody's endpoint lives there.
inline constexpr Ipv4Range ipv4_ranges[] = {
    {0x00000000U, 8, AddressKind::special},           // 0.0.0.0/8 "this network"; Linux dials itself at 0.0.0.0
    {0x0A000000U, 8, AddressKind::private_network},   // 10.0.0.0/8
    {0x64400000U, 10, AddressKind::private_network},  // 100.64.0.0/10 shared address space
    {0x7F000000U, 8, AddressKind::loopback},          // 127.0.0.0/8
    {0xA9FE0000U, 16, AddressKind::special},          // 169.254.0.0/16 link local
    {0xAC100000U, 12, AddressKind::private_network},  // 172.16.0.0/12
    {0xC0000000U, 24, AddressKind::special},          // 192.0.0.0/24 IETF protocol assignments
    {0xC0000200U, 24, AddressKind::special},          // 192.0.2.0/24 documentation
    {0xC01FC400U, 24, AddressKind::special},          // 192.31.196.0/24 AS112
    {0xC034C100U, 24, AddressKind::special},          // 192.52.193.0/24 AMT
    {0xC0586300U, 24, AddressKind::special},          // 192.88.99.0/24 6to4 relay anycast (deprecated)
    {0xC0A80000U, 16, AddressKind::private_network},  // 192.168.0.0/16
    {0xC0AF3000U, 24, AddressKind::special},          // 192.175.48.0/24 AS112
    {0xC6120000U, 15, AddressKind::special},          // 198.18.0.0/15 benchmarking
    {0xC6336400U, 24, AddressKind::special},          // 198.51.100.0/24 documentation
    {0xCB007100U, 24, AddressKind::special},          // 203.0.113.0/24 documentation
    {0xE0000000U, 4, AddressKind::special},           // 224.0.0.0/4 multicast
    {0xF0000000U, 4, AddressKind::special},           // 240.0.0.0/4 reserved, and broadcast
};

inline constexpr std::uint32_t ipv4_metadata[] = {
    0xA9FEA9FEU,  // 169.254.169.254 nearly everyone
    0xA9FEAA02U,  // 169.254.170.2 AWS container credentials
    0xA9FEAA17U,  // 169.254.170.23 AWS pod identity
    0x646464C8U,  // 100.100.100.200 Alibaba
    0xA83F8110U,  // 168.63.129.16 Azure, though a public address by its number
    0xC00000C0U,  // 192.0.0.192 Oracle
};

struct Ipv6Range {
  std::uint64_t high;  // the first 64 bits; no range here is narrower
  unsigned bits;
};
// https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies in 2000::/3. All else is refused anyway:
// 2000::/3 is all that IANA has given out as global unicast.
inline constexpr Ipv6Range ipv6_ranges[] = {
    {0x2001000000000000U, 23},  // 2001::/23 protocol assignments: Teredo, ORCHID, benchmarking, AMT, AS112, DRIP
    {0x20010DB800000000U, 32},  // 2001:db8::/32 documentation
    {0x2002000000000000U, 16},  // 2002::/16 6to4
    {0x2620004F80000000U, 48},  // 2620:4f:8000::/48 AS112
    {0x3FFF000000000000U, 20},  // 3fff::/20 documentation
};

struct Ipv6 {
  std::uint64_t high, low;
};
inline constexpr Ipv6 ipv6_metadata[] = {
    {0xFD000EC200000000U, 0x254},  // fd00:ec2::254 AWS
    {0xFD000EC200000000U, 0x23},   // fd00:ec2::23 AWS pod identity
    {0xFD2000CE00000000U, 0x254},  // fd20:ce::254 Google
};

constexpr AddressKind kind_of(std::uint32_t ipv4) noexcept {
  for (const std::uint32_t address : ipv4_metadata) {
    if (ipv4 == address) return AddressKind::metadata;
  }
  for (const Ipv4Range& range : ipv4_ranges) {
    if ((ipv4 ^ range.first) >> (32U - range.bits) == 0) return range.kind;
  }
  return AddressKind::global;
}

// For an IPv4 address inside an IPv6 one that leads out of this host through a relay: what is private there is nobody's
// to allow here, but credentials stay credentials.
constexpr AddressKind relayed(std::uint32_t ipv4) noexcept {
  return kind_of(ipv4) == AddressKind::metadata ? AddressKind::metadata : AddressKind::special;
}
constexpr AddressKind relayed(std::uint32_t one, std::uint32_t other) noexcept {
  return relayed(one) == AddressKind::metadata ? AddressKind::metadata : relayed(other);
}

constexpr AddressKind kind_of(Ipv6 address) noexcept {
  const std::uint64_t high = address.high;
  const std::uint64_t low = address.low;
  const auto last32 = static_cast<std::uint32_t>(low);
  for (const Ipv6& known : ipv6_metadata) {
    if (high == known.high && low == known.low) return AddressKind::metadata;
  }
  if (high == 0) {
    if (low == 0) return AddressKind::special;   // ::
    if (low == 1) return AddressKind::loopback;  // ::1
    if (low >> 32U == 0xFFFFU)
      return kind_of(last32);  // ::ffff:0:0/96 mapped: the kernel dials the IPv4 address itself
    return relayed(last32);    // ::/96 compatible, ::ffff:0:0:0/96 translated, and the rest
  }
  if (high == 0x0064FF9B00000000U && low >> 32U == 0) {  // 64:ff9b::/96 NAT64 (RFC 6052): DNS64 hosts live on it
    return kind_of(last32) == AddressKind::global ? AddressKind::global : relayed(last32);
  }
  if (high >> 16U == 0x0064FF9B0001U) {  // 64:ff9b:1::/48 local NAT64 (RFC 8215), in its /48 and its /96 layout
    return relayed(static_cast<std::uint32_t>((high & 0xFFFFU) << 16U | ((low >> 40U) & 0xFFFFU)), last32);
  }
  if (high >> 48U == 0x2002U) return relayed(static_cast<std::uint32_t>(high >> 16U));        // 6to4
  if (high >> 32U == 0x20010000U) return relayed(static_cast<std::uint32_t>(high), ~last32);  // Teredo: server, client
  const bool isatap = (low >> 32U & 0xFCFFFFFFU) == 0x00005EFEU;  // RFC 5214, under any prefix
  if (isatap && kind_of(last32) != AddressKind::global) return relayed(last32);
  if (high >> 57U == 0xFCU >> 1U) return AddressKind::private_network;  // fc00::/7
  if (high >> 61U != 1U) return AddressKind::special;                   // outside 2000::/3
  for (const Ipv6Range& range : ipv6_ranges) {
    if ((high ^ range.high) >> (64U - range.bits) == 0) return AddressKind::special;
  }
  return AddressKind::global;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
