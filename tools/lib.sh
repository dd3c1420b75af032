# What the scripts have in common. Sourced, not run; the sourcing script has `set -eu`.

# The repository, wherever the script was called from.
root=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# need GROUP…: installs the packages of these groups (tools/packages) that are missing. Nothing is ever removed: apt
# refuses instead. Where apt or the right to use it is missing, says in one line what to install.
need() {
  wanted=$(for group; do sed -n "s/^$group  *\([^ ]*\) .*/\1/p" "$root/tools/packages"; done)
  missing=
  for package in $wanted; do
    has_one_of "$package" || missing="$missing ${package%%|*}"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "please install what these Debian packages hold:$missing"
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=sudo
  elif command -v sudo >/dev/null && [ -t 0 ]; then
    as_root=sudo
  else
    die "please install, as root: apt-get install$missing"
  fi
  say "installing$missing"
  # shellcheck disable=SC2086  # the lists are split on purpose
  install_packages() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-remove --no-install-recommends $missing >&2
  }
  install_packages || { $as_root apt-get update -q >&2 && install_packages; } ||
    die "apt could not install$missing"
}

# Is one of these (`a|b|c`) installed? On a system without dpkg, whoever runs the script has seen to that.
has_one_of() {
  command -v dpkg-query >/dev/null || return 0
  for choice in $(echo "$1" | tr '|' ' '); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$choice" 2>/dev/null)" = installed ] && return 0
  done
  return 1
}

# Jobs for a build: as many as there are processors, one fewer for each 2 GB of memory that is missing.
jobs() {
  cores=$(nproc 2>/dev/null || echo 2)
  memory=$(awk '/^MemAvailable/ {print int($2 / 2000000)}' /proc/meminfo 2>/dev/null || echo "$cores")
  if [ "$memory" -lt 1 ]; then echo 1; elif [ "$memory" -lt "$cores" ]; then echo "$memory"; else echo "$cores"; fi
}

# build PRESET [TARGET…]: configures and builds.
mkdir -p "$root/build"

build() {
  preset=$1
  shift
  say "building ($preset)"
  (cd "$root" && cmake --preset "$preset" >"$root/build/$preset.configure.log" 2>&1) ||
    { cat "$root/build/$preset.configure.log" >&2; die "configuring failed"; }
  if [ $# = 0 ]; then set -- all; fi
  (cd "$root" && cmake --build "build/$preset" --parallel "$(jobs)" --target "$@") >&2
}

# fuzz_for SECONDS: every fuzz target side by side, beginning with the conformance cases and what it found before. Needs
# the packages of the group ci.
fuzz_for() {
  build fuzz
  say "fuzzing for $1 seconds"
  cd "$root" || return
  fuzzers=
  for target in build/fuzz/tests/fuzz/fuzz_*; do
    name=$(basename "$target")
    mkdir -p "build/fuzz/corpus/$name"
    "$target" "-max_total_time=$1" -max_len=4096 -timeout=10 -artifact_prefix=build/fuzz/ \
      "build/fuzz/corpus/$name" tests/conformance >"build/fuzz/$name.log" 2>&1 &
    fuzzers="$fuzzers $!:$name"
  done
  for fuzzer in $fuzzers; do
    name=${fuzzer#*:}
    wait "${fuzzer%%:*}" ||
      { tail -n 40 "build/fuzz/$name.log"; die "$name broke; the input that did it lies in build/fuzz/"; }
    tail -n 1 "build/fuzz/$name.log"
  done
}
