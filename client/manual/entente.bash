# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Completion of entente(1) for bash, made from the client's own tables.  What
# only the log knows is asked of the daemon, of no more than the newest events,
# and for no longer than a second; a daemon that is not there offers nothing.

_ENTENTE_NEWEST=1000

# Of words, those that go on with what is typed.
_entente_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

_entente_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
}

_entente_ask() {
    entente "${daemon[@]}" --timeout 1 --format csv "$@" 2>/dev/null |
        sed 1d | head -n "$_ENTENTE_NEWEST"
}

# The newest events, of the partnership that is named already: lines that
# begin with seq, rev, recorded, id, type, partnership, parties.
_entente_events() {
    _entente_ask replay --reverse --limit "$_ENTENTE_NEWEST" "${partnership[@]}"
}

_entente_partnerships() {
    _entente_words "$(_entente_ask list |
        sed -n 's/^\([a-z0-9][a-z0-9._-]*\),.*/\1/p')"
}

_entente_ids() {
    _entente_words "$(_entente_events |
        sed -n 's/^[0-9]*,[0-9]*,[0-9]*,\([A-Za-z0-9][A-Za-z0-9._:-]*\),.*/\1/p')"
}

_entente_parties() {
    _entente_words "$(_entente_events |
        sed -n 's/^[0-9]*,[0-9]*,[0-9]*,[^,]*,[^,]*,[^,]*,\([a-z0-9._;-]*\),.*/\1/p' |
        tr ';' '\n' | sort -u)"
}

# What `_entente` knows of the line, all local to it: word is what is typed,
# before the option that it is the value of.
_entente_value() {
    case "$command $before" in
.\" @values@
    *' '--partnership) _entente_partnerships ;;
    *' '--party) _entente_parties ;;
    *' '--re | *' '--corrects | *' '--disclosed-by) _entente_ids ;;
    *' '--ca | *' '--cert | *' '--key | *' '--file | *' '--config) _entente_files ;;
    esac
}

_entente_operand() {
    case $command in
    '') _entente_words "$commands" ;;
.\" @operands@
    esac
}

_entente_options() {
    local options=''
    case $command in
.\" @options@
    esac
    _entente_words "$options $globals"
}

# bash takes a word apart at each of COMP_WORDBREAKS, a URL or an id too, and
# replaces only the last piece.
_entente_last_piece() {
    local piece=$1 mark
    for mark in : =; do
        [[ $COMP_WORDBREAKS != *"$mark"* ]] || piece=${piece##*"$mark"}
    done
    COMPREPLY=("${COMPREPLY[@]#"${1%"$piece"}"}")
}

_entente() {
.\" @commands@
.\" @globals@
.\" @valued@
    local line=${COMP_LINE:0:COMP_POINT} words word whole before command='' i
    local daemon=() partnership=()
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=('')
    whole=${words[-1]} word=${words[-1]} before=${words[-2]}

    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        --socket | --ca | --cert | --key)
            daemon+=("${words[i]}" "${words[i + 1]}")
            ;;
        --socket=* | --ca=* | --cert=* | --key=*) daemon+=("${words[i]}") ;;
        --partnership) partnership=(--partnership "${words[i + 1]}") ;;
        --partnership=*) partnership=("${words[i]}") ;;
        esac
        case ${words[i]} in
        -*) [[ $valued != *" ${words[i]} "* ]] || ((i++)) ;;
        *) [ -n "$command" ] || command=${words[i]} ;;
        esac
    done
    case $command in
.\" @more valued@
    esac
    if [[ $word == --*=* ]]; then
        before=${word%%=*} word=${word#*=}
    fi

    _entente_value
    if [ "$word" != "$whole" ]; then # --option=value
        COMPREPLY=("${COMPREPLY[@]/#/$before=}")
    elif [[ $valued != *" $before "* ]]; then
        if [[ $word == -* ]]; then
            _entente_options
        else
            _entente_operand
        fi
    fi
    _entente_last_piece "$whole"
}

complete -F _entente entente
