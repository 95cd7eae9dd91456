// SPDX-License-Identifier: MIT
// Whether a store of one's own keeps every rule of the page: the suite says what it did wrong, a sentence each, and the
// model compares its answers with a reference's over random sequences. Neither needs a test framework.
#include "custom_store.hpp"

#include <webhook/testing/store_checker.hpp>
#include <webhook/testing/store_conformance.hpp>

#include <iostream>

int main() {
  const auto make = [] { return example::CustomStore{}; };  // a fresh, empty one for each case
  const std::vector<std::string> failures = webhook::check_store(make);
  for (const std::string& failure : failures) std::cout << failure << '\n';
  const std::string difference = webhook::check_store_model(make, 1, 10'000);
  if (!difference.empty()) std::cout << "the model does otherwise: " << difference << '\n';
  std::cout << (failures.empty() && difference.empty() ? "every rule is kept\n" : "not a store yet\n");
  return failures.empty() && difference.empty() ? 0 : 1;
}
