// SPDX-License-Identifier: MIT
// Secret: the text of a key, which wipes itself and never prints.
// It does not know what a key looks like; schemes decode and judge it (scheme/*.hpp).
#ifndef WEBHOOK_SECRET_HPP
#define WEBHOOK_SECRET_HPP

#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// The text of a signing key, as it is shown to whoever runs the endpoint ("whsec_…"); memory is wiped when it goes.
class Secret {
 public:
  Secret() noexcept = default;

  /// Copies `text`; `expires` is when it stops signing and verifying (never, if not given). Throws std::bad_alloc.
  explicit Secret(std::string_view text, std::optional<WallTime> expiry = {})
      : text_(text.empty() ? nullptr : new char[text.size()]), size_(text.size()), expires_(expiry) {
    if (text_ != nullptr) std::memcpy(text_, text.data(), size_);
  }
  Secret(const Secret& other) : Secret(other.reveal(), other.expires_) {}
  Secret(Secret&& other) noexcept
      : text_(std::exchange(other.text_, nullptr)), size_(std::exchange(other.size_, 0)), expires_(other.expires_) {}
  Secret& operator=(Secret other) noexcept {
    std::swap(text_, other.text_);
    std::swap(size_, other.size_);
    expires_ = other.expires_;
    return *this;
  }
  ~Secret() {
    wipe(text_, size_);
    delete[] text_;
  }

  /// The text itself, for the one who must see it; valid while this value lives.
  std::string_view reveal() const noexcept { return {text_, size_}; }
  bool empty() const noexcept { return size_ == 0; }
  const std::optional<WallTime>& expires() const noexcept { return expires_; }

  /// True until the expiry, if there is one.
  bool valid_at(WallTime time) const noexcept { return !expires_ || time < *expires_; }

  /// Not constant-time: for registries and tests, never for judging what came from outside.
  friend bool operator==(const Secret& left, const Secret& right) noexcept {
    return left.reveal() == right.reveal() && left.expires_ == right.expires_;
  }

  /// Prints a placeholder, so that a secret cannot reach a log by accident.
  template <class Stream>
  friend Stream& operator<<(Stream& out, const Secret&) {
    out << "[secret]";
    return out;
  }

  /// Overwrites memory in a way that a compiler may not leave out.
  static void wipe(char* data, std::size_t size) noexcept {
    volatile char* byte = data;
    while (size-- > 0) *byte++ = 0;
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::optional<WallTime> expires_{};
};

}  // namespace v0
}  // namespace webhook

#endif
