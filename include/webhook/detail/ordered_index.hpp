// SPDX-License-Identifier: MIT
// OrderedIndex: finds items by numbers that were handed out in growing order, and walks them in that order.
// Ten bytes an item, no rehashing pauses; it neither owns the items nor looks into them.
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
    if (pages_.empty() || pages_.back().page->end() == page_size || number - pages_.back().first > widest)
      pages_.push_back({number, std::make_unique<Page>()});
    pages_.back().page->append(static_cast<std::uint16_t>(number - pages_.back().first), &item);
  }

  /// The item with the greatest number that is not above `number`; nothing if there is none.
  Item* floor(std::uint64_t number) const noexcept {
    for (std::size_t at = page_of(number); at != none; at = at > 0 ? at - 1 : none) {
      const std::size_t above = above_in(at, number);
      if (above > 0) return pages_[at].page->item(above - 1);
    }
    return nullptr;
  }

  /// The first item whose number is greater than `number`; nothing if there is none.
  Item* after(std::uint64_t number) const noexcept {
    std::size_t at = page_of(number);
    if (at == none) at = 0;  // before the first page, or there is none
    for (; at < pages_.size(); ++at) {
      const std::size_t above = above_in(at, number);
      if (above < pages_[at].page->size) return pages_[at].page->item(above);
    }
    return nullptr;
  }

  /// The number must be in the index.
  void erase(std::uint64_t number) noexcept {
    const std::size_t at = page_of(number);
    Page& page = *pages_[at].page;
    page.erase(above_in(at, number) - 1);
    if (page.size == 0) {
      pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (at > 0) {
      join(at - 1);
    }
  }

 private:
  static constexpr std::size_t page_size = 128;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::uint64_t widest = 0xFFFFU;  // between the numbers of one page

  struct Page {
    std::size_t begin = 0, size = 0;     // what was erased first left its places empty: the oldest go first
    std::uint16_t offsets[page_size]{};  // from the page's first number
    Item* items[page_size]{};

    std::size_t end() const noexcept { return begin + size; }
    Item* item(std::size_t nth) const noexcept { return items[begin + nth]; }
    void append(std::uint16_t offset, Item* item) noexcept {
      offsets[end()] = offset;
      items[end()] = item;
      ++size;
    }
    void erase(std::size_t nth) noexcept {
      if (nth == 0) {
        ++begin;
      } else {
        shift(nth + 1, 1);
      }
      --size;
    }
    // Moves what begins at the nth towards the front.
    void shift(std::size_t nth, std::size_t by) noexcept {
      const std::size_t from = begin + nth;
      std::copy(offsets + from, offsets + end(), offsets + from - by);
      std::copy(items + from, items + end(), items + from - by);
    }
  };
  struct Place {
    std::uint64_t first = 0;  // no number in the page is below it
    std::unique_ptr<Page> page{};
  };

  // The last page that may have the number.
  std::size_t page_of(std::uint64_t number) const noexcept {
    if (pages_.empty()) return none;
    const std::size_t last = pages_.size() - 1;
    if (pages_[last].first <= number) return last;
    // Mostly there are no gaps between the numbers, and all pages but the last are as wide.
    const std::uint64_t back = 1 + (pages_[last].first - 1 - number) / page_size;
    if (back <= last && pages_[last - back].first <= number && number < pages_[last - back + 1].first)
      return last - back;
    const auto above = std::upper_bound(pages_.begin(), pages_.end(), number,
                                        [](std::uint64_t n, const Place& place) { return n < place.first; });
    return above == pages_.begin() ? none : static_cast<std::size_t>(above - pages_.begin()) - 1;
  }

  // How many items of a page are not above the number.
  std::size_t above_in(std::size_t at, std::uint64_t number) const noexcept {
    const Page& page = *pages_[at].page;
    const std::uint64_t offset = (std::min)(number - pages_[at].first, widest);
    if (number < pages_[at].first) return 0;
    const std::uint16_t* const first = page.offsets + page.begin;
    if (const std::uint64_t nth = offset - first[0]; nth < page.size && first[nth] == offset) return nth + 1;
    return static_cast<std::size_t>(std::upper_bound(first, first + page.size, static_cast<std::uint16_t>(offset)) -
                                    first);
  }

  // A few long-lived items must not keep a page each.
  void join(std::size_t at) noexcept {
    Page& left = *pages_[at].page;
    const Page& right = *pages_[at + 1].page;
    const std::uint64_t apart = pages_[at + 1].first - pages_[at].first;
    if (left.size + right.size > page_size / 2 || apart + right.offsets[right.end() - 1] > widest) return;
    if (left.begin > 0) left.shift(0, left.begin);
    left.begin = 0;
    for (std::size_t i = right.begin; i < right.end(); ++i)
      left.append(static_cast<std::uint16_t>(apart + right.offsets[i]), right.items[i]);
    pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }

  std::vector<Place> pages_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
