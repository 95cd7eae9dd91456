// SPDX-License-Identifier: MIT
// What every transport must do, as checks that anyone can run on theirs, with any test framework or none.
// It knows the contract (concepts.hpp) and nothing of how a transport does it; TLS, addresses and the like are not here.
#ifndef WEBHOOK_TESTING_TRANSPORT_CONFORMANCE_HPP
#define WEBHOOK_TESTING_TRANSPORT_CONFORMANCE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace testing {

/// The far side of the transport under test.
struct TransportBench {
  std::string url{};                             ///< answers every request with 200 and the body it was sent
  std::function<std::vector<Request>()> seen{};  ///< what has arrived at `url` so far, oldest first
  std::string silent_url{};                      ///< takes requests and never answers; empty: what needs it is left out
};

/// Notes what a session says, and decides at the send gate; for tests of a transport's own.
class ExchangeLog final : public Exchanges {
 public:
  std::function<bool(Ticket)> gate{};  ///< the verdict of the send gate; empty: open
  std::map<Ticket, std::vector<Response>> answers{};
  std::vector<Ticket> asked{};  ///< for whom the gate was asked, in order

  bool may_send(Ticket ticket) override {
    asked.push_back(ticket);
    return !gate || gate(ticket);
  }
  void done(Ticket ticket, Response response) override { answers[ticket].push_back(std::move(response)); }

  /// Polls until `count` exchanges have been reported, or `most` has passed; true if they have.
  template <class Session>
  bool await(Session& session, std::size_t count, Duration most = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (reported() < count && std::chrono::steady_clock::now() < end) {
      session.poll(std::chrono::milliseconds(50), *this);
    }
    return reported() >= count;
  }

  std::size_t reported() const noexcept {
    std::size_t count = 0;
    for (const auto& answer : answers) count += answer.second.size();
    return count;
  }
};

/// The checks; check_transport() runs them all.
template <class Transport>
class TransportChecks {
 public:
  TransportChecks(Transport& transport, const TransportBench& bench) : transport_(transport), bench_(bench) {}

