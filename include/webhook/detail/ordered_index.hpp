// SPDX-License-Identifier: MIT
// OrderedIndex: finds items by numbers that were handed out in growing order, and walks them in that order.
// Sixteen bytes an item, no rehashing pauses; it neither owns the items nor looks into them.
#ifndef WEBHOOK_DETAIL_ORDERED_INDEX_HPP
#define WEBHOOK_DETAIL_ORDERED_INDEX_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// A sorted sequence in pages: added to at the end only, erased from anywhere; O(log n) each.
template <class Item>
class OrderedIndex {
 public:
  /// `number` must be greater than all before. Throws std::bad_alloc, and then nothing happened.
  void append(std::uint64_t number, Item& item) {
    if (pages_.empty() || pages_.back().page->size == page_size) pages_.push_back({number, std::make_unique<Page>()});
    Page& page = *pages_.back().page;
    page.entries[page.size++] = {number, &item};
  }

  Item* find(std::uint64_t number) const noexcept {
    const std::size_t at = page_of(number);
    if (at == pages_.size()) return nullptr;
    const Page& page = *pages_[at].page;
    const Entry* const entry = page.not_below(number);
    return entry != page.end() && entry->number == number ? entry->item : nullptr;
  }

  void erase(std::uint64_t number) noexcept {
    const std::size_t at = page_of(number);
    if (at == pages_.size()) return;
    Page& page = *pages_[at].page;
    Entry* const entry = page.entries + (page.not_below(number) - page.entries);
    if (entry == page.end() || entry->number != number) return;
    std::move(entry + 1, page.entries + page.size, entry);
    --page.size;
    if (page.size == 0) {
      pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (at > 0) {
      join(at - 1);
    }
  }

  /// The first item whose number is greater than `number`; nothing if there is none.
  Item* after(std::uint64_t number) const noexcept {
    std::size_t at = page_of(number);
    if (at == pages_.size()) at = 0;  // before the first page, or there is none
    for (; at < pages_.size(); ++at) {
      const Page& page = *pages_[at].page;
      const Entry* const entry = page.not_below(number + 1);
      if (entry != page.end()) return entry->item;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t page_size = 128;

  struct Entry {
    std::uint64_t number = 0;
    Item* item = nullptr;
  };
  struct Page {
    std::size_t size = 0;
    Entry entries[page_size]{};
    const Entry* end() const noexcept { return entries + size; }
    const Entry* not_below(std::uint64_t number) const noexcept {
      return std::lower_bound(entries, end(), number,
                              [](const Entry& entry, std::uint64_t n) { return entry.number < n; });
    }
  };
  struct Place {
    std::uint64_t first = 0;  // no number in the page is below it
    std::unique_ptr<Page> page{};
  };

  std::size_t page_of(std::uint64_t number) const noexcept {
    const auto above = std::upper_bound(pages_.begin(), pages_.end(), number,
                                        [](std::uint64_t n, const Place& place) { return n < place.first; });
    return above == pages_.begin() ? pages_.size() : static_cast<std::size_t>(above - pages_.begin()) - 1;
  }

  // A few long-lived items must not keep a page each.
  void join(std::size_t at) noexcept {
    Page& left = *pages_[at].page;
    const Page& right = *pages_[at + 1].page;
    if (left.size + right.size > page_size / 2) return;
    std::copy(right.entries, right.entries + right.size, left.entries + left.size);
    left.size += right.size;
    pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }

  std::vector<Place> pages_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
