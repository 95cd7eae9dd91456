#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of the PostgreSQL store beside job queues of others, on the same server:
#   sh tests/bench/store_postgres.sh path/to/webhook.bench.store_postgres [--quick]
#
# Where npm is not there or cannot be reached, they are skipped, and the benchmark says why.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/npm.sh"
program=$1
shift

WEBHOOK_BENCH_NO_PEERS=$(why_not pg-boss@12.38.0 graphile-worker@0.18.0)
export WEBHOOK_BENCH_NO_PEERS
if [ -z "$WEBHOOK_BENCH_NO_PEERS" ]; then
  export WEBHOOK_BENCH_PEERS="'$node' '$here/store_postgres.cjs' '$folder/node_modules'"
fi
"$program" "$@"
