#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh PACKAGE...: install those Debian packages that are missing.  Says
# nothing and needs no rights when none is.  With NO_SERVICES set, services of
# theirs are not started (invoke-rc.d and deb-systemd-invoke ask policy-rc.d).

# Elsewhere than on Debian the compiler tells what is missing.
command -v dpkg-query >/dev/null || exit 0

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" \
    2>/dev/null | sed -n 's/^installed //p')
missing=
for package; do
    printf '%s\n' "$installed" | grep -qxF -e "$package" ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing$missing"
policy=/usr/sbin/policy-rc.d
if [ -n "${NO_SERVICES:-}" ] && [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
fi
# shellcheck disable=SC2086 # several words are meant
$as_root apt-get update -q &&
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing
