// SPDX-License-Identifier: MIT
// Values as PostgreSQL's binary protocol wants them, and back: integers, texts, bytes, and arrays of these.
// It knows neither statements nor connections.
#ifndef WEBHOOK_DETAIL_POSTGRES_PARAMETERS_HPP
#define WEBHOOK_DETAIL_POSTGRES_PARAMETERS_HPP

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Object ids of types, as every PostgreSQL has them.
enum class PostgresType : Oid { boolean = 16, bytea = 17, bigint = 20, integer = 23, text = 25 };

inline Oid postgres_array_of(PostgresType type) noexcept {
  switch (type) {
    case PostgresType::boolean:
      return 1000;
    case PostgresType::bytea:
      return 1001;
    case PostgresType::bigint:
      return 1016;
    case PostgresType::integer:
      return 1007;
    case PostgresType::text:
      break;
  }
  return 1009;
}

/// Appends the lowest `bytes` bytes of a number, the highest first.
inline void postgres_write(std::string& to, std::int64_t number, unsigned bytes) {
  for (unsigned shift = 8 * bytes; shift > 0; shift -= 8)
    to.push_back(static_cast<char>((static_cast<std::uint64_t>(number) >> (shift - 8)) & 0xFFU));
}

inline std::int64_t postgres_integer(std::string_view bytes) noexcept {
  std::uint64_t value = !bytes.empty() && bytes.size() > 1 && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0
                            ? ~std::uint64_t{0}
                            : std::uint64_t{0};
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

/// The elements of an array of integers. Throws errc::corrupt for anything else.
inline std::vector<std::int64_t> postgres_integers(std::string_view array) {
  std::vector<std::int64_t> found;
  const auto take = [&array](std::size_t size) {
    if (array.size() < size) throw Error(errc::corrupt, "PostgreSQL answered with an array that cannot be read");
    const std::string_view piece = array.substr(0, size);
    array.remove_prefix(size);
    return piece;
  };
  if (postgres_integer(take(4)) == 0) return found;
  take(16);  // nulls, type, length, lower bound
  while (!array.empty()) {
    const std::int64_t size = postgres_integer(take(4));
    found.push_back(postgres_integer(take(size < 0 ? array.size() + 1 : static_cast<std::size_t>(size))));
  }
  return found;
}

/// Throws errc::too_large: a field, like all of a message to the server, has less than 1 GiB.
inline void check_postgres_size(std::string_view field) {
  if (field.size() > 1'000'000'000) throw Error(errc::too_large, "an event has a field that PostgreSQL cannot hold");
}

/// One array, element by element.
class PostgresArray {
 public:
  explicit PostgresArray(PostgresType type) : type_(type) {
    postgres_write(bytes_, 1, 4);  // dimensions
    postgres_write(bytes_, 1, 4);  // may have nulls
    postgres_write(bytes_, static_cast<std::int64_t>(type), 4);
    postgres_write(bytes_, 0, 4);  // length
    postgres_write(bytes_, 1, 4);  // lower bound
  }

  void add(std::int64_t number) {
    const unsigned size = type_ == PostgresType::bigint ? 8 : type_ == PostgresType::integer ? 4 : 1;
    postgres_write(bytes_, size, 4);
    postgres_write(bytes_, number, size);
    ++length_;
  }
  void add(std::string_view text) {
    check_postgres_size(text);
    postgres_write(bytes_, static_cast<std::int64_t>(text.size()), 4);
    bytes_.append(text);
    ++length_;
  }
  template <class Value>
  void add(const std::optional<Value>& value) {
    if (value) return add(*value);
    postgres_write(bytes_, -1, 4);
    ++length_;
  }

 private:
  friend class PostgresParameters;
  std::string finish() {
    if (length_ == 0) return std::string(8, '\0').append(bytes_, 8, 4);
    std::string length;
    postgres_write(length, length_, 4);
    return std::move(bytes_.replace(12, 4, length));
  }

  PostgresType type_;
  std::int64_t length_ = 0;
  std::string bytes_{};
};

/// The parameters of one statement, in their order.
class PostgresParameters {
 public:
  PostgresParameters& add(std::int64_t number) { return keep(PostgresType::bigint, number, 8); }
  PostgresParameters& add_integer(std::int64_t number) { return keep(PostgresType::integer, number, 4); }
  PostgresParameters& add_boolean(bool value) { return keep(PostgresType::boolean, value ? 1 : 0, 1); }
  PostgresParameters& add(const std::optional<std::int64_t>& number) {
    return number ? add(*number) : null(PostgresType::bigint);
  }
  PostgresParameters& add_integer(const std::optional<std::int64_t>& number) {
    return number ? add_integer(*number) : null(PostgresType::integer);
  }
  /// Bytes and texts must outlive the statement.
  PostgresParameters& add_text(std::string_view text) { return view(PostgresType::text, text); }
  PostgresParameters& add_bytes(std::string_view bytes) { return view(PostgresType::bytea, bytes); }
  PostgresParameters& add_bytes_or_null(const std::optional<std::string_view>& bytes) {
    return bytes ? add_bytes(*bytes) : null(PostgresType::bytea);
  }
  PostgresParameters& add(PostgresArray&& array) {
    const std::string& kept = kept_.emplace_back(array.finish());
    return push(postgres_array_of(array.type_), kept);
  }

  int count() const noexcept { return static_cast<int>(types_.size()); }
  const Oid* types() const noexcept { return types_.data(); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  PostgresParameters& keep(PostgresType type, std::int64_t number, unsigned size) {
    std::string& kept = kept_.emplace_back();
    postgres_write(kept, number, size);
    return push(static_cast<Oid>(type), kept);
  }
  PostgresParameters& view(PostgresType type, std::string_view bytes) {
    check_postgres_size(bytes);
    return push(static_cast<Oid>(type), bytes.data() == nullptr ? std::string_view("") : bytes);
  }
  PostgresParameters& push(Oid type, std::string_view bytes) {
    types_.push_back(type);
    values_.push_back(bytes.data());
    lengths_.push_back(static_cast<int>(bytes.size()));
    formats_.push_back(1);
    return *this;
  }
  PostgresParameters& null(PostgresType type) {
    push(static_cast<Oid>(type), "");
    values_.back() = nullptr;
    return *this;
  }

  std::vector<Oid> types_{};
  std::vector<const char*> values_{};
  std::vector<int> lengths_{}, formats_{};
  std::deque<std::string> kept_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
