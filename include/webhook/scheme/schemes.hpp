// SPDX-License-Identifier: MIT
// Schemes: several schemes as one, the set that a program was compiled with. An endpoint names one of them, or several at
// once for a migration ("github+standard"); a receiver verifies whichever of them a request carries.
// It does not know what its members do; how their keys are kept together is schemes_key.hpp's.
#ifndef WEBHOOK_SCHEME_SCHEMES_HPP
#define WEBHOOK_SCHEME_SCHEMES_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/scheme_checks.hpp"
#include "schemes_key.hpp"

namespace webhook {
inline namespace v0 {

/// A set of schemes. A name is one member's ("standard"), or several members' joined by '+': then a request carries the
/// signatures of all of them. "" is the first member.
/// The secret of several schemes is one text that each of them takes, or one line for each, in the order of the names;
/// so an endpoint can never lack the key of one of them.
/// As a receiver: the first member that finds a request ok wins, else the most telling reason is given. A key counts for
/// the schemes that it was prepared for. Thread-safe if its members are; a Key belongs to one thread at a time.
template <SchemePolicy First, SchemePolicy... Rest>
class Schemes {
 public:
  using role = webhook::role::signer;
  using Key = detail::SchemesKey<First, Rest...>;

  Schemes() = default;
  explicit Schemes(First first, Rest... rest) : members_(std::move(first), std::move(rest)...) {}

  /// True for "", for a name of one member, and for names of different members joined by '+'.
  bool signs(std::string_view scheme) const { return scheme.empty() || !chosen(scheme).empty(); }

  /// Throws Error: errc::invalid_secret if one of the named schemes refuses its key, or if there are more or fewer lines
  /// than schemes; errc::unsupported for a name that is not in the set.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    Key key;
    each_own(secret, scheme, [&]<std::size_t I>(detail::Index<I> index, const Secret& own, std::string_view name) {
      key.put(index, member<I>().prepare(own, name));
    });
    return key;
  }

  /// Throws Error (errc::invalid_secret) if one of the named schemes could only verify with its key.
  void check(const Secret& secret, std::string_view scheme) const
      requires(ChecksSecrets<First> || (ChecksSecrets<Rest> || ...)) {
    each_own(secret, scheme, [&]<std::size_t I>(detail::Index<I>, const Secret& own, std::string_view name) {
      if constexpr (ChecksSecrets<std::tuple_element_t<I, Members>>) member<I>().check(own, name);
    });
  }

  /// A fresh secret of each named scheme, one a line. Throws Error (errc::invalid_secret) if one of them makes none.
  Secret generate(std::string_view scheme) const requires Generates<First> {
    Secret all;
    for (const Choice& choice : require(scheme)) {
      with(choice.index, [&]<std::size_t I>(detail::Index<I>) {
        if constexpr (Generates<std::tuple_element_t<I, Members>>) {
          all = detail::joined_lines(all, member<I>().generate(choice.name));
        } else {
          throw Error(errc::invalid_secret, "one of these schemes does not generate secrets: give the endpoint one");
        }
      });
    }
    return all;
  }

  /// Adds the headers of every scheme that the keys were prepared for; all of them, or none if one is not ready. Throws
  /// Error (errc::unsupported) if two of them write the same header, so that neither could be verified.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    Headers all;
    bool ready = true;
    each([&]<std::size_t I>(detail::Index<I> index) {
      if (!ready) return;
      detail::OwnKeys own(index, keys);
      if (own.view().empty()) return;
      Headers added;
      ready = member<I>().sign(signing, own.view(), added);
      for (const Header header : added) {
        if (all.count(header.name) != 0) {
          throw Error(errc::unsupported, "two of the endpoint's schemes write the same header, \"" +
                                             std::string(header.name) + "\"; they cannot be used at once");
        }
      }
      for (const Header header : added) all.add(header.name, header.value);
    });
    if (!ready) return false;
    for (const Header header : all) headers.add(header.name, header.value);
    return true;
  }

  /// True for the headers of every scheme that a name stands for, as far as they name theirs.
  bool writes(std::string_view header, std::string_view scheme) const {
    bool written = false;
    for (const Choice& choice : require(scheme)) {
      with(choice.index, [&]<std::size_t I>(detail::Index<I>) {
        if constexpr (WritesHeaders<std::tuple_element_t<I, Members>>)
          written = written || member<I>().writes(header, choice.name);
      });
    }
    return written;
  }

