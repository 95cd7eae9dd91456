// SPDX-License-Identifier: MIT
// A fuzz target for HTTP/1.1 answers: however the bytes are cut, the verdict is the same, bounded, and never more lenient
// than the strict rules allow; and nothing is read past the end of an answer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <webhook/detail/http1_reader.hpp>

namespace {

constexpr std::size_t header_limit = 512, keep = 64, most = 256;

struct Verdict {
  int status = 0;
  bool complete = false, over = false, reusable = false;
  std::size_t taken = 0;
  webhook::Response response{};
};

Verdict read(std::string_view bytes, bool to_head, std::size_t step) {
  webhook::detail::Http1Reader reader(header_limit, keep, most);
  reader.reset(to_head);
  Verdict verdict;
  while (verdict.taken < bytes.size() && !reader.over()) {
    const std::string_view part = bytes.substr(verdict.taken, step);
    const std::size_t took = reader.take(part);
    verdict.taken += took;
    if (took < part.size() && !reader.over()) std::abort();  // it may leave bytes only behind the end
  }
  verdict.complete = reader.complete();
  verdict.over = reader.over();
  verdict.reusable = reader.reusable();
  if (reader.refused() && reader.reusable()) std::abort();
  verdict.response = reader.response();
  verdict.status = verdict.response.status;
  return verdict;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool to_head = (data[0] & 1U) != 0;
  const std::size_t step = 1 + (data[0] >> 1U) % 32;
  // Chance rarely gets past a status line: some inputs begin behind one, some in the body.
  constexpr std::string_view beginnings[] = {"", "HTTP/1.1 200 OK\r\n",
                                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                             "HTTP/1.1 103 X\r\nLink: x\r\n\r\nHTTP/1.1 204 X\r\nContent-Length: "};
  const std::string input =
      std::string(beginnings[data[0] >> 6U]).append(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view bytes = input;

  const Verdict whole = read(bytes, to_head, (std::max)(bytes.size(), std::size_t{1}));
  for (const std::size_t cut : {std::size_t{1}, step}) {
    const Verdict again = read(bytes, to_head, cut);
    if (again.status != whole.status || again.complete != whole.complete || again.over != whole.over ||
        again.reusable != whole.reusable) {
      std::abort();
    }
    if (whole.reusable && (again.taken != whole.taken || again.response.body != whole.response.body)) std::abort();
  }
  const webhook::Response& response = whole.response;
  if (response.body.size() > keep || response.headers.bytes() > header_limit) std::abort();
  if (!whole.complete) {
    if (response.status != 0 || !response.headers.empty()) std::abort();
    return 0;
  }
  if (response.status < 200 || response.status > 599 || bytes.substr(0, 7) != "HTTP/1.") std::abort();
  if (whole.taken > 2 * (header_limit + most) + bytes.size() || bytes.find("\r\n\r\n") == std::string_view::npos)
    std::abort();
  for (const webhook::Header field : response.headers) {
    if (!webhook::detail::is_token(field.name) || !webhook::detail::is_field_value(field.value)) std::abort();
  }
  // Whoever reads on where this answer ended must agree on where that is.
  const std::size_t codings = response.headers.count("transfer-encoding");
  const auto length = response.headers.find("content-length");
  const bool bodiless = to_head || response.status == 204 || response.status == 304;
  if (codings > 1 || (codings == 1 && length)) std::abort();
  if (whole.reusable && !bodiless && codings == 0 && !length) std::abort();
  return 0;
}
