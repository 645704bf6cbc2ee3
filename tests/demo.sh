#!/bin/bash
# SPDX-License-Identifier: MIT
#
# demo.sh: a session on the example events, for `make demo` and the README.
# Wants ENTENTED, ENTENTE (the programs) and ENTENTE_EXAMPLES (a folder).

set -e
PATH=$(cd "$(dirname "$ENTENTE")" && pwd):$PATH
. "$(dirname "$0")/daemon.sh"

# Show a command and run it.
show() {
    printf '+ %s\n' "$*"
    "$@"
    echo
}

# What a reader wants of a demo, also where it is sent into a file.
ask() {
    show entente --format text "$@"
}

daemon_start
ask append "$ENTENTE_EXAMPLES"/{microsoft,amazon}-openai.jsonl

echo "# Where the two stood in February 2018, as far as is known today ..."
ask state microsoft-openai --at 2018-02
echo "# ... and as far as the public knew then."
ask state microsoft-openai --at 2018-02 --then
echo "# What had happened by then and was not public:"
ask gap microsoft-openai --at 2018-02 --known 2018-02

echo "# The same partnership after the first billion, the third phase and the"
echo "# recapitalisation."
for day in 2019-08 2023-02 2025-11; do
    ask state microsoft-openai --at $day
done
daemon_stop
