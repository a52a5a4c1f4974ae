#!/usr/bin/env bash
# `npm test`: sets up what is missing (npm packages, system packages, the executable), then runs every suite.
# The last line is "N passed, N failed".
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/setup.sh"

npm_packages
have docker || setup_packages docker-client
# shellcheck disable=SC2046
setup_packages $(missing_parts)
setup_executable

PATH="$root/node_modules/.bin:$PATH:/usr/sbin:/sbin" exec "$bun" "$root/scripts/test.ts" "$@" </dev/null
