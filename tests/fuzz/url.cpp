// SPDX-License-Identifier: MIT
// A fuzz target for the judgement of URLs: what passes is read by libcurl as it is written, names no user and no
// address that is not allowed, in any spelling; and a refusal does not repeat what may be a token.
// Input: the part of a URL behind "https://", or with a first byte of 0 the whole URL.
#include <webhook/detail/curl_url.hpp>

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace detail = webhook::detail;
  static const webhook::CurlOptions options;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool whole = !input.empty() && input[0] == '\0';
  const std::string url = whole ? std::string(input.substr(1)) : "https://" + std::string(input);
  try {
    detail::check_url(options, url);
  } catch (const webhook::Error& error) {
    const auto names_it = [](std::string_view text) {
      return detail::lower_case(text).find("t0k3n") != std::string::npos;  // the host may, also once it is unescaped
    };
    if (url.find_first_of("/?#", 8) == std::string::npos && !names_it(url) && !names_it(error.what())) {
      const std::string marked = url + "/?t0k3n";
      try {
        detail::check_url(options, marked);
      } catch (const webhook::Error& again) {
        require(std::string_view(again.what()).find("t0k3n") == std::string_view::npos);
      }
    }
    require(error.what()[0] != '\0');
    return 0;
  }
  require(detail::url_fault(options, url).empty());
  const detail::UrlParts parts = detail::cut_url(url);
  require(parts.scheme == "https://" && parts.authority.find_first_of("@\\ %") == std::string_view::npos);
  require(url.find('#') == std::string::npos && url.size() <= 2048);
  for (const char c : url) require(c > ' ' && c < 0x7F);

  const detail::ParsedUrl parsed(url);
  require(parsed.fault() == CURLUE_OK && parsed.part(CURLUPART_USER).empty() && parsed.part(CURLUPART_ZONEID).empty());
  const std::string port = parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  require(port == "443" || port == "80" || port == "8080" || port == "8443");
  // The host is a name, or one address in its one usual spelling, and a public one.
  std::string host = parsed.part(CURLUPART_HOST);
  in_addr loose{};
  if (inet_aton(host.c_str(), &loose) != 0) {
    char text[INET_ADDRSTRLEN]{};
    inet_ntop(AF_INET, &loose, text, sizeof text);
    require(host == text);
    require(webhook::AddressRules{}.allows(*webhook::IpAddress::parse(text)));
  } else if (host.front() == '[') {
    const auto address = webhook::IpAddress::parse(host.substr(1, host.size() - 2));
    require(address.has_value() && webhook::AddressRules{}.allows(*address));
  } else {
    require(!detail::is_local_name(detail::lower_case(host)));
  }
  return 0;
}
