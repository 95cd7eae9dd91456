// SPDX-License-Identifier: MIT
// The address guard against the whole special-purpose registries: each range's ends and their neighbours.
#include <webhook/address.hpp>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/handshake_vectors.hpp"

namespace unit_address {

namespace {

using webhook::AddressKind;
using webhook::AddressRules;
using webhook::IpAddress;

constexpr AddressKind global = AddressKind::global;
constexpr AddressKind loopback = AddressKind::loopback;
constexpr AddressKind local = AddressKind::private_network;
constexpr AddressKind special = AddressKind::special;
constexpr AddressKind metadata = AddressKind::metadata;

AddressKind kind(const std::string& text) {
  INFO(text);
  const auto address = IpAddress::parse(text);
  REQUIRE(address);
  return address->kind();
}
bool allowed(const AddressRules& rules, const std::string& text) {
  INFO(text);
  const auto address = IpAddress::parse(text);
  REQUIRE(address);
  return rules.allows(*address);
}

struct Range {  // an address before, the first, the last, and the one after; "" where there is none
  const char *before, *first, *last, *after;
  AddressKind kind, kind_before, kind_after;
};

void check(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) {
    CAPTURE(range.first);
    CHECK(kind(range.first) == range.kind);
    CHECK(kind(range.last) == range.kind);
    if (*range.before != '\0') CHECK(kind(range.before) == range.kind_before);
    if (*range.after != '\0') CHECK(kind(range.after) == range.kind_after);
  }
}

}  // namespace

