# SPDX-License-Identifier: MIT
# sh format.sh root clang-format: names the sources that are not formatted as .clang-format says.
set -eu
cd "$1"
unformatted=0
for file in $(find include examples tests -name '*.hpp' -o -name '*.cpp'); do
  # The page of contracts is laid out by hand: one line, one requirement, one comment.
  [ "$file" = include/webhook/concepts.hpp ] && continue
  if ! "$2" --dry-run --Werror "$file" >/dev/null 2>&1; then
    echo "not formatted: $file"
    unformatted=$((unformatted + 1))
  fi
done
[ "$unformatted" -eq 0 ]
