#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs every test of the library:   sh tests/run.sh
# Only compares with the libraries of others:  sh tests/run.sh --interop [cases]
#
#   gcc      everything with g++, and the tests of the source tree: headers, compile_fail, consume, readme, tools; what
#            the steps below do not compile with clang++ is read by it here
#   asan     everything with clang++ under AddressSanitizer and UndefinedBehaviorSanitizer
#   tsan     with clang++ under ThreadSanitizer, what starts threads
#   interop  compares with the libraries of other vendors, from npm; skipped where npm cannot be reached
#
# On Debian and Ubuntu it installs what is missing, as root or with sudo. What may be set in the environment:
#   WEBHOOK_TEST_ONLY     some of the steps, e.g. "gcc tsan"
#   WEBHOOK_TEST_FILTER   a regular expression of test names (ctest -R)
#   WEBHOOK_TEST_JOBS     how many jobs run at once (default: one per processor)
#   WEBHOOK_BUILD_DIR     where to build (default: .build in the source tree)
#   WEBHOOK_INTEROP_...   see tests/interop/run.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"

only=${WEBHOOK_TEST_ONLY:-gcc asan tsan interop}
case ${1:-} in
  "") ;;
  --interop)
    only=interop
    WEBHOOK_INTEROP_CASES=${2:-${WEBHOOK_INTEROP_CASES:-200}}
    export WEBHOOK_INTEROP_CASES
    ;;
  *)
    echo "sh tests/run.sh [--interop [cases]]; '$1' is neither" >&2
    exit 2
    ;;
esac
build=${WEBHOOK_BUILD_DIR:-$root/.build}
jobs=${WEBHOOK_TEST_JOBS:-$(at_once)}
for step in $only; do
  case $step in gcc | asan | tsan | interop) ;; *)
    echo "WEBHOOK_TEST_ONLY: '$step' is none of gcc, asan, tsan, interop" >&2
    exit 2
    ;;
  esac
done
echo "webhook: building and running the tests ($only) in $build, $jobs jobs at once"

need "tests/run.sh" g++ clang cmake ninja-build ccache pkg-config catch2 libcurl4-openssl-dev libssl-dev \
  nlohmann-json3-dev libexpat1-dev zlib1g-dev libsqlite3-dev libpq-dev postgresql pgbouncer libcpp-httplib-dev \
  libboost-dev ca-certificates valgrind
must_have "tests/run.sh" cmake ctest pkg-config
case " $only " in *" gcc "* | *" interop "*) must_have "tests/run.sh" g++ ;; esac
case " $only " in *" asan "* | *" tsan "*) must_have "tests/run.sh" clang++ ;; esac
# The sanitizers' runtime is a package of its own on some systems, and part of clang on others.
case " $only " in *" asan "* | *" tsan "*)
  mkdir -p "$build"
  if ! echo 'int main() {}' | clang++ -x c++ -fsanitize=address - -o "$build/probe" 2>/dev/null; then
    need "a sanitizer" "libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev"
  fi
  rm -f "$build/probe"
  ;;
esac

passed=0 failed=0 skipped=0 summary=

# number name file: the value of an attribute of the root element of ctest's report.
number() { sed -n '/<testsuite /,/>/{s/.*[^a-z]'"$1"'="\([0-9]*\)".*/\1/p;}' "$2" | head -n 1; }

# finish step since passed failed skipped remark: adds a step's result to the closing summary.
finish() {
  line=$(printf '%-8s %s passed, %s failed, %s skipped, %s s%s' "$1:" "$3" "$4" "$5" "$(($(date +%s) - $2))" "$6")
  echo "== $line"
  summary="$summary  $line
"
  passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
}

# keep_going: what tells the build tool to build whatever can be built, so that one run names every failure.
keep_going() { if command -v ninja >/dev/null 2>&1; then echo "-k 0"; else echo "-k"; fi; }

