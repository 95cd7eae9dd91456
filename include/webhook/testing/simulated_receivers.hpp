// SPDX-License-Identifier: MIT
// SimulatedReceivers: the other ends: each in a mood for a while, and answering accordingly, or not.
// They know no host and no store; whether a request may be sent at all is judged before it gets here.
#ifndef WEBHOOK_TESTING_SIMULATED_RECEIVERS_HPP
#define WEBHOOK_TESTING_SIMULATED_RECEIVERS_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "simulated_world.hpp"

namespace webhook {
inline namespace v0 {

/// What a receiver makes of a request.
struct SimulatedAnswer {
  Response response{};
  Duration after{};  // when the sender hears of it; later than its timeout: never
  Duty duty = Duty::none;
  Duration asked{};       // Retry-After, if it is a number
  bool by_date = false;   // if it is a date, which a host's calendar may see otherwise
  bool accepted = false;  // the receiver has processed it and said 2xx, whatever the sender hears
};

class SimulatedReceivers {
 public:
  explicit SimulatedReceivers(SimulatedWorld& world) : world_(world) {}

  SimulatedAnswer answer(const Request& request) {
    SimulatedAnswer answer;
    answer.after = world_.dice.between(std::chrono::milliseconds{5}, std::chrono::milliseconds{500});
    if (world_.calm || !world_.dice.chance(failing(request.url))) return accept(std::move(answer));
    switch (world_.dice.below(16)) {
      case 0:
        return fail(std::move(answer), Failure::connect, Happening::connect_failed);
      case 1:
      case 2:
        world_.count(Happening::request_lost);
        return never(std::move(answer));
      case 3:
        answer = accept(std::move(answer));
        world_.count(Happening::answer_lost);
        if (world_.dice.chance(0.5)) return never(std::move(answer));
        return fail(std::move(answer), Failure::broken, Happening::answer_broken);
      case 4:
        world_.count(Happening::answer_slow);
        answer.after = world_.dice.between(std::chrono::seconds{5}, std::chrono::seconds{40});
        return accept(std::move(answer));
      case 5:
        return fail(std::move(answer), Failure::broken, Happening::answer_broken);
      case 6:
      case 7:
        return refuse(std::move(answer), 500 + static_cast<int>(world_.dice.below(3)), Happening::answered_5xx);
      case 8:
        return refuse(std::move(answer), 400 + static_cast<int>(world_.dice.below(10)), Happening::answered_4xx);
      case 9:
        return refuse(std::move(answer), 301 + static_cast<int>(world_.dice.below(8)), Happening::answered_3xx);
      case 10:
        if (!world_.dice.chance(0.1)) return accept(std::move(answer));
        answer.duty = Duty::retire;
        return refuse(std::move(answer), 410, Happening::answered_410);
      case 11:
        ask_for_rest(answer);
        return refuse(std::move(answer), 429, Happening::answered_429);
      case 12:
        answer.duty = Duty::rest;
        if (world_.dice.chance(0.5)) ask_for_rest(answer);
        return refuse(std::move(answer), 503, Happening::answered_503);
      case 13:
        if (!world_.dice.chance(0.2)) return accept(std::move(answer));
        answer.duty = Duty::retire;
        answer.response.headers.add("webhook-delivery", "disable");
        world_.count(Happening::asked_disable);
        return refuse(std::move(answer), 400, Happening::answered_4xx);
      case 14:
        answer.response.headers.add("webhook-delivery", "abort-message");
        world_.count(Happening::asked_abort);
        return refuse(std::move(answer), 422, Happening::answered_4xx);
      default:
        return fail(std::move(answer), Failure::dns, Happening::connect_failed);
    }
  }

 private:
  struct Mood {
    double failing = 0;
    Duration until{};
  };

  double failing(const std::string& url) {
    Mood& mood = moods_[url];
    if (world_.now() >= mood.until) {
      constexpr std::array<double, 5> moods{0.02, 0.2, 0.5, 0.9, 1.0};
      mood.failing = moods[world_.dice.below(moods.size())];
      mood.until = world_.now() + world_.dice.between(std::chrono::minutes{5}, std::chrono::hours{24});
    }
    return mood.failing;
  }

  SimulatedAnswer accept(SimulatedAnswer answer) {
    answer.response.status = 200 + static_cast<int>(world_.dice.below(7));
    answer.accepted = true;
    world_.count(Happening::answered_2xx);
    return answer;
  }
  SimulatedAnswer refuse(SimulatedAnswer answer, int status, Happening what) {
    answer.response.status = status == 410 && what != Happening::answered_410 ? 404 : status;
    world_.count(what);
    return answer;
  }
  SimulatedAnswer fail(SimulatedAnswer answer, Failure how, Happening what) {
    answer.response.status = 0;
    answer.response.failure = how;
    world_.count(what);
    return answer;
  }
  static SimulatedAnswer never(SimulatedAnswer answer) {
    answer.after = std::chrono::hours{1};
    return answer;
  }

  /// For some seconds, or until a date.
  void ask_for_rest(SimulatedAnswer& answer) {
    const std::chrono::seconds wait(world_.dice.below(world_.dice.chance(0.1) ? 108'000 : 3'600));
    const bool dated = answer.by_date = world_.dice.chance(0.4);
    answer.duty = dated || wait == wait.zero() ? Duty::none : Duty::rest;
    if (dated) world_.count(Happening::retry_after_date);
    if (!dated) answer.asked = (std::min)(Duration(wait), Duration(std::chrono::hours{24}));
    answer.response.headers.add("retry-after",
                                dated ? http_date(world_.clock.now().wall + wait) : std::to_string(wait.count()));
  }

  /// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7)
  static std::string http_date(WallTime time) {
    constexpr std::string_view days = "SunMonTueWedThuFriSat", months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    const auto two = [](auto number) {
      const std::string digits = std::to_string(number);
      return digits.size() < 2 ? "0" + digits : digits;
    };
    std::string text(days.substr(std::chrono::weekday(day).c_encoding() * 3, 3));
    text.append(", ").append(two(static_cast<unsigned>(date.day()))).append(" ");
    text.append(months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3)).append(" ");
    text.append(std::to_string(static_cast<int>(date.year()))).append(" ").append(two(clock.hours().count()));
    text.append(":").append(two(clock.minutes().count())).append(":").append(two(clock.seconds().count()));
    return text.append(" GMT");
  }

  SimulatedWorld& world_;
  std::unordered_map<std::string, Mood> moods_{};
};

}  // namespace v0
}  // namespace webhook

#endif
