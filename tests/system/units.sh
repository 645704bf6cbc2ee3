#!/bin/bash
# SPDX-License-Identifier: MIT
#
# units.sh: what systemd itself says of the units: no fault in any, and an
# exposure of the service of at most EXPOSURE_MAX tenths.  Prints one line in
# Check's form.

EXPOSURE_MAX=5

cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
checks=0 failures=0

check() {
    local name=$1 said
    shift
    checks=$((checks + 1))
    if ! said=$("$@" 2>&1); then
        failures=$((failures + 1))
        printf 'FAIL %s\n%s\n' "$name" "$said"
    fi
}

# Some faults are warnings only, so it must be silent too.  Manual pages are
# not installed where this runs.
verify() {
    local said
    said=$(systemd-analyze verify --man=no "$scratch"/*.service \
        "$scratch"/*.socket 2>&1) && [ -z "$said" ]
    local status=$?
    printf '%s\n' "$said"
    return $status
}

listens_nowhere_but() {
    [ "$(sed -n 's/^ListenStream=//p' "$1")" = "$2" ]
}

sed "s|^ExecStart=/usr/sbin/entented|ExecStart=$(realpath "$ENTENTED")|" \
    systemd/entented.service >"$scratch/entented.service"
cp systemd/*.socket "$scratch"

check 'the units are clean' verify
check 'the service is hardened' systemd-analyze security --offline=true \
    --threshold=$EXPOSURE_MAX "$scratch/entented.service"
check 'the socket is for the group alone' \
    grep -qx -e SocketMode=0660 systemd/entented.socket
check 'TCP is for this machine alone' \
    listens_nowhere_but systemd/entented-tcp.socket 127.0.0.1:7217
mkdir "$scratch/etc"
check 'the user can be made' systemd-sysusers --root="$scratch" \
    "$PWD/systemd/entente.sysusers"
check 'the user is there then' grep -q '^entente:' "$scratch/etc/passwd"

passed=$((checks - failures))
echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
