// SPDX-License-Identifier: MIT
// A fuzz target for the address guard: its verdict on any address is the one that the registries give, written down
// here a second time, as text and without arithmetic.
// Input: 16 bytes, an IPv6 address; fewer, and at least 4: an IPv4 address.
#include <webhook/address.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace {

using webhook::AddressKind;
using webhook::IpAddress;
using webhook::Network;

bool within(const std::vector<Network>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& one) { return one.contains(address); });
}

const std::vector<Network>& not_public_ipv4() {
  static const std::vector<Network> all{"0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",   "127.0.0.0/8",
                                        "169.254.0.0/16",  "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",
                                        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",  "192.168.0.0/16",
                                        "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",
                                        "224.0.0.0/4",     "240.0.0.0/4",     "168.63.129.16/32"};
  return all;
}

IpAddress ipv4(const std::uint8_t* octets) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(octets[i]);
  return *IpAddress::parse(text);
}

// Whether an IPv6 address that is no IPv4 address may be dialled.
bool is_public_ipv6(const IpAddress& address) {
  static const Network global = "2000::/3", nat64 = "64:ff9b::/96";
  static const std::vector<Network> special{"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48",
                                            "3fff::/20"};
  const IpAddress::Octets& octets = address.octets();
  const bool last_public = !within(not_public_ipv4(), ipv4(octets.data() + 12));
  if (nat64.contains(address)) return last_public;
  const bool isatap = (octets[8] & 0xFCU) == 0 && octets[9] == 0 && octets[10] == 0x5E && octets[11] == 0xFE;
  return global.contains(address) && !within(special, address) && (!isatap || last_public);
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::optional<IpAddress> address;
  if (size < 16) {
    address = ipv4(data);
    require(address->is_ipv4());
  } else {
    sockaddr_in6 socket{};
    socket.sin6_family = AF_INET6;
    std::memcpy(&socket.sin6_addr, data, 16);
    address = IpAddress::from(reinterpret_cast<const sockaddr*>(&socket), sizeof socket);
    require(address.has_value());
  }
  require(IpAddress::parse(address->text()) == address);
  const AddressKind kind = address->kind();
  const bool expected = address->is_ipv4() ? !within(not_public_ipv4(), *address) : is_public_ipv6(*address);
  require((kind == AddressKind::global) == expected);

  webhook::AddressRules rules;
  require(rules.allows(*address) == expected);
  rules.allow_private = true;
  require(rules.allows(*address) ==
          (expected || kind == AddressKind::private_network || kind == AddressKind::loopback));
  rules.allow = {"0.0.0.0/0", "::/0"};
  require(rules.allows(*address) == (kind != AddressKind::metadata));
  return 0;
}
