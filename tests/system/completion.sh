#!/bin/bash
# SPDX-License-Identifier: MIT
#
# completion.sh: bash completes what entente takes: commands, options, values,
# and the partnerships, parties and ids of a daemon.  Prints one line in Check's
# form.

cd "$(dirname "$0")/../.." || exit 1
. tests/daemon.sh
# shellcheck disable=SC1090 # made while building
. "${ENTENTE_MANUAL:-build/gcc/manual}/entente.bash" || exit 1
checks=0 failures=0

# Counted in a file: the completion asks in a subshell.
entente() {
    echo "$*" >>"$scratch/asked"
    "$ENTENTE" "$@"
}

# completes WANTED WORD...: after the words, the last of them begun, WANTED is
# all that bash would offer; with a + in front, it is among what it would.
completes() {
    local wanted=$1 offered
    shift
    COMP_LINE="entente $*"
    COMP_POINT=${#COMP_LINE}
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
    --occurred 2020 --title one --id first:1 >/dev/null || exit 1
"$ENTENTE" append --type offer --partnership acme-initech --party acme \
    --party initech --occurred 2021 --title 'One, "two"' --id second \
    --summary '3,4,5,trap,a,b,trap,' >/dev/null || exit 1

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
completes 'acme-globex acme-initech' state ''
completes 'acme-initech' append --partnership acme-i
completes 'acme-globex acme-initech' diff ''
completes 'timeline' help tim
completes '' ping ''

# the same name with other values
completes 'cloudevents' append --from cl
completes '' replay --from cl
completes 'ics' export --as i
completes '' append --source i
completes '' append --title a

# parties and ids, of the partnership that is named where one is
completes 'acme initech' party ''
completes 'initech' replay --party i
completes 'acme' append --partnership acme-globex --party ''
completes 'second' show s
completes 'second' correct --set title=T sec
completes 'second' append --re s
completes 'second' append --partnership=acme-initech --corrects ''
completes '' append --partnership acme-globex --disclosed-by s
completes 'second first:1' retract ''

# a word with a mark in it is replaced from there, as bash takes it apart
completes '1' show first:
completes '1' show --color never first:1
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
completes 'first:1' show first:
completes 'acme-globex' append --partnership=acme-g
completes 'always' --color=al

# the daemon that is named on the line is asked, and one that is not there
# leaves nothing behind but the words of the tables
completes 'acme-globex acme-initech' --socket "$ENTENTE_URL" state ''
asked=$(tail -n 1 "$scratch/asked")
[[ $asked == *"--socket $ENTENTE_URL"*'--timeout 1'* ]] || {
    failures=$((failures + 1))
    echo "FAIL asked: $asked"
}
completes '' --socket "unix:$scratch/nowhere" state ''
completes '' --socket "unix:$scratch/nowhere" show ''
completes '+--at' --socket "unix:$scratch/nowhere" state --
said=$(completes '' --socket "unix:$scratch/nowhere" party '' 2>&1)
[ -z "$said" ] || {
    failures=$((failures + 1))
    echo "FAIL said: $said"
}
checks=$((checks + 2))
daemon_stop || failures=$((failures + 1))

passed=$((checks - failures))
echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
