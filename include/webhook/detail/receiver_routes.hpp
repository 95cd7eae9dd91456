// SPDX-License-Identifier: MIT
// The handlers of a Receiver: how each form of one is called, now or later, which of them takes an event, and what one
// that words its own answer says. It does not know why a request was trusted, and sends nothing.
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
#include "../http.hpp"
#include "../later.hpp"
#include "../pattern.hpp"
#include "receiver_answers.hpp"

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

/// The host's transaction, as handlers may take it: what the inbox calls its Handle, if it is one that marks in one.
struct NoHandle {};
template <class Inbox>
struct HandleOf {
  using type = NoHandle;
};
template <class Inbox>
requires requires { typename Inbox::Handle; }
struct HandleOf<Inbox> {
  using type = typename Inbox::Handle;
};
template <class Inbox>
using handle_of = typename HandleOf<Inbox>::type;

/// A handler that takes this, and the handle if there is one.
template <class Function, class Handle, class... Parts>
inline constexpr bool takes_handle =
    !std::is_same_v<Handle, NoHandle> && std::invocable<Function&, const Parts&..., const Handle&>;
template <class Function, class Handle, class... Parts>
inline constexpr bool takes = std::invocable<Function&, const Parts&...> || takes_handle<Function, Handle, Parts...>;

template <class Function, class Handle, class Data, class F = typename Unwrapped<Function>::type>
inline constexpr bool callable =
    takes<F, Handle, Data, Event, Request> || takes<F, Handle, Data, Event> || takes<F, Handle, Data>;

template <class Function, class Handle, class... Parts>
decltype(auto) call_with(Function& handler, const Handle& handle, const Parts&... parts) {
  if constexpr (takes_handle<Function, Handle, Parts...>) {
    return handler(parts..., handle);
  } else {
    return handler(parts...);
  }
}

/// Calls a handler with as much as it takes.
template <class Function, class Data, class Handle>
decltype(auto) call(Function& handler, const Data& data, const Event& event, const Request& request,
                    const Handle& handle) {
  if constexpr (takes<Function, Handle, Data, Event, Request>) {
    return call_with(handler, handle, data, event, request);
  } else if constexpr (takes<Function, Handle, Data, Event>) {
    return call_with(handler, handle, data, event);
  } else if constexpr (takes<Function, Handle, Data>) {
    return call_with(handler, handle, data);
  }
}

/// One handler, ready for data: `prepare` decodes it and gives back the call that is left to make.
template <class Value, class Handle>
struct Route {
  using Call = std::function<Response(const Event&, const Request&, const Handle&)>;
  std::string pattern{};
  std::function<Call(const Value&)> prepare{};
  bool later = false;
  bool words = false;  // its answer is its own
};

/// A handler for data of a type, kept where it stays: std::function copies what it holds, and a handler may own what
/// cannot be copied.
template <class Function, class Data, class Handle>
class Handler {
 public:
  using Result = std::remove_cvref_t<decltype(call(std::declval<typename Unwrapped<Function>::type&>(),
                                                   std::declval<const Data&>(), std::declval<const Event&>(),
                                                   std::declval<const Request&>(), std::declval<const Handle&>()))>;
  static constexpr bool words = std::is_same_v<Result, Response>;
  static constexpr bool later = Unwrapped<Function>::later;
  static_assert(words || std::is_void_v<Result>,
                "webhook: a handler returns nothing, or the webhook::Response that its sender is answered");
  static_assert(!words || !later,
                "webhook: a later() handler cannot word an answer, because its sender was answered before it runs; let "
                "it return nothing");

  explicit Handler(Function function) : function_(std::make_shared<Function>(std::move(function))) {}

  Response operator()(const Data& data, const Event& event, const Request& request, const Handle& handle) const {
    if constexpr (words) {
      Response worded = call(Unwrapped<Function>::of(*function_), data, event, request, handle);
      if (worded.status == 0) worded.status = worded.body.empty() ? 204 : 200;
      require_sendable(worded);
      return worded;
    } else if constexpr (std::is_void_v<Result>) {
      call(Unwrapped<Function>::of(*function_), data, event, request, handle);
      return answer(204);
    }
  }

 private:
  std::shared_ptr<Function> function_;
};

template <class Value, class Handle, class Function>
Route<Value, Handle> untyped_route(std::string_view pattern, Function function) {
  using Kept = Handler<Function, Value, Handle>;
  const auto prepare = [handler = Kept(std::move(function))](const Value& data) {
    return [handler, &data](const Event& event, const Request& request, const Handle& handle) {
      return handler(data, event, request, handle);
    };
  };
  return {std::string(pattern), prepare, Kept::later, Kept::words};
}

template <class T, class Handle, class Serializer, class Function>
Route<typename Serializer::Value, Handle> typed_route(std::string_view type, const Serializer& serializer,
                                                      Function function) {
  using Kept = Handler<Function, T, Handle>;
  const auto prepare = [handler = Kept(std::move(function)), &serializer](const typename Serializer::Value& data) {
    std::shared_ptr<const T> decoded;
    try {
      decoded = std::make_shared<const T>(serializer.template decode<T>(data));
    } catch (const Error& error) {
      throw Undecodable(error);
    }
    return [handler, decoded](const Event& event, const Request& request, const Handle& handle) {
      return handler(*decoded, event, request, handle);
    };
  };
  return {std::string(type), prepare, Kept::later, Kept::words};
}

/// The routes of a receiver, in the order of registration.
template <class Value, class Handle>
class Routes {
 public:
  void add(Route<Value, Handle> route) { routes_.push_back(std::move(route)); }
  void otherwise(Route<Value, Handle> route) { otherwise_ = std::move(route); }

  /// The first one for exactly this type, else the first pattern that matches, else the one for the rest; or null.
  const Route<Value, Handle>* find(std::string_view type) const noexcept {
    for (const Route<Value, Handle>& route : routes_) {
      if (route.pattern == type) return &route;
    }
    for (const Route<Value, Handle>& route : routes_) {
      if (matches_pattern(route.pattern, type)) return &route;
    }
    return otherwise_ ? &*otherwise_ : nullptr;
  }

 private:
  std::vector<Route<Value, Handle>> routes_{};
  std::optional<Route<Value, Handle>> otherwise_{};
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
