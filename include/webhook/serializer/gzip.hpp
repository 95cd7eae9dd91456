// SPDX-License-Identifier: MIT
// Gzip: any serializer with its bodies compressed where an endpoint asks for it, and taken apart where one arrives.
// It knows no format. A host that includes this links webhook::gzip (or -lz).
#ifndef WEBHOOK_SERIALIZER_GZIP_HPP
#define WEBHOOK_SERIALIZER_GZIP_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/media_type.hpp"
#include "../detail/member_types.hpp"
#include "../detail/values.hpp"
#include "../detail/zlib_gzip.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// How bodies are compressed, and how large a received one may become.
struct GzipOptions {
  int level = 6;                               ///< 1 (fast) to 9 (small)
  std::size_t max_inflated = 8 * 1024 * 1024;  ///< bytes; a body that becomes larger is refused as soon as it does
};

/// Adds to every format of a serializer one that ends with "+gzip": Gzip<JsonSerializer> renders "json" and "json+gzip",
/// Gzip<Formats<…>> doubles all of them. "" stays what it is. The bytes depend on the event and on zlib's version alone.
/// A received body with Content-Encoding gzip is inflated, within a bound, before the serializer reads it. Thread-safe.
template <class Serializer>
class Gzip : public detail::ValueFrom<Serializer>, public detail::FilterFrom<Serializer> {
  static_assert(SerializerPolicy<Serializer>, "webhook: what Gzip wraps does not satisfy webhook::SerializerPolicy");

 public:
  using role = webhook::role::serializer;

  Gzip() requires std::is_default_constructible_v<Serializer>
  = default;
  /// Throws Error (errc::invalid) for a level outside of 1 to 9.
  explicit Gzip(Serializer serializer, GzipOptions options = {})
      : serializer_(std::move(serializer)), options_(options) {
    if (options.level < 1 || options.level > 9) throw Error(errc::invalid, "a gzip level is 1 to 9");
  }

  bool renders(std::string_view format) const {
    return serializer_.renders(format) || (is_packed(format) && serializer_.renders(inner(format)));
  }

  /// Throws Error (errc::unsupported) for a format that the serializer does not know.
  Rendering render(const Event& event, std::string_view format) const {
    if (!is_packed(format) || serializer_.renders(format)) return serializer_.render(event, format);
    Rendering rendering = serializer_.render(event, inner(format));
    rendering.headers.add("content-encoding", "gzip");
    rendering.body = Bytes(detail::gzip(rendering.body.view(), options_.level));
    return rendering;
  }

  template <detail::EncodedBy<Serializer> T>
  Bytes encode(const T& value) const {
    return serializer_.encode(value);
  }

  /// Its own, if it is compressed and the serializer recognises what is inside.
  template <class S = Serializer>
  requires Recognises<S> Recognition recognises(const Request& request)
  const {
    const Recognition inside = serializer_.recognises(request);
    return inside != Recognition::no && detail::is_encoded(request.headers) ? Recognition::own : inside;
  }

  /// Throws Error: what the serializer throws; errc::too_large over GzipOptions::max_inflated, errc::invalid_payload for
  /// a body that is no gzip, errc::unsupported for a Content-Encoding other than gzip.
  template <class S = Serializer>
  requires Reads<S>
  typename S::Value read(const Request& request, Event& event) const {
    if (!detail::is_encoded(request.headers)) return serializer_.read(request, event);
    const std::string_view encoding = detail::trimmed(*request.headers.find("content-encoding"));
    if (request.headers.count("content-encoding") != 1 ||
        (!Headers::same_name(encoding, "gzip") && !Headers::same_name(encoding, "x-gzip"))) {
      throw Error(errc::unsupported,
                  "the content encoding " + detail::quoted_field(encoding) + " is not supported; gzip is");
    }
    Request inflated;
    inflated.method = request.method;
    inflated.url = request.url;
    for (const Header field : request.headers) {
      if (!Headers::same_name(field.name, "content-encoding")) inflated.headers.add(field.name, field.value);
    }
    inflated.body = Bytes(detail::gunzip(request.body.view(), options_.max_inflated));
    return serializer_.read(inflated, event);
  }

  template <class S = Serializer>
  requires Reads<S> std::optional<std::string> find(const typename S::Value& data, std::string_view path)
  const { return serializer_.find(data, path); }
  template <class T, class S = Serializer>
  requires Decodes<S, T> T decode(const typename S::Value& data)
  const { return serializer_.template decode<T>(data); }

  template <class S = Serializer>
  requires Filters<S>
  typename S::Filter compile(std::string_view filter, std::string_view sample) const {
    return serializer_.compile(filter, sample);
  }
  template <class S = Serializer>
  requires Filters<S>
  void matches(std::span<const typename S::Filter* const> filters, const Event& event, std::span<bool> verdicts) const {
    serializer_.matches(filters, event, verdicts);
  }

 private:
  static constexpr std::string_view suffix = "+gzip";
  static bool is_packed(std::string_view format) noexcept { return format.ends_with(suffix) && format != suffix; }
  static std::string_view inner(std::string_view format) noexcept {
    return format.substr(0, format.size() - suffix.size());
  }

  Serializer serializer_{};
  GzipOptions options_{};
};

}  // namespace v0
}  // namespace webhook

#endif
