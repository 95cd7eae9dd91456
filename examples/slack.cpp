// SPDX-License-Identifier: MIT
// Slack both ways: a receiver of its Events API and of a slash command, and a notifier that posts into a channel.
// Somebody mentions the app and asks for a deployment; the deployment's event becomes a message. Somebody else types
// "/deploys" and is answered. No network here: Slack's requests are made below, and a function stands for
// hooks.slack.com.
#include <webhook/scheme/none.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/slack.hpp>
#include <webhook/webhook.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "hmac.hpp"

namespace {

const std::string secret = "the signing secret in the app's settings";

// A request as Slack sends it.
webhook::Request from_slack(const std::string& body, std::chrono::seconds ago = {},
                            std::string_view type = "application/json") {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>((std::chrono::system_clock::now() - ago).time_since_epoch());
  const std::string time = std::to_string(now.count());
  webhook::Request request;
  request.url = "https://bot.example/slack";
  request.headers = {{"content-type", type},
                     {"x-slack-request-timestamp", time},
                     {"x-slack-signature", "v0=" + hex(hmac(EVP_sha256(), secret, "v0:" + time + ":" + body))}};
  request.body = webhook::Bytes(body);
  return request;
}

// What the channel reads about an event. What strangers wrote is escaped, so that no <!channel> in it wakes everybody.
webhook::SlackMessage worded(const webhook::Event& event) {
  const auto deployment = nlohmann::json::parse(event.payload.view());
  return {.text = ":rocket: " + webhook::slack_escaped(deployment.at("text").get<std::string>()) + " (asked by <@" +
                  webhook::slack_escaped(deployment.at("user").get<std::string>()) + ">)"};
}

}  // namespace

int main() {
  std::vector<std::string> posted;
  webhook::Dispatcher hooks{webhook::SlackSerializer{worded}, webhook::NoSignature{},  // the URL is the secret
                            [&](const webhook::Request& request) {  // without this line it is libcurl that posts
                              posted.emplace_back(request.body.view());
                              return webhook::Response{.status = 200, .body = "ok"};
                            }};
  hooks.add({.url = "https://hooks.slack.com/services/T000/B000/XXXX",
             .events = {"deployment.*"},
             .spacing = std::chrono::seconds{1}});  // Slack takes one message a second for each URL

  webhook::Receiver inbox{webhook::Slack{}, webhook::Secret{secret},
                          webhook::Formats<webhook::JsonSerializer, webhook::FormSerializer>{}};  // commands are forms
  inbox.on("app_mention", [&](const nlohmann::json& callback, const webhook::Event&) {
    const nlohmann::json& mention = callback.at("event");  // emit never waits, and Slack waits three seconds
    hooks.emit("deployment.requested", {{"text", mention.at("text")}, {"user", mention.at("user")}});
  });

  inbox.on("slash_command.deploys", [&](const nlohmann::json& command) {  // what the handler returns is shown
    const nlohmann::json reply{
        {"response_type", "ephemeral"},
        {"text", std::to_string(posted.size()) + " of " + command.at("text").get<std::string>()}};
    return webhook::Response{.status = 200, .headers = {{"content-type", "application/json"}}, .body = reply.dump()};
  });

  // When the URL is entered at Slack, it asks for its challenge back; the scheme does that, no handler.
  const webhook::Response challenged =
      inbox.handle(from_slack(R"({"type":"url_verification","challenge":"a-challenge-of-slack"})"));

  const std::string mention = R"({"type":"event_callback","event_id":"Ev0001","event_time":1234567890,)"
                              R"("event":{"type":"app_mention","user":"U0007","text":"deploy 1.2 <!channel>"}})";
  const int heard = inbox.handle(from_slack(mention)).status;
  const int repeated = inbox.handle(from_slack(mention)).status;  // Slack tries again up to three times
  const webhook::Request replayed = from_slack(mention, std::chrono::hours{1});
  const webhook::Verification verdict = inbox.verify(replayed);
  std::cout << "from an hour ago: " << explain(verdict) << '\n';

  for (int step = 0; step < 3; ++step) hooks.run_once();
  for (const std::string& message : posted) std::cout << message << '\n';
  const webhook::Response shown = inbox.handle(from_slack(
      "command=%2Fdeploys&text=today&trigger_id=13345224609.738474920", {}, "application/x-www-form-urlencoded"));
  std::cout << "/deploys today: " << shown.body << '\n';
  return challenged.status == 200 && challenged.body == "a-challenge-of-slack" && heard == 204 && repeated == 200 &&
                 shown.body == R"({"response_type":"ephemeral","text":"1 of today"})" &&
                 verdict.reason == webhook::Verification::too_old &&
                 posted ==
                     std::vector<std::string>{
                         R"json({"text":":rocket: deploy 1.2 &lt;!channel&gt; (asked by <@U0007>)"})json"}
             ? 0
             : 1;
}
