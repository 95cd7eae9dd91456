// SPDX-License-Identifier: MIT
// JsonTree: holds a JSON tree for a while, and takes it apart so that its end needs no memory.
// nlohmann/json's own destructor allocates for every array and object that is not empty, and ends the program if there is
// no memory left. Written against any JSON tree type, so that it names no library.
#ifndef WEBHOOK_DETAIL_JSON_TREE_HPP
#define WEBHOOK_DETAIL_JSON_TREE_HPP

#include <cstddef>
#include <utility>

#include "json_check.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

template <class Json>
class JsonTree {
 public:
  explicit JsonTree(Json tree) noexcept : tree_(std::move(tree)) {}
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;
  ~JsonTree() { take_apart(tree_, 0); }

  const Json& operator*() const noexcept { return tree_; }

 private:
  /// From the leaves up. What is deeper than anything that we accept is left to the library, which does not recurse.
  static void take_apart(Json& tree, std::size_t depth) noexcept {
    if (!tree.is_structured() || depth > max_json_depth) return;
    for (Json& child : tree) take_apart(child, depth + 1);
    tree.clear();
  }

  Json tree_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
