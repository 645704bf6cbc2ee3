/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_TLS_H
#define DAEMON_TLS_H

#include "daemon/access.h"

#include <openssl/types.h>

/*
 * TLS for listeners: version 1.3 alone, one certificate of ours, and, where
 * there is an authority for them, certificates of clients.
 *
 * No session is ever resumed and no early data taken: a replayed handshake
 * must not replay an append.  Knows OpenSSL, and neither sockets nor libevent.
 */

struct tls_options {
    const char *certificate; /* a PEM chain, ours first */
    const char *key;         /* PEM, for nobody else's eyes */
    const char *client_ca;   /* PEM; NULL: clients show no certificate */
    const char *revoked;     /* PEM revocation lists of that authority, NULL */
    bool client_required;    /* no handshake without a certificate */
};

struct tls;

/* Read all files.  0, or a negative errno with `reason` set. */
int tls_load(const struct tls_options *options, struct tls **loaded,
             struct diag_reason *reason) __attribute__((warn_unused_result));
void tls_free(struct tls *tls);

/* What a new connection needs; the caller owns it.  It outlives `tls`. NULL
 * without memory. */
SSL *tls_accept(struct tls *tls) __attribute__((warn_unused_result));
void tls_release(SSL *ssl); /* NULL is legal */

/*
 * The role that the rules give to the certificate of a peer that has done its
 * handshake; nobody without one.  Where `tls` is not what the handshake was
 * done with, the certificate is verified again: it may be revoked by now.
 */
enum service_role tls_role(struct tls *tls, SSL *ssl,
                           const struct access_rules *rules);

/* Why a handshake failed: `code` is OpenSSL's, 0 for none. */
const char *tls_why(const SSL *ssl, unsigned long code);

/* Tell the peer that nothing more comes (close_notify). */
void tls_goodbye(SSL *ssl);

#endif
