// SPDX-License-Identifier: MIT
// What a signature costs: a whole one made and verified as the engine and the receiver do it, beside one pass of SHA-256
// over the same message, OpenSSL's own HMAC, and the libraries of others (WEBHOOK_BENCH_PEERS, see sign.sh).
// Each round measures every case once, so that a busy moment of the machine meets all of them.
#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_Update: nothing lower is there to be compared with
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/standard.hpp>

#include "limits.hpp"
#include "measure.hpp"

namespace {

constexpr const char* about =
    "webhook.bench.sign: nanoseconds of CPU to sign and to verify, Standard Webhooks v1 and v1a";
constexpr std::string_view id = "evt_2mWJ4YvbN8sKdQZ1LrXt5cHf";
const webhook::WallTime now{std::chrono::seconds{1700000000}};

/// What is compared at one size of body; figures in nanoseconds of CPU.
struct Row {
  std::size_t size = 0;
  bench::Figure pass{}, hmac{}, sign{}, verify{}, sign_v1a{}, verify_v1a{};
};

template <class Work>
double cost(std::size_t times, const Work& work) {
  const double before = bench::thread_cpu();
  for (std::size_t i = 0; i < times; ++i) work();
  return (bench::thread_cpu() - before) / static_cast<double>(times);
}

/// One scheme with one key, used as the engine and the receiver use it: the request and the lists of headers are there.
class Case {
 public:
  Case(std::string_view body, const webhook::Secret& secret) {
    request_.url = "https://receiver.example/hooks";
    request_.headers = {{"content-type", "application/json"}};
    request_.body = webhook::Bytes(body);
    keys_.push_back(scheme_.prepare(secret, ""));
    received_ = request_;
    received_.headers = {{"host", "receiver.example"},
                         {"user-agent", "webhook/0.1"},
                         {"accept", "*/*"},
                         {"content-type", "application/json"},
                         {"content-length", std::to_string(body.size())}};
    sign();
    for (const webhook::Header header : signed_) received_.headers.add(header.name, header.value);
  }
  void sign() {
    signed_.clear();
    scheme_.sign({id, now, request_}, keys_, signed_);
    bench::keep(signed_);
  }
  void verify() {
    const webhook::Verification verdict =
        scheme_.verify(received_, keys_, {std::chrono::hours{1}, now}, std::chrono::minutes{5});
    if (!verdict) std::abort();
    bench::keep(verdict);
  }

 private:
  webhook::StandardWebhooks scheme_{};
  std::vector<webhook::StandardWebhooks::Key> keys_{};
  webhook::Request request_{}, received_{};
  webhook::Headers signed_{};
};

void measure(Row& row, std::size_t times) {
  const std::string body(row.size, 'x');
  const std::string message = std::string(id) + ".1700000000." + body;
  const webhook::Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  Case symmetric(body, secret);
  static const webhook::Secret pair = webhook::StandardWebhooks().generate("standard-v1a");
  Case asymmetric(body, pair);

  const std::array<unsigned char, 24> key{};
  std::array<unsigned char, 32> digest{};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  const double pass = cost(times, [&] {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, message.size());
    SHA256_Final(digest.data(), &context);
    bench::keep(digest);
  });
  const double sign = cost(times, [&] { symmetric.sign(); });
  const double verify = cost(times, [&] { symmetric.verify(); });
  row.pass.add(pass);
  row.sign.add(sign);
  row.verify.add(verify);
  row.hmac.add(cost(times, [&] {
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), digest.data(), nullptr);
    bench::keep(digest);
  }));
  row.sign_v1a.add(cost(times / 50 + 1, [&] { asymmetric.sign(); }));
  row.verify_v1a.add(cost(times / 100 + 1, [&] { asymmetric.verify(); }));
}

