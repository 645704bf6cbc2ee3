/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_HANDLE_H
#define CLIENT_LIB_HANDLE_H

#include "client/entente.h"
#include "client/lib/socket.h"
#include "client/lib/tls.h"
#include "client/lib/url.h"
#include "proto/rpc.h"

/* What a handle is inside, and what the library's files share of it. */

struct entente {
    struct url url;
    int fd; /* -1: not connected */
    struct tls_client tls;
    SSL *ssl;    /* of the connection; NULL: no TLS, or not connected */
    char *token; /* to be shown first; NULL: none */
    char why[TLS_WHY_SIZE]; /* of -EPROTO */
    int timeout_ms;
    struct socket_limits limits; /* of the call that is running */

    uint32_t msgid; /* of the last request */
    struct mp_buf request;

    struct mp_buf input; /* bytes received */
    size_t taken;        /* of them, the message handed out last */
    size_t scanned;      /* behind it, bytes that the scanner has seen */
    struct rpc_scanner scanner;

    struct mp_buf error_map; /* of the last refusal */
};

static inline struct span
span_from_bytes(struct entente_bytes bytes)
{
    return (struct span){bytes.data, bytes.size};
}

static inline struct entente_bytes
bytes_from_span(struct span span)
{
    return (struct entente_bytes){span.data, span.size};
}

/* --- connection.c ---------------------------------------------------------*/

/* Give a call its whole timeout, from now. */
void handle_begin(struct entente *handle);

/* Drop the connection, if there is one, and what it left behind. */
void handle_disconnect(struct entente *handle);

/* As the public functions, within the limits of the running call. */
enum entente_result handle_send(struct entente *handle, const char *method,
                                struct span params,
                                struct entente_error *error);
enum entente_result handle_next(struct entente *handle,
                                struct entente_message *message,
                                struct entente_error *error);

/* --- call.c ---------------------------------------------------------------*/

/* One request and its answer; other messages are dropped. */
enum entente_result handle_exchange(struct entente *handle, const char *method,
                                    struct span params,
                                    struct entente_bytes *answer,
                                    struct entente_error *error);

/* What a failed try is worth: retried when the caller allows it. */
struct retry {
    int64_t pause_ms; /* before the next try */
    bool is_append;   /* ids make more errors worth a retry */
};

void retry_init(struct retry *retry, bool is_append);

/*
 * After `result`, which is not ENTENTE_OK: pause, and true to try again.
 * False to give up with `result`.
 */
bool retry_wait(struct entente *handle, struct retry *retry,
                enum entente_result *result, struct entente_error *error);

/* The same without a pause: whether to try again at all, and the pause that
 * is due before, where `left_ms` are left for all tries. */
bool retry_is_worth(const struct retry *retry, enum entente_result result,
                    const struct entente_error *error);
int64_t retry_pause_ms(struct retry *retry, int64_t left_ms,
                       const struct entente_error *error);

/* --- error.c --------------------------------------------------------------*/

void error_clear(struct entente_error *error);

/* Set code and message (printf) and return `result`. */
enum entente_result error_set(struct entente_error *error,
                              enum entente_result result, const char *code,
                              const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ENTENTE_REFUSED, from the error of a response. */
enum entente_result error_from_map(struct entente_error *error,
                                   struct span map);

/* From a negative errno of socket.h. */
enum entente_result error_from_errno(struct entente_error *error, int rc,
                                     const struct url *url);

#endif
