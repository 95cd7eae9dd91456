#!/bin/sh
# SPDX-License-Identifier: MIT
# sh table.sh [file [cases.txt [folder of tests]]]: writes the table of all bad inputs, each with the tests that hold it or
# the reason why it has none, to the file or to the terminal. Fails if a case has neither or both, if a test names a case
# that is none, or if there are not 125.
#
# A test says which cases it holds: TEST_CASE("a sentence", "[B8]"), or a line "// case: F8" or "# case: F8" of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${1:-} cases=${2:-$here/cases.txt} tests=${3:-$here/..}
holders=$(mktemp)
trap 'rm -f "$holders"' EXIT

(cd "$tests" && find . -path ./cases -prune -o -type f \( -name '*.cpp' -o -name '*.cmake' -o -name '*.txt' -o -name '*.sh' \) -print |
  sort | xargs awk -f "$here/holders.awk") >"$holders"
awk -F'\t' -v output="$output" -f "$here/table.awk" "$holders" "$cases"
