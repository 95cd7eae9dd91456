// SPDX-License-Identifier: MIT
// Sieve: judges an event by the filters of the endpoints that might want it, all of them with one look at the payload.
// It does not know a filter's language, nor who subscribed; the serializer and the router do.
#ifndef WEBHOOK_SIEVE_HPP
#define WEBHOOK_SIEVE_HPP

#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "concepts.hpp"
#include "endpoint.hpp"
#include "error.hpp"

namespace webhook {
inline namespace v0 {

/// The compiled filters of one dispatcher; thread-safe. For a serializer without filters it never has one to judge by.
template <class Serializer>
class Sieve {
 public:
  /// Throws Error (errc::invalid_filter) that says what is wrong. `sample`: a payload that has the fields, or "".
  static void check(const Serializer& serializer, std::string_view filter, std::string_view sample) {
    if constexpr (Filters<Serializer>) {
      static_cast<void>(serializer.compile(filter, sample));
    } else {
      throw Error(errc::unsupported,
                  "this dispatcher's serializer has no filters (it does not model webhook::Filters)");
    }
  }

  /// Adds those of `candidates` to `chosen` whose filter the event passes. Throws Error (errc::invalid_payload) if the
  /// payload cannot be read. A filter that this process cannot compile (another version of the library stored it) lets
  /// everything pass: too much can be ignored by who receives it, too little is lost.
  void sift(const Serializer& serializer, const Event& event,
            std::span<const std::shared_ptr<const Endpoint>> candidates, std::vector<EndpointId>& chosen) {
    if constexpr (Filters<Serializer>) {
      using Filter = typename Serializer::Filter;
      std::vector<std::shared_ptr<const Filter>> held;  // another thread may replace them meanwhile
      std::vector<const Filter*> filters;
      std::vector<EndpointId> judged;
      for (const std::shared_ptr<const Endpoint>& candidate : candidates) {
        if (std::shared_ptr<const Filter> filter = filter_of(serializer, *candidate)) {
          filters.push_back(filter.get());
          held.push_back(std::move(filter));
          judged.push_back(candidate->id);
        } else {
          chosen.push_back(candidate->id);
        }
      }
      const std::unique_ptr<bool[]> verdicts = std::make_unique<bool[]>(filters.size());
      serializer.matches(filters, event, {verdicts.get(), filters.size()});
      for (std::size_t i = 0; i < judged.size(); ++i) {
        if (verdicts[i]) chosen.push_back(judged[i]);
      }
    } else {
      for (const std::shared_ptr<const Endpoint>& candidate : candidates) chosen.push_back(candidate->id);
    }
  }

 private:
  struct Nothing {};
  template <class S>
  struct FilterOf {
    using type = Nothing;
  };
  template <Filters S>
  struct FilterOf<S> {
    using type = typename S::Filter;
  };
  struct Compiled {
    Version version = 0;
    std::shared_ptr<const typename FilterOf<Serializer>::type> filter{};
  };

  auto filter_of(const Serializer& serializer, const Endpoint& endpoint) {
    const std::lock_guard lock(mutex_);
    if (compiled_.size() > most_kept) compiled_.clear();  // removed endpoints leave theirs behind
    Compiled& known = compiled_[endpoint.id];
    if (known.version != endpoint.version) {
      known = Compiled{endpoint.version, nullptr};
      try {
        known.filter = std::make_shared<const typename Serializer::Filter>(serializer.compile(endpoint.filter, {}));
      } catch (const Error&) {  // see sift()
      }
    }
    return known.filter;
  }

  static constexpr std::size_t most_kept = 100'000;
  std::mutex mutex_{};
  std::unordered_map<EndpointId, Compiled> compiled_{};
};

}  // namespace v0
}  // namespace webhook

#endif
