# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# To be sourced by bash scripts: a daemon of their own in a scratch directory.
# ENTENTED names the program.  The daemon is stopped and the directory removed
# when the script ends, however it ends.

# Longer than a start takes on a slow machine under a sanitizer.
DAEMON_SECONDS_MAX=60

scratch=$(mktemp -d) || exit 1
daemon_pid=
trap daemon_clean EXIT
trap 'exit 130' INT TERM

# Start it, wait until it serves, and tell `entente` by ENTENTE_URL where.
daemon_start() {
    mkfifo "$scratch/said" || return 1
    "$ENTENTED" --data "$scratch/data" --listen "unix:$scratch/socket" \
        2>"$scratch/said" &
    daemon_pid=$!
    # Kept open: what the daemon says later must have a reader.
    exec {daemon_said}<"$scratch/said"
    export ENTENTE_URL=unix:$scratch/socket
    local line
    while read -r -t "$DAEMON_SECONDS_MAX" -u "$daemon_said" line; do
        [ "$line" != ready ] || return 0
        case $line in
        'listening on '*) ;;
        *) echo "entented: $line" >&2 ;;
        esac
    done
    echo "the daemon did not become ready" >&2
    return 1
}

# Stop it as a service manager would; its exit status.
daemon_stop() {
    local pid=$daemon_pid
    daemon_pid=
    kill -TERM "$pid" && wait "$pid"
}

daemon_clean() {
    if [ -n "$daemon_pid" ]; then
        kill -KILL "$daemon_pid"
        wait "$daemon_pid" 2>/dev/null
    fi
    rm -rf "$scratch"
}
