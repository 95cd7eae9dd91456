// SPDX-License-Identifier: MIT
// SlackSerializer: events as messages for a Slack incoming webhook. What a message says is the host's function, or a
// summary. It only writes: what Slack sends is JSON or a form, signed by its own scheme.
#ifndef WEBHOOK_SERIALIZER_SLACK_HPP
#define WEBHOOK_SERIALIZER_SLACK_HPP

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"
#include "../detail/utf8.hpp"
#include "../error.hpp"
#include "json.hpp"
#include "slack_summary.hpp"

namespace webhook {
inline namespace v0 {

/// A message with blocks; the text is then what notifications show.
struct SlackMessage {
  std::string text{};    ///< in Slack's mrkdwn; put foreign text through slack_escaped()
  std::string blocks{};  ///< a JSON array of blocks (Block Kit); "": none
};

/// Writes events as {"text": …} for a Slack incoming webhook, under the name "slack". The function takes (const Event&)
/// and returns a std::string, the text, or a SlackMessage; it is called by several threads at once and must say the same
/// about the same event whenever it is asked. Payloads are JSON, as JsonSerializer encodes them. Thread-safe.
template <class Function = SlackSummary>
class SlackSerializer : private JsonSerializer {
  using Said = std::invoke_result_t<const Function&, const Event&>;
  static_assert(std::is_convertible_v<Said, std::string> || std::is_convertible_v<Said, SlackMessage>,
                "webhook: a SlackSerializer's function returns a std::string or a webhook::SlackMessage");

 public:
  using role = webhook::role::serializer;
  using Value = JsonSerializer::Value;
  using Filter = JsonSerializer::Filter;
  using JsonSerializer::compile;
  using JsonSerializer::encode;
  using JsonSerializer::matches;

  SlackSerializer() requires std::is_default_constructible_v<Function>
  = default;
  explicit SlackSerializer(Function function) : function_(std::move(function)) {}

  bool renders(std::string_view format) const noexcept { return format.empty() || format == "slack"; }

  /// Throws Error: errc::unsupported for a format that renders() denies; errc::invalid_payload for a text that is empty
  /// or no UTF-8, which Slack would refuse, and for blocks that are no JSON array. And what the function throws.
  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) throw Error(errc::unsupported, "this serializer knows the format \"slack\" only");
    const SlackMessage message = said_about(event);
    if (message.text.empty()) throw Error(errc::invalid_payload, "a Slack message needs a text");
    if (detail::find_not_utf8(message.text) != std::string_view::npos) {
      throw Error(errc::invalid_payload, "the text of a Slack message is not valid UTF-8");
    }
    std::string body = "{\"text\":" + Value(message.text).dump();
    if (!message.blocks.empty()) {
      if (!detail::parse_json(message.blocks).is_array()) {
        throw Error(errc::invalid_payload, "the blocks of a Slack message are no JSON array");
      }
      body += ",\"blocks\":" + message.blocks;
    }
    return {{{"content-type", "application/json; charset=utf-8"}}, Bytes(body + "}")};
  }

 private:
  SlackMessage said_about(const Event& event) const {
    if constexpr (std::is_convertible_v<Said, SlackMessage>) {
      return std::invoke(function_, event);
    } else {
      return {std::invoke(function_, event), {}};
    }
  }

  Function function_{};
};

static_assert(SerializerPolicy<SlackSerializer<>> && Filters<SlackSerializer<>> && !Reads<SlackSerializer<>> &&
              Encodes<SlackSerializer<>, nlohmann::json>);

}  // namespace v0
}  // namespace webhook

#endif
