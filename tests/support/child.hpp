// SPDX-License-Identifier: MIT
// A test in a child process: for what costs memory, limits, signals or namespaces that others need.
#ifndef WEBHOOK_TESTS_SUPPORT_CHILD_HPP
#define WEBHOOK_TESTS_SUPPORT_CHILD_HPP

#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <string>

namespace support {

/// Runs `call` in a forked child and returns what it returns: a sentence about what went wrong, or "". A child that crashes
/// or does not end within a minute is a sentence, too.
template <class Call>
std::string in_child(const Call& call) {
  int channel[2];
  if (pipe(channel) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::string said;
    try {
      said = call();
    } catch (const std::exception& error) {
      said = std::string("thrown: ") + error.what();
    }
    const bool written = write(channel[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    _exit(written ? 0 : 1);
  }
  close(channel[1]);
  std::string said;
  char text[1024];
  for (ssize_t size = 0; (size = read(channel[0], text, sizeof text)) > 0;)
    said.append(text, static_cast<std::size_t>(size));
  close(channel[0]);
  int status = -1;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return said + " (ended with a failure)";
  return said;
}

/// Whether this program runs under a sanitizer, which needs more address space and more time than programs do.
constexpr bool sanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

}  // namespace support

#endif
