// SPDX-License-Identifier: MIT
// A receiver of Twilio's text messages that answers with TwiML, the XML that tells Twilio what to reply. The receiver
// verifies and reads the form, the handler words the answer, and a repetition is answered the same without it.
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/twilio.hpp>
#include <webhook/serializer/form.hpp>

#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include "hmac.hpp"

struct Sms {
  std::string MessageSid{}, From{}, Body{};  // as Twilio calls them; there are many more
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sms, MessageSid, From, Body)

namespace {

const std::string token = "the account's auth token";
const std::string url = "https://shop.example/sms";  // as it is entered at Twilio: the signature covers it

// Whoever writes to this number must not write the XML.
std::string escaped(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    if (c == '&') {
      xml += "&amp;";
    } else if (c == '<') {
      xml += "&lt;";
    } else if (c == '>') {
      xml += "&gt;";
    } else if (static_cast<unsigned char>(c) >= ' ') {  // XML has no way to write the others
      xml += c;
    }
  }
  return xml;
}

webhook::Response twiml(std::string_view message) {
  return {.status = 200,
          .headers = {{"content-type", "text/xml; charset=utf-8"}},
          .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>" + escaped(message) +
                  "</Message></Response>"};
}

// A request as Twilio sends it: signed are the URL, and the names and values of the form in the order of the names.
webhook::Request from_twilio(const std::string& sid, const std::string& text, const std::string& text_encoded) {
  webhook::Request request;
  request.url = url;
  request.body = webhook::Bytes("MessageSid=" + sid + "&From=%2B41790000000&Body=" + text_encoded);
  const std::string message = url + "Body" + text + "From+41790000000" + "MessageSid" + sid;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"},
                     {"i-twilio-idempotency-token", "token-of-" + sid},  // the same when Twilio tries again
                     {"x-twilio-signature", base64(hmac(EVP_sha1(), token, message))}};
  return request;
}

}  // namespace

int main() {
  const std::map<std::string, std::string> orders{{"4711", "left our house this morning"}};
  const webhook::FormSerializer form;
  webhook::ReceiverOptions options;
  options.on_refused = [](const webhook::Verification& verdict, const webhook::Request&) {
    std::cout << "refused: " << explain(verdict) << '\n';
  };
  webhook::Receiver inbox{webhook::Twilio{}, webhook::Secret{token}, form, options};
  int asked = 0;
  inbox.otherwise([&](const nlohmann::json& data) {  // Twilio waits 15 seconds at most
    ++asked;
    const Sms sms = form.decode<Sms>(data);
    const auto order = orders.find(sms.Body);
    if (order == orders.end()) return twiml("There is no order \"" + sms.Body + "\". Send its number alone.");
    return twiml("Order " + sms.Body + " " + order->second + ".");
  });

  const webhook::Response known = inbox.handle(from_twilio("SM1", "4711", "4711"));
  const webhook::Response again = inbox.handle(from_twilio("SM1", "4711", "4711"));
  const webhook::Response strange = inbox.handle(from_twilio("SM2", "<Hangup/> & co", "%3CHangup%2F%3E+%26+co"));
  webhook::Request forged = from_twilio("SM3", "4711", "4711");
  forged.url = "https://shop.example/other";
  const webhook::Response refused = inbox.handle(forged);
  std::cout << known.body << '\n' << strange.body << '\n';

  const bool replied =
      known.status == 200 && known.headers.find("content-type") == "text/xml; charset=utf-8" &&
      known.body.find("<Message>Order 4711 left our house this morning.</Message>") != std::string::npos;
  const bool safe = strange.body.find("\"&lt;Hangup/&gt; &amp; co\"") != std::string::npos;
  return replied && safe && again.body == known.body && asked == 2 && refused.status == 401 ? 0 : 1;
}
