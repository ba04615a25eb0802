# Sourced by the set-up scripts beside it: how they speak, and how they install with apt-get.

say() { printf '%s\n' "setup: $*" >&2; }

# Prints the words that make a command run as root: none for root, `sudo -n` where sudo asks no
# password. Fails where this user may not.
as_root() {
  if [ "$(id -u)" = 0 ]; then echo env; elif sudo -n true 2>/dev/null; then echo "sudo -n env"; else return 1; fi
}

# Installs Debian packages without starting the servers in them. Fails where that may not be done.
apt_install() {
  local root guard=/usr/sbin/policy-rc.d
  command -v apt-get >/dev/null || { say "no apt-get here"; return 1; }
  root=$(as_root) || { say "apt-get needs root or sudo without a password"; return 1; }
  say "apt-get install $*"
  # Debian asks this file before it starts a freshly installed server; 101 means no.
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' | $root tee "$guard" >/dev/null
    $root chmod 755 "$guard"
    trap "$root rm -f $guard" EXIT
  fi
  mkdir -p .cache
  { $root apt-get -o DPkg::Lock::Timeout=300 update &&
    $root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
  } </dev/null >.cache/apt.log 2>&1 || { tail -n 20 .cache/apt.log >&2; return 1; }
}
