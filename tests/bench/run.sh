#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the benchmarks with g++, optimised, and runs them:   sh tests/bench/run.sh [--quick]
#
# Everything stays on loopback. Figures depend on the machine and on what else it does: compare within one run.
# On Debian and Ubuntu it installs what is missing, as root or with sudo; wrk is used if it is there.
# WEBHOOK_BUILD_DIR says where to build (default: .build in the source tree).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/cmake/packages.sh"

build=${WEBHOOK_BUILD_DIR:-$root/.build}/bench
echo "webhook: building the benchmarks in $build"
need "tests/bench/run.sh" g++ cmake make pkg-config libcurl4-openssl-dev libssl-dev nlohmann-json3-dev libsqlite3-dev \
  libpq-dev postgresql libboost-dev libcpp-httplib-dev
must_have "tests/bench/run.sh" g++ cmake

mkdir -p "$build"
# shellcheck disable=SC2046  # words, on purpose
if ! { cmake -S "$root" -B "$build" $(generator) -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
  "-DWEBHOOK_COMPONENTS=sqlite;postgres" -DWEBHOOK_BUILD_BENCHMARKS=ON -DWEBHOOK_BUILD_TESTS=OFF -DWEBHOOK_BUILD_EXAMPLES=OFF &&
  cmake --build "$build" --parallel "$(at_once)"; } >"$build/log" 2>&1; then
  cat "$build/log"
  exit 1
fi

for name in emit connections memory fairness store_sqlite durable; do
  echo
  "$build/tests/bench/webhook.bench.$name" "$@"
done
echo
sh "$root/tests/bench/store_postgres.sh" "$build/tests/bench/webhook.bench.store_postgres" "$@"
echo
sh "$root/tests/bench/delivery.sh" "$build/tests/bench/webhook.bench.delivery" "$@"
echo
sh "$root/tests/bench/sign.sh" "$build/tests/bench/webhook.bench.sign" "$@"
