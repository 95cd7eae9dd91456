// SPDX-License-Identifier: MIT
// What every scheme owes, as checks that run on any of them; a custom scheme's author runs them too.
// It needs no test framework: each promise goes to a callback, which hands it to the framework at hand.
#ifndef WEBHOOK_TESTING_SCHEME_CONFORMANCE_HPP
#define WEBHOOK_TESTING_SCHEME_CONFORMANCE_HPP

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../error.hpp"
#include "../secret.hpp"

namespace webhook {
inline namespace v0 {

/// What a suite must know about the scheme that it runs on.
struct SchemeTraits {
  bool timestamped = true;     ///< the signature covers a timestamp, so that old requests are refused
  bool covers_body = true;     ///< false: credentials are sent along, and vouch for no byte of the body
  bool signs_with_all = true;  ///< false: one signature fits on a request, and the first key makes it
  std::vector<std::string> unsigned_headers{};  ///< which signing adds, but which no signature covers
  std::function<void(Request&)> prepare{};      ///< makes a request one that the scheme can sign
};

/// Runs the checks; calls `report(bool held, std::string_view promise)` for each. `one` and `other` are different valid
/// secrets.
template <SchemePolicy Scheme, class Report>
class SchemeConformance {
 public:
  SchemeConformance(const Scheme& scheme, const Secret& one, const Secret& other, Report report,
                    SchemeTraits traits = {})
      : scheme_(scheme), one_(one), other_(other), report_(report), traits_(std::move(traits)) {}

  void run() {
    names();
    secrets();
    bodies();
    tampering();
    keys();
    if (traits_.timestamped) freshness();
  }

 private:
  using Key = typename Scheme::Key;

  void names() {
    report_(scheme_.signs(""), "the empty name is the scheme's own");
    report_(!scheme_.signs("no such scheme"), "a name of another scheme is denied");
  }

  void secrets() {
    bool refused = false;
    try {
      (void)scheme_.prepare(Secret(), "");
    } catch (const Error& error) {
      refused = error.code() == errc::invalid_secret;
    }
    report_(refused, "an empty secret is refused as invalid_secret");
    if constexpr (Generates<Scheme>) {
      const Secret first = scheme_.generate(""), second = scheme_.generate("");
      report_(!(first == second), "two generated secrets differ");
      report_(verify(signed_by({&first}, "x"), {&first}).reason == Verification::ok,
              "a generated secret signs and verifies");
    }
  }

  void bodies() {
    using namespace std::string_view_literals;
    const std::string large(100'000, 'x');
    for (const std::string_view body :
         {""sv, "{}"sv, "a\0b"sv, "\xFF\xFE\x80"sv, "\xEF\xBB\xBF{}"sv, "{}\r\n"sv, std::string_view(large)}) {
      const Verification verdict = verify(signed_by({&one_}, body), {&one_});
      report_(verdict.reason == Verification::ok, "what was signed verifies, whatever bytes the body has");
    }
  }

  void tampering() {
    const Request good = signed_by({&one_}, "{\"amount\":10}");
    report_(good.headers.size() > 1, "signing adds a header");
    if constexpr (WritesHeaders<Scheme>) {
      report_(!scheme_.writes(good.headers[0].name, ""), "a header that was there before is not the scheme's");
      for (std::size_t index = 1; index < good.headers.size(); ++index)
        report_(scheme_.writes(good.headers[index].name, ""), "the headers that signing adds are those that it names");
    }
    const std::string body(good.body.view());
    for (std::size_t at = 0; traits_.covers_body && at < body.size(); ++at) {
      std::string changed = body;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      report_(!verify(with_body(good, changed), {&one_}), "a changed bit in the body is found");
    }
    if (traits_.covers_body) {
      report_(!verify(with_body(good, body + " "), {&one_}), "an appended byte is found");
      report_(!verify(with_body(good, body.substr(1)), {&one_}), "a missing byte is found");
      report_(!verify(with_body(good, ""), {&one_}), "a missing body is found");
    }

    for (std::size_t index = 1; index < good.headers.size(); ++index) {
      if (is_unsigned(good.headers[index].name)) continue;
      report_(!verify(with_header(good, index, Change::remove, 0), {&one_}), "each header of the signature is needed");
      report_(!verify(with_header(good, index, Change::repeat, 0), {&one_}),
              "a repeated header of the signature is refused");
      for (std::size_t at = 0; at < good.headers[index].value.size(); ++at) {
        report_(!verify(with_header(good, index, Change::flip, at), {&one_}),
                "a changed bit in a header of the signature is found");
      }
    }
  }

  void keys() {
    const Request good = signed_by({&one_}, "{}");
    report_(verify(good, {&other_}).reason == Verification::bad_signature, "another key is a bad signature");
    report_(verify(good, {}).reason == Verification::unknown_key, "no key at all is an unknown key");
    const Verification second = verify(good, {&other_, &one_});
    report_(second.reason == Verification::ok && second.key == 1,
            "every key is tried, and the one that matched is named");
    const Request both = signed_by({&one_, &other_}, "{}");
    report_(verify(both, {&one_}).reason == Verification::ok, "the first key signs");
    report_(!traits_.signs_with_all || verify(both, {&other_}),
            "during a rotation, one request satisfies the old key and the new");
  }

  void freshness() {
    using namespace std::chrono_literals;
    const Request good = signed_by({&one_}, "{}");
    report_(verify(good, {&one_}, 300s).reason == Verification::ok, "a request as old as the tolerance is accepted");
    report_(verify(good, {&one_}, 301s).reason == Verification::too_old, "an older one is refused");
    report_(verify(good, {&one_}, -300s).reason == Verification::ok, "a request as new as the tolerance is accepted");
    report_(verify(good, {&one_}, -301s).reason == Verification::too_new, "a newer one is refused");
  }

  bool is_unsigned(std::string_view name) const {
    for (const std::string& one : traits_.unsigned_headers) {
      if (Headers::same_name(one, name)) return true;
    }
    return false;
  }

  enum class Change { remove, repeat, flip };

  static WallTime time() { return std::chrono::sys_days(std::chrono::year(2026) / 1 / 2); }

  std::vector<Key> prepared(std::initializer_list<const Secret*> secrets) const {
    std::vector<Key> keys;  // grows on purpose: a key can be moved
    for (const Secret* secret : secrets) keys.push_back(scheme_.prepare(*secret, ""));
    return keys;
  }
  Request signed_by(std::initializer_list<const Secret*> secrets, std::string_view body) const {
    Request request;
    request.url = "https://receiver.example/hooks?a=1";
    request.headers.add("content-type", "application/json");
    request.body = Bytes(body);
    if (traits_.prepare) traits_.prepare(request);
    std::vector<Key> keys = prepared(secrets);
    while (!scheme_.sign(Signing{"msg_1", time(), request}, keys, request.headers)) {
    }
    return request;
  }
  Verification verify(const Request& request, std::initializer_list<const Secret*> secrets, Duration later = {}) const {
    std::vector<Key> keys = prepared(secrets);
    const Now now{later, time() + std::chrono::duration_cast<std::chrono::microseconds>(later)};
    return scheme_.verify(request, keys, now, std::chrono::seconds(300));
  }
  static Request with_body(Request request, std::string_view body) {
    request.body = Bytes(body);
    return request;
  }
  static Request with_header(const Request& request, std::size_t which, Change change, std::size_t at) {
    Request changed = request;
    changed.headers.clear();
    for (std::size_t index = 0; index < request.headers.size(); ++index) {
      std::string value(request.headers[index].value);
      if (index == which && change == Change::remove) continue;
      if (index == which && change == Change::flip) value[at] = static_cast<char>(value[at] ^ 1);
      changed.headers.add(request.headers[index].name, value);
      if (index == which && change == Change::repeat) changed.headers.add(request.headers[index].name, value);
    }
    return changed;
  }

  const Scheme& scheme_;
  const Secret& one_;
  const Secret& other_;
  Report report_;
  SchemeTraits traits_;
};

}  // namespace v0
}  // namespace webhook

#endif
