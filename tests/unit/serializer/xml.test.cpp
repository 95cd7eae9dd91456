// SPDX-License-Identifier: MIT
#include <webhook/serializer/xml.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_json.hpp"
#include "support/thrown.hpp"

namespace unit_serializer_xml {
struct Part {
  std::string sku{};
  int quantity = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Part, sku, quantity)
struct Shipment {
  std::string customer{}, item{};
  double price = 0;
  bool paid = false;
  std::vector<Part> parts{};
  std::map<std::string, int> counts{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Shipment, customer, item, price, paid, parts, counts)
struct Lone {
  std::string item{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lone, item)

namespace {
using webhook::Bytes;
using webhook::errc;
using webhook::Event;
using webhook::XmlSerializer;

const XmlSerializer serializer;
const std::string prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

Event event_of(std::string_view payload) {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "order.created";
  event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(14);
  event.payload = Bytes(payload);
  return event;
}
std::string bare(std::string_view payload) {
  const std::string body(serializer.render(event_of(payload), "xml-bare").body.view());
  REQUIRE(body.substr(0, prolog.size()) == prolog);
  return body.substr(prolog.size());
}
nlohmann::json read(std::string_view body, Event& event) {
  webhook::Request request;
  request.body = Bytes(body);
  return serializer.read(request, event);
}
nlohmann::json read(std::string_view body) {
  Event event;
  return read(body, event);
}

// What XML makes of a JSON value: the documented losses and no others.
nlohmann::json as_xml(const nlohmann::json& value) {
  if (!value.is_structured()) return support::as_text(value);
  if (value.empty()) return "";
  nlohmann::json seen = value.is_array() ? nlohmann::json::array() : nlohmann::json::object();
  for (auto at = value.begin(); at != value.end(); ++at) {
    if (value.is_array()) {
      seen.push_back(as_xml(*at));
    } else {
      seen[at.key()] = as_xml(*at);
    }
  }
  if (seen.is_object() && seen.size() == 1 && seen.contains("item")) return nlohmann::json::array({seen["item"]});
  return seen;
}
}  // namespace

TEST_CASE("an event is a document of its envelope", "[serializer][xml]") {
  const webhook::Rendering rendering = serializer.render(event_of(R"({"customer":"Smith & Co","tags":["a","b"]})"), "");
  CHECK(rendering.headers.find("content-type") == std::string_view("application/xml; charset=utf-8"));
  CHECK(rendering.body.view() ==
        prolog +
            "<event><id>evt_1</id><type>order.created</type><timestamp>2026-11-23T14:00:00Z</timestamp>"
            "<data><customer>Smith &amp; Co</customer><tags><item>a</item><item>b</item></tags></data></event>");
}

TEST_CASE("numbers keep every digit in XML", "[serializer][xml]") {
  CHECK(bare(R"([19.99,0.4,12345678901234567890,1e400,-0,1.50])") ==
        "<data><item>19.99</item><item>0.4</item><item>12345678901234567890</item><item>1e400</item>"
        "<item>-0</item><item>1.50</item></data>");
}

TEST_CASE("what is no XML name or no XML text is escaped, and comes back", "[serializer][xml]") {
  CHECK(bare(R"({"a b":1,"2":2,"":3,"x:y":4,"_x0041_":5,"xmlns":6,"_x_":7})") ==
        "<data><a_x0020_b>1</a_x0020_b><_x0032_>2</_x0032_><_x_>3</_x_><x_x003A_y>4</x_x003A_y>"
        "<_x005F_x0041_>5</_x005F_x0041_><_x0078_mlns>6</_x0078_mlns><_x005F_x_>7</_x005F_x_></data>");
  CHECK(bare(R"("\u0000 \ufffe \r\n ]]> <a> & _x0041_ _x00e9_ é")") ==
        "<data>_x0000_ _xFFFE_ &#13;\n ]]&gt; &lt;a&gt; &amp; _x005F_x0041_ _x00e9_ \xC3\xA9</data>");
  for (const std::string text :
       {"_x005F_", "_x005F_x0041_", "_x0041_x0042_", "_x0001F600_", "_x005F", "_x_", "__x0001_", "_x", "_",
        "_x0041\x01", "_x005F\x01", "_x0001\x02", "_x005F_x005F_x0041", " \n\t "}) {
    INFO(text);
    CHECK(read(bare(nlohmann::json(text).dump())) == text);
    CHECK(read(bare(nlohmann::json{{text, "v"}, {"b", "w"}}.dump())) == nlohmann::json{{text, "v"}, {"b", "w"}});
  }
}

TEST_CASE("a stranger's XML is read with its attributes, repetitions and mixed text", "[serializer][xml]") {
  CHECK(read("<a/>") == "");
  CHECK(read("<a> x <!-- no --><![CDATA[<y>]]> &#x41;&amp;</a>") == " x <y> A&");
  CHECK(read("<a><b>1</b><b>2</b><b>3</b><c/></a>") == nlohmann::json{{"b", {"1", "2", "3"}}, {"c", ""}});
  CHECK(read("<a>\n  <item>1</item>\n</a>") == nlohmann::json{"1"});
  CHECK(read("<a><item><item>1</item></item><item/></a>") == nlohmann::json{nlohmann::json{"1"}, ""});
  CHECK(read("<a><b><item>1</item></b><b><item>2</item><item>3</item></b></a>") ==
        nlohmann::json{{"b", {{"1"}, {"2", "3"}}}});
  CHECK(read("<a n='1' xmlns='u' xmlns:s='v'><s:b>x</s:b></a>") == nlohmann::json{{"@n", "1"}, {"s:b", "x"}});
  CHECK(read("<a n='1'>x</a>") == nlohmann::json{{"@n", "1"}, {"#text", "x"}});
  CHECK(read("<a n='1'><_x0040_n>2</_x0040_n>t<_x0023_text>u</_x0023_text></a>") ==
        nlohmann::json{{"@n", {"1", "2"}}, {"#text", {"u", "t"}}});
  CHECK(read("<a>x<b/>y</a>") == nlohmann::json{{"b", ""}, {"#text", "xy"}});
  CHECK(read("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>") == "\xC3\xA9");
  CHECK(read("\xEF\xBB\xBF<a>_x0041_</a>") == "_x0041_");
  CHECK(read("<a>" + std::string(3U << 20U, 'x') + "</a>").get<std::string>().size() == 3U << 20U);
}

TEST_CASE("an envelope in XML gives the event its type, time and id", "[serializer][xml]") {
  Event event;
  CHECK(read(serializer.render(event_of("{\"a\":1,\"b\":2}"), "").body.view(), event) ==
        nlohmann::json{{"a", "1"}, {"b", "2"}});
  CHECK(event.type == "order.created");
  CHECK(event.id.view() == "evt_1");
  CHECK(event.time == event_of("1").time);
}

TEST_CASE("XML that is not well-formed is refused by its line, and never quoted", "[serializer][xml]") {
  for (const std::string body : {"", " ", "x", "<a", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "<a b='1' b='2'/>",
                                 "<a>&secretword;</a>", "<a>\x01</a>", "<a>&#0;</a>", "<a>\xFF</a>", "<a>\xC0\xAF</a>",
                                 "<a b='<'/>", "<1/>", "<a>]]></a>", "{\"a\":1}", "<a><?xml?></a>"}) {
    INFO(body);
    CHECK(support::thrown([&] { read(body); }) == errc::invalid_payload);
  }
  CHECK_THROWS_WITH(read("<a>\n<secretword>\n</a>"), Catch::Contains("line 3") && !Catch::Contains("secretword"));
}

TEST_CASE("entities and document types are refused, whatever they would expand to", "[serializer][xml]") {
  std::string laughs = "<!DOCTYPE a [<!ENTITY l0 \"ha\">";
  for (int i = 1; i < 10; ++i) {
    laughs += "<!ENTITY l" + std::to_string(i) + " \"";
    for (int j = 0; j < 10; ++j) laughs += "&l" + std::to_string(i - 1) + ";";
    laughs += "\">";
  }
  for (const std::string& body :
       {laughs + "]><a>&l9;</a>", std::string("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
        std::string("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
        std::string("<!DOCTYPE a><a/>"),
        std::string("<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://x.example/\"> %p;]><a/>")}) {
    CHECK_THROWS_WITH(read(body), Catch::Contains("document type declaration"));
  }
}

TEST_CASE("a document is bounded in depth and elements", "[serializer][xml]") {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "<a>";
    for (int i = 0; i < levels; ++i) text += "</a>";
    return text;
  };
  CHECK_NOTHROW(read(nested(514)));
  CHECK_THROWS_WITH(read(nested(515)), Catch::Contains("514 levels"));
  CHECK_THROWS_AS(read(nested(100'000)), webhook::Error);
  std::string wide = "<a>";
  for (int i = 0; i < 100'000; ++i) wide += "<b/>";
  CHECK_THROWS_WITH(read(wide + "</a>"), Catch::Contains("100000 elements"));
  // What the deepest payload becomes can still be read.
  const std::string deepest = std::string(512, '[') + std::string(512, ']');
  CHECK_NOTHROW(read(serializer.render(event_of(deepest), "").body.view()));
}

TEST_CASE("a payload that is no JSON has no XML", "[serializer][xml]") {
  CHECK(support::thrown([] { bare("{"); }) == errc::invalid_payload);
  CHECK(support::thrown([] { serializer.render(Event(), "form"); }) == errc::unsupported);
  Event event = event_of("1");
  event.type = "\xFF";
  CHECK(support::thrown([&] { serializer.render(event, ""); }) == errc::invalid_payload);
}

TEST_CASE("XML becomes the types that a handler takes", "[serializer][xml]") {
  const auto arrived = [](const auto& value) {
    Event event;
    const auto rendering = serializer.render(event_of(nlohmann::json(value).dump()), "xml");
    using T = std::remove_cvref_t<decltype(value)>;
    return nlohmann::json(serializer.decode<T>(read(rendering.body.view(), event)));
  };
  Shipment sent{"007", "1.50", 19.99, true, {{"4711", 2}, {"A-1", 1}}, {{"a", 1}, {"b", 2}}};
  CHECK(arrived(sent) == nlohmann::json(sent));
  sent.parts = {{"4711", 2}};
  sent.counts = {{"item", 1}};
  CHECK(arrived(sent).at("parts") == nlohmann::json(sent).at("parts"));
  sent.parts.clear();
  sent.counts.clear();
  CHECK(arrived(sent) == nlohmann::json(sent));
  CHECK(arrived(Lone{"a book"}) == nlohmann::json{{"item", "a book"}});
  CHECK(serializer.decode<std::vector<int>>("7") == std::vector<int>{7});  // a repeated element that came once
}

TEST_CASE("what XML carries, arrives", "[serializer][xml][property]") {
  support::RandomJson random(20261125);
  int carried = 0;
  for (int round = 0; round < 3000; ++round) {
    const nlohmann::json value = random.value();
    const webhook::Rendering rendering = serializer.render(event_of(value.dump()), "xml");
    CHECK(rendering.body == serializer.render(event_of(value.dump()), "xml").body);
    INFO(value.dump(-1, ' ', true) << "\n" << rendering.body.view());
    CHECK(read(rendering.body.view()) == as_xml(value));
    carried += value.is_structured() ? 1 : 0;
  }
  CHECK(carried > 500);
}

}  // namespace unit_serializer_xml