TEST_CASE("every special-purpose IPv4 range is known from its first to its last address", "[C1]") {
  check({
      {"", "0.0.0.0", "0.255.255.255", "1.0.0.0", special, global, global},
      {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", local, global, global},
      {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", local, global, global},
      {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", loopback, global, global},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", special, global, global},
      {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", local, global, global},
      {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", special, global, global},
      {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", special, global, global},
      {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0", special, global, global},
      {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0", special, global, global},
      {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", special, global, global},
      {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", local, global, global},
      {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0", special, global, global},
      {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", special, global, global},
      {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", special, global, global},
      {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", special, global, global},
      {"223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", special, global, special},
      {"239.255.255.255", "240.0.0.0", "255.255.255.255", "", special, special, global},
  });
  CHECK(kind("8.8.8.8") == global);
  CHECK(kind("93.184.216.34") == global);
}

TEST_CASE("of IPv6 only 2000::/3 without its special-purpose ranges is public", "[C1]") {
  check({
      {"", "::", "::", "::1", special, special, loopback},
      {"::", "::1", "::1", "::2", loopback, special, special},
      {"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::", "64:ff9b::ff:ffff", "64:ff9b::100:0", special, special,
       global},
      {"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
       "64:ff9b:2::", special, special, special},
      {"ff::", "100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::", special, special, special},
      {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", global,
       special, global},
      {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:200::", special, global, global},
      {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:db9::", special, global, global},
      {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2003::", special, global, global},
      {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
       "2620:4f:8001::", special, global, global},
      {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
       "3fff:1000::", special, global, global},
      {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "6000::", special, global, special},
      {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", local,
       special, special},
      {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "fec0::", special, special, special},
      {"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", special,
       special, global},
  });
  for (const char* inside : {"2001::1", "2001:1::1", "2001:2::1", "2001:3::1", "2001:4:112::1", "2001:10::1",
                             "2001:20::1", "2001:30::1", "5f00::1"}) {
    CHECK(kind(inside) == special);
  }
  CHECK(kind("2606:4700:4700::1111") == global);
  CHECK(kind("2a00:1450:4001:82f::200e") == global);
}

TEST_CASE("an IPv4 address inside an IPv6 one is judged as what it is", "[C2][C3]") {
  CHECK(kind("::ffff:127.0.0.1") == loopback);
  CHECK(kind("::ffff:10.0.0.1") == local);
  CHECK(kind("::ffff:8.8.8.8") == global);
  CHECK(kind("::ffff:169.254.169.254") == metadata);
  CHECK(*IpAddress::parse("::ffff:192.0.2.1") == *IpAddress::parse("192.0.2.1"));

  CHECK(kind("64:ff9b::808:808") == global);  // DNS64: how an IPv6-only host reaches 8.8.8.8
  CHECK(kind("64:ff9b::7f00:1") == special);
  CHECK(kind("64:ff9b::a00:1") == special);
  CHECK(kind("64:ff9b::a9fe:a9fe") == metadata);
  CHECK(kind("64:ff9b:1::808:808") == special);
  CHECK(kind("64:ff9b:1:a9fe:a9:fe00::") == metadata);
  CHECK(kind("64:ff9b:1::a9fe:a9fe") == metadata);

  for (const char* refused : {"::127.0.0.1", "::8.8.8.8", "::ffff:0:7f00:1", "::ffff:0:808:808",
                              "2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
                              "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:127.0.0.1", "fe80::5efe:8.8.8.8"}) {
    CHECK(kind(refused) == special);
  }
  CHECK(kind("2a00:1450::5efe:8.8.8.8") == global);
  CHECK(kind("::169.254.169.254") == metadata);
  CHECK(kind("2002:a9fe:a9fe::") == metadata);
  CHECK(kind("2001:0:a9fe:a9fe::1") == metadata);                   // a Teredo server
  CHECK(kind("2001:0:4136:e378:8000:63bf:5601:5601") == metadata);  // a Teredo client, its bits turned
  CHECK(kind("fd00::5efe:169.254.169.254") == metadata);
}

TEST_CASE("a metadata address is never allowed, whatever the host allows", "[C4]") {
  AddressRules all;
  all.allow_loopback = all.allow_private = true;
  all.allow = {"0.0.0.0/0", "::/0"};
  for (const char* address : {"169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16",
                              "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "::ffff:169.254.169.254",
                              "64:ff9b::a9fe:a9fe", "::ffff:168.63.129.16", "64:ff9b::a83f:8110"}) {
    CHECK(kind(address) == metadata);
    CHECK_FALSE(allowed(all, address));
    CHECK_FALSE(allowed({}, address));
  }
  for (const char* neighbour :
       {"169.254.169.253", "169.254.169.255", "100.100.100.199", "192.0.0.191", "fd00:ec2::253"}) {
    CHECK(allowed(all, neighbour));
    CHECK_FALSE(allowed({}, neighbour));
  }
  CHECK(allowed({}, "168.63.129.15"));
}

TEST_CASE("what the host allows is allowed, and nothing more") {
  AddressRules none;
  CHECK(none.only_public());
  CHECK(allowed(none, "8.8.8.8"));
  CHECK_FALSE(allowed(none, "127.0.0.1"));
  CHECK_FALSE(allowed(none, "10.0.0.1"));

  AddressRules this_host;
  this_host.allow_loopback = true;
  CHECK_FALSE(this_host.only_public());
  CHECK(allowed(this_host, "127.0.0.1"));
  CHECK(allowed(this_host, "::1"));
  CHECK_FALSE(allowed(this_host, "0.0.0.0"));
  CHECK_FALSE(allowed(this_host, "10.0.0.1"));

  AddressRules nearby;
  nearby.allow_private = true;
  CHECK(allowed(nearby, "127.0.0.1"));
  CHECK(allowed(nearby, "192.168.1.1"));
  CHECK(allowed(nearby, "fd12::1"));
  CHECK_FALSE(allowed(nearby, "169.254.1.1"));
  CHECK_FALSE(allowed(nearby, "fe80::1"));
  CHECK_FALSE(allowed(nearby, "64:ff9b::10.0.0.1"));

  AddressRules some;
  some.allow = {"10.20.0.0/16", "fd12:3456::/32", "198.18.0.7"};
  CHECK(allowed(some, "10.20.255.255"));
  CHECK_FALSE(allowed(some, "10.21.0.0"));
  CHECK(allowed(some, "::ffff:10.20.0.1"));
  CHECK(allowed(some, "fd12:3456:ffff::1"));
  CHECK_FALSE(allowed(some, "fd12:3457::1"));
  CHECK(allowed(some, "198.18.0.7"));
  CHECK_FALSE(allowed(some, "198.18.0.8"));
}

TEST_CASE("a network that is none is refused with an example of one") {
  for (const char* wrong : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "10.0.0/8",
                            "/8", "fd00::/129", "fd00::1/64", "localhost", "10.0.0.0/0008", " 10.0.0.0/8"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(webhook::Network(wrong), webhook::Error);
  }
  CHECK_NOTHROW(webhook::Network("0.0.0.0/0"));
  CHECK_NOTHROW(webhook::Network("::/0"));
  CHECK_NOTHROW(webhook::Network("10.0.0.0/9"));
}

TEST_CASE("an address is read from a socket address of either family, and from no other") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x0A000001);
  auto address = IpAddress::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  REQUIRE(address);
  CHECK(address->text() == "10.0.0.1");
  CHECK(address->is_ipv4());

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[15] = 1;
  address = IpAddress::from(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  REQUIRE(address);
  CHECK(address->text() == "::1");
  CHECK_FALSE(IpAddress::from(reinterpret_cast<const sockaddr*>(&v6), sizeof(sockaddr_in)));

  v4.sin_family = AF_UNIX;
  CHECK_FALSE(IpAddress::from(reinterpret_cast<const sockaddr*>(&v4), sizeof v4));
  CHECK_FALSE(IpAddress::from(nullptr, 0));
  for (const char* spelling :
       {"127.1", "0x7f.1", "017700000001", "2130706433", "0", "127.0.0.1.", "fe80::1%eth0", "[::1]"}) {
    CHECK_FALSE(IpAddress::parse(spelling));
  }
}

TEST_CASE("the addresses that another sender blocks and allows are judged alike, but for DNS64", "[C1][C3][vectors]") {
  const nlohmann::json vector = support::handshake("ssrf-addresses");
  std::size_t refused = 0, granted = 0;
  for (const auto& text : vector.at("blocked")) {
    // Refusing all of NAT64 would cut off hosts that only have IPv6; what lies behind it is judged instead.
    const bool dns64 = text == "64:ff9b::808:808";
    CHECK(allowed({}, text.get<std::string>()) == dns64);
    ++refused;
  }
  for (const auto& text : vector.at("allowed")) {
    CHECK(allowed({}, text.get<std::string>()));
    ++granted;
  }
  CHECK(refused == 39);
  CHECK(granted == 4);
}

}  // namespace unit_address
