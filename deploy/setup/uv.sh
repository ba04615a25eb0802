#!/usr/bin/env bash
# Prints the path of a usable uv. Installs it from PyPI into .cache/uv when this machine has none.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

oldest=0.13
wanted='uv>=0.13,<0.14' # the range of the build backend in every member's pyproject.toml
home=$PWD/.cache/uv

recent() { # a uv that answers and is not older than $oldest
  local version
  version=$("$1" --version 2>/dev/null | cut -d' ' -f2) && [ -n "$version" ] &&
    [ "$(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]
}

find_uv() {
  local candidate
  for candidate in "$home/bin/uv" "$(command -v uv || true)"; do
    if [ -n "$candidate" ] && recent "$candidate"; then echo "$candidate" && return; fi
  done
  return 1
}

with_venv() { # Debian's bare python3 has no ensurepip: then this fails
  rm -rf "$home" && python3 -m venv "$home" && "$home/bin/python" -m pip install --quiet --upgrade "$wanted"
}

with_pip() { # --target is allowed on an externally managed Python (PEP 668)
  rm -rf "$home" && python3 -m pip install --quiet --target "$home" "$wanted"
}

command -v python3 >/dev/null || { say "python3 is missing. Install Python 3.11 or newer and try again."; exit 1; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { say "$(python3 --version) is too old. Callboard needs Python 3.11 or newer as python3."; exit 1; }

find_uv && exit
say "uv is not here: installing it from PyPI into .cache/uv"
{ with_venv || with_pip || { apt_install python3-venv && with_venv; }; } >&2 || true
find_uv && exit
say "uv could not be installed: this Python has neither venv nor pip that works (messages above)."
say "Install one of them (Debian: apt-get install python3-venv), or uv $oldest or newer, and try again."
exit 1
