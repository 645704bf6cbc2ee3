#!/bin/sh
# SPDX-License-Identifier: MIT
#
# layers.sh: which part may include what.  Fails with file:line of each
# include that crosses a layer.  Run it at the top of the tree.

crossed=0

# forbid RULE HEADER EXEMPT FIND...: a file that `find FIND...` finds must not
# include what matches HEADER, unless that also matches EXEMPT (both are
# extended regular expressions of what stands behind #include).
forbid() {
    rule=$1 header=$2 exempt=$3
    shift 3
    found=$(find "$@" -name '*.[ch]' -exec \
        grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*($header)" \
        /dev/null {} + | grep -vE "include[[:space:]]*($exempt)")
    [ -n "$found" ] || return 0
    printf '%s\n' "$found" | sed "s|\$|  /* $rule */|"
    crossed=1
}

none='^$'

forbid 'proto/ includes of ours only proto/' '"' '"proto/' proto
forbid 'client/ does not know the daemon' '"daemon/' "$none" client
forbid 'daemon/ does not know the client' '"client/' "$none" daemon
forbid 'the library does not know its program' '"client/' \
    '"client/(lib/|entente\.h)' client/lib
forbid 'entente.h stands alone' '"' "$none" client/entente.h
forbid 'only the log and the views know LMDB' '<lmdb\.h' "$none" \
    proto client daemon ! -path 'daemon/env.h' ! -path 'daemon/log*' \
    ! -path 'daemon/views*' ! -path 'daemon/blocks.h'
forbid 'only the loop and its connections know libevent' '<event2?/|<event\.h' \
    "$none" proto client daemon ! -path 'daemon/server*' \
    ! -path 'daemon/leader.c' ! -path 'daemon/conn*' ! -path 'daemon/main.c'
forbid 'only these know the service manager' '<systemd/' "$none" \
    proto client daemon ! -path 'daemon/watch.c' ! -path 'daemon/inherit.c' \
    ! -path 'daemon/journal.c'
forbid 'the daemon reads MessagePack through proto/' '<msgpack' "$none" daemon

exit $crossed
