// SPDX-License-Identifier: MIT
// Peer: the process of another vendor's library (peer.cjs), asked one JSON line at a time.
// It does not know what is asked.
#ifndef WEBHOOK_TESTS_INTEROP_PEER_HPP
#define WEBHOOK_TESTS_INTEROP_PEER_HPP

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace interop {

class Peer {
 public:
  Peer(const char* node, const char* script, const std::string& library, const char* folder) {
    std::array<int, 2> to{}, from{};
    if (pipe(to.data()) != 0 || pipe(from.data()) != 0) throw std::runtime_error("no pipes");
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no process");
    if (child_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      for (const int end : {to[0], to[1], from[0], from[1]}) close(end);
      execl(node, node, "--no-warnings", script, library.c_str(), folder, static_cast<char*>(nullptr));
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    asks_ = fdopen(to[1], "w");
    answers_ = fdopen(from[0], "r");
    if (asks_ == nullptr || answers_ == nullptr) throw std::runtime_error("no streams");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    std::fclose(asks_);  // the end of its input is the end of it
    std::fclose(answers_);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// What it answered: {"result": …} or {"error": text}. Throws std::runtime_error if it ended.
  nlohmann::json ask(const nlohmann::json& question) {
    const std::string line = question.dump() + "\n";
    std::fwrite(line.data(), 1, line.size(), asks_);
    std::fflush(asks_);
    std::string answer;
    for (int c = 0; (c = std::fgetc(answers_)) != '\n';) {
      if (c == EOF) throw std::runtime_error("the library's process ended; what it said stands above");
      answer += static_cast<char>(c);
    }
    return nlohmann::json::parse(answer);
  }

 private:
  pid_t child_ = -1;
  std::FILE* asks_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace interop

#endif
