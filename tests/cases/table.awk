# SPDX-License-Identifier: MIT
# Joins what holders.awk wrote with cases.txt, and writes the table to `output`. What is wrong goes to stderr, all of it.

function wrong(what) { print "cases: " what > "/dev/stderr"; bad = 1 }
function trimmed(word) { gsub(/^ +| +$/, "", word); return word }
function cell(word) { gsub(/\|/, "\\|", word); return word }
NR == FNR { tests[$1] = tests[$1] (tests[$1] == "" ? "" : "<br>") cell($2); first[$1] = $2; next }
/^#/ || /^ *$/ { next }
{
  count = split($0, field, " [|] ")
  id = trimmed(field[1])
  if (count < 2 || count > 3) wrong("this line is not \"case | input and outcome\" or \"... | reason\": " $0)
  if (id in known) wrong(id " stands there twice")
  known[id] = ++rows
  order[rows] = id; text[id] = trimmed(field[2]); reason[id] = count == 3 ? trimmed(field[3]) : ""
}
END {
  if (rows != 125) wrong("there are " rows + 0 " cases, not 125")
  for (id in tests) if (!(id in known)) wrong("\"" first[id] "\" names the case " id ", which is none")
  for (row = 1; row <= rows; ++row) {
    id = order[row]
    if (!(id in tests) && reason[id] == "") wrong(id " has neither a test nor a reason for having none")
    if (id in tests && reason[id] != "") wrong(id " has a test (" first[id] ") and a reason for having none")
    held += id in tests
    line[row] = "| " id " | " cell(text[id]) " | " (id in tests ? tests[id] : "*none: " cell(reason[id]) "*") " |"
  }
  if (bad) exit 1
  if (output == "") output = "/dev/stdout"
  print "# Bad inputs and what becomes of them\n\n" held " of " rows " cases are held by tests.\n" > output
  print "| case | input and outcome | held by |\n| --- | --- | --- |" > output
  for (row = 1; row <= rows; ++row) print line[row] > output
}
