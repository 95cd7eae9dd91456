# SPDX-License-Identifier: MIT
# sh compile.sh README.md compiler flags-file folder: compiles every cpp block, and names those that do not by their line.
set -eu
readme=$1 compiler=$2 flags=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)

sh "$here/extract.sh" "$readme" cpp "$folder"
rm -f "$folder"/*.cpp

# Blocks that are statements share a source file, a function each: what stands before them is what takes long.
failed=0 blocks=0
for block in "$folder"/*.block; do
  line=$(basename "$block" .block)
  number=${line#"${line%%[!0]*}"}
  how=
  if [ -e "$folder/$line.how" ]; then how=$(cat "$folder/$line.how"); fi
  preamble='#include <webhook/webhook.hpp>'
  case $how in
    *"after "*) preamble="#include \"$here/${how##*after }\"" ;;
    "" | statements) ;;
    *) echo "README.md:$number: '<!-- test: $how -->' is not understood"; failed=$((failed + 1)); continue ;;
  esac
  case $how in
    statements*)
      source=$folder/$(printf '%s' "$how" | tr -c 'a-z' _).cpp
      [ -e "$source" ] || printf '%s\n' "$preamble" >"$source"
      printf 'void block_%s();  void block_%s() {\n#line %s "README.md"\n' "$number" "$number" "$((number + 1))" >>"$source"
      cat "$block" >>"$source"
      echo '}' >>"$source"
      ;;
    *)
      source=$folder/$line.cpp
      if [ -n "$how" ]; then printf '%s\n' "$preamble" >"$source"; fi
      printf '#line %s "README.md"\n' "$((number + 1))" >>"$source"
      cat "$block" >>"$source"
      ;;
  esac
  blocks=$((blocks + 1))
done
for source in "$folder"/*.cpp; do
  "$compiler" "@$flags" -Wall -Wextra -Wpedantic -Wconversion -Wno-unused -Werror -fsyntax-only "$source" ||
    failed=$((failed + 1))
done
echo "$blocks blocks; source files that do not compile: $failed"
[ "$failed" -eq 0 ]
