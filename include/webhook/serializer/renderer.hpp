// SPDX-License-Identifier: MIT
// Renderer: a format of the host's own, a C++ function from event to body, under a name that endpoints ask for.
// It only writes, and does not look at what the function makes.
#ifndef WEBHOOK_SERIALIZER_RENDERER_HPP
#define WEBHOOK_SERIALIZER_RENDERER_HPP

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"
#include "../detail/media_type.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// A function from event to body as a format: Formats{JsonSerializer{}, Renderer{"crm", [](const Event& event) { … }}}.
/// The function must give the same Rendering for the same event whenever it is asked, because it is asked again after a
/// restart; it is called by several threads at once. What it throws counts as a failed attempt.
template <class Function>
class Renderer {
  static_assert(std::is_invocable_r_v<Rendering, const Function&, const Event&>,
                "webhook: a Renderer's function takes (const webhook::Event&) and returns a webhook::Rendering");

 public:
  using role = webhook::role::serializer;

  /// Throws Error (errc::invalid) for an empty name.
  Renderer(std::string name, Function function) : name_(std::move(name)), function_(std::move(function)) {
    if (name_.empty()) throw Error(errc::invalid, "a renderer needs a name, by which endpoints ask for it");
  }

  /// True for its name, and for "".
  bool renders(std::string_view format) const noexcept { return format.empty() || format == name_; }

  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) {
      throw Error(errc::unsupported, "this renderer knows the format " + detail::quoted_field(name_) + " only");
    }
    return std::invoke(function_, event);
  }

 private:
  std::string name_;
  Function function_;
};

}  // namespace v0
}  // namespace webhook

#endif
