// SPDX-License-Identifier: MIT
// The body of a received request, read when it is first asked for and once at most: by a scheme's handshake, by its
// description of the event, or for the handler. It fills in the event as the serializer does; it judges nothing.
#ifndef WEBHOOK_DETAIL_RECEIVER_BODY_HPP
#define WEBHOOK_DETAIL_RECEIVER_BODY_HPP

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

template <class Serializer>
class Body final : public Fields {
 public:
  using Value = typename Serializer::Value;

  Body(const Serializer& serializer, const Request& request, Event& event) noexcept
      : serializer_(serializer), request_(request), event_(event) {}

  /// Nothing for a body that cannot be read, or a serializer that cannot look things up.
  std::optional<std::string> find(std::string_view path) const override {
    if constexpr (Reads<Serializer>) {
      try {
        return serializer_.find(read(), path);
      } catch (const Error&) {
      }
    }
    return std::nullopt;
  }

  /// Throws what the serializer's read() threw, each time.
  const Value& read() const {
    if (!value_ && failure_ == nullptr) {
      try {
        value_.emplace(serializer_.read(request_, event_));
      } catch (...) {
        failure_ = std::current_exception();
      }
    }
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return *value_;
  }

  /// The value for keeps; only after read() returned.
  Value take() { return *std::move(value_); }

 private:
  const Serializer& serializer_;
  const Request& request_;
  Event& event_;
  mutable std::optional<Value> value_{};
  mutable std::exception_ptr failure_{};
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