/// What the command WEBHOOK_BENCH_PEERS prints: lines "library size sign verify", the least ns of CPU of many rounds.
struct Peer {
  std::string package{};
  std::size_t size = 0;
  double sign = 0, verify = 0;
};
std::vector<Peer> peers() {
  std::vector<Peer> found;
  const char* const command = std::getenv("WEBHOOK_BENCH_PEERS");
  if (command == nullptr) {
    const char* const why = std::getenv("WEBHOOK_BENCH_NO_PEERS");
    std::printf("  skipped: %s\n", why != nullptr ? why : "run by sh tests/bench/sign.sh they are measured too");
    return found;
  }
  std::FILE* const pipe = popen(command, "r");
  std::array<char, 64> name{};
  Peer one;
  while (pipe != nullptr &&
         std::fscanf(pipe, "%63s %zu %lf %lf", name.data(), &one.size, &one.sign, &one.verify) == 4) {
    one.package = name.data();
    found.push_back(one);
  }
  if (pipe != nullptr) pclose(pipe);
  if (found.empty()) std::printf("  skipped: the command for them printed nothing\n");
  return found;
}

int run(bool quick) {
  // Many short rounds: what the work takes is what it takes when nobody disturbs it, and that is the least of them.
  const std::size_t rounds = quick ? 100 : 500;
  std::vector<Row> rows(3);
  rows[0].size = 64;
  rows[1].size = 1024;
  rows[2].size = 10 * 1024;
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (Row& row : rows) measure(row, 1'000'000U / (row.size + 300));
    if (round == 0) {  // the first only warms up
      for (Row& row : rows) {
        Row fresh;
        fresh.size = row.size;
        row = fresh;
      }
    }
  }

  std::printf(
      "\n%zu rounds; ns of CPU, least and (median), and how often one pass of SHA-256 over id.timestamp.body fits "
      "into the least\n",
      rounds);
  std::printf("  %8s %14s %14s %21s %21s %18s %18s\n", "body", "SHA-256", "HMAC()", "v1 sign", "v1 verify", "v1a sign",
              "v1a verify");
  for (const Row& row : rows) {
    const double pass = row.pass.least();
    std::printf(
        "  %8zu %6.0f (%5.0f) %6.0f (%5.0f) %6.0f (%5.0f) x%5.3f %6.0f (%5.0f) x%5.3f %8.0f (%7.0f) %8.0f (%7.0f)\n",
        row.size, pass, row.pass.median(), row.hmac.least(), row.hmac.median(), row.sign.least(), row.sign.median(),
        row.sign.least() / pass, row.verify.least(), row.verify.median(), row.verify.least() / pass,
        row.sign_v1a.least(), row.sign_v1a.median(), row.verify_v1a.least(), row.verify_v1a.median());
  }

  std::printf("libraries of others, on the same processor:\n");
  const std::vector<Peer> others = peers();
  for (const Peer& one : others) {
    std::printf("  %8zu %-30s sign %9.0f   verify %9.0f\n", one.size, one.package.c_str(), one.sign, one.verify);
  }

  std::printf("limits:\n");
  bench::Limits limits;
  const Row &small = rows[1], &large = rows[2];
  limits.hold("sign 1 KiB, of one pass of SHA-256", small.sign.least() / small.pass.least(), 1.35);
  limits.hold("verify 1 KiB, of one pass of SHA-256", small.verify.least() / small.pass.least(), 1.35);
  limits.hold("sign 10 KiB, of one pass of SHA-256", large.sign.least() / large.pass.least(), 1.06);
  limits.hold("verify 10 KiB, of one pass of SHA-256", large.verify.least() / large.pass.least(), 1.06);
  limits.hold("sign 1 KiB, of OpenSSL's one-shot HMAC()", small.sign.least() / small.hmac.least(), 0.5);
  limits.hold("verify 1 KiB, of OpenSSL's one-shot HMAC()", small.verify.least() / small.hmac.least(), 0.5);
  for (const Peer& one : others) {
    if (one.size != small.size) continue;
    const double least = one.package.rfind("svix", 0) == 0 ? 12 : 15;
    limits.faster(("sign 1 KiB, times faster than " + one.package).c_str(), one.sign / small.sign.least(), least);
    limits.faster(("verify 1 KiB, times faster than " + one.package).c_str(), one.verify / small.verify.least(), least);
  }
  return limits.missed();
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments taken = bench::arguments(count, words, about);
  try {
    std::printf("%s\n", about);
    bench::print_machine(words[0], taken.quick);
    return run(taken.quick) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.sign: %s\n", error.what());
    return 2;
  }
}
