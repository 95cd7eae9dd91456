// SPDX-License-Identifier: MIT
// RecordingTransport: keeps every request instead of sending it, and answers as it was told.
// For a host's own tests; it opens no socket and knows nothing of time.
#ifndef WEBHOOK_TESTING_RECORDING_TRANSPORT_HPP
#define WEBHOOK_TESTING_RECORDING_TRANSPORT_HPP

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// A transport for tests: copies are handles to the same record, so keep one and hand another to the Dispatcher.
/// Thread safety: any number of threads; `answer` is called by workers, one call at a time.
class RecordingTransport {
  struct Record {
    std::mutex mutex{};
    std::function<std::optional<Response>(const Request&)> answer{};
    std::vector<Request> requests{};
  };

 public:
  using role = role::transport;
  /// An answer, or none: a peer that never answers.
  using Answer = std::function<std::optional<Response>(const Request&)>;

  /// Answers 204 to everything.
  RecordingTransport() : RecordingTransport([](const Request&) { return answer(204); }) {}
  explicit RecordingTransport(Answer answer) : record_(std::make_shared<Record>()) {
    record_->answer = std::move(answer);
  }

  /// A bare answer of that status, with header fields if any are given.
  static Response answer(int status, Headers headers = {}) {
    Response response;
    response.status = status;
    response.headers = std::move(headers);
    return response;
  }

  /// From now on, what to answer.
  void answer_with(Answer answer) {
    const std::lock_guard lock(record_->mutex);
    record_->answer = std::move(answer);
  }

  /// Everything that was sent, in order.
  std::vector<Request> requests() const {
    const std::lock_guard lock(record_->mutex);
    return record_->requests;
  }

  class Session {
   public:
    explicit Session(std::shared_ptr<Record> record) : record_(std::move(record)), bell_(std::make_unique<Bell>()) {}

    std::size_t room() const noexcept { return started_.size() < most ? most - started_.size() : 0; }
    void start(Ticket ticket, const Request& request) { started_.push_back({ticket, &request, false}); }

    void poll(Duration wait, Exchanges& exchanges) {
      std::vector<std::pair<Ticket, Response>> answers;
      for (Started& started : started_) {
        if (started.sent) continue;
        if (!exchanges.may_send(started.ticket)) {
          Response closed;
          closed.failure = Failure::not_sent;
          answers.emplace_back(started.ticket, std::move(closed));
          continue;
        }
        started.sent = true;
        const std::lock_guard lock(record_->mutex);
        record_->requests.push_back(*started.request);
        if (auto response = record_->answer(*started.request))
          answers.emplace_back(started.ticket, std::move(*response));
      }
      for (auto& [ticket, response] : answers) {
        cancel(ticket);
        exchanges.done(ticket, std::move(response));
      }
      std::unique_lock lock(bell_->mutex);
      if (answers.empty() && wait > Duration::zero()) {
        // Real time, bounded: the clock policy may be one that only the test moves.
        bell_->ring.wait_for(lock, (std::min)(wait, Duration(std::chrono::seconds{10})), [&] { return bell_->rung; });
      }
      bell_->rung = false;
    }

    void cancel(Ticket ticket) noexcept {
      for (std::size_t i = 0; i < started_.size(); ++i) {
        if (started_[i].ticket != ticket) continue;
        started_.erase(started_.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
    }

    void wake() noexcept {
      const std::lock_guard lock(bell_->mutex);
      bell_->rung = true;
      bell_->ring.notify_all();
    }

   private:
    static constexpr std::size_t most = 1024;
    struct Started {
      Ticket ticket{};
      const Request* request = nullptr;
      bool sent = false;
    };
    struct Bell {
      std::mutex mutex{};
      std::condition_variable ring{};
      bool rung = false;
    };
    std::shared_ptr<Record> record_;
    std::unique_ptr<Bell> bell_;
    std::vector<Started> started_{};
  };

  Session open() { return Session(record_); }

 private:
  std::shared_ptr<Record> record_;
};

static_assert(TransportPolicy<RecordingTransport>);

}  // namespace v0
}  // namespace webhook

#endif
