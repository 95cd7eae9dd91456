// SPDX-License-Identifier: MIT
// Formats: several serializers as one. An endpoint names the format it wants; a received body is read by the member that
// its headers ask for. What the payload is, and how events are filtered, is the first member's.
// It knows no format itself.
#ifndef WEBHOOK_SERIALIZER_FORMATS_HPP
#define WEBHOOK_SERIALIZER_FORMATS_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"
#include "../detail/media_type.hpp"
#include "../detail/member_types.hpp"
#include "../detail/values.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

namespace detail {

template <class Member, class First>
concept ReadsLike = Recognises<Member> && std::is_same_v<typename Member::Value, typename First::Value>;
template <class Member, class First, class T>
concept DecodesLike = ReadsLike<Member, First> && Decodes<Member, T>;

}  // namespace detail

/// Several formats, of which each endpoint names one: Formats<JsonSerializer, XmlSerializer>. "" is the first member's
/// own format, and a name that two members know is the earlier one's. Payloads are encoded by the first; the others
/// render from that payload. Thread-safe, as its members are.
template <class First, class... Others>
class Formats : public detail::ValueFrom<First>, public detail::FilterFrom<First> {
  static_assert(SerializerPolicy<First> && (SerializerPolicy<Others> && ...),
                "webhook: a member of Formats does not satisfy webhook::SerializerPolicy");

 public:
  using role = webhook::role::serializer;

  Formats() requires(std::is_default_constructible_v<First> &&
                     (std::is_default_constructible_v<Others> && ...)) = default;
  explicit Formats(First first, Others... others) : members_(std::move(first), std::move(others)...) {}

  bool renders(std::string_view format) const {
    bool known = false;
    each([&](const auto& member) { known = known || member.renders(format); });
    return known;
  }

  /// Throws Error (errc::unsupported) for a format that no member knows.
  Rendering render(const Event& event, std::string_view format) const {
    if (format.empty()) return first().render(event, format);
    std::optional<Rendering> rendering;
    each([&](const auto& member) {
      if (!rendering && member.renders(format)) rendering.emplace(member.render(event, format));
    });
    if (!rendering) {
      throw Error(errc::unsupported, "the format " + detail::quoted_field(format) + " is not among those compiled in");
    }
    return *std::move(rendering);
  }

  template <detail::EncodedBy<First> T>
  Bytes encode(const T& value) const {
    return first().encode(value);
  }

  /// How sure the surest member is.
  template <class F = First>
  requires Reads<F> Recognition recognises(const Request& request)
  const { return surest(request).first; }

  /// Reads a body by the member that recognises it, the first if it says nothing about itself. Throws Error: what that
  /// member throws, or errc::unsupported if the Content-Type is nobody's.
  template <class F = First>
  requires Reads<F>
  typename F::Value read(const Request& request, Event& event) const {
    const std::pair<Recognition, std::size_t> chosen = surest(request);
    if (chosen.first == Recognition::no && Recognises<First> && request.headers.find("content-type")) {
      detail::refuse_type(request.headers);
    }
    std::optional<typename F::Value> value;
    std::size_t index = 0;
    each([&]<class Member>(const Member& member) {
      if constexpr (detail::ReadsLike<Member, First> || std::is_same_v<Member, First>) {
        if (index == chosen.second && !value) value.emplace(member.read(request, event));
      }
      ++index;
    });
    return *std::move(value);
  }

  template <class F = First>
  requires Reads<F> std::optional<std::string> find(const typename F::Value& data, std::string_view path)
  const { return first().find(data, path); }

  /// Reads data as a type of the host: strictly, as the first member does; and where that fails, as the members do whose
  /// bodies carry nothing but text. Throws the first member's Error.
  template <class T, class F = First>
  requires Decodes<F, T> T decode(const typename F::Value& data)
  const {
    try {
      return first().template decode<T>(data);
    } catch (const Error&) {
      std::optional<T> value;
      each([&]<class Member>(const Member& member) {
        if constexpr (detail::DecodesLike<Member, First, T> && !std::is_same_v<Member, First>) {
          try {
            if (!value) value.emplace(member.template decode<T>(data));
          } catch (const Error&) {  // the first one's sentence is the one to show
          }
        }
      });
      if (!value) throw;
      return *std::move(value);
    }
  }

  template <class F = First>
  requires Filters<F>
  typename F::Filter compile(std::string_view filter, std::string_view sample) const {
    return first().compile(filter, sample);
  }
  template <class F = First>
  requires Filters<F>
  void matches(std::span<const typename F::Filter* const> filters, const Event& event, std::span<bool> verdicts) const {
    first().matches(filters, event, verdicts);
  }

 private:
  const First& first() const noexcept { return std::get<0>(members_); }

  template <class Call>
  void each(Call call) const {
    std::apply([&call](const auto&... members) { (call(members), ...); }, members_);
  }

  // How sure the surest member is, and where it stands; 0 if none is.
  std::pair<Recognition, std::size_t> surest(const Request& request) const {
    std::pair<Recognition, std::size_t> best{Recognition::no, 0};
    std::size_t index = 0;
    each([&]<class Member>(const Member& member) {
      if constexpr (detail::ReadsLike<Member, First>) {
        if (const Recognition sure = member.recognises(request); sure > best.first) best = {sure, index};
      }
      ++index;
    });
    return best;
  }

  std::tuple<First, Others...> members_{};
};

}  // namespace v0
}  // namespace webhook

#endif
