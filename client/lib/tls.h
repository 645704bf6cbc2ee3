/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_TLS_H
#define CLIENT_LIB_TLS_H

#include <openssl/bio.h>
#include <sys/types.h>

#include "client/lib/socket.h"

/*
 * TLS 1.3 on a connected socket.  The daemon has to show a certificate of a
 * trusted authority that names the host; ours is shown if there is one.  No
 * write raises a signal.  Knows no message.
 */

/* What tells of a failure, with its NUL. */
#define TLS_WHY_SIZE ((size_t)256)

/* What all connections of a handle share. */
struct tls_client {
    SSL_CTX *context;
    BIO_METHOD *method;
};

/*
 * `ca` NULL: the authorities that the system trusts; `cert` and `key` NULL: no
 * certificate of ours.  NULL, or what is wrong in `why`; tls_client_deinit in
 * either case.
 */
const char *tls_client_init(struct tls_client *client, const char *ca,
                            const char *cert, const char *key,
                            char why[TLS_WHY_SIZE])
    __attribute__((warn_unused_result));
void tls_client_deinit(struct tls_client *client);

/*
 * Do the handshake on a non-blocking socket, which stays the caller's.  0, or
 * a negative errno of socket.h; -EPROTO with `why`.
 */
int tls_connect(const struct tls_client *client, int fd, const char *host,
                const struct socket_limits *limits, SSL **connected,
                char why[TLS_WHY_SIZE]) __attribute__((warn_unused_result));

/* As recv and send: how many bytes, 0 for the end, or a negative errno;
 * -EAGAIN when the socket has to be waited for; -EPROTO with `why`. */
ssize_t tls_read(SSL *ssl, void *bytes, size_t size, char why[TLS_WHY_SIZE]);
ssize_t tls_write(SSL *ssl, const void *bytes, size_t size,
                  char why[TLS_WHY_SIZE]);

/* Says goodbye, without waiting, and frees it. */
void tls_close(SSL *ssl);

#endif
