// SPDX-License-Identifier: MIT
// A fuzz target for inflating: a stranger's bytes are inflated within the bound or refused; what was packed comes back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <webhook/detail/zlib_gzip.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = 100'000;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    if (webhook::detail::gunzip(input, most).size() > most) std::abort();
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::invalid_payload && error.code() != webhook::errc::too_large) std::abort();
  }
  const std::string packed = webhook::detail::gzip(input, 1 + static_cast<int>(size % 9));
  if (webhook::detail::gunzip(packed, size) != input) std::abort();
  return 0;
}
