// SPDX-License-Identifier: MIT
// One case of a scheme: drawn, signed by one side, judged by both. A case is its library and its seed, so that any can
// be repeated alone.
#ifndef WEBHOOK_TESTS_INTEROP_VERDICTS_HPP
#define WEBHOOK_TESTS_INTEROP_VERDICTS_HPP

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "differences.hpp"
#include "draw.hpp"
#include "libraries.hpp"
#include "party.hpp"
#include "peer.hpp"
#include "traits.hpp"

namespace interop {

/// What came of a case.
struct Outcome {
  Class what{};
  bool agreed = false, accepted = false, by_us = false;
  std::string detail{};  // for whoever looks into it
};

inline nlohmann::json question(const char* task, const Message& message) {
  nlohmann::json fields = nlohmann::json::array();
  for (const webhook::Header header : message.request.headers) fields.push_back({header.name, header.value});
  return {{"do", task},
          {"secret", message.secret},
          {"id", message.id},
          {"type", message.type},
          {"time", message.time},
          {"now", message.now},
          {"method", message.request.method},
          {"url", message.request.url},
          {"headers", fields},
          {"body", base64(message.request.body.view())}};
}

/// The name of a reason in the table.
inline std::string name_of(webhook::Verification::Reason reason) {
  using webhook::Verification;
  switch (reason) {
    case Verification::ok:
      return "ok";
    case Verification::missing_header:
      return "missing_header";
    case Verification::malformed:
      return "malformed";
    case Verification::too_old:
      return "too_old";
    case Verification::too_new:
      return "too_new";
    case Verification::unknown_key:
      return "unknown_key";
    case Verification::bad_signature:
      return "bad_signature";
    case Verification::unsupported:
      return "unsupported";
    case Verification::too_large:
      return "too_large";
    case Verification::expired_key:
      return "expired_key";
  }
  return "unknown";
}

inline Message draw_message(const Library& library, Draw& draw) {
  Message message;
  message.secret = library.secret(draw);
  message.other_secret = library.secret(draw);
  message.id = "msg_" + draw.word(1 + draw.below(40));
  message.type = draw.text("abcdefghij", 5) + "." + draw.text("abcdefghij", 7);
  message.time = draw.between(1'000'000'000, 3'000'000'000);
  message.now = message.time + (library.timed ? draw.between(-300, 300) : draw.between(-1'000'000, 1'000'000));
  message.request.url = "https://receiver.example";
  if (draw.one_in(4)) message.request.url += ":8443";
  message.request.url += "/hooks";
  for (std::size_t more = draw.below(4), at = 0; at < more; ++at) {
    message.request.url.append(at == 0 ? "?" : "&").append(draw.word(4)).append("=");
    const std::size_t kind = draw.below(4);
    if (kind == 2 || (kind < 2 && library.apostrophes))
      message.request.url.append(draw.word(3)).append(kind == 0 ? "'" : kind == 1 ? "%27" : "%20");
  }
  message.request.body = webhook::Bytes(draw.utf8(1 + draw.below(draw.one_in(10) ? 4000 : 200)));
  message.request.headers.add("Content-Type", draw.one_in(2) ? "application/json" : "application/json; charset=utf-8");
  library.dress(message, draw);
  return message;
}

/// Lets one side sign.
inline void sign(const Library& library, Message& message, bool by_us, bool second_key, bool first, Peer& peer) {
  if (by_us) {
    std::vector<std::string> secrets{message.secret};
    if (second_key) secrets.insert(first ? secrets.end() : secrets.begin(), message.other_secret);
    library.ours->sign(message, secrets);
    return;
  }
  const nlohmann::json answer = peer.ask(question("sign", message));
  if (!answer.contains("result")) throw std::runtime_error("the library did not sign: " + answer.dump());
  for (const auto& [name, value] : answer.at("result").items()) {
    if (!message.request.headers.find(name)) message.request.headers.add(name, value.get<std::string>());
  }
}

inline Outcome run_case(const Library& library, const std::vector<Trait>& traits, Draw& draw, Peer& peer) {
  static const Trait plain{"none"};
  const Trait& trait = draw.one_in(4) ? plain : traits[draw.below(traits.size())];
  Outcome outcome;
  Message message = draw_message(library, draw);
  trait.before(message, draw);
  // Nobody else signs with two keys, and some refuse to sign nothing.
  outcome.by_us = draw.one_in(2) || trait.second_key || trait.name == "body-empty";
  sign(library, message, outcome.by_us, trait.second_key, draw.one_in(2), peer);
  const std::string signed_text = question("verify", message).dump();
  trait.after(message, draw);
  const nlohmann::json asked = question("verify", message);
  const bool changed = asked.dump() != signed_text;

  const webhook::Verification ours = library.ours->verify(message);
  const nlohmann::json answer = peer.ask(asked);
  const bool theirs = answer.value("result", nlohmann::json(false)) == nlohmann::json(true);

  // Whatever a trait changes in vain is a case without one.
  const bool as_signed = &trait == &plain || (!changed && !trait.early && !trait.second_key);
  outcome.what = {library.name, as_signed ? "none" : trait.name, name_of(ours.reason), theirs ? "ok" : "refused"};
  outcome.accepted = bool(ours) && theirs;
  outcome.agreed = bool(ours) == theirs;
  const bool must_pass = as_signed || trait.second_key;
  if (must_pass && !outcome.accepted) outcome.agreed = false;
  if (!as_signed && !trait.genuine && outcome.accepted) outcome.agreed = false;
  outcome.detail = asked.dump() + "\n    they answered " + answer.dump();
  return outcome;
}

}  // namespace interop

#endif
