// SPDX-License-Identifier: MIT
// The keys of a receiver, made ready as often as threads verify at once: a key may hold scratch space.
// It knows when a secret ends; what a key is and what it verifies is the scheme's business.
#ifndef WEBHOOK_DETAIL_KEY_POOL_HPP
#define WEBHOOK_DETAIL_KEY_POOL_HPP

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "../keyed.hpp"
#include "../secret.hpp"
#include "../time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Lends a set of prepared keys to one thread at a time. There are as many sets as were ever lent at once. Thread-safe.
template <class Scheme>
class KeyPool {
 public:
  using Keys = std::vector<typename Scheme::Key>;

  /// A set of keys on loan; it goes back when this goes.
  class Loan {
   public:
    Loan(KeyPool& pool, std::unique_ptr<Keys> keys) noexcept : pool_(pool), keys_(std::move(keys)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool_.give_back(std::move(keys_)); }

    /// The keys of the secrets that are valid at `time`.
    std::span<typename Scheme::Key> valid_at(WallTime time) const noexcept {
      std::size_t count = 0;
      while (count < pool_.kept_.size() && pool_.kept_[count].keyed.secret.valid_at(time)) ++count;
      return std::span(*keys_).first(count);
    }
    /// The keys of the secrets that are not valid any more; the first is number valid_at(time).size().
    std::span<typename Scheme::Key> expired_at(WallTime time) const noexcept {
      return std::span(*keys_).subspan(valid_at(time).size());
    }

   private:
    KeyPool& pool_;
    std::unique_ptr<Keys> keys_;
  };

  /// Makes the first set ready, so that a bad secret is found here. Throws what the scheme's prepare() throws.
  KeyPool(const Scheme& scheme, std::vector<Keyed> secrets) : scheme_(scheme) {
    // The longest-lived first: then those that are valid at a time are the first so many, and a scheme is handed one
    // span.
    for (std::size_t index = 0; index < secrets.size(); ++index) {
      std::size_t at = kept_.size();
      while (at > 0 && ends_before(kept_[at - 1].keyed.secret, secrets[index].secret)) --at;
      kept_.insert(kept_.begin() + static_cast<std::ptrdiff_t>(at), Kept{std::move(secrets[index]), index});
    }
    free_.push_back(prepared());
  }

  Loan lend() {
    std::unique_ptr<Keys> keys;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        keys = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (keys == nullptr) keys = prepared();
    return Loan(*this, std::move(keys));
  }

  /// Which of the secrets, as they were given, the key at `index` of a loan was made from.
  std::size_t given_as(std::size_t index) const noexcept { return index < kept_.size() ? kept_[index].given : index; }

  /// The scheme that the secret of the key at `index` of a loan was given for.
  std::string_view scheme_of(std::size_t index) const noexcept {
    return index < kept_.size() ? std::string_view(kept_[index].keyed.scheme) : std::string_view();
  }

 private:
  struct Kept {
    Keyed keyed{};
    std::size_t given = 0;
  };

  static bool ends_before(const Secret& left, const Secret& right) noexcept {
    return left.expires() && (!right.expires() || *left.expires() < *right.expires());
  }
  std::unique_ptr<Keys> prepared() const {
    auto keys = std::make_unique<Keys>();
    keys->reserve(kept_.size());
    for (const Kept& kept : kept_) keys->push_back(scheme_.prepare(kept.keyed.secret, kept.keyed.scheme));
    return keys;
  }
  void give_back(std::unique_ptr<Keys> keys) noexcept {
    const std::lock_guard lock(mutex_);
    try {
      free_.push_back(std::move(keys));
    } catch (...) {  // no memory to remember it: the set is freed, and made again when it is needed
    }
  }

  const Scheme& scheme_;
  std::vector<Kept> kept_{};
  std::mutex mutex_{};
  std::vector<std::unique_ptr<Keys>> free_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
