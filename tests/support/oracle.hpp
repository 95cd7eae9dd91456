// SPDX-License-Identifier: MIT
// Oracle: stands outside the processes that are killed. Ids come to it through a pipe once their emit or commit
// returned, and what was delivered comes through the same pipe.
#ifndef WEBHOOK_TESTS_SUPPORT_ORACLE_HPP
#define WEBHOOK_TESTS_SUPPORT_ORACLE_HPP

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace support {

class Oracle {
 public:
  Oracle() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    fcntl(ends_[0], F_SETPIPE_SZ, 1 << 20);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  ~Oracle() {
    close(ends_[0]);
    close(ends_[1]);
  }

  /// 'k': kept, 'b': its delivery begins, 'd': delivered. From a process that may die: one write, so that a line comes
  /// whole or not at all.
  void tell(char what, std::string_view id) const {
    const std::string line = what + std::string(id) + '\n';
    if (write(ends_[1], line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
  }

  void listen() {
    char bytes[4096];
    for (ssize_t size = 0; (size = read(ends_[0], bytes, sizeof bytes)) > 0;)
      text_.append(bytes, static_cast<std::size_t>(size));
    for (std::size_t end = 0; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      const std::string id = text_.substr(1, end - 1);
      if (text_[0] == 'k') {
        kept.insert(id);
      } else if (text_[0] == 'b') {
        twice_at_once += begun.insert(id).second ? 0U : 1U;
      } else {
        begun.erase(id);
        ++delivered[id];
      }
    }
  }

  /// Of what was kept and is not delivered: nobody waits for it any more. Returns whether somebody did.
  bool forget(const std::string& id) { return delivered.count(id) == 0 && kept.erase(id) > 0; }

  std::size_t lost() const {
    std::size_t count = 0;
    for (const std::string& id : kept) count += delivered.count(id) == 0 ? 1U : 0U;
    return count;
  }
  std::size_t twice() const {
    std::size_t count = 0;
    for (const auto& [id, times] : delivered) count += times > 1 ? 1U : 0U;
    return count;
  }

  std::set<std::string> kept{}, begun{};
  std::map<std::string, int> delivered{};
  unsigned twice_at_once = 0;  // begun while it was begun

 private:
  int ends_[2]{};
  std::string text_{};
};

}  // namespace support

#endif
