/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_TLS_PEER_H
#define TESTS_SYSTEM_TLS_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A client that speaks TLS to the daemon, or does it wrong.  It trusts
 * whatever certificate it is shown: what the daemon does with ours is what is
 * tested.
 */
struct tls_peer;

struct tls_peer_options {
    const char *cert, *key; /* ours; NULL: none */
    int version_max;        /* OpenSSL's number; 0: any */
};

/* A connected socket, on which nothing was said; and a handshake on it, as
 * tls_peer_open, which takes it. */
int tls_peer_socket(uint16_t port);
struct tls_peer *tls_peer_begin(int fd, const struct tls_peer_options *options);

/* Connect and do the handshake; NULL when the daemon refuses it. */
struct tls_peer *tls_peer_open(uint16_t port,
                               const struct tls_peer_options *options);

/* Goodbye and close. */
void tls_peer_close(struct tls_peer *peer);

/* Close without a goodbye. */
void tls_peer_cut(struct tls_peer *peer);

/* Send; each `piece` bytes in a record of their own, 0: as they come. */
void tls_peer_send(struct tls_peer *peer, const void *bytes, size_t size,
                   size_t piece);

/* Send what can be sent at once; false when the daemon has closed. */
bool tls_peer_try(struct tls_peer *peer, const void *bytes, size_t size);

/* The next message, or NULL when the daemon has closed. */
json_t *tls_peer_message(struct tls_peer *peer);

/* Call: NULL when the daemon closes, else [1, msgid, error, result]. */
json_t *tls_peer_call(struct tls_peer *peer, const char *method,
                      const char *arguments);

/* The daemon gave it something to resume with, or to send early data. */
bool tls_peer_can_resume(const struct tls_peer *peer);

/* The descriptor under it. */
int tls_peer_fd(const struct tls_peer *peer);

/* True once the daemon has closed; waits for that or for a byte. */
bool tls_peer_await_close(struct tls_peer *peer);

#endif
