# SPDX-License-Identifier: MIT
# Sourced by tests/run.sh and examples/run.sh. Debian's names of packages are used; nothing is asked.

# need "why" package...: installs those that are missing. Does nothing, not even ask the network, if none is.
need() {
  why=$1
  shift
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    echo "No apt here. $why needs what Debian calls:"
    echo "  $*"
    echo "Going on with what is installed."
    return 0
  fi
  missing=
  for package in "$@"; do
    # shellcheck disable=SC2016  # ${...} is dpkg-query's
    case " $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null || true)" in
      *" installed "*) ;;  # and not "not-installed", as what another package suggests may be
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0

  echo "Installing what $why needs and this system lacks:$missing"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "This needs root. Run as root:  apt-get install --no-install-recommends$missing"
      echo "Going on with what is installed."
      return 0
    fi
    as_root=sudo
  fi
  # shellcheck disable=SC2086  # words, on purpose
  if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null ||
    ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
      -o Dpkg::Use-Pty=0 $missing >/dev/null; then
    echo "apt-get could not install:$missing"
    echo "Going on with what is installed."
  fi
}

# must_have "why" tool...: ends with a clear message if a tool is not there.
must_have() {
  why=$1
  shift
  for tool in "$@"; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      echo "$why cannot go on: '$tool' is not there." >&2
      exit 1
    fi
  done
}

# generator: the arguments for cmake that choose ninja, and ccache, where they are.
generator() {
  if command -v ninja >/dev/null 2>&1; then printf '%s' '-GNinja '; fi
  if command -v ccache >/dev/null 2>&1; then printf '%s' '-DCMAKE_CXX_COMPILER_LAUNCHER=ccache '; fi
}

# at_once: how many jobs to run in parallel.
at_once() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }
