# SPDX-License-Identifier: MIT
# sh extract.sh README.md language folder: writes every block of a language into folder/<line>.block, and the comment that
# says how it is tested, if there is one, into folder/<line>.how. Ends with 77 if there is no README, 1 if no block.
set -eu
readme=$1 language=$2 folder=$3

if [ ! -e "$readme" ]; then
  echo "there is no README.md yet"
  exit 77
fi
rm -rf "$folder"
mkdir -p "$folder"
awk -v language="$language" -v folder="$folder" '
  /^ *```/ && inside { inside = 0; close(file); next }
  inside { if (file != "") print > file; next }
  /^ *<!-- test: .* -->/ { how = $0; sub(/^ *<!-- test: /, "", how); sub(/ -->.*$/, "", how); next }
  /^ *```/ {
    inside = 1; file = ""; name = $0; sub(/^ *```/, "", name); sub(/[ {].*$/, "", name)
    if (name == language) {
      file = folder "/" sprintf("%04d", NR) ".block"
      printf "" > file
      if (how != "") { print how > (folder "/" sprintf("%04d", NR) ".how") }
      blocks++
    }
    how = ""; next
  }
  /[^ ]/ { how = "" }
  END { if (inside) { print "a block is not closed"; exit 1 } if (blocks == 0) { print "README.md has no " language " block"; exit 1 } }
' "$readme"