# step name cmake-arguments...: configures, builds and tests in a folder of its own. A build that fails is one failure;
# what was built nevertheless is tested.
step() {
  name=$1
  shift
  case " $only " in *" $name "*) ;; *) return 0 ;; esac
  since=$(date +%s)
  printf '\n== %s\n' "$name"
  # shellcheck disable=SC2046  # words, on purpose
  if ! cmake -S "$root" -B "$build/$name" $(generator) "$@" >"$build/$name.configure" 2>&1; then
    cat "$build/$name.configure"
    finish "$name" "$since" 0 1 0 " (not configured)"
    return 0
  fi
  broken=0
  # shellcheck disable=SC2046  # words, on purpose
  cmake --build "$build/$name" --parallel "$jobs" -- $(keep_going) >"$build/$name.log" 2>&1 || broken=1
  if [ "$broken" -ne 0 ]; then grep -vE '^\[[0-9]+/[0-9]+\] Building' "$build/$name.log" | head -n 200; fi

  report=$build/$name.xml
  rm -f "$report"
  ctest --test-dir "$build/$name" --parallel "$jobs" --output-on-failure --timeout 300 --no-tests=error \
    ${WEBHOOK_TEST_FILTER:+-R "$WEBHOOK_TEST_FILTER"} --output-junit "$report" >"$build/$name.tests" 2>&1 || true
  # Only what someone has to read: the failures, the skipped, and why.
  awk '/\*\*\*(Failed|Timeout|Exception|Not Run|Skipped)|Subprocess aborted/ { show = 1 }
       /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:.* Passed / || /^ *Start +[0-9]+:/ || /tests passed, / { show = 0 }
       show' "$build/$name.tests"
  if [ ! -s "$report" ]; then
    tail -n 20 "$build/$name.tests"
    finish "$name" "$since" 0 1 0 " (no test ran)"
    return 0
  fi
  all=$(number tests "$report") bad=$(number failures "$report") left=$(number skipped "$report")
  off=$(number disabled "$report")
  left=$((left + off))
  if [ "$broken" -ne 0 ]; then
    finish "$name" "$since" "$((all - bad - left))" "$((bad + 1))" "$left" " (the build failed)"
  else
    finish "$name" "$since" "$((all - bad - left))" "$bad" "$left" ""
  fi
}

# interop: builds one program, and runs it; each library that is compared with counts as a test.
interop() {
  case " $only " in *" interop "*) ;; *) return 0 ;; esac
  since=$(date +%s)
  printf '\n== interop\n'
  # shellcheck disable=SC2046  # words, on purpose
  if ! { cmake -S "$root" -B "$build/interop" $(generator) -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE= \
    -DCMAKE_CXX_FLAGS=-O1 -DWEBHOOK_TEST_TREE=OFF -DWEBHOOK_BUILD_EXAMPLES=OFF &&
    cmake --build "$build/interop" --target webhook.interop; } >"$build/interop.log" 2>&1; then
    cat "$build/interop.log"
    finish interop "$since" 0 1 0 " (the build failed)"
    return 0
  fi
  code=0
  sh "$root/tests/interop/run.sh" "$build/interop/tests/interop/webhook.interop" >"$build/interop.tests" 2>&1 || code=$?
  if [ "$code" -eq 77 ]; then
    cat "$build/interop.tests"
    finish interop "$since" 0 0 1 " ($(tail -n 1 "$build/interop.tests"))"
    return 0
  fi
  # The classes of intended differences are for whoever asked for them.
  case " $only " in *" gcc "*) grep -v '^  *[0-9]* *[^ ]*: we ' "$build/interop.tests" || true ;; *) cat "$build/interop.tests" ;; esac
  all=$(grep -c ' unintended$' "$build/interop.tests" || true)
  good=$(grep -c ' 0 unintended$' "$build/interop.tests" || true)
  if [ "$code" -gt 1 ]; then
    finish interop "$since" "$good" "$((all - good + 1))" 0 " (it did not end by itself)"
  else
    finish interop "$since" "$good" "$((all - good))" 0 ""
  fi
}

mkdir -p "$build"
step gcc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-g1
step asan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-g1 -DWEBHOOK_TEST_TREE=OFF \
  -DWEBHOOK_BUILD_EXAMPLES=OFF -DWEBHOOK_SANITIZE=address
step tsan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-g1 -DWEBHOOK_TEST_TREE=OFF \
  -DWEBHOOK_BUILD_EXAMPLES=OFF -DWEBHOOK_SANITIZE=thread
interop

printf '\n%s%s passed, %s failed, %s skipped\n' "$summary" "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
