// SPDX-License-Identifier: MIT
// Draw: what is random about a case, repeatable from a seed on every platform: numbers, texts, bodies, keys.
// It knows no scheme and no deviation.
#ifndef WEBHOOK_TESTS_INTEROP_DRAW_HPP
#define WEBHOOK_TESTS_INTEROP_DRAW_HPP

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <webhook/detail/base64.hpp>

namespace interop {

inline std::string base64(std::string_view bytes) {
  std::string text(webhook::detail::base64_size(bytes.size()), '\0');
  webhook::detail::encode_base64({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, text.data());
  return text;
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}

  /// A number of [0, end). The standard's distributions differ between libraries; a little bias does not matter here.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least + 1)));
  }
  bool one_in(std::size_t times) { return below(times) == 0; }
  char of(std::string_view set) { return set[below(set.size())]; }

  std::string text(std::string_view set, std::size_t size) {
    std::string drawn;
    while (drawn.size() < size) drawn += of(set);
    return drawn;
  }
  std::string word(std::size_t size) {
    return text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", size);
  }
  std::string bytes(std::size_t size) {
    std::string drawn;
    while (drawn.size() < size) drawn += static_cast<char>(below(256));
    return drawn;
  }

  /// Valid UTF-8 of `points` characters, of one to four bytes each; no byte-order mark.
  std::string utf8(std::size_t points) {
    std::string drawn;
    const auto put = [&](std::size_t lead, std::size_t point, int more) {
      drawn += static_cast<char>(lead | (point >> (6 * more)));
      while (more-- > 0) drawn += static_cast<char>(0x80U | ((point >> (6 * more)) & 0x3FU));
    };
    while (points-- > 0) {
      switch (below(8)) {
        case 0:
          put(0xC0, 0x80 + below(0x780), 1);
          break;
        case 1:
          put(0xE0, 0x800 + below(0xD000), 2);
          break;
        case 2:
          put(0xE0, 0xE000 + below(0x1E00), 2);
          break;
        case 3:
          put(0xF0, 0x10000 + below(0x100000), 3);
          break;
        case 4:
          drawn += of("\r\n\t \"\\{}[]:,");
          break;
        default:
          drawn += static_cast<char>(' ' + static_cast<char>(below(95)));
      }
    }
    return drawn;
  }

  /// A form of a few fields, some of them several times, as a client encodes it.
  std::string form() {
    std::string drawn;
    std::string last = "Body";
    for (std::size_t fields = 1 + below(8); fields-- > 0;) {
      if (!one_in(4)) last = one_in(4) ? utf8(1 + below(5)) : word(1 + below(10));
      drawn.append(drawn.empty() ? "" : "&").append(escaped(last)).append("=").append(escaped(utf8(below(12))));
    }
    return drawn;
  }
  std::string escaped(std::string_view part) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string drawn;
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (plain) {
        drawn += c;
      } else if (c == ' ' && one_in(2)) {
        drawn += '+';
      } else {
        drawn += '%';
        drawn += digits[byte >> 4U];
        drawn += digits[byte & 15U];
      }
    }
    return drawn;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace interop

#endif
