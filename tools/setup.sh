#!/usr/bin/env bash
# Sets up what a make target needs, or says in one sentence what a person has to install.
#   tools/setup.sh venv DIR            a virtual environment with the pinned packages
#   tools/setup.sh peers STAMP DIR     what the detector is measured against, and the fuzzer
#   tools/setup.sh debian-test STAMP   the Debian packages that the tests use
#   tools/setup.sh compiled FOLDER DIR the core as machine code
#   tools/setup.sh brokers STAMP       further MQTT brokers and AsyncAPI's parser
#   tools/setup.sh debian-bluez STAMP  those for the tests on a real BlueZ in a virtual machine
set -euo pipefail

say() { printf 'lullaflow: %s\n' "$*" >&2; }

# Installs Debian packages where that is possible without asking anybody for a password.
apt_install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  say "installing Debian packages: $*"
  export DEBIAN_FRONTEND=noninteractive
  # Services that a package would start have no business on the host: the tests start their own.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; made_policy=1; fi
  local result=0
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@"; } >/dev/null || result=1
  [ -n "$made_policy" ] && rm -f $policy
  return $result
}

find_python() {
  local name
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

make_venv() {
  local dir=$1 python
  python=$(find_python) || { say "Python 3.11, 3.12 or 3.13 is needed; install one, or name it: make PYTHON=/path/to/python3"; exit 2; }
  if [ ! -x "$dir/bin/python" ] || ! "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$dir"
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
      local package
      package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
      apt_install "$package" || { say "$python cannot make virtual environments; install $package (apt install $package)"; exit 2; }
    fi
    say "making a virtual environment with $("$python" --version)"
    "$python" -m venv "$dir"
  fi
  say "installing the pinned packages (once; a minute or two)"
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  touch "$dir/.ready"
}

peers() {
  local stamp=$1 dir=$2
  say "installing what benchmarks and fuzzing need besides (once)"
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp"
}

compiled() {
  local folder=$1 python=$2/bin/python headers
  headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
  command -v cc >/dev/null || apt_install gcc libc6-dev || true
  case $headers in /usr/include/*) [ -e "$headers" ] || apt_install python3-dev || true ;; esac
  if ! command -v cc >/dev/null || [ ! -e "$headers" ]; then
    say "the compiled core is left out; it needs a C compiler and $headers (apt install gcc libc6-dev python3-dev)"
    return
  fi
  say "compiling the core (once; a minute)"
  rm -rf "$folder"
  if ! HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 "$python" -m pip install --quiet --disable-pip-version-check \
    --no-deps --no-build-isolation --target "$folder" .; then
    rm -rf "$folder"
    say "the compiled core is left out: it could not be compiled, see above"
  fi
}

brokers() {
  local stamp=$1 folder
  folder=$(dirname "$stamp")/node
  if ! command -v nats-server >/dev/null; then
    apt_install nats-server || say "NATS is left out; to try it: apt install nats-server"
  fi
  if command -v npm >/dev/null; then
    mkdir -p "$folder"
    npm install --silent --no-fund --no-audit --prefix "$folder" aedes @asyncapi/parser \
      || say "Aedes and AsyncAPI's parser are left out: npm cannot install them"
  else
    say "Aedes and AsyncAPI's parser are left out; to try them, install Node.js 20 or newer with npm"
  fi
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp"
}

debian_test() {
  local stamp=$1 missing=()
  command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
  command -v mosquitto_sub >/dev/null || missing+=(mosquitto-clients)
  command -v chromium >/dev/null || missing+=(chromium)
  if [ ${#missing[@]} -gt 0 ] && ! apt_install "${missing[@]}"; then
    say "tests that need ${missing[*]} will be skipped by name; to run them: apt install ${missing[*]}"
    return
  fi
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp"
}

debian_bluez() {
  local stamp=$1 missing=()
  command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
  command -v cpio >/dev/null || missing+=(cpio)
  command -v zstd >/dev/null || missing+=(zstd)
  if [ ${#missing[@]} -gt 0 ] && ! apt_install "${missing[@]}"; then
    say "the tests on a real BlueZ will be skipped by name; to run them: apt install ${missing[*]}"
    return
  fi
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp"
}

cd "$(dirname "$0")/.."
case ${1:-} in
  venv) make_venv "$2" ;;
  debian-test) debian_test "$2" ;;
  peers) peers "$2" "$3" ;;
  compiled) compiled "$2" "$3" ;;
  brokers) brokers "$2" ;;
  debian-bluez) debian_bluez "$2" ;;
  *) say "usage: tools/setup.sh venv DIR | peers STAMP DIR | compiled FOLDER DIR | debian-test STAMP | brokers STAMP | debian-bluez STAMP"; exit 2 ;;
esac
