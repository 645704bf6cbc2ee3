#!/bin/bash
# SPDX-License-Identifier: MIT
#
# install.sh: `make install` puts everything where it belongs, a program can be
# built with what it installed, and `make uninstall` takes all of it out again
# but a configuration that was changed.  Prints one line in Check's form.

cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
checks=0 failures=0
to=(DESTDIR="$scratch" PREFIX=/usr BUILD="$(dirname "$ENTENTED")")

check() {
    local name=$1 said
    shift
    checks=$((checks + 1))
    if ! said=$("$@" 2>&1); then
        failures=$((failures + 1))
        printf 'FAIL %s\n%s\n' "$name" "$said"
    fi
}

is_installed() {
    local path missing=0
    for path; do
        [ -s "$scratch/$path" ] || {
            echo "no $path"
            missing=1
        }
    done
    return $missing
}

# A program that only needs to link and to say that nobody listens.
program_builds() {
    cat >"$scratch/program.c" <<'END'
#include <entente.h>
#include <string.h>
int main(void)
{
    struct entente_error error;
    struct entente *daemon =
        entente_connect("unix:/nobody/listens", NULL, &error);
    return daemon == NULL && strcmp(error.code, "lost") == 0 ? 0 : 1;
}
END
    local flags
    flags=$(PKG_CONFIG_PATH=$scratch/usr/lib/pkgconfig \
        PKG_CONFIG_SYSROOT_DIR=$scratch pkg-config --cflags --libs \
        entente) || return
    # shellcheck disable=SC2086 # flags are words
    "${CC:-cc}" ${SAN:+-fsanitize=$SAN} -o "$scratch/program" \
        "$scratch/program.c" $flags &&
        ASAN_OPTIONS=detect_leaks=0 LD_LIBRARY_PATH=$scratch/usr/lib \
            "$scratch/program"
}

nothing_is_left() {
    local left
    left=$(find "$scratch/usr" "$scratch/etc" ! -type d)
    printf '%s\n' "$left"
    [ -z "$left" ]
}

units=usr/lib/systemd/system
check 'make install' make install "${to[@]}"
check 'everything is there' is_installed usr/bin/entente usr/sbin/entented \
    usr/include/entente.h \
    usr/share/bash-completion/completions/entente usr/lib/libentente.so usr/lib/libentente.a \
    usr/lib/pkgconfig/entente.pc usr/share/man/man1/entente.1 \
    usr/share/man/man5/entented.conf.5 etc/entente/entented.conf \
    usr/share/man/man7/entente-events.7 usr/share/man/man8/entented.8 \
    $units/entented.service $units/entented.socket \
    $units/entented-tcp.socket $units/entented-tls.socket \
    usr/lib/sysusers.d/entente.conf
check 'a program builds with the shared library' program_builds
check 'the service starts what was installed' \
    grep -qx ExecStart=/usr/sbin/entented "$scratch/$units/entented.service"
check 'make uninstall' make uninstall "${to[@]}"
check 'nothing is left' nothing_is_left

passed=$((checks - failures))
echo "$((100 * passed / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
