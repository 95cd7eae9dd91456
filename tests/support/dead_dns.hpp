// SPDX-License-Identifier: MIT
// A network of the calling process's own, in which names are looked up at a server that never answers.
#ifndef WEBHOOK_TESTS_SUPPORT_DEAD_DNS_HPP
#define WEBHOOK_TESTS_SUPPORT_DEAD_DNS_HPP

#include <arpa/inet.h>
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
inline std::string enter_dead_dns() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) return "no namespaces here (root may make them)";
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "mounts cannot be made private";
  const int lo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (lo < 0 || ioctl(lo, SIOCSIFFLAGS, &request) != 0) return "no loopback";
  close(lo);
  const int mute = socket(AF_INET, SOCK_DGRAM, 0);  // open as long as the process is, and never read
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (mute < 0 || bind(mute, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "no port 53";
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

}  // namespace support

#endif
