#!/bin/sh
# SPDX-License-Identifier: MIT
#
# coverage.sh BUILD: a table of the lines that the tests reached, by file, from
# what a build with --coverage left in BUILD.

cd "$(dirname "$0")/.." || exit 1

find proto daemon client -name '*.c' | sort | while read -r source; do
    gcov --no-output --object-directory "$1/$(dirname "$source")" "$source"
done 2>/dev/null | awk -F "[':% ]+" '
    /^File / { file = $2 }
    /^Lines executed/ && file ~ /^(proto|daemon|client)\/.*\.c$/ {
        count = $NF
        reached = int($3 * count / 100 + 0.5)
        printf "%6.1f %%  %5d of %5d  %s\n", $3, reached, count, file
        sum += count
        sum_reached += reached
        file = ""
    }
    END {
        if (sum == 0)
            exit 1
        printf "%6.1f %%  %5d of %5d  all\n", 100 * sum_reached / sum, \
            sum_reached, sum
    }'
