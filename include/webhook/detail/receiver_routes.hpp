// SPDX-License-Identifier: MIT
// The handlers of a Receiver: how each form of one is called, now or later, and which of them takes an event.
// It knows neither why a request was trusted nor what its sender is answered.
#ifndef WEBHOOK_DETAIL_RECEIVER_ROUTES_HPP
#define WEBHOOK_DETAIL_RECEIVER_ROUTES_HPP

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../error.hpp"
#include "../later.hpp"
#include "../pattern.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

/// The data of an event does not fit the type that its handler takes: the sender's fault, and not worth a retry.
struct Undecodable : Error {
  explicit Undecodable(const Error& error) : Error(error) {}
};

template <class Function>
struct Unwrapped {
  using type = Function;
  static constexpr bool later = false;
  static Function& of(Function& handler) noexcept { return handler; }
};
template <class Function>
struct Unwrapped<Later<Function>> {
  using type = Function;
  static constexpr bool later = true;
  static Function& of(Later<Function>& handler) noexcept { return handler.function; }
};

template <class Function, class Data, class F = typename Unwrapped<Function>::type>
inline constexpr bool callable = std::invocable<F&, const Data&, const Event&, const Request&> ||
                                 std::invocable<F&, const Data&, const Event&> || std::invocable<F&, const Data&>;

/// Calls a handler with as much as it takes.
template <class Function, class Data>
void call(Function& handler, const Data& data, const Event& event, const Request& request) {
  if constexpr (std::invocable<Function&, const Data&, const Event&, const Request&>) {
    handler(data, event, request);
  } else if constexpr (std::invocable<Function&, const Data&, const Event&>) {
    handler(data, event);
  } else if constexpr (std::invocable<Function&, const Data&>) {
    handler(data);
  }
}

/// One handler, ready for data: `prepare` decodes it and gives back the call that is left to make.
template <class Value>
struct Route {
  using Call = std::function<void(const Event&, const Request&)>;
  std::string pattern{};
  std::function<Call(const Value&)> prepare{};
  bool later = false;
};

template <class Value, class Function>
Route<Value> untyped_route(std::string_view pattern, Function handler) {
  // std::function copies what it holds; a handler may own what cannot be copied.
  auto kept = std::make_shared<Function>(std::move(handler));
  const auto prepare = [kept](const Value& data) {
    return [kept, &data](const Event& event, const Request& request) {
      call(Unwrapped<Function>::of(*kept), data, event, request);
    };
  };
  return {std::string(pattern), prepare, Unwrapped<Function>::later};
}

template <class T, class Serializer, class Function>
Route<typename Serializer::Value> typed_route(std::string_view type, const Serializer& serializer, Function handler) {
  using Value = typename Serializer::Value;
  auto kept = std::make_shared<Function>(std::move(handler));
  const auto prepare = [kept, &serializer](const Value& data) {
    std::shared_ptr<const T> decoded;
    try {
      decoded = std::make_shared<const T>(serializer.template decode<T>(data));
    } catch (const Error& error) {
      throw Undecodable(error);
    }
    return [kept, decoded](const Event& event, const Request& request) {
      call(Unwrapped<Function>::of(*kept), *decoded, event, request);
    };
  };
  return {std::string(type), prepare, Unwrapped<Function>::later};
}

/// The routes of a receiver, in the order of registration.
template <class Value>
class Routes {
 public:
  void add(Route<Value> route) { routes_.push_back(std::move(route)); }
  void otherwise(Route<Value> route) { otherwise_ = std::move(route); }

  /// The first one for exactly this type, else the first pattern that matches, else the one for the rest; or null.
  const Route<Value>* find(std::string_view type) const noexcept {
    for (const Route<Value>& route : routes_) {
      if (route.pattern == type) return &route;
    }
    for (const Route<Value>& route : routes_) {
      if (matches_pattern(route.pattern, type)) return &route;
    }
    return otherwise_ ? &*otherwise_ : nullptr;
  }

 private:
  std::vector<Route<Value>> routes_{};
  std::optional<Route<Value>> otherwise_{};
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
