// SPDX-License-Identifier: MIT
// A receiver of Twilio's text messages that answers with TwiML, the XML that tells Twilio what to reply. A receiver's
// own answers say nothing, so the route is the host's: it lets the receiver verify, reads the form, and words the
// answer.
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/twilio.hpp>
#include <webhook/serializer/form.hpp>

#include <iostream>
#include <map>
#include <string>

#include "hmac.hpp"

struct Sms {
  std::string MessageSid{}, From{}, Body{};  // as Twilio calls them; there are many more
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sms, MessageSid, From, Body)

namespace {

const std::string token = "the account's auth token";
const std::string url = "https://shop.example/sms";  // as it is entered at Twilio: the signature covers it

class OrderLine {
 public:
  // What the route of a server calls. Twilio waits 15 seconds at most.
  webhook::Response answer(const webhook::Request& request) {
    if (const webhook::Verification verdict = inbox_.verify(request); !verdict) {
      std::cout << "refused: " << explain(verdict) << '\n';
      return plain(403, "not from Twilio");
    }
    Sms sms;
    try {
      webhook::Event unused;
      sms = form_.decode<Sms>(form_.read(request, unused));
    } catch (const webhook::Error& error) {
      std::cout << "unreadable: " << error.what() << '\n';
      return plain(400, "not a text message");
    }
    // The message's own id is signed, unlike Twilio's idempotency token: what comes again gets the answer it got.
    const auto [reply, first] = replies_.try_emplace(sms.MessageSid);
    if (first) reply->second = reply_to(sms);
    webhook::Response response{.status = 200, .body = reply->second};
    response.headers.add("content-type", "text/xml; charset=utf-8");
    return response;
  }

  int asked = 0;

 private:
  std::string reply_to(const Sms& sms) {
    ++asked;
    const auto order = orders_.find(sms.Body);
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>" +
           escaped(order != orders_.end() ? "Order " + sms.Body + " " + order->second + "."
                                          : "There is no order \"" + sms.Body + "\". Send its number alone.") +
           "</Message></Response>";
  }

  // Whoever writes to this number must not write the XML.
  static std::string escaped(std::string_view text) {
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

  static webhook::Response plain(int status, std::string_view text) {
    webhook::Response response{.status = status, .body = std::string(text)};
    response.headers.add("content-type", "text/plain; charset=utf-8");
    return response;
  }

  webhook::FormSerializer form_{};
  webhook::Receiver<webhook::Twilio, webhook::FormSerializer> inbox_{webhook::Twilio{}, webhook::FormSerializer{},
                                                                     webhook::Secret{token}};
  std::map<std::string, std::string> orders_{{"4711", "left our house this morning"}};
  std::map<std::string, std::string> replies_{};  // by MessageSid; a server with threads guards it, and forgets the old
};

// A request as Twilio sends it: signed are the URL, and the names and values of the form in the order of the names.
webhook::Request from_twilio(const std::string& sid, const std::string& text, const std::string& text_encoded) {
  webhook::Request request;
  request.url = url;
  request.body = webhook::Bytes("MessageSid=" + sid + "&From=%2B41790000000&Body=" + text_encoded);
  const std::string message = url + "Body" + text + "From+41790000000" + "MessageSid" + sid;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"},
                     {"x-twilio-signature", base64(hmac(EVP_sha1(), token, message))}};
  return request;
}

}  // namespace

int main() {
  OrderLine line;
  const webhook::Response known = line.answer(from_twilio("SM1", "4711", "4711"));
  const webhook::Response again = line.answer(from_twilio("SM1", "4711", "4711"));
  const webhook::Response strange = line.answer(from_twilio("SM2", "<Hangup/> & co", "%3CHangup%2F%3E+%26+co"));
  webhook::Request forged = from_twilio("SM3", "4711", "4711");
  forged.url = "https://shop.example/other";
  const webhook::Response refused = line.answer(forged);
  std::cout << known.body << '\n' << strange.body << '\n';

  const bool replied =
      known.status == 200 && known.headers.find("content-type") == "text/xml; charset=utf-8" &&
      known.body.find("<Message>Order 4711 left our house this morning.</Message>") != std::string::npos;
  const bool safe = strange.body.find("\"&lt;Hangup/&gt; &amp; co\"") != std::string::npos;
  return replied && safe && again.body == known.body && line.asked == 2 && refused.status == 403 ? 0 : 1;
}
