// SPDX-License-Identifier: MIT
// Compares the library with the libraries that other vendors publish: random cases, signed by one side and judged by
// both. Each difference must be in differences.txt, with its reason. Run by run.sh:
//   webhook.interop node folder-of-this-file folder-with-node_modules cases seed [library]
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cloudevents.hpp"
#include "differences.hpp"
#include "libraries.hpp"
#include "peer.hpp"
#include "traits.hpp"
#include "verdicts.hpp"

namespace {

struct Count {
  std::size_t by_us = 0, by_them = 0, accepted = 0, refused = 0, intended = 0, unintended = 0;
};

/// Two libraries are to be given different cases (FNV-1a of the name).
std::uint64_t mixed(const std::string& library, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : library) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash ^ seed;
}

/// Runs the cases of one library and prints what came of them; true if nothing was unintended.
bool compare(const std::string& library, const std::string& version, const interop::Differences& differences,
             std::size_t cases, std::uint64_t seed, const std::function<interop::Outcome(interop::Draw&)>& run) {
  Count count;
  std::map<interop::Class, std::size_t> seen;
  for (std::size_t number = 0; number < cases; ++number) {
    interop::Draw draw(mixed(library, seed + number));
    const interop::Outcome outcome = run(draw);
    ++(outcome.by_us ? count.by_us : count.by_them);
    if (outcome.agreed) {
      ++(outcome.accepted ? count.accepted : count.refused);
      continue;
    }
    const bool intended = differences.reason(outcome.what) != nullptr;
    ++(intended ? count.intended : count.unintended);
    if (++seen[outcome.what] == 1 && !intended) {
      std::printf("UNINTENDED: %s (seed %llu, signed by %s)\n    %s\n", outcome.what.text().c_str(),
                  static_cast<unsigned long long>(seed + number), outcome.by_us ? "us" : "them",
                  outcome.detail.c_str());
    }
  }
  std::printf(
      "%s %s: %zu cases (%zu signed by us, %zu by them), %zu accepted by both, %zu refused by both, "
      "%zu intended differences in %zu classes, %zu unintended\n",
      library.c_str(), version.c_str(), cases, count.by_us, count.by_them, count.accepted, count.refused,
      count.intended, seen.size(), count.unintended);
  for (const auto& [what, times] : seen)
    std::printf("  %6zu  %s: we %s, they %s\n", times, what.trait.c_str(), what.ours.c_str(), what.theirs.c_str());
  if (cases >= 10000) {
    for (const auto& [what, reason] : differences.all()) {
      if (what.library == library && seen.find(what) == seen.end())
        std::printf("  listed, and not seen: %s\n", what.text().c_str());
    }
  }
  std::fflush(stdout);
  return count.unintended == 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 6) {
    std::fprintf(stderr, "webhook.interop node folder-of-its-sources folder-with-node_modules cases seed [library]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const std::string here = argv[2], only = argc > 6 ? argv[6] : "";
  const std::string script = here + "/peer.cjs";
  const interop::Differences differences((here + "/differences.txt").c_str());
  const nlohmann::json versions = nlohmann::json::parse(std::ifstream(here + "/package.json")).at("dependencies");
  const std::size_t cases = std::strtoull(argv[4], nullptr, 10);
  const std::uint64_t seed = std::strtoull(argv[5], nullptr, 10);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));

  bool good = true;
  std::size_t compared = 0;
  const auto run = [&](const std::string& name,
                       const std::function<interop::Outcome(interop::Draw&, interop::Peer&)>& one) {
    if (!only.empty() && only != name) return;
    ++compared;
    interop::Peer peer(argv[1], script.c_str(), name, argv[3]);
    good = compare(name, versions.at(name).get<std::string>(), differences, cases, seed,
                   [&](interop::Draw& draw) { return one(draw, peer); }) &&
           good;
  };
  for (const interop::Library& library : interop::libraries()) {
    const std::vector<interop::Trait> traits = interop::traits_of(library);
    run(library.name,
        [&](interop::Draw& draw, interop::Peer& peer) { return interop::run_case(library, traits, draw, peer); });
  }
  run("cloudevents", interop::run_cloudevent);
  if (compared == 0) {
    std::fprintf(stderr, "no library is called %s\n", only.c_str());
    return 2;
  }
  return good ? 0 : 1;
} catch (const std::exception& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
