/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_TLS_FIXTURE_H
#define TESTS_SYSTEM_TLS_FIXTURE_H

#include "tests/system/access_fixture.h"
#include "tests/system/certificates.h"
#include "tests/system/tls_peer.h"

/*
 * A daemon that listens with TLS and on its Unix socket, two authorities, of
 * which it trusts one, and a certificate for it that names localhost.
 */

#define TLS_CONF_SIZE ((size_t)4096)
#define TLS_DAY_S (24L * 3600)

extern struct authority *tls_authority, *tls_foreign;
extern struct certificate tls_server;
extern char tls_revoked[SCRATCH_PATH_SIZE]; /* tls_authority's list */

/* Checked fixtures; nothing runs at first. */
void tls_begin(void);
void tls_end(void);

/* Write the configuration; `more` begins in its section [tls]. */
void tls_configure(const char *more);

/* Write it and start the daemon. */
void tls_start(const char *more);

/* To begin `more` with: a map from certificates to roles. */
void tls_rules(char rules[TLS_CONF_SIZE], bool required, const char *more);

uint16_t tls_port(void);

/* Connect; with a certificate, or without one for NULL. */
struct tls_peer *tls_connect_with(const struct certificate *certificate);

/* A certificate that tls_rules gives the role `append`. */
void tls_append_certificate(struct certificate *certificate);

/* What comes of a call: a role, an error's code, or "closed". */
#define TLS_OUTCOME_SIZE ((size_t)64)
const char *tls_outcome(struct tls_peer *peer, char outcome[TLS_OUTCOME_SIZE]);

#endif
