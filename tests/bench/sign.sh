#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of signatures beside the libraries of others:   sh tests/bench/sign.sh path/to/webhook.bench.sign [--quick]
#
# Where npm is not there or cannot be reached, they are skipped, and the benchmark says why.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/npm.sh"
program=$1
shift

WEBHOOK_BENCH_NO_PEERS=$(why_not standardwebhooks@1.1.1 svix@2.5.0)
export WEBHOOK_BENCH_NO_PEERS
if [ -z "$WEBHOOK_BENCH_NO_PEERS" ]; then
  export WEBHOOK_BENCH_PEERS="'$node' '$here/sign.cjs' '$folder/node_modules'"
fi
"$program" "$@"
