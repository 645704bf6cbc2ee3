/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_CERTIFICATES_H
#define TESTS_SYSTEM_CERTIFICATES_H

#include <stdbool.h>

#include "tests/system/scratch.h"

/*
 * Certificates, made for the running test in its directory and valid around
 * the present moment, so that no test depends on the day.
 */

/* Who issues: NAME.pem, and nothing of its key. */
struct authority;

struct authority *authority_new(const char *directory, const char *name);
void authority_free(struct authority *authority);
const char *authority_path(const struct authority *authority);

struct certificate {
    char path[SCRATCH_PATH_SIZE]; /* NAME.pem */
    char key[SCRATCH_PATH_SIZE];  /* NAME.key, 0600 */
    char spki[65];                /* SHA-256 of its public key, in hex */
};

struct certificate_wish {
    const char *name;    /* of the files, and its common name */
    const char *san;     /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    const char *purpose; /* "serverAuth" or "clientAuth" */
    long begins_s;       /* from now; both 0: yesterday to tomorrow */
    long ends_s;
    bool revoked; /* goes on the next list of the authority */
};

/* Issue one; fails the running test when that cannot be done. */
void certificate_make(struct authority *authority,
                      const struct certificate_wish *wish,
                      struct certificate *certificate);

/* Write the list of those revoked so far to `path`. */
void authority_write_revoked(struct authority *authority, const char *path);

#endif
