// SPDX-License-Identifier: MIT
// What EmitOptions must be: bounded labels, a usable id, a trace that tracing systems will read.
// The event's type is event_type.hpp's and pattern.hpp's, its payload the serializer's business.
#ifndef WEBHOOK_EMIT_RULES_HPP
#define WEBHOOK_EMIT_RULES_HPP

#include <cstddef>
#include <string_view>

#include "detail/event_id.hpp"
#include "endpoint_rules.hpp"
#include "error.hpp"
#include "event.hpp"

namespace webhook {
inline namespace v0 {

/// Whether a text is a traceparent (W3C Trace Context level 1, §3.2): "00-<trace>-<parent>-<flags>" in lower-case hex,
/// neither id all zeros. Later versions may have more after that.
constexpr bool is_traceparent(std::string_view text) noexcept {
  constexpr std::string_view form = "vv-tttttttttttttttttttttttttttttttt-pppppppppppppppp-ff";
  if (text.size() < form.size() || text.size() > 128) return false;
  const bool longer = text.size() > form.size();
  bool trace = false, parent = false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (form[i] == '-' ? c != '-' : !hex) return false;
    trace = trace || (form[i] == 't' && c != '0');
    parent = parent || (form[i] == 'p' && c != '0');
  }
  for (const char c : text.substr(form.size())) {
    if (c < '!' || c > '~') return false;
  }
  const std::string_view version = text.substr(0, 2);
  return trace && parent && version != "ff" && (version == "00" ? !longer : !longer || text[form.size()] == '-');
}

/// Throws Error with the first thing that is wrong with the options of an emit.
inline void check_emit_options(const EmitOptions& options) {
  if (options.tenant.size() > max_label) throw Error(errc::invalid, "a tenant has at most 256 bytes");
  if (options.key.size() > max_label) throw Error(errc::invalid, "a key has at most 256 bytes");
  if (options.channel.size() > max_label) throw Error(errc::invalid, "a channel has at most 256 bytes");
  if (!options.id.empty()) detail::check_event_id(options.id);
  if (!options.traceparent.empty() && !is_traceparent(options.traceparent)) {
    throw Error(errc::invalid,
                "a traceparent is \"00-<32 hex digits>-<16 hex digits>-<2 hex digits>\" in lower case (W3C Trace "
                "Context); leave it empty if there is no trace");
  }
}

}  // namespace v0
}  // namespace webhook

#endif
