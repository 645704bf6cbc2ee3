#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh LOGS PROGRAM...: run test programs, each for a bounded time, and keep
# what each prints in LOGS.  A program fails when it exits with anything but 0,
# when no line of it is Check's "NN%: Checks: N, Failures: N, Errors: N", and
# when that line tells of no check or of a failure.  The last line is the sum,
# in Check's form; a program without its line counts as one error.
#
# RUN_UNDER is put in front of each program (valgrind).

SECONDS_MAX=${SECONDS_MAX:-300}

logs=$1
shift
mkdir -p "$logs"

checks=0 failures=0 errors=0 failed=0

# The sums of all of Check's lines in a log: "checks failures errors".
tally() {
    sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' "$1" |
        awk '{ c += $1; f += $2; e += $3 } END { print c + 0, f + 0, e + 0 }'
}

run() {
    local name log status c f e
    name=${1##*tests/}
    log=$logs/${name//\//-}.log
    # shellcheck disable=SC2086 # RUN_UNDER is a command and its options
    timeout --kill-after=10 "$SECONDS_MAX" $RUN_UNDER "$1" >"$log" 2>&1
    status=$?
    read -r c f e < <(tally "$log")
    if [ "$status" -ne 0 ] || [ "$c" -eq 0 ] || [ $((f + e)) -gt 0 ]; then
        failed=1
        [ $((f + e)) -gt 0 ] || e=1 # failed outside of any check
        sed "s|^|$name: |" "$log"
        [ "$status" -ne 124 ] || echo "$name: over $SECONDS_MAX s, stopped"
        echo "FAIL $name: exit status $status, log in $log"
    else
        echo "ok   $name: $c checks"
    fi
    checks=$((checks + c)) failures=$((failures + f)) errors=$((errors + e))
}

for program; do
    run "$program"
done

passed=$((checks - failures - errors))
percent=0
[ "$checks" -eq 0 ] || [ "$passed" -lt 0 ] || percent=$((100 * passed / checks))
[ "$checks" -gt 0 ] || failed=1
echo "$percent%: Checks: $checks, Failures: $failures, Errors: $errors"
exit $failed
