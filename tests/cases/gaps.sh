# SPDX-License-Identifier: MIT
# sh gaps.sh folder: gives table.sh lists of cases and tests with one mistake each, and expects to be told of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
rm -rf "$folder"
mkdir -p "$folder/tests"

# 124 cases with a reason, and one that has a test.
awk 'BEGIN { for (i = 1; i < 125; ++i) print "Z" i " | an input: an outcome | a reason" }' >"$folder/cases"
echo 'Y1 | an input: an outcome' >>"$folder/cases"
cat >"$folder/tests/some.test.cpp" <<'END'
TEST_CASE("a name (with \"quotes\", commas) "
          "of two literals",
          "[other][Y1]") {
}
TEST_CASE("[Z1] in a name is no tag") {}
END

failed=0
expect() {  # what: the sentence that must be said; "" for none
  said=$(sh "$here/table.sh" "$folder/table" "$folder/changed" "$folder/tests" 2>&1) && status=0 || status=1
  if [ -z "$1" ] && [ $status -eq 0 ] && [ -z "$said" ]; then return 0; fi
  if [ -n "$1" ] && [ $status -ne 0 ] && printf '%s\n' "$said" | grep -qF "$1"; then return 0; fi
  echo "expected: ${1:-no complaint}; said: $said"
  failed=1
}

cp "$folder/cases" "$folder/changed"
expect ""
grep -qF '| Y1 | an input: an outcome | a name (with "quotes", commas) of two literals |' "$folder/table" || failed=1
grep -qF '| Z7 | an input: an outcome | *none: a reason* |' "$folder/table" || failed=1
grep -qF '1 of 125 cases are held by tests.' "$folder/table" || failed=1

sed 's/^Z5 .*/Z5 | an input: an outcome/' "$folder/cases" >"$folder/changed"
expect "Z5 has neither a test nor a reason"
sed 's/^Y1 .*/Y1 | an input: an outcome | a reason/' "$folder/cases" >"$folder/changed"
expect "Y1 has a test (a name (with \"quotes\", commas) of two literals) and a reason"
sed 's/^Y1 /Y2 /' "$folder/cases" >"$folder/changed"
expect "names the case Y1, which is none"
sed 1d "$folder/cases" >"$folder/changed"
expect "there are 124 cases, not 125"
sed 's/^Z2 /Z1 /' "$folder/cases" >"$folder/changed"
expect "Z1 stands there twice"
echo '// case: Z3' >"$folder/tests/program.cpp"
cp "$folder/cases" "$folder/changed"
expect "Z3 has a test (program.cpp) and a reason"
exit $failed
