#!/bin/bash
# SPDX-License-Identifier: MIT
#
# completion.sh: bash completes what entente takes: commands, options, values,
# and the partnerships of a daemon.  Prints one line in Check's form.

cd "$(dirname "$0")/../.." || exit 1
. tests/daemon.sh
# shellcheck disable=SC1090 # made while building
. "${ENTENTE_MANUAL:-build/gcc/manual}/entente.bash" || exit 1
checks=0 failures=0

entente() {
    "$ENTENTE" "$@"
}

# completes WANTED WORD...: after the words, the last of them begun, WANTED is
# all that bash would offer; with a + in front, it is among what it would.
completes() {
    local wanted=$1 offered
    shift
    COMP_WORDS=(entente "$@") COMP_CWORD=$#
    _entente
    offered=${COMPREPLY[*]}
    checks=$((checks + 1))
    case $wanted in
    +*) [[ " $offered " == *" ${wanted#+} "* ]] ;;
    *) [ "$offered" = "$wanted" ] ;;
    esac || {
        failures=$((failures + 1))
        echo "FAIL entente $*: \"$offered\" instead of \"$wanted\""
    }
}

daemon_start || exit 1
"$ENTENTE" append --type note --partnership acme-globex --party acme \
    --occurred 2020 --title one >/dev/null || exit 1

completes 'timeline' ti
completes '+append' ''
completes '+state' --format json ''
completes '--timeout' --ti
completes 'always' --color al
completes '+jsonl' --format js
completes '--dry-run' append --dry
completes '+--socket' append --
completes 'meeting' append --type mee
completes 'alleged' append --certainty al
completes 'acme-globex' state ''
completes 'acme-globex' append --partnership acme
completes 'timeline' help tim
completes '' ping ''
daemon_stop || failures=$((failures + 1))

passed=$((checks - failures))
echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
