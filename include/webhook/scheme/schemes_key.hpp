// SPDX-License-Identifier: MIT
// SchemesKey: the keys that one secret is to several schemes, and how each scheme is handed its own, side by side, as its
// functions want them. It does not know what a key is, nor which scheme a request is for.
#ifndef WEBHOOK_SCHEME_SCHEMES_KEY_HPP
#define WEBHOOK_SCHEME_SCHEMES_KEY_HPP

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../secret.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

template <std::size_t I>
using Index = std::integral_constant<std::size_t, I>;

/// Calls `act` with the Index of each of `Size` members.
template <std::size_t Size, class Do>
void each_index(Do& act) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (act(Index<I>()), ...); }
  (std::make_index_sequence<Size>());
}

/// One secret, made ready for those of the schemes that it is meant for.
template <class... S>
class SchemesKey {
  static_assert((std::is_nothrow_move_constructible_v<typename S::Key> && ...),
                "webhook: Schemes hands keys to its members by moving them: a member's Key must be movable without "
                "throwing");

 public:
  template <std::size_t I>
  using Part = std::tuple_element_t<I, std::tuple<typename S::Key...>>;

  template <std::size_t I>
  void put(Index<I>, Part<I>&& key) noexcept {
    std::get<I>(parts_).emplace(std::move(key));
  }
  template <std::size_t I>
  Part<I>* find(Index<I>) noexcept {
    std::optional<Part<I>>& part = std::get<I>(parts_);
    return part ? &*part : nullptr;
  }

 private:
  std::tuple<std::optional<typename S::Key>...> parts_{};
};

/// The keys of one scheme, side by side while this lives: borrowed from where they are kept, and given back at its end.
template <std::size_t I, class... S>
class OwnKeys {
 public:
  using Key = typename SchemesKey<S...>::template Part<I>;

  OwnKeys(Index<I> index, std::span<SchemesKey<S...>> keys) : keys_(keys) {
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (keys[k].find(index) != nullptr) from_.push_back(k);
    }
    if (from_.size() < 2) return;  // a single one is side by side where it is
    own_.reserve(from_.size());
    for (const std::size_t k : from_) own_.push_back(std::move(*keys[k].find(index)));
  }
  OwnKeys(const OwnKeys&) = delete;
  OwnKeys& operator=(const OwnKeys&) = delete;
  ~OwnKeys() {
    for (std::size_t at = 0; at < own_.size(); ++at) keys_[from_[at]].put(Index<I>(), std::move(own_[at]));
  }

  std::span<Key> view() noexcept {
    if (from_.empty()) return {};
    return from_.size() == 1 ? std::span<Key>(keys_[from_.front()].find(Index<I>()), 1) : std::span<Key>(own_);
  }
  /// Which of all keys the one at `index` of view() is.
  std::size_t given_as(std::size_t index) const noexcept { return index < from_.size() ? from_[index] : index; }

 private:
  std::span<SchemesKey<S...>> keys_;
  std::vector<std::size_t> from_{};
  std::vector<Key> own_{};
};

/// Two secrets' texts, one a line.
inline Secret joined_lines(const Secret& first, const Secret& second) {
  if (first.empty()) return second;
  const std::string_view left = first.reveal(), right = second.reveal();
  std::vector<char> text(left.size() + 1 + right.size());
  char* at = std::copy(left.begin(), left.end(), text.data());
  *at++ = '\n';
  std::copy(right.begin(), right.end(), at);
  Secret joined(std::string_view(text.data(), text.size()));
  Secret::wipe(text.data(), text.size());
  return joined;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
