# SPDX-License-Identifier: MIT
# sh scripts.sh root: every shell script of ours parses, and uses nothing that only bash has.
set -eu
cd "$1"
for file in .ci/run $(find cmake examples tests -name '*.sh' ! -name scripts.sh); do
  sh -n "$file"
  if grep -nE '(^|[ ;])\[\[ |^ *function |<<<|&>|^ *(local|declare|source) |set -o pipefail' "$file"; then
    echo "$file: this needs bash"
    exit 1
  fi
done
