#!/usr/bin/env bash
# `npm test`: sets up what is missing (npm packages, system packages, the executable), then runs every suite.
# The last line is "N passed, N failed".
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/setup.sh"

npm_packages
# What the tests look with, besides what Sampan itself needs.
missing_tools() {
  have docker || echo docker-client
  have getfattr || echo attr
  have dig || echo dig
  have nc || echo nc
  for tool in nft runc skopeo docker-registry openssl bzip2 xz zstd perl; do have $tool || echo $tool; done
  have lxc-start || echo lxc
  have docker-compose || echo docker-compose
  /usr/bin/python3 -c "import docker" 2>/dev/null || echo python-docker
}
# Debian's lxc makes a bridge as soon as it is installed. The tests need its programs alone: no service is started meanwhile.
policy=/usr/sbin/policy-rc.d
quiet=
if ! have lxc-start && [ "$(id -u)" = 0 ] && [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && quiet=yes
  trap 'rm -f $policy' EXIT
fi
# shellcheck disable=SC2046
setup_packages $(missing_parts) $(missing_tools)
[ -z "$quiet" ] || rm -f $policy
trap - EXIT
setup_executable

PATH="$root/node_modules/.bin:$PATH:/usr/sbin:/sbin" exec "$bun" "$root/scripts/test.ts" "$@" </dev/null
