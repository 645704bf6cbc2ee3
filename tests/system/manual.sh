#!/bin/bash
# SPDX-License-Identifier: MIT
#
# manual.sh: mandoc has nothing to say about the manual pages, and the pages
# have what the programs have.  ENTENTE_MANUAL is the directory of the pages.
# Prints one line in Check's form.

manual=${ENTENTE_MANUAL:-build/gcc/manual}
checks=0 failures=0

# check NAME COMMAND...: one check; what the command prints is shown when it
# fails.
check() {
    local name=$1 said
    shift
    checks=$((checks + 1))
    if ! said=$("$@" 2>&1); then
        failures=$((failures + 1))
        printf 'FAIL %s\n%s\n' "$name" "$said"
    fi
}

# Which other manuals there are is not the pages' fault.
lint() {
    local said
    said=$(mandoc -T lint -W style "$1" 2>&1 |
        grep -v -e 'referenced manual not found' -e 'mandoc.db')
    printf '%s\n' "$said"
    [ -z "$said" ]
}

# Every option that a program's help names stands in its page.
has_options() {
    local page=$1 option missing=0
    shift
    text=$(mandoc -T ascii "$page" | sed 's|.\x08||g')
    options=$("$@" | grep -oE -e '--[a-z][a-z-]+' | sort -u)
    [ -n "$options" ] || return 1
    for option in $options; do
        grep -qF -e "$option" <<<"$text" || {
            echo "$page lacks $option"
            missing=1
        }
    done
    return $missing
}

help_of_all() {
    "$ENTENTE" help || return
    "$ENTENTE" help | sed -n '/^Commands/,/^Options/s/^  \([a-z][a-z-]*\) .*/\1/p' |
        while read -r command; do
            "$ENTENTE" help "$command" || exit
        done
}

for page in "$manual"/*.[1-8]; do
    check "${page##*/} is clean" lint "$page"
done
check 'entente(1) has every option' \
    has_options "$manual/entente.1" help_of_all
check 'entented(8) has every option' \
    has_options "$manual/entented.8" "$ENTENTED" --help

passed=$((checks - failures))
echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
