// SPDX-License-Identifier: MIT
// Announcer: tells the host what happened: counts it, calls the observer, and has it emitted as an operational event.
// It decides nothing: whoever has a notice brings it here.
#ifndef WEBHOOK_ANNOUNCER_HPP
#define WEBHOOK_ANNOUNCER_HPP

#include <atomic>
#include <exception>
#include <string_view>

#include "detail/tally.hpp"
#include "notice.hpp"
#include "options.hpp"

namespace webhook {
inline namespace v0 {

/// Where the notices of one dispatcher go. Thread-safe.
class Announcer {
 public:
  using Report = void (*)(void* target, const Notice& notice);

  /// `report` emits a notice as an event of the dispatcher's own.
  Announcer(const Options& options, detail::Tally& tally, void* target, Report report) noexcept
      : options_(options), tally_(tally), target_(target), report_(report) {}

  /// What an observer throws is its own affair; what report throws is another notice.
  void tell(const Notice& notice) const noexcept {
    tally_.told(notice.kind);
    observe(notice);
    if (!options_.operational || !is_operational(notice.kind)) return;
    try {
      report_(target_, notice);
    } catch (const std::exception& error) {
      trouble(error.what());
    } catch (...) {
      trouble("an operational event could not be emitted");
    }
  }

  /// Whether an observer is in a call right now, on any thread.
  bool telling() const noexcept { return telling_.load() > 0; }

  /// A policy failed.
  void trouble(std::string_view text) const noexcept {
    Notice notice;
    notice.kind = Notice::Kind::trouble;
    notice.text = text;
    tell(notice);
  }

 private:
  /// Changes of endpoints, and deliveries that need somebody's attention, or no longer do.
  static bool is_operational(Notice::Kind kind) noexcept {
    switch (kind) {
      case Notice::Kind::delivered:
      case Notice::Kind::failed:
      case Notice::Kind::cancelled:
      case Notice::Kind::expired:
      case Notice::Kind::dropped:
      case Notice::Kind::trouble:
        return false;
      default:
        return true;
    }
  }

  void observe(const Notice& notice) const noexcept {
    if (!options_.on_notice) return;
    telling_.fetch_add(1);
    try {
      options_.on_notice(notice);
    } catch (...) {  // an observer's failure is not the engine's
    }
    telling_.fetch_sub(1);
  }

  const Options& options_;
  detail::Tally& tally_;
  void* target_;
  Report report_;
  mutable std::atomic<int> telling_{0};
};

}  // namespace v0
}  // namespace webhook

#endif
