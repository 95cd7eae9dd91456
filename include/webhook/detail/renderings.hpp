// SPDX-License-Identifier: MIT
// Renderings: an event that several deliveries share is rendered once per format, while any of them is in flight with this
// worker. One that nobody shares is not kept here.
// It does not know how to render; the serializer does.
#ifndef WEBHOOK_DETAIL_RENDERINGS_HPP
#define WEBHOOK_DETAIL_RENDERINGS_HPP

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One worker's renderings; not thread-safe.
class Renderings {
 public:
  /// The rendering of an event in a format: an earlier one if some delivery still holds it, or a new one.
  template <class Serializer>
  std::shared_ptr<const Rendering> of(const Serializer& serializer, const Event& event, std::string_view format) {
    Key key{&event, std::string(format)};
    if (const auto known = rendered_.find(key); known != rendered_.end()) {
      if (std::shared_ptr<const Rendering> rendering = known->second.lock()) return rendering;
    }
    auto rendering = std::make_shared<const Rendering>(serializer.render(event, format));
    rendered_.insert_or_assign(std::move(key), rendering);
    return rendering;
  }

  /// Gives a rendering back; the last one to do so makes room. The event must still live, so that its address, which is
  /// the key, cannot have become another's.
  void release(const Event& event, std::string_view format, std::shared_ptr<const Rendering> rendering) {
    if (rendering.use_count() == 1) rendered_.erase(Key{&event, std::string(format)});
  }

 private:
  struct Key {
    const Event* event = nullptr;
    std::string format{};
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<const void*>()(key.event) ^ (std::hash<std::string>()(key.format) << 1U);
    }
  };
  std::unordered_map<Key, std::weak_ptr<const Rendering>, Hash> rendered_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
