// SPDX-License-Identifier: MIT
// A receiver of GitHub's webhooks: it answers the ping that comes when the webhook is created, hears of pushes and of
// new issues, and refuses what GitHub did not sign. No server here: inbox.handle() is what any framework calls with
// the request it has (adapter/httplib.hpp and adapter/beast.hpp do so).
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/serializer/json.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "hmac.hpp"

namespace {

const std::string secret = "what was entered in the repository's settings";

// A request as GitHub sends it. Choose application/json as the content type of the webhook.
webhook::Request from_github(std::string_view event, std::string_view delivery, const std::string& body) {
  webhook::Request request;
  request.url = "https://ci.example/github";
  request.headers = {{"content-type", "application/json"},
                     {"x-github-event", event},
                     {"x-github-delivery", delivery},
                     {"x-hub-signature-256", "sha256=" + hex(hmac(EVP_sha256(), secret, body))}};
  request.body = webhook::Bytes(body);
  return request;
}

}  // namespace

int main() {
  std::vector<std::string> builds, triage;
  int others = 0;

  webhook::ReceiverOptions options;
  options.on_refused = [](const webhook::Verification& verdict, const webhook::Request&) {
    std::cout << "refused: " << explain(verdict) << '\n';
  };
  webhook::Receiver inbox{webhook::GitHub{}, webhook::Secret{secret}, options};
  inbox.on("push", [&](const nlohmann::json& push) {
    if (push.at("ref") == "refs/heads/main") builds.push_back(push.at("after"));
  });
  // The event's name and the action in its body make the type; "issues.*" would be every action.
  inbox.on("issues.opened", [&](const nlohmann::json& body, const webhook::Event& event) {
    std::cout << event.type << " (" << event.id.view() << "): " << body.at("issue").at("title") << '\n';
    triage.push_back(body.at("issue").at("title"));
  });
  inbox.otherwise([&](const nlohmann::json&, const webhook::Event&) { ++others; });

  const webhook::Request issue =
      from_github("issues", "d-3", R"({"action":"opened","issue":{"number":7,"title":"It does not compile"}})");
  webhook::Request forged = from_github("push", "d-5", R"({"ref":"refs/heads/main","after":"0ff1ce"})");
  forged.body = webhook::Bytes(R"({"ref":"refs/heads/main","after":"badc0de"})");

  struct Step {
    webhook::Request request;
    int status;
  };
  bool as_expected = true;
  for (const Step& step : {
           Step{from_github("ping", "d-1", R"({"zen":"Keep it logically awesome.","hook_id":1})"), 200},  // no handler
           Step{from_github("push", "d-2", R"({"ref":"refs/heads/main","after":"c0ffee"})"), 204},
           Step{issue, 204},
           Step{issue, 200},  // "Redeliver" was clicked: acknowledged, and not handled twice
           Step{from_github("issues", "d-4", R"({"action":"closed","issue":{"number":7}})"), 204},
           Step{forged, 401},
       }) {
    const int status = inbox.handle(step.request).status;
    if (status == step.status) continue;
    std::cout << step.request.body.view() << ": answered " << status << ", not " << step.status << '\n';
    as_expected = false;
  }
  return as_expected && builds == std::vector<std::string>{"c0ffee"} &&
                 triage == std::vector<std::string>{"It does not compile"} && others == 1
             ? 0
             : 1;
}
