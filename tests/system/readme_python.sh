#!/bin/bash
# SPDX-License-Identifier: MIT
#
# readme_python.sh: the Python example of README.md works.  Cuts it out, runs
# it against a daemon, and asks for the event that it appended.  Prints one line
# in Check's form, so that it counts as one check.

cd "$(dirname "$0")/../.." || exit 1
. tests/daemon.sh

example_works() {
    sed -n '/^```python$/,/^```$/p' README.md | sed '/^```/d' \
        >"$scratch/example.py"
    [ -s "$scratch/example.py" ] || return 1
    daemon_start || return 1
    "${PYTHON:-python3}" "$scratch/example.py" "$scratch/socket" || return 1
    "$ENTENTE" --format json show acme-globex-first-call >"$scratch/event" ||
        return 1
    cat "$scratch/event"
    grep -q '"occurred": *"2024-05"' "$scratch/event" && daemon_stop
}

if example_works; then
    echo '100%: Checks: 1, Failures: 0, Errors: 0'
else
    echo '0%: Checks: 1, Failures: 1, Errors: 0'
    exit 1
fi
