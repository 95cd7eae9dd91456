// SPDX-License-Identifier: MIT
// FunctionTransport: makes a plain function `Response(const Request&)` a transport: one exchange at a time per worker.
// Whatever the function does to carry the request, its timeout and its guards, is the function's own affair.
#ifndef WEBHOOK_TRANSPORT_FUNCTION_HPP
#define WEBHOOK_TRANSPORT_FUNCTION_HPP

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// A session of FunctionTransport: keeps one request until poll() calls the function with it. It may be moved while nobody
/// uses it.
template <class Function>
class FunctionSession {
 public:
  explicit FunctionSession(std::shared_ptr<Function> function)
      : function_(std::move(function)), bell_(std::make_unique<Bell>()) {}

  std::size_t room() const noexcept { return request_ == nullptr ? 1 : 0; }

  /// Keeps the request for the next poll(). Throws Error (errc::full) while there is another.
  void start(Ticket ticket, const Request& request) {
    if (request_ != nullptr) throw Error(errc::full, "FunctionTransport carries one request at a time");
    ticket_ = ticket;
    request_ = &request;
  }

  /// Calls the function if there is a request, and takes as long as it takes; otherwise waits to be woken.
  void poll(Duration wait, Exchanges& exchanges) {
    if (request_ == nullptr) return rest(wait);
    rung();
    const Ticket ticket = ticket_;
    const bool open = exchanges.may_send(ticket);
    if (request_ == nullptr || ticket_ != ticket) return;  // cancelled while it was asked for
    const Request& request = *request_;
    Response response = open ? call(request) : failed(Failure::not_sent, "the send gate was closed");
    request_ = nullptr;
    exchanges.done(ticket, std::move(response));
  }

  void cancel(Ticket ticket) noexcept {
    if (request_ != nullptr && ticket_ == ticket) request_ = nullptr;
  }

  /// Thread-safe. A function that is at work is not interrupted.
  void wake() noexcept {
    {
      const std::lock_guard lock(bell_->mutex);
      bell_->rung = true;
    }
    bell_->sound.notify_one();
  }

 private:
  struct Bell {  // stays where it is when the session moves
    std::mutex mutex{};
    std::condition_variable sound{};
    bool rung = false;
  };

  Response call(const Request& request) {
    try {
      return (*function_)(request);
    } catch (const std::exception& error) {
      return failed(Failure::internal, error.what());
    } catch (...) {
      return failed(Failure::internal, "the transport's function threw something that is no std::exception");
    }
  }

  static Response failed(Failure failure, const char* reason) {
    Response response;
    response.failure = failure;
    response.reason = reason;
    return response;
  }

  void rung() {
    const std::lock_guard lock(bell_->mutex);
    bell_->rung = false;
  }

  void rest(Duration wait) {
    const Duration bounded = std::clamp(wait, Duration::zero(), Duration(std::chrono::hours(24)));
    std::unique_lock lock(bell_->mutex);
    bell_->sound.wait_for(lock, bounded, [this] { return bell_->rung; });
    bell_->rung = false;
  }

  std::shared_ptr<Function> function_;
  std::unique_ptr<Bell> bell_;
  const Request* request_ = nullptr;
  Ticket ticket_{};
};

/// A transport made of `Response(const Request&)`. It should end within request.timeout; what it throws becomes
/// Failure::internal with its what() as the reason.
/// Thread safety: all sessions share the one function, so it is called from as many threads at once as there are workers.
template <class Function>
class FunctionTransport {
  static_assert(std::is_invocable_r_v<Response, Function&, const Request&>,
                "webhook: FunctionTransport needs a function that can be called as Response(const Request&)");

 public:
  using role = role::transport;

  explicit FunctionTransport(Function function) : function_(std::make_shared<Function>(std::move(function))) {}

  FunctionSession<Function> open() const { return FunctionSession<Function>(function_); }

 private:
  std::shared_ptr<Function> function_;
};

static_assert(TransportPolicy<FunctionTransport<Response (*)(const Request&)>>);

}  // namespace v0
}  // namespace webhook

#endif
