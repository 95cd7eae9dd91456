#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the two examples that tell a story, and runs it:   sh examples/run.sh
# On Debian and Ubuntu it installs what is missing, as root or with sudo. WEBHOOK_BUILD_DIR says where to build
# (default: .build in the source tree).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"

build=${WEBHOOK_BUILD_DIR:-$root/.build}/examples
echo "webhook: building the examples in $build"
need "examples/run.sh" g++ cmake make pkg-config libcurl4-openssl-dev libssl-dev nlohmann-json3-dev libcpp-httplib-dev \
  libboost-dev ca-certificates
must_have "examples/run.sh" cmake pkg-config

mkdir -p "$build"
# shellcheck disable=SC2046  # words, on purpose
if ! { cmake -S "$root" -B "$build" $(generator) -DCMAKE_BUILD_TYPE=Release -DWEBHOOK_BUILD_TESTS=OFF &&
  cmake --build "$build" --parallel "$(at_once)" \
    --target webhook.examples.store webhook.examples.invoicing; } >"$build/log" 2>&1; then
  cat "$build/log"
  exit 1
fi

# The story: an online store sends what happens in it, an invoicing system receives it.
sh "$root/examples/story.sh" "$build/examples"
