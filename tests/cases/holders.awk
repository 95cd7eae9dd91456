# SPDX-License-Identifier: MIT
# Reads tests; writes a line for each test and case that it holds: the case, a tab, the test's name.

# Reads the arguments of the macro in `text`: adjacent literals are one. False: it goes on in the next line.
function read_arguments(   at, c, quoted) {
  argument = 1; name = tags = ""; quoted = 0
  for (at = index(text, "(") + 1; at <= length(text); ++at) {
    c = substr(text, at, 1)
    if (quoted && c == "\\") { add(substr(text, ++at, 1)); continue }
    if (c == "\"") { quoted = !quoted; continue }
    if (quoted) { add(c); continue }
    if (c == ",") ++argument
    if (c == ")") return 1
  }
  return 0
}
function add(c) { if (argument == 1) name = name c; else tags = tags c }
FNR == 1 { collecting = 0 }
/^(\/\/|#) case: / {
  for (i = 3; i <= NF; ++i) print $i "\t" substr(FILENAME, 3)
}
/^(TEST_CASE|TEST_CASE_METHOD|TEMPLATE_TEST_CASE|SCENARIO)\(/ { collecting = 1; text = "" }
collecting {
  text = text $0
  if (!read_arguments()) next
  collecting = 0
  while (match(tags, /\[[A-Z][0-9]+\]/)) {
    print substr(tags, RSTART + 1, RLENGTH - 2) "\t" name
    tags = substr(tags, RSTART + RLENGTH)
  }
}
