// SPDX-License-Identifier: MIT
// The libraries that are compared with: which scheme of ours each speaks, what its requests look like, and which of
// their headers are worth changing.
#ifndef WEBHOOK_TESTS_INTEROP_LIBRARIES_HPP
#define WEBHOOK_TESTS_INTEROP_LIBRARIES_HPP

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <webhook/scheme/discord.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/rfc9421.hpp>
#include <webhook/scheme/shopify.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/stripe.hpp>
#include <webhook/scheme/svix.hpp>
#include <webhook/scheme/twilio.hpp>

#include "draw.hpp"
#include "party.hpp"

namespace interop {

struct Role {
  std::string name{}, header{};
};

struct Library {
  std::string name{};
  std::unique_ptr<Party> ours{};
  std::vector<Role> roles{};  // headers that are changed
  bool timed = false;         // a timestamp is signed
  bool many = false;          // one request carries the signatures of several keys
  bool places = false;        // the URL is signed
  bool apostrophes = false;   // of its URLs, in both spellings
  std::function<std::string(Draw&)> secret{};
  std::function<void(Message&, Draw&)> dress = [](Message&, Draw&) {};  // what its requests have beside the signature
};

inline std::string standard_secret(Draw& draw) {
  return (draw.one_in(3) ? "" : "whsec_") + base64(draw.bytes(24 + draw.below(41)));
}
inline std::string text_secret(Draw& draw) {
  return draw.one_in(4) ? draw.utf8(30) + "x" : draw.word(8 + draw.below(90));
}

/// Text keys have no white space around them.
inline std::string trimmed_secret(Draw& draw) { return "k" + text_secret(draw) + "x"; }

inline void dress_twilio(Message& message, Draw& draw) {
  if (draw.one_in(3)) {
    message.request.headers = {{"Content-Type", "application/json"}};
    message.request.url = webhook::Twilio::url_for(message.request.url, message.request.body.view());
  } else {
    message.request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    message.request.body = webhook::Bytes(draw.form());
  }
}

inline std::vector<Library> libraries() {
  std::vector<Library> all;
  const auto add = [&](std::string name, std::unique_ptr<Party> ours, std::vector<Role> roles) -> Library& {
    all.emplace_back();
    all.back().name = std::move(name);
    all.back().ours = std::move(ours);
    all.back().roles = std::move(roles);
    all.back().secret = trimmed_secret;
    return all.back();
  };
  using std::make_unique;

  Library& standard = add("standardwebhooks", make_unique<Ours<webhook::StandardWebhooks>>(),
                          {{"id", "webhook-id"}, {"time", "webhook-timestamp"}, {"signature", "webhook-signature"}});
  standard.timed = standard.many = true;
  standard.secret = standard_secret;

  Library& svix = add("svix", make_unique<Ours<webhook::Svix>>(),
                      {{"id", "svix-id"}, {"time", "svix-timestamp"}, {"signature", "svix-signature"}});
  svix.timed = svix.many = true;
  svix.secret = standard_secret;

  Library& stripe = add("stripe", make_unique<Ours<webhook::Stripe>>(), {{"pairs", "stripe-signature"}});
  stripe.timed = stripe.many = true;
  stripe.secret = [](Draw& draw) { return "whsec_" + draw.word(32); };

  add("@octokit/webhooks", make_unique<Ours<webhook::GitHub>>(), {{"signature", "x-hub-signature-256"}});

  Library& twilio = add("twilio", make_unique<Ours<webhook::Twilio>>(), {{"signature", "x-twilio-signature"}});
  twilio.places = twilio.apostrophes = true;
  twilio.secret = [](Draw& draw) { return draw.text("0123456789abcdef", 32); };
  twilio.dress = dress_twilio;

  Library& slack = add("@slack/bolt", make_unique<Ours<webhook::Slack>>(),
                       {{"time", "x-slack-request-timestamp"}, {"signature", "x-slack-signature"}});
  slack.timed = true;
  slack.secret = [](Draw& draw) { return draw.text("0123456789abcdef", 32); };

  Library& shopify = add("@shopify/shopify-api", make_unique<Ours<webhook::Shopify>>(),
                         {{"signature", "x-shopify-hmac-sha256"},
                          {"topic", "x-shopify-topic"},
                          {"webhook-id", "x-shopify-webhook-id"},
                          {"shop", "x-shopify-shop-domain"}});
  shopify.dress = [](Message& message, Draw& draw) {
    message.request.headers.add("X-Shopify-Shop-Domain", draw.word(6) + ".myshopify.com");
    message.request.headers.add("X-Shopify-API-Version", "2025-07");
  };

  Library& discord = add("discord-interactions", make_unique<Ours<webhook::Discord>>(),
                         {{"time", "x-signature-timestamp"}, {"signature", "x-signature-ed25519"}});
  discord.timed = true;
  discord.secret = [](Draw&) { return std::string(webhook::Discord{}.generate("").reveal()); };

  Library& messages = add("http-message-signatures", make_unique<Ours<webhook::MessageSignatures>>(),
                          {{"id", "webhook-id"},
                           {"digest", "content-digest"},
                           {"input", "signature-input"},
                           {"signatures", "signature"},
                           {"content-type", "content-type"}});
  messages.timed = messages.places = true;
  messages.secret = [](Draw& draw) {
    if (draw.one_in(2)) return std::string(webhook::MessageSignatures{}.generate("").reveal());
    return base64(draw.bytes(24 + draw.below(105)));
  };
  return all;
}

}  // namespace interop

#endif
