#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of deliveries beside undici:   sh tests/bench/delivery.sh path/to/webhook.bench.delivery [--quick]
#
# Where npm is not there or cannot be reached, it is skipped. It runs where the sender runs: on all processors but the last.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/npm.sh"
program=$1
shift

if [ -z "$(why_not undici@7.16.0)" ]; then
  export WEBHOOK_BENCH_UNDICI="'$node' '$here/undici.cjs' '$folder/node_modules'"
fi
"$program" "$@"
