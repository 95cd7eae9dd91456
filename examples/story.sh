#!/bin/sh
# SPDX-License-Identifier: MIT
# Two processes on this machine: a store that sells books, and an invoicing system that hears of it by webhook. The
# second one is really stopped and started again while an order is on its way.   sh examples/story.sh <folder of programs>
set -eu
programs=$1
stage=$(mktemp -d)
store= invoicing=
clean_up() {
  for process in $store $invoicing; do kill "$process" 2>/dev/null || true; done
  rm -rf "$stage"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

fail() {
  echo "story: $*" >&2
  exit 1
}
# Waits until a file has at least as many lines that match as wanted: wait_for <file> <pattern> <lines>
wait_for() {
  tries=0
  until [ -f "$1" ] && [ "$(grep -c "$2" "$1")" -ge "$3" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail "waited 30 s for \"$2\" in $(basename "$1")"
    sleep 0.1
  done
}
start_invoicing() {  # <port>
  "$programs/invoicing" "$1" "$stage/port" "$stage/secret" "$stage/outbox" >>"$stage/invoicing.log" 2>&1 3>&- &
  invoicing=$!
}

echo "--- The invoicing system starts, and the store gets its URL."
start_invoicing 0
wait_for "$stage/port" . 1
port=$(cat "$stage/port")
mkfifo "$stage/orders"
"$programs/store" "http://127.0.0.1:$port/hooks" "$stage/secret" <"$stage/orders" >"$stage/store.log" 2>&1 &
store=$!
exec 3>"$stage/orders"
wait_for "$stage/invoicing.log" "the test arrived" 1

echo "--- A customer named Smith buys a book."
echo "order Smith 12.50 a book" >&3
wait_for "$stage/store.log" "delivery.delivered" 2
first=$(sed -n 's/.*order.created \(msg_[a-z0-9]*\)$/\1/p' "$stage/store.log" | head -n 1)
[ -f "$stage/outbox/invoice-$first.txt" ] || fail "there is no invoice for $first"

echo "--- The invoicing system is stopped, and Smith buys another."
kill -TERM "$invoicing"
wait "$invoicing" || fail "the invoicing system did not end in order"
invoicing=
echo "order Smith 21.00 another book" >&3
wait_for "$stage/store.log" "delivery.failed" 3

echo "--- After three failed attempts the invoicing system is back."
start_invoicing "$port"
wait_for "$stage/store.log" "delivery.delivered" 3
second=$(sed -n 's/.*order.created \(msg_[a-z0-9]*\)$/\1/p' "$stage/store.log" | tail -n 1)
[ "$first" != "$second" ] || fail "two orders have one id"
[ -f "$stage/outbox/mail-$second.txt" ] || fail "there is no e-mail for $second"

exec 3>&-
wait "$store" || fail "the store failed: $(cat "$stage/store.log")"
store=
kill -TERM "$invoicing"
wait "$invoicing" || fail "the invoicing system did not end in order"
invoicing=

echo
echo "What the store saw:"
cat "$stage/store.log"
echo
echo "What the invoicing system saw:"
cat "$stage/invoicing.log"
echo
echo "What is in its outbox:"
for file in "$stage"/outbox/*; do
  echo "[$(basename "$file")]"
  cat "$file"
  echo
done
failed=$(grep -c "delivery.failed $second" "$stage/store.log")
[ "$failed" -ge 3 ] || fail "the second order was delivered after $failed failed attempts, not after three or more"
echo "The second order arrived after $failed failed attempts, when the invoicing system was back."
