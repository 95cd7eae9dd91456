// SPDX-License-Identifier: MIT
// Which bytes may stand for a public key or a signature of Ed25519 (RFC 8032): the one encoding of each, and no point of
// small order. OpenSSL takes 32 bytes of any kind for a public key, also one under which one signature fits every message.
// It only judges encodings; keys and signatures themselves are in ed25519.hpp.
#ifndef WEBHOOK_DETAIL_ED25519_POINT_HPP
#define WEBHOOK_DETAIL_ED25519_POINT_HPP

#include <openssl/bn.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

using Ed25519Bytes = std::span<const unsigned char, 32>;  // little-endian, as RFC 8032 §5.1.2 has them

/// The bytes of a number that is written with its highest digit first.
constexpr std::array<unsigned char, 32> little_endian(std::string_view hex) noexcept {
  std::array<unsigned char, 32> bytes{};
  for (std::size_t i = 0; i < 64; ++i) {
    const char c = hex[63 - i];
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    bytes[i / 2] = static_cast<unsigned char>(bytes[i / 2] | (i % 2 == 0 ? digit : digit << 4));
  }
  return bytes;
}

inline constexpr std::array<unsigned char, 32> ed25519_prime =
    little_endian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");  // 2^255 - 19
inline constexpr std::array<unsigned char, 32> ed25519_order =
    little_endian("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");  // of the base point
inline constexpr std::array<unsigned char, 32> ed25519_d =
    little_endian("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");  // of the curve's equation

/// The y of all points whose order divides 8: 0, 1, -1, and the two of order 8; each with either x.
inline constexpr std::array<std::array<unsigned char, 32>, 5> ed25519_small_order = {
    little_endian("0000000000000000000000000000000000000000000000000000000000000000"),
    little_endian("0000000000000000000000000000000000000000000000000000000000000001"),
    little_endian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
    little_endian("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
    little_endian("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7")};

/// Not constant-time: what is compared here is public.
inline bool is_below(Ed25519Bytes number, Ed25519Bytes bound) noexcept {
  return std::lexicographical_compare(number.rbegin(), number.rend(), bound.rbegin(), bound.rend());
}

/// A signature's second half must be smaller than the order, or one signature could be turned into another that fits too.
inline bool is_canonical_scalar(Ed25519Bytes scalar) noexcept { return is_below(scalar, ed25519_order); }

/// The one encoding of a point that is not of small order. Whether there is such a point is asked of is_on_curve().
inline bool is_sound_encoding(Ed25519Bytes point) noexcept {
  std::array<unsigned char, 32> y{};
  std::copy(point.begin(), point.end(), y.begin());
  y[31] &= 0x7FU;  // the top bit says which x
  return is_below(y, ed25519_prime) &&
         std::find(ed25519_small_order.begin(), ed25519_small_order.end(), y) == ed25519_small_order.end();
}

/// Whether some x belongs to this y: whether (y² - 1) / (d y² + 1) is a square. Half of all mistyped keys fail here.
/// Throws Error (errc::transient) when out of memory.
inline bool is_on_curve(Ed25519Bytes point) {
  struct Free {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
    void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
  };
  using Number = std::unique_ptr<BIGNUM, Free>;
  const auto number = [](Ed25519Bytes bytes) {
    return Number(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  };
  std::array<unsigned char, 32> bytes{};
  std::copy(point.begin(), point.end(), bytes.begin());
  bytes[31] &= 0x7FU;
  const std::unique_ptr<BN_CTX, Free> context(BN_CTX_new());
  const Number p = number(ed25519_prime), d = number(ed25519_d), y = number(bytes);
  const Number square(BN_new()), above(BN_new()), below(BN_new());
  const bool done = context != nullptr && p != nullptr && d != nullptr && y != nullptr && square != nullptr &&
                    above != nullptr && below != nullptr &&
                    BN_mod_sqr(square.get(), y.get(), p.get(), context.get()) == 1 &&
                    BN_mod_sub(above.get(), square.get(), BN_value_one(), p.get(), context.get()) == 1 &&
                    BN_mod_mul(below.get(), d.get(), square.get(), p.get(), context.get()) == 1 &&
                    BN_mod_add(below.get(), below.get(), BN_value_one(), p.get(), context.get()) == 1 &&
                    BN_mod_mul(above.get(), above.get(), below.get(), p.get(), context.get()) == 1;
  // a / b is a square where a b is one; the Kronecker symbol says so: 1 or 0, and -2 for a failure.
  const int symbol = done ? BN_kronecker(above.get(), p.get(), context.get()) : -2;
  if (symbol == -2) throw Error(errc::transient, "OpenSSL could not compute with an Ed25519 key: out of memory");
  return symbol >= 0;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
