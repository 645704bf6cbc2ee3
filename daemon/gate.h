/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_GATE_H
#define DAEMON_GATE_H

#include "daemon/settings.h"
#include "daemon/tls.h"
#include "daemon/tokens.h"

/*
 * The gate: all that decides about the role of a connection, as it was when
 * the configuration was read.  SIGHUP replaces it as a whole, or leaves it.
 */
struct gate {
    struct access_rules rules;
    struct tokens *tokens; /* NULL: none are configured */
    struct tls *tls;       /* NULL: no certificate is */
};

/*
 * Read tokens and certificates and take the rules out of `settings`.  0, or a
 * negative errno with `reason` set.
 */
int gate_open(struct gate *gate, struct settings *settings,
              struct diag_reason *reason) __attribute__((warn_unused_result));
void gate_close(struct gate *gate);

/* How a client came, and what it has shown. */
struct gate_peer {
    int fd;
    bool is_unix;
    SSL *ssl;                         /* its handshake may not be over; NULL */
    const struct tokens_proof *proof; /* of a token; NULL: none */
};

/*
 * Its role (PROTOCOL.md, "Roles"): the higher one of that which its
 * credentials, its certificate or TCP on loopback give, and that of its token.
 */
enum service_role gate_role(const struct gate *gate,
                            const struct gate_peer *peer);

/* A token could give it a better role. */
bool gate_can_authenticate(const struct gate *gate,
                           const struct gate_peer *peer);

#endif
