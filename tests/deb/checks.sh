# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# To be sourced: checks that are counted.

checks=0 failures=0
checks_said=$(mktemp) || exit 1

# check NAME COMMAND...: what the command prints is shown when it fails.  Not in
# a subshell: a command may start what a later one ends.
check() {
    local name=$1
    shift
    checks=$((checks + 1))
    if "$@" >"$checks_said" 2>&1; then
        echo "ok   $name"
    else
        failures=$((failures + 1))
        echo "FAIL $name"
        sed 's/^/     /' "$checks_said"
    fi
}

# In Check's form; fails when a check did.
tally() {
    rm -f "$checks_said"
    local passed=$((checks - failures))
    echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
    [ "$failures" -eq 0 ]
}
