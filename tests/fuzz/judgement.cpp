// SPDX-License-Identifier: MIT
// A fuzz target for what answers mean: only a complete 2xx is delivered, no Retry-After is negative or longer than a
// day, seconds are what they say, a date that is written is the date that is read; and no answer of an authorization
// server becomes a token that would be more than one header's value.
// Input: two bytes of status, four of time, then lines "name: value" until an empty line, then the body.
#include <webhook/detail/oauth2_token.hpp>
#include <webhook/judgement.hpp>

#include <time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../support/fuzzed_request.hpp"

namespace {
using namespace std::chrono_literals;

void require(bool holds) {
  if (!holds) std::abort();
}

// Wherever the clock stands, a time up to a day ahead, in the three spellings of RFC 9110, is what is read.
void read_back(std::int64_t now, std::int64_t ahead) {
  const time_t then = now + ahead;
  tm parts{};
  gmtime_r(&then, &parts);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    char text[64]{};
    const std::size_t size = strftime(text, sizeof text, form, &parts);
    const auto read = webhook::parse_retry_after({text, size}, webhook::WallTime(std::chrono::seconds(now)));
    require(read.has_value() && *read == std::chrono::seconds(ahead));
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Verdict = webhook::Judgement::Verdict;
  if (size < 6) return 0;
  const std::uint32_t time =
      std::uint32_t{data[2]} << 24U | std::uint32_t{data[3]} << 16U | std::uint32_t{data[4]} << 8U | data[5];
  const webhook::WallTime now{std::chrono::seconds(time)};
  read_back(time, (data[0] * 256 + data[1]) % 86400);
  const webhook::Request written = support::fuzzed_request({reinterpret_cast<const char*>(data) + 6, size - 6});
  webhook::Response response;
  response.status = (data[0] * 256 + data[1]) % 1000;
  response.headers = written.headers;
  response.body = std::string(written.body.view());

  const webhook::Judgement judgement = webhook::judge(response, now);
  const bool success = response.status >= 200 && response.status < 300;
  require((judgement.verdict == Verdict::delivered) == success);
  require((judgement.verdict == Verdict::gone) == (response.status == 410));
  require(judgement.rest == (response.status == 429 || response.status == 503));
  if (judgement.retry_after) {
    require(*judgement.retry_after >= 0s && *judgement.retry_after <= 24h);
    const std::string value(*response.headers.find("retry-after"));
    if (value.find_first_not_of("0123456789") == std::string::npos && value.size() < 6)
      require(*judgement.retry_after ==
              (std::min)(webhook::Duration(std::chrono::seconds(std::atol(value.c_str()))), webhook::Duration(24h)));
  }

  const webhook::detail::TokenAnswer token = webhook::detail::read_token(response);
  require((token.token != nullptr) == token.reason.empty());
  require(token.lifetime >= 0s && token.lifetime <= 24h);
  if (token.token == nullptr) return 0;
  const std::string_view sent = token.token->reveal();
  require(success && sent.substr(0, 7) == "Bearer " && sent.size() > 7);
  for (const char c : sent.substr(7)) require(c > ' ' && c < 0x7F);
  return 0;
}
