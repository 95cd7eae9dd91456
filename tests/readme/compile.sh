# SPDX-License-Identifier: MIT
# sh compile.sh README.md compiler flags-file folder: compiles every cpp block, and names those that do not by their line.
set -eu
readme=$1 compiler=$2 flags=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)

sh "$here/extract.sh" "$readme" cpp "$folder"
failed=0 compiled=0
for block in "$folder"/*.block; do
  line=$(basename "$block" .block)
  how=
  if [ -e "$folder/$line.how" ]; then how=$(cat "$folder/$line.how"); fi
  source=$folder/$line.cpp
  : >"$source"
  case $how in
    *"after "*) printf '#include "%s/%s"\n' "$here" "${how##*after }" >>"$source" ;;
    statements) echo '#include <webhook/webhook.hpp>' >>"$source" ;;
    "") ;;
    *) echo "README.md:$line: '<!-- test: $how -->' is not understood"; failed=$((failed + 1)); continue ;;
  esac
  # A name of its own for each block, so that what is unused in it is not a warning.
  case $how in statements*) echo 'void block();  void block() {' >>"$source" ;; esac
  printf '#line %d "README.md"\n' "$((${line#"${line%%[!0]*}"} + 1))" >>"$source"
  cat "$block" >>"$source"
  case $how in statements*) echo '}' >>"$source" ;; esac
  if "$compiler" "@$flags" -Wall -Wextra -Wpedantic -Wconversion -Wno-unused -Werror -fsyntax-only "$source"; then
    compiled=$((compiled + 1))
  else
    echo "README.md:$line: this block does not compile"
    failed=$((failed + 1))
  fi
done
echo "$compiled blocks compile, $failed do not"
[ "$failed" -eq 0 ]
