# SPDX-License-Identifier: MIT
# sh configure.sh checkout prefix cmake compiler folder: configures every cmake block, and names those that fail by line.
set -eu
root=$1 prefix=$2 cmake=$3 compiler=$4 folder=$5

sh "$(dirname "$0")/extract.sh" "$root/README.md" cmake "$folder"
failed=0 configured=0
for block in "$folder"/*.block; do
  line=$(basename "$block" .block)
  host=$folder/$line
  mkdir -p "$host"
  {
    grep -q cmake_minimum_required "$block" || echo 'cmake_minimum_required(VERSION 3.25)'
    grep -q '^project(' "$block" || echo 'project(host LANGUAGES CXX)'
    grep -q 'add_executable(app' "$block" || echo 'add_executable(app app.cpp)'
    cat "$block"
  } >"$host/CMakeLists.txt"
  echo 'int main() {}' >"$host/app.cpp"
  cp "$host/app.cpp" "$host/main.cpp"
  # A block that adds a folder of the host's own finds this checkout there.
  for vendored in $(sed -n 's/^add_subdirectory(\([A-Za-z0-9_./-]*\).*/\1/p' "$block"); do
    mkdir -p "$host/$(dirname "$vendored")"
    ln -sfn "$root" "$host/$vendored"
  done
  if "$cmake" -S "$host" -B "$host/build" "-DCMAKE_CXX_COMPILER=$compiler" "-DCMAKE_PREFIX_PATH=$prefix" \
    "-DFETCHCONTENT_SOURCE_DIR_WEBHOOK=$root" -DFETCHCONTENT_FULLY_DISCONNECTED=ON >"$host/said" 2>&1; then
    configured=$((configured + 1))
  else
    cat "$host/said"
    echo "README.md:$line: this block does not configure"
    failed=$((failed + 1))
  fi
done
echo "$configured blocks configure, $failed do not"
[ "$failed" -eq 0 ]