  std::vector<std::string> run() {
    carries_the_body_byte_for_byte();
    reports_each_exchange_once();
    sends_nothing_through_a_closed_gate();
    says_how_much_room_there_is();
    starts_from_within_done();
    rests_when_idle();
    wakes();
    forgets_what_is_cancelled();
    ends_with_exchanges_in_flight();
    return std::move(complaints_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Duration soon = std::chrono::seconds(5);  // much longer than "at once" takes on a busy machine

  void expect(bool holds, const char* complaint) {
    if (!holds) complaints_.emplace_back(complaint);
  }
  Request request(std::string_view body, bool silent = false) const {
    Request made;
    made.url = silent ? bench_.silent_url : bench_.url;
    made.headers.add("content-type", "application/octet-stream");
    made.headers.add("webhook-id", "msg_conformance");
    made.body = Bytes(body);
    return made;
  }
  static Ticket ticket(std::size_t number) { return static_cast<Ticket>(number); }

  void carries_the_body_byte_for_byte() {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
    const std::size_t before = bench_.seen().size();
    auto session = transport_.open();
    ExchangeLog log;
    const std::string large(300000, 'x');
    std::size_t number = 0;
    for (const std::string& body : {every_byte, std::string(), large}) {
      const Request sent = request(body);
      session.start(ticket(++number), sent);
      expect(log.await(session, number), "an exchange was not reported in 20 s");
      const Response& answer = log.answers[ticket(number)].front();
      expect(answer.status == 200 && answer.failure == Failure::none, "a 200 answer was not reported as such");
      expect(body.substr(0, answer.body.size()) == answer.body, "an answer's body is not what was answered");
      const std::vector<Request> seen = bench_.seen();
      if (seen.size() != before + number) return expect(false, "a request did not arrive exactly once");
      expect(seen.back().body.view() == body, "a request's body arrived changed");
      expect(seen.back().method == "POST", "a request arrived with another method");
      expect(seen.back().headers.find("webhook-id") == "msg_conformance", "a request's header did not arrive");
      expect(seen.back().headers.count("content-type") == 1, "a request's content-type did not arrive exactly once");
    }
  }

  void reports_each_exchange_once() {
    auto session = transport_.open();
    ExchangeLog log;
    constexpr std::size_t all = 200;
    std::deque<Request> requests;
    std::size_t started = 0;
    const auto end = Clock::now() + std::chrono::seconds(60);
    while (log.reported() < all && Clock::now() < end) {
      for (; started < all && session.room() > 0; ++started) {
        requests.push_back(request(std::to_string(started)));
        session.start(ticket(started + 1), requests.back());
      }
      session.poll(std::chrono::milliseconds(50), log);
    }
    for (int again = 0; again < 3; ++again) session.poll(Duration::zero(), log);
    expect(log.answers.size() == all, "of many exchanges at once, some were never reported");
    bool once = true;
    bool own = true;
    for (std::size_t i = 0; i < all; ++i) {
      const std::vector<Response>& answers = log.answers[ticket(i + 1)];
      once = once && answers.size() == 1;
      own = own && !answers.empty() && answers.front().body == std::to_string(i);
    }
    expect(once, "an exchange was reported more than once, or never");
    expect(own, "an exchange was answered with another's answer");
    const std::set<Ticket> asked(log.asked.begin(), log.asked.end());
    expect(asked.size() == all, "the send gate was not asked for every exchange");
  }

  void sends_nothing_through_a_closed_gate() {
    auto session = transport_.open();
    const std::size_t before = bench_.seen().size();
    const Request sent = request("must not arrive");
    ExchangeLog log;
    log.gate = [](Ticket one) { return one != ticket(1) && one != ticket(3); };
    // On a fresh connection, and then on one that may be used again.
    for (std::size_t number = 1; number <= 3; ++number) {
      session.start(ticket(number), sent);
      expect(log.await(session, number), "an exchange with a closed gate was not reported");
    }
    for (const std::size_t number : {std::size_t{1}, std::size_t{3}}) {
      for (const Response& answer : log.answers[ticket(number)]) {
        expect(answer.failure == Failure::not_sent, "a closed gate was not reported as not_sent");
        expect(answer.status == 0, "a request that was not sent has a status");
      }
    }
    expect(bench_.seen().size() == before + 1,
           "a request was sent though the gate was closed, or was not when it was open");
    expect(log.asked.size() >= 3, "the gate was not asked");

    const Request next = request("seen when the gate is asked?");
    ExchangeLog second;
    std::size_t at_gate = 0;
    second.gate = [&](Ticket) {
      at_gate = bench_.seen().size();
      return true;
    };
    session.start(ticket(4), next);
    second.await(session, 1);
    expect(at_gate == before + 1, "the gate was asked after the request had arrived");
  }

  void says_how_much_room_there_is() {
    auto session = transport_.open();
    ExchangeLog log;
    const std::size_t most = session.room();
    expect(most > 0, "a fresh session has no room");
    const Request sent = request("room");
    session.start(ticket(1), sent);
    expect(session.room() + 1 == most, "a started exchange takes no room");
    log.await(session, 1);
    expect(session.room() == most, "an exchange that is over still takes room");
    session.start(ticket(2), sent);
    session.cancel(ticket(2));
    expect(session.room() == most, "a cancelled exchange still takes room");
  }

  void starts_from_within_done() {
    auto session = transport_.open();
    const Request sent = request("again");
    struct Chain final : Exchanges {
      std::function<void()> next{};
      std::size_t count = 0;
      bool may_send(Ticket) override { return true; }
      void done(Ticket, Response) override {
        if (++count < 5) next();
      }
    } chain;
    chain.next = [&] { session.start(ticket(chain.count + 1), sent); };
    session.start(ticket(1), sent);
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (chain.count < 5 && Clock::now() < end) session.poll(std::chrono::milliseconds(50), chain);
    expect(chain.count == 5, "an exchange that was started from within done() was not carried");
  }

  void rests_when_idle() {
    auto session = transport_.open();
    ExchangeLog log;
    const auto begin = Clock::now();
    session.poll(std::chrono::milliseconds(60), log);
    const auto took = Clock::now() - begin;
    expect(took >= std::chrono::milliseconds(55), "an idle poll returned before its time");
    expect(took < soon, "an idle poll did not return in time");
    const auto again = Clock::now();
    session.poll(Duration::zero(), log);
    expect(Clock::now() - again < soon, "a poll with no time waited nevertheless");
  }

  void wakes() {
    auto session = transport_.open();
    ExchangeLog log;
    session.wake();
    session.wake();
    auto begin = Clock::now();
    session.poll(std::chrono::seconds(30), log);
    expect(Clock::now() - begin < soon, "a poll after wake() did not return at once");
    begin = Clock::now();
    session.poll(std::chrono::milliseconds(60), log);
    expect(Clock::now() - begin >= std::chrono::milliseconds(55), "one wake() ended more than one poll");

    for (int round = 0; round < 20; ++round) {  // wherever in poll() it may strike
      begin = Clock::now();
      std::thread other([&session] { session.wake(); });
      session.poll(std::chrono::seconds(30), log);
      other.join();
      if (Clock::now() - begin >= soon) return expect(false, "wake() from another thread did not end a poll");
    }
  }

  void forgets_what_is_cancelled() {
    auto session = transport_.open();
    ExchangeLog log;
    const Request sent = request("cancelled");
    session.start(ticket(1), sent);
    session.cancel(ticket(1));
    session.cancel(ticket(1));
    session.cancel(ticket(99));
    session.start(ticket(2), sent);
    log.await(session, 1);
    session.poll(Duration::zero(), log);
    expect(log.answers.count(ticket(1)) == 0, "a cancelled exchange was reported");
    expect(log.answers.count(ticket(2)) == 1, "an exchange after a cancelled one was not reported");
    if (bench_.silent_url.empty()) return;

    const Request unheard = request("nobody answers", true);
    session.start(ticket(3), unheard);
    const auto end = Clock::now() + std::chrono::seconds(20);
    const auto sent_off = [&] { return std::find(log.asked.begin(), log.asked.end(), ticket(3)) != log.asked.end(); };
    while (!sent_off() && Clock::now() < end) session.poll(std::chrono::milliseconds(20), log);
    session.cancel(ticket(3));
    session.start(ticket(4), sent);
    log.await(session, 2);
    expect(log.answers.count(ticket(3)) == 0, "an exchange that was cancelled in flight was reported");
    expect(log.answers.count(ticket(4)) == 1, "an exchange after one cancelled in flight was not reported");
  }

  void ends_with_exchanges_in_flight() {
    const bool silent = !bench_.silent_url.empty();
    const Request sent = request("left behind", silent);
    const auto begin = Clock::now();
    {
      auto session = transport_.open();
      ExchangeLog log;
      for (std::size_t i = 1; i <= 8 && session.room() > 0; ++i) session.start(ticket(i), sent);
      if (silent) session.poll(std::chrono::milliseconds(20), log);
    }
    expect(Clock::now() - begin < soon, "a session with exchanges in flight did not end at once");
  }

  Transport& transport_;
  const TransportBench& bench_;
  std::vector<std::string> complaints_{};
};

/// Runs every check on sessions of `transport`, in some seconds; returns what is wrong, one sentence each: nothing is well.
template <TransportPolicy Transport>
std::vector<std::string> check_transport(Transport& transport, const TransportBench& bench) {
  return TransportChecks<Transport>(transport, bench).run();
}

}  // namespace testing
}  // namespace v0
}  // namespace webhook

#endif
