# Sets up what ./sampan and `npm test` find missing. POSIX sh, to be sourced with $root set to the source tree;
# each step says on stderr what it does, and does nothing when it is done already.
# shellcheck shell=sh disable=SC2154,SC2086,SC2046,SC3013

executable=$root/dist/sampan
socket=/run/sampan/sampan.sock
daemon_log=/run/sampan/daemon.log

say() { echo "sampan: $*" >&2; }
fail() {
  say "$@"
  exit 125
}
have() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1; }

# Runs step $2 while nobody else holds the file $1. flock(1) gives it back however its holder ends.
locked() {
  mkdir -p "${1%/*}"
  (
    ! have flock || flock 9
    "$2" 9>&-
  ) 9>"$1"
}

# --- system packages ---------------------------------------------------------------------------------------------------

# What is missing, by the words of package_name.
missing_parts() {
  have crun || have runc || echo oci-runtime
  have iptables-restore || echo iptables
  have ip || echo iproute2
  have busybox || have busybox.static || echo busybox
  have tini || have catatonit || have docker-init || echo init
  [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] ||
    [ -e /etc/ssl/cert.pem ] || [ -d /var/lib/ca-certificates/pem ] || echo ca-certificates
}

# The package of part $2 with package manager $1.
package_name() {
  case $2:$1 in
    oci-runtime:*) echo crun ;;
    iproute2:dnf | iproute2:yum) echo iproute ;;
    busybox:apt | busybox:zypper) echo busybox-static ;;
    busybox:apk) echo busybox-static ;;
    init:apt | init:apk) echo tini ;;
    init:*) echo catatonit ;;
    npm:dnf | npm:yum) echo nodejs-npm ;;
    npm:zypper) echo npm-default ;;
    npm:apt) echo nodejs npm ;;
    xz:apt) echo xz-utils ;;
    python-docker:apk) echo py3-docker-py ;;
    python-docker:pacman) echo python-docker ;;
    python-docker:*) echo python3-docker ;;
    nft:*) echo nftables ;;
    dig:apt) echo bind9-dnsutils ;;
    nc:dnf | nc:yum) echo nmap-ncat ;;
    nc:pacman) echo openbsd-netcat ;;
    nc:*) echo netcat-openbsd ;;
    dig:apk) echo bind-tools ;;
    dig:pacman) echo bind ;;
    dig:*) echo bind-utils ;;
    docker-client:apt) apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io ;;
    docker-client:apk) echo docker-cli ;;
    docker-client:*) echo docker ;;
    *) echo "$2" ;;
  esac
}

package_manager() {
  for manager in apt-get dnf yum apk pacman zypper; do
    have $manager && echo ${manager%-get} && return
  done
}

install_packages() {
  case $1 in
    apt)
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $2
      ;;
    dnf | yum) "$1" install -y -q $2 ;;
    apk) apk add --quiet $2 ;;
    pacman) pacman -Sy --noconfirm --needed $2 ;;
    zypper) zypper --quiet --non-interactive install $2 ;;
  esac
}

# Installs the packages of the parts given.
setup_packages() {
  [ $# -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "these are missing: $*. Run this once as root (sudo ./sampan …) to have them installed."
  manager=$(package_manager)
  [ -n "$manager" ] ||
    fail "no package manager that is known here (apt, dnf, yum, apk, pacman, zypper). Install these, then try again:
  crun or runc, iptables, iproute2, a static busybox, tini or catatonit, the CA certificates; missing now: $*"
  packages=
  for part; do packages="$packages $(package_name "$manager" "$part")"; done
  say "installing system packages with $manager:$packages"
  install_packages "$manager" "$packages" </dev/null >/tmp/sampan-packages.$$ 2>&1 || {
    cat /tmp/sampan-packages.$$ >&2
    rm -f /tmp/sampan-packages.$$
    fail "the packages could not be installed (above: what $manager says)"
  }
  rm -f /tmp/sampan-packages.$$
}

# --- npm packages and the executable -------------------------------------------------------------------------------

bun=$root/node_modules/.bin/bun

# Bun is one of the npm packages: only npm and a Node to run it have to be there.
npm_packages() {
  if [ ! -x "$bun" ] || [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]; then
    have npm || setup_packages npm
    say "installing npm packages"
    # Not `npm ci`: it refuses a lock file from a registry that lacks other platforms' optional binaries. This way
    # the lock file decides the versions all the same, and stays as it is.
    (cd "$root" && npm install --no-save --no-audit --no-fund --loglevel=error </dev/null >&2) ||
      fail "npm install failed in $root"
    touch "$root/node_modules/.package-lock.json"
  fi
  # An npm that runs no install scripts leaves a stub in the place of bun.
  "$bun" --version >/dev/null 2>&1 || (cd "$root/node_modules/bun" && node install.js >&2) || fail "bun does not run: $bun"
}

stale() {
  [ ! -x "$executable" ] ||
    [ -n "$(find "$root/src" "$root/package.json" "$root/package-lock.json" -newer "$executable" -print -quit)" ]
}

build_if_stale() {
  stale || return 0
  npm_packages
  say "building dist/sampan"
  "$bun" "$root/scripts/build.ts" >&2 || fail "the build failed"
  ! running_daemon ||
    say "the daemon that runs is the build before this one; \"kill $pid\" ends it, its containers go on, the next command starts the new one"
}

setup_executable() {
  [ -w "$root" ] || fail "dist/sampan is missing or older than the sources, and $(cd "$root" && pwd) is not yours to write: run it as root"
  locked "$root/dist/.lock" build_if_stale || exit $?
}

# --- the daemon ------------------------------------------------------------------------------------------------------------

# Sets $pid. The process of the pid file is the daemon if it bears its name and has not come to its end: one that was killed bears
# it until its parent takes note. (A shell cannot ask a unix socket.)
running_daemon() {
  name= state=
  { read -r pid <"${socket%/*}/sampan.pid" && read -r _ name state _ <"/proc/$pid/stat"; } 2>/dev/null
  [ "$name" = "(sampan)" ] && [ "$state" != Z ] && [ -S "$socket" ]
}

answers() { "$executable" -H "unix://$socket" version >/dev/null 2>&1; }

start_daemon() {
  answers && return 0
  setup_packages $(missing_parts)
  say "starting the daemon (log: $daemon_log)"
  setsid "$executable" daemon </dev/null >>"$daemon_log" 2>&1 &
  daemon=$!
  tries=200
  while [ $((tries -= 1)) -gt 0 ] && kill -0 $daemon 2>/dev/null; do
    sleep 0.05 2>/dev/null || sleep 1
    [ -S "$socket" ] && answers && return 0
  done
  tail -n 5 "$daemon_log" >&2
  fail "the daemon does not answer on $socket; its log is $daemon_log"
}

setup_daemon() {
  if [ "$(id -u)" != 0 ]; then
    [ -w "$socket" ] && return
    fail "this needs root, or a running daemon and membership in the group \"sampan\": try sudo $0"
  fi
  locked "${socket%/*}/.lock" start_daemon || exit $?
}
