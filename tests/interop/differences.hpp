// SPDX-License-Identifier: MIT
// The table of intended differences (differences.txt): which verdicts may differ, on which trait, and why.
// It does not judge; what is not in it is not intended.
#ifndef WEBHOOK_TESTS_INTEROP_DIFFERENCES_HPP
#define WEBHOOK_TESTS_INTEROP_DIFFERENCES_HPP

#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>

namespace interop {

/// One class of cases: on which both sides said the same things.
struct Class {
  std::string library{}, trait{}, ours{}, theirs{};
  friend bool operator<(const Class& left, const Class& right) {
    return std::tie(left.library, left.trait, left.ours, left.theirs) <
           std::tie(right.library, right.trait, right.ours, right.theirs);
  }
  std::string text() const { return library + " " + trait + " " + ours + " " + theirs; }
};

class Differences {
 public:
  /// Throws std::runtime_error for a table that cannot be read.
  explicit Differences(const char* path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(std::string("cannot read ") + path);
    std::string line, reason;
    bool explained = false;  // whether the reason has a class yet
    for (std::size_t number = 1; std::getline(file, line); ++number) {
      if (line.empty() || line.front() == '#') continue;
      if (line.front() != ' ') {
        if (explained) reason.clear();
        explained = false;
        reason.append(reason.empty() ? "" : " ").append(line);
        continue;
      }
      std::istringstream words(line);
      Class one;
      std::string more;
      if (reason.empty() || !(words >> one.library >> one.trait >> one.ours >> one.theirs) || (words >> more))
        throw std::runtime_error(std::string(path) + ":" + std::to_string(number) +
                                 ": library trait ours theirs, under a reason");
      reasons_[one] = reason;
      explained = true;
    }
  }
  /// The reason of a difference; nullptr: it is not intended.
  const std::string* reason(const Class& one) const {
    const auto found = reasons_.find(one);
    return found == reasons_.end() ? nullptr : &found->second;
  }
  const std::map<Class, std::string>& all() const { return reasons_; }

 private:
  std::map<Class, std::string> reasons_{};
};

}  // namespace interop

#endif
