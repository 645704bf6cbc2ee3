/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "client/entente.h"
#include "client/output.h"

/*
 * What a command works with: the connection, made when it is first needed,
 * and the output.  Failures are told to the user here, once.
 */

/* Exit statuses, cli.md. */
enum client_status {
    CLIENT_DONE = 0,
    CLIENT_REFUSED = 1, /* by the daemon, or stopped half way */
    CLIENT_USAGE = 2,
    CLIENT_NO_CONNECTION = 3,
    CLIENT_NOT_FOUND = 4,
    CLIENT_INTERRUPTED = 130, /* 128 + SIGINT, as a shell has it */
};

struct client {
    const char *command; /* its name, for messages */
    const char *url;     /* NULL: the default */
    int timeout_ms;
    const char *ca, *cert, *key; /* files, or NULL */
    struct entente *daemon;      /* NULL until connected */
    struct output out;
};

void client_deinit(struct client *client);

/* Connect if that was not done. */
enum client_status client_connect(struct client *client)
    __attribute__((warn_unused_result));

/*
 * Call a method; on CLIENT_DONE `*result` borrows until the next call.
 * Anything else was told to the user.
 */
enum client_status client_call(struct client *client, const char *method,
                               struct span params, struct span *result)
    __attribute__((warn_unused_result));

/* Tell the user of an error of the library, and what exit status it is. */
enum client_status client_fail(enum entente_result result,
                               const struct entente_error *error);

/* The exit status of each outcome, without a word. */
enum client_status client_status_of(enum entente_result result,
                                    const struct entente_error *error);

/* Tell the user that the command line is wrong (printf). */
enum client_status client_usage(const struct client *client, const char *format,
                                ...) __attribute__((format(printf, 2, 3)));

/* False once nobody reads the output, or the user has interrupted. */
bool client_go_on(const struct client *client);

/*
 * Walk all pages of a method: `params` is a map without `cursor`.  `on_page`
 * sees each result, which borrows until it calls the daemon itself; anything
 * but CLIENT_DONE, which it has told the user, ends it.
 */
enum client_status
client_pages(struct client *client, const char *method, struct span params,
             enum client_status (*on_page)(void *context, struct span result),
             void *context) __attribute__((warn_unused_result));

/* Put `params`, a map without `cursor`, into `buf` with that added, unless it
 * is absent. */
void client_page_params(struct mp_buf *buf, struct span params,
                        struct span cursor);

#endif