  /// Every member judges the request by its own keys.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::optional<Verification> best;
    each([&]<std::size_t I>(detail::Index<I> index) {
      const Verification verdict = judge(index, request, keys, now, tolerance);
      if (!best || telling(verdict.reason) > telling(best->reason)) best = verdict;
    });
    return *best;
  }

  /// Asks each member that knows handshakes. One whose headers the request does not carry is told that they are missing,
  /// so that no verdict of another scheme counts for it.
  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const Fields& fields) const
      requires(ShakesHands<First> || (ShakesHands<Rest> || ...)) {
    std::optional<Response> answer;
    each([&]<std::size_t I>(detail::Index<I> index) {
      if constexpr (ShakesHands<std::tuple_element_t<I, Members>>) {
        if (answer) return;
        detail::OwnKeys own(index, keys);
        const Verification absent{Verification::missing_header};
        answer = member<I>().handshake(request, carries(index, request) ? verdict : absent, own.view(), fields);
      }
    });
    return answer;
  }

  /// Asks the first member that knows how its senders describe events, and whose headers the request carries.
  void describe(const Request& request, const Fields& fields, Event& event) const
      requires(Describes<First> || (Describes<Rest> || ...)) {
    bool found = false;
    each([&]<std::size_t I>(detail::Index<I> index) {
      if constexpr (Describes<std::tuple_element_t<I, Members>>) {
        if (found || !carries(index, request)) return;
        found = true;
        member<I>().describe(request, fields, event);
      }
    });
  }

 private:
  using Members = std::tuple<First, Rest...>;

  /// Calls `use` with each named member's index, its own part of the secret, and its own name.
  template <class Use>
  void each_own(const Secret& secret, std::string_view scheme, const Use& use) const {
    const std::vector<Choice> choices = require(scheme);
    std::string_view text = secret.reveal();
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    const bool shared = choices.size() == 1 || lines == 1;
    if (!shared && lines != choices.size()) {
      throw Error(
          errc::invalid_secret,
          "the secret of several schemes at once is one text for all, or one line for each of them, in the order "
          "of their names; this one has another number of lines");
    }
    for (const Choice& choice : choices) {
      const std::size_t end = shared ? text.size() : (std::min)(text.find('\n'), text.size());
      const Secret own(text.substr(0, end), secret.expires());
      with(choice.index, [&](auto index) { use(index, own, choice.name); });
      if (!shared) text.remove_prefix((std::min)(end + 1, text.size()));
    }
  }

  static constexpr std::size_t size = 1 + sizeof...(Rest);
  struct Choice {
    std::size_t index = 0;
    std::string_view name{};
  };

  template <std::size_t I>
  const std::tuple_element_t<I, Members>& member() const noexcept {
    return std::get<I>(members_);
  }
  template <class Do>
  static void each(Do act) {
    detail::each_index<size>(act);
  }
  template <class Do>
  static void with(std::size_t index, Do act) {
    each([&]<std::size_t I>(detail::Index<I> at) {
      if (I == index) act(at);
    });
  }

  /// The members that a name stands for; none if one of its parts is no member's, or two are the same one's.
  std::vector<Choice> chosen(std::string_view names) const {
    std::vector<Choice> choices;
    for (bool more = true; more;) {
      const std::size_t end = (std::min)(names.find('+'), names.size());
      const std::string_view name = names.substr(0, end);
      more = end < names.size();
      names.remove_prefix(end + (more ? 1 : 0));
      std::size_t found = size;
      each([&]<std::size_t I>(detail::Index<I>) {
        if (found == size && !name.empty() && member<I>().signs(name)) found = I;
      });
      for (const Choice& other : choices) found = other.index == found ? size : found;
      if (found == size) return {};
      choices.push_back({found, name});
    }
    return choices;
  }
  std::vector<Choice> require(std::string_view scheme) const {
    if (scheme.empty()) return {Choice{}};
    std::vector<Choice> choices = chosen(scheme);
    if (choices.empty()) {
      throw Error(errc::unsupported,
                  "a scheme is one of those that were compiled in, or several different ones joined by '+'");
    }
    return choices;
  }

  template <std::size_t I>
  Verification judge(detail::Index<I> index, const Request& request, std::span<Key> keys, const Now& now,
                     Duration tolerance) const {
    detail::OwnKeys own(index, keys);
    Verification verdict = member<I>().verify(request, own.view(), now, tolerance);
    if (verdict && own.view().empty()) verdict.reason = Verification::unknown_key;  // nobody vouches without a key
    if (verdict) verdict.key = own.given_as(verdict.key);
    return verdict;
  }

  /// Whether a request has what this scheme looks at; without keys, a scheme computes nothing to find out.
  template <std::size_t I>
  bool carries(detail::Index<I>, const Request& request) const {
    using Own = typename std::tuple_element_t<I, Members>::Key;
    return member<I>().verify(request, std::span<Own>(), Now{}, Duration{}).reason != Verification::missing_header;
  }

  /// What a host would rather be told: the later in this list, the closer a request was to being accepted.
  static std::size_t telling(Verification::Reason reason) noexcept {
    constexpr std::array<Verification::Reason, 9> order{
        Verification::missing_header, Verification::unsupported,   Verification::malformed,
        Verification::too_large,      Verification::unknown_key,   Verification::too_old,
        Verification::too_new,        Verification::bad_signature, Verification::ok};
    for (std::size_t at = 0; at < order.size(); ++at) {
      if (order[at] == reason) return at;
    }
    return 0;
  }

  Members members_{};
};

template <class... S>
Schemes(S...) -> Schemes<S...>;

}  // namespace v0
}  // namespace webhook

#endif
