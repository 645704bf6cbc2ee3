# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Completion of entente(1) for bash, made from the client's own tables.

_entente_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_entente_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}

# A daemon that does not answer at once is not waited for.
_entente_partnerships() {
    _entente_words "$(entente --timeout 1 --format jsonl list 2>/dev/null |
        sed -n 's/^{"partnership": *"\([a-z0-9._-]*\)".*/\1/p')"
}

_entente() {
.\" @commands@
.\" @globals@
.\" @valued@
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' options='' i
    COMPREPLY=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -*) [[ $valued != *" ${COMP_WORDS[i]} "* ]] || ((i++)) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done

    case $before in
.\" @values@
    --partnership) _entente_partnerships ;;
    --ca | --cert | --key | --file | --config) _entente_files ;;
    esac
    [ ${#COMPREPLY[@]} -eq 0 ] || return

    case $command in
.\" @options@
    esac
    if [[ $word == -* ]]; then
        _entente_words "$options $globals"
        return
    fi
    case $command in
    '') _entente_words "$commands" ;;
.\" @operands@
    esac
}

complete -o filenames -F _entente entente
