// SPDX-License-Identifier: MIT
// A network of the calling process's own: only its loopback, its own port numbers, and names looked up at 127.0.0.1.
// Whoever enters it says who answers there; whole ranges of addresses can be made to lead back to this process, or to
// nowhere. It needs root.
#ifndef WEBHOOK_TESTS_SUPPORT_OWN_NETWORK_HPP
#define WEBHOOK_TESTS_SUPPORT_OWN_NETWORK_HPP

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace support {

/// Enters it, for good: call it in a child that has one thread. Returns why it could not, or "".
inline std::string enter_own_network() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) return "no namespaces here (root may make them)";
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "mounts cannot be made private";
  const int lo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (lo < 0 || ioctl(lo, SIOCSIFFLAGS, &request) != 0) return "no loopback";
  close(lo);
  const char* const folder = getenv("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/webhook-resolv-XXXXXX";
  const int file = mkstemp(path.data());
  const std::string text = "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n";
  if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return "no file";
  close(file);
  char real[4096];
  const bool mounted =
      realpath("/etc/resolv.conf", real) != nullptr && mount(path.c_str(), real, nullptr, MS_BIND, nullptr) == 0;
  unlink(path.c_str());
  return mounted ? "" : "resolv.conf cannot be replaced";
}

enum class Leads : unsigned char { here = RTN_LOCAL, nowhere = RTN_UNICAST };

/// Says where a range of IPv4 addresses leads: to this process, whoever listens at any address; or nowhere, in silence,
/// since nothing is forwarded from one loopback to the next.
inline bool add_route(const char* first, unsigned char bits, Leads leads) {
  struct Message {
    nlmsghdr head;
    rtmsg route;
    rtattr to;
    in_addr address;
    rtattr through;
    unsigned interface;
  } message{};
  message.head = {sizeof message, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0};
  message.route.rtm_family = AF_INET;
  message.route.rtm_dst_len = bits;
  message.route.rtm_table = leads == Leads::here ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
  message.route.rtm_protocol = RTPROT_STATIC;
  message.route.rtm_scope = leads == Leads::here ? RT_SCOPE_HOST : RT_SCOPE_LINK;
  message.route.rtm_type = static_cast<unsigned char>(leads);
  message.to = {RTA_LENGTH(sizeof(in_addr)), RTA_DST};
  inet_pton(AF_INET, first, &message.address);
  message.through = {RTA_LENGTH(sizeof(unsigned)), RTA_OIF};
  message.interface = if_nametoindex("lo");
  const int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct {
    nlmsghdr head;
    nlmsgerr verdict;
    char rest[512];
  } answer{};
  const bool told = kernel >= 0 && send(kernel, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message) &&
                    recv(kernel, &answer, sizeof answer, 0) > 0;
  if (kernel >= 0) close(kernel);
  return told && answer.head.nlmsg_type == NLMSG_ERROR && answer.verdict.error == 0;
}

/// A socket bound to a port of every address of this network, or -1.
inline int bound_to(int type, unsigned short port) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace support

#endif
