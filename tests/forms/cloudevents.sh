#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cloudevents.sh DIRECTORY: have the npm package `cloudevents` there, installed
# once.  Says why and fails where that cannot be.

VERSION=10.0.0
SECONDS_MAX=120

directory=$1
if [ -f "$directory/node_modules/cloudevents/package.json" ]; then
    exit 0
fi
for program in node npm; do
    command -v "$program" >/dev/null || {
        echo "$program is missing: apt-get install nodejs npm"
        exit 1
    }
done
# Made elsewhere and then renamed: two tests may do it at once.
mkdir -p "$(dirname "$directory")"
new=$(mktemp -d "$directory.XXXXXX") || exit 1
trap 'rm -rf "$new"' EXIT
if ! said=$(timeout "$SECONDS_MAX" npm install --prefix "$new" --no-audit \
    --no-fund --no-save "cloudevents@$VERSION" 2>&1); then
    printf '%s\n' "$said"
    echo "npm cannot install cloudevents $VERSION, which is needed to check" \
        "CloudEvents; is the npm registry reached?"
    exit 1
fi
mv -T "$new" "$directory" 2>/dev/null ||
    [ -f "$directory/node_modules/cloudevents/package.json" ]
