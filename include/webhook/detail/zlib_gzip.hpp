// SPDX-License-Identifier: MIT
// One gzip member (RFC 1952) packed and unpacked with zlib: the same bytes for the same input, and never more out than
// was asked for. It knows no request and no header.
#ifndef WEBHOOK_DETAIL_ZLIB_GZIP_HPP
#define WEBHOOK_DETAIL_ZLIB_GZIP_HPP

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr int gzip_window = 15 + 16;  ///< the largest window, in gzip's own frame

/// Hands `input` to zlib in pieces that it can count, and what comes out to `take(bytes)`, until the stream ends or
/// `step` says something else than Z_OK. Returns what it said last.
template <class Step, class Take>
int pump(z_stream& stream, std::string_view input, const Step& step, const Take& take) {
  std::array<char, 16384> out;
  int said = Z_OK;
  while (said == Z_OK || said == Z_BUF_ERROR) {
    const std::size_t part = (std::min)(input.size(), std::size_t{1} << 30U);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));  // zlib reads it only
    stream.avail_in = static_cast<uInt>(part);
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    said = step(stream, part == input.size());
    input.remove_prefix(part - stream.avail_in);
    const std::size_t made = out.size() - stream.avail_out;
    take(std::string_view(out.data(), made));
    if (said == Z_BUF_ERROR && made == 0) break;  // it wants more input than there is
  }
  if (said == Z_STREAM_END && !input.empty()) return Z_DATA_ERROR;
  return said;
}

/// Throws std::bad_alloc.
inline std::string gzip(std::string_view text, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream& stream;
    ~End() { deflateEnd(&stream); }
  } const end{stream};
  gz_header header{};  // no name, no comment, no time
  header.os = 255;     // unknown: the same on every system
  deflateSetHeader(&stream, &header);
  std::string packed;
  const int said = pump(
      stream, text, [](z_stream& at, bool last) { return deflate(&at, last ? Z_FINISH : Z_NO_FLUSH); },
      [&packed](std::string_view part) { packed += part; });
  if (said != Z_STREAM_END) throw Error(errc::transient, "zlib could not compress the body");
  return packed;
}

/// Throws Error: errc::too_large as soon as more than `most` bytes come out, errc::invalid_payload for what is no gzip,
/// is cut off, does not match its checksum, or has something after its end.
inline std::string gunzip(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } const end{stream};
  std::string text;
  const int said = pump(
      stream, packed, [](z_stream& at, bool) { return inflate(&at, Z_NO_FLUSH); },
      [&text, most](std::string_view part) {
        if (part.size() > most - text.size()) {
          throw Error(errc::too_large, "the compressed body becomes larger than " + std::to_string(most) + " bytes");
        }
        text += part;
      });
  if (said == Z_MEM_ERROR) throw std::bad_alloc();
  if (said != Z_STREAM_END) throw Error(errc::invalid_payload, "the body is not gzip, or is cut off or damaged");
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
