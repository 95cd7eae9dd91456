// SPDX-License-Identifier: MIT
#include <webhook/serializer/json.hpp>

#include <catch2/catch.hpp>
#include <string>

namespace unit_detail_json_filter {
using webhook::Bytes;
using webhook::errc;
using webhook::Error;
using webhook::Event;
using webhook::JsonSerializer;

namespace {
bool passes(const std::string& filter, const std::string& payload) {
  const JsonSerializer serializer;
  const JsonSerializer::Filter compiled = serializer.compile(filter, "");
  const JsonSerializer::Filter* filters[] = {&compiled};
  bool verdicts[] = {false};
  Event event;
  event.payload = Bytes(payload);
  serializer.matches(filters, event, verdicts);
  return verdicts[0];
}
std::string complaint(const std::string& filter, const std::string& sample = "") {
  try {
    static_cast<void>(JsonSerializer().compile(filter, sample));
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_filter);
    CHECK(error.code() == errc::invalid);
    return error.what();
  }
  return "";
}
const std::string order =
    R"({"price": 19.99, "customer": {"country": "DE", "name": "Smith"}, "paid": true, "tags": ["new", "gift"], "note": null})";
}  // namespace

TEST_CASE("each operator says yes and no") {
  CHECK(passes(R"({"/price": {"eq": 19.99}})", order));
  CHECK_FALSE(passes(R"({"/price": {"eq": 20}})", order));
  CHECK(passes(R"({"/price": {"ne": 20}})", order));
  CHECK_FALSE(passes(R"({"/price": {"ne": 19.99}})", order));
  CHECK(passes(R"({"/price": {"gt": 19}})", order));
  CHECK_FALSE(passes(R"({"/price": {"gt": 19.99}})", order));
  CHECK(passes(R"({"/price": {"gte": 19.99}})", order));
  CHECK_FALSE(passes(R"({"/price": {"gte": 20}})", order));
  CHECK(passes(R"({"/price": {"lt": 20}})", order));
  CHECK_FALSE(passes(R"({"/price": {"lt": 19.99}})", order));
  CHECK(passes(R"({"/price": {"lte": 19.99}})", order));
  CHECK_FALSE(passes(R"({"/price": {"lte": 19}})", order));
  CHECK(passes(R"({"/customer/country": {"in": ["DE", "FR"]}})", order));
  CHECK_FALSE(passes(R"({"/customer/country": {"in": ["FR"]}})", order));
  CHECK(passes(R"({"/customer/country": {"not_in": ["FR"]}})", order));
  CHECK_FALSE(passes(R"({"/customer/country": {"not_in": ["DE"]}})", order));
  CHECK(passes(R"({"/note": {"exists": true}})", order));
  CHECK_FALSE(passes(R"({"/none": {"exists": true}})", order));
  CHECK(passes(R"({"/none": {"exists": false}})", order));
  CHECK(passes(R"({"/customer/name": {"starts_with": "Sm"}})", order));
  CHECK_FALSE(passes(R"({"/customer/name": {"starts_with": "sm"}})", order));
  CHECK(passes(R"({"/customer/name": {"ends_with": "ith"}})", order));
  CHECK_FALSE(passes(R"({"/customer/name": {"ends_with": "xSmith"}})", order));
}

TEST_CASE("fields are a conjunction; and, or and not combine; a bare value means eq") {
  CHECK(passes(R"({"/paid": true, "/price": {"gt": 10, "lt": 20}})", order));
  CHECK_FALSE(passes(R"({"/paid": true, "/price": {"gt": 10, "lt": 15}})", order));
  CHECK(passes(R"({"or": [{"/paid": false}, {"/price": {"gt": 10}}]})", order));
  CHECK_FALSE(passes(R"({"or": [{"/paid": false}, {"/price": {"gt": 100}}]})", order));
  CHECK(passes(R"({"and": [{"/paid": true}, {"not": {"/customer/country": "FR"}}]})", order));
  CHECK_FALSE(passes(R"({"not": {"/paid": true}})", order));
  CHECK(passes("{}", order));
  CHECK(passes(R"({"/tags/1": "gift"})", order));
}

TEST_CASE("an absent field, or a value of another kind, is unequal and neither greater nor less") {
  CHECK_FALSE(passes(R"({"/none": {"eq": 1}})", order));
  CHECK(passes(R"({"/none": {"ne": 1}})", order));
  CHECK(passes(R"({"/none": {"not_in": [1]}})", order));
  CHECK_FALSE(passes(R"({"/none": {"lt": 1}})", order));
  CHECK_FALSE(passes(R"({"/price": {"gt": "a"}})", order));
  CHECK_FALSE(passes(R"({"/customer/country": {"lt": 5}})", order));
  CHECK_FALSE(passes(R"({"/paid": {"starts_with": "t"}})", order));
  CHECK_FALSE(passes(R"({"/price/deeper": {"exists": true}})", order));
  CHECK_FALSE(passes(R"({"/price": 1})", ""));
}

TEST_CASE("a filter that is wrong is refused with the field or operator that is wrong") {
  CHECK_THAT(complaint("not json"), Catch::Contains("no JSON"));
  CHECK_THAT(complaint("[]"), Catch::Contains("object of fields"));
  CHECK_THAT(complaint(R"({"price": 1})"), Catch::Contains("\"price\"") && Catch::Contains("JSON Pointer"));
  CHECK_THAT(complaint(R"({"/a~2": 1})"), Catch::Contains("/a~2"));
  CHECK_THAT(complaint(R"({"/price": {"greater": 1}})"), Catch::Contains("/price") && Catch::Contains("greater"));
  CHECK_THAT(complaint(R"({"/price": {}})"), Catch::Contains("no operator"));
  CHECK_THAT(complaint(R"({"/price": {"gt": true}})"), Catch::Contains("/price"));
  CHECK_THAT(complaint(R"({"/price": {"in": 3}})"), Catch::Contains("array"));
  CHECK_THAT(complaint(R"({"/price": {"exists": 1}})"), Catch::Contains("true or false"));
  CHECK_THAT(complaint(R"({"/price": {"starts_with": 1}})"), Catch::Contains("string"));
  CHECK_THAT(complaint(R"({"or": []})"), Catch::Contains("or"));
  CHECK_THAT(complaint(R"({"and": {}})"), Catch::Contains("and"));
  std::string deep = "{}", many = "{";
  for (int i = 0; i < 20; ++i) deep = R"({"not": )" + deep + "}";
  CHECK_THAT(complaint(deep), Catch::Contains("16"));
  for (int i = 0; i < 101; ++i) many += (i == 0 ? "\"/" : ",\"/") + std::to_string(i) + "\": 1";
  CHECK_THAT(complaint(many + "}"), Catch::Contains("100"));
}

TEST_CASE("a field that the sample does not have is refused; maps, lists and optionals may hold anything") {
  const std::string sample = R"({"price": 0, "address": {"city": ""}, "labels": {}, "lines": [], "coupon": null})";
  CHECK(complaint(R"({"/price": 1, "/address/city": "Bonn"})", sample).empty());
  CHECK(complaint(R"({"/labels/anything": 1, "/lines/0/item": "book", "/coupon/code": "x"})", sample).empty());
  CHECK_THAT(complaint(R"({"/prize": 1})", sample), Catch::Contains("/prize"));
  CHECK_THAT(complaint(R"({"/address/town": 1})", sample), Catch::Contains("/address/town"));
  CHECK_THAT(complaint(R"({"/price/amount": 1})", sample), Catch::Contains("/price/amount"));
}

}  // namespace unit_detail_json_filter
