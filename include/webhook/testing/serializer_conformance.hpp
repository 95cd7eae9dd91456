// SPDX-License-Identifier: MIT
// What every serializer owes, as checks that run on any of them; a custom serializer's author runs them too.
// It needs no test framework and no format: each promise goes to a callback, which hands it to the framework at hand.
#ifndef WEBHOOK_TESTING_SERIALIZER_CONFORMANCE_HPP
#define WEBHOOK_TESTING_SERIALIZER_CONFORMANCE_HPP

#include <chrono>
#include <string>
#include <string_view>

#include "../concepts.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// Runs the checks; calls `report(bool held, std::string_view promise)` for each. `sample` is a value that is encoded,
/// rendered, read and decoded again, where the serializer can do so; `format` is one of its names.
template <SerializerPolicy Serializer, class Sample, class Report>
requires Encodes<Serializer, Sample>
class SerializerConformance {
 public:
  SerializerConformance(const Serializer& serializer, const Sample& sample, Report report, std::string_view format = "")
      : serializer_(serializer), sample_(sample), report_(report), format_(format) {}

  void run() {
    report_(serializer_.renders(""), "the empty name is the serializer's own format");
    report_(serializer_.renders(format_), "the format that is tried is one of its own");
    report_(!serializer_.renders("no such format"), "a format of another serializer is denied");
    rendering();
    if constexpr (Decodes<Serializer, Sample>) round_trip();
    if constexpr (Reads<Serializer>) garbage();
  }

 private:
  void rendering() {
    const Event event = sample_event("order.created");
    const Rendering first = serializer_.render(event, format_), second = serializer_.render(event, format_);
    report_(first.body == second.body && first.headers.bytes() == second.headers.bytes(),
            "rendering twice gives the same bytes");
    report_(first.headers.count("content-type") == 1, "a rendering says its content type, once");
    Event bare = event;
    bare.payload = Bytes();
    report_(!serializer_.render(bare, format_).body.empty(), "an event without payload can be rendered");
  }

  void round_trip() {
    for (const std::string_view type : {"order.created", "a\"b\\c<d>&amp;'e'", "\xC3\xA9t\xC3\xA9"}) {
      const Event sent = sample_event(type);
      const Request request = received(serializer_.render(sent, format_));
      if constexpr (Recognises<Serializer>) {
        report_(serializer_.recognises(request) != Recognition::no, "its own rendering is recognised");
      }
      Event event;
      const auto data = serializer_.read(request, event);
      report_(event.type == type, "the event's type arrives, whatever characters it has");
      report_(event.time == sent.time, "the event's time arrives, to the microsecond");
      report_(serializer_.template decode<Sample>(data) == sample_, "the value arrives");
    }
  }

  void garbage() {
    using namespace std::string_view_literals;
    const std::string deep_arrays(100'000, '['), deep_tags = repeated("<a>", 100'000);
    for (const std::string_view body : {""sv, "\0"sv, "{"sv, "{\"type\":"sv, "<a"sv, "\xFF\xFE"sv, "[1e999]"sv,
                                        std::string_view(deep_arrays), std::string_view(deep_tags)}) {
      Request request;
      request.body = Bytes(body);
      Event event;
      event.type = "as it was";
      bool contained = true;
      try {
        (void)serializer_.read(request, event);
      } catch (const Error& error) {
        contained = error.code() == errc::invalid_payload;
      } catch (...) {
        contained = false;
      }
      report_(contained, "an unreadable body is invalid_payload, and nothing else");
      report_(event.type == "as it was", "an unreadable body leaves the event's type as it was");
    }
  }

  static std::string repeated(std::string_view text, int times) {
    std::string all;
    for (; times > 0; --times) all += text;
    return all;
  }
  Event sample_event(std::string_view type) const {
    Event event;
    event.id = EventId("msg_1");
    event.type = type;
    event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::microseconds(1'234'567);
    event.payload = serializer_.encode(sample_);
    return event;
  }
  static Request received(const Rendering& rendering) {
    Request request;
    request.headers = rendering.headers;
    request.body = rendering.body;
    return request;
  }

  const Serializer& serializer_;
  const Sample& sample_;
  Report report_;
  std::string_view format_;
};

}  // namespace v0
}  // namespace webhook

#endif
