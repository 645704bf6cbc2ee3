/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_DIAG_H
#define DAEMON_DIAG_H

#include "daemon/diag_kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the daemon says to its operator: one line per notable thing, none per
 * event.  Never what an event says, never a secret.
 *
 * Where standard error is systemd's journal, lines go there by its own
 * protocol, with fields; else to standard error.  Whatever is not printable
 * ASCII is escaped in either, as \xHH, for it may come from a client.  Lines
 * about one client are limited in number.  Any thread; may block as writing to
 * standard error may, so nothing that an acknowledgement waits for says
 * anything.
 */

enum diag_level {
    DIAG_ERROR = 3,
    DIAG_WARNING = 4,
    DIAG_NOTICE = 5,
    DIAG_INFO = 6,
};

/* Say what is at least so grave; at first all of it is. */
void diag_set_level(enum diag_level level);

enum diag_kind {
#define X(symbol, ...) DIAG_##symbol,
    DIAG_KINDS(X)
#undef X
        DIAG_KIND_COUNT
};

struct diag_kind_info {
    enum diag_level level;
    const char *id;
    const char *meaning;
};

extern const struct diag_kind_info diag_kinds[DIAG_KIND_COUNT];

/* Who a line is about. */
struct diag_peer {
    char name[96]; /* "uid 1000, pid 42" or "[::1]:40312" */
    char key[64];  /* the same without process and port: whom a limit is for */
    bool has_uid;
    uint32_t uid;
};

/* Who is at the other end of a connection, as far as can be found out. */
void diag_peer_of(int fd, struct diag_peer *peer);

/* What a line is about; what is 0 is not known. */
struct diag_about {
    enum diag_kind kind;
    uint64_t position;
    const char *url;
    const struct diag_peer *peer;
    int error; /* errno */
};

/* Say something of a kind. */
void diag_about(const struct diag_about *about, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where nothing but the kind is known. */
#define diag_of(kind_of, ...)                                                  \
    diag_about(&(const struct diag_about){.kind = (kind_of)}, __VA_ARGS__)

/* Say something that has no kind of its own. */
void diag(enum diag_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Why something could not be opened, for the one caller that reports it. */
struct diag_reason {
    char text[512];
};

void diag_because(struct diag_reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- parts, for tests -----------------------------------------------------*/

/* Write what is printable, and the rest as \xHH; cut where `size` ends. */
void diag_escape(char *out, size_t size, const char *text);

#endif
