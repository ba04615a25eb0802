#!/usr/bin/env bash
# Makes sure that the servers which the tests start are installed; the tests start their own, on
# free ports. `servers.sh bench` asks for what the benchmarks compare with, too. Installs on Debian
# what is missing. Exit 0: all here; 1: what is named is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/common.sh

# Debian package | a file or command that it brings (a pattern)
needs='rabbitmq-server    | /usr/lib/rabbitmq/bin/rabbitmq-server
postgresql         | /usr/lib/postgresql/*/bin/initdb
dovecot-pop3d      | /usr/lib/dovecot/pop3
dovecot-imapd      | /usr/lib/dovecot/imap
exim4-daemon-heavy | /usr/sbin/exim4
pgbouncer          | /usr/sbin/pgbouncer'
if [ "${1:-}" = bench ]; then
  needs+='
getmail6           | /usr/bin/getmail
fetchmail          | /usr/bin/fetchmail
mpop               | /usr/bin/mpop
wrk                | /usr/bin/wrk'
fi

missing() {
  local package pattern
  while IFS='| ' read -r package pattern; do
    # shellcheck disable=SC2086 # the pattern is meant to be expanded
    ls $pattern >/dev/null 2>&1 || echo "$package"
  done <<<"$needs"
}

absent=$(missing)
[ -z "$absent" ] && exit
# shellcheck disable=SC2086 # one word a package
apt_install $absent || true
absent=$(missing)
[ -z "$absent" ] && exit
say "MISSING, and could not be installed here: $(echo $absent)"
say "Nothing is skipped for want of them. On Debian: apt-get install $(echo $absent)"
exit 1
