/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "daemon/access.h"
#include "daemon/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What can be set, as one table: its names in the configuration file, on the
 * command line and in the environment, what values it takes, and what it is
 * when nobody says.  Where values come from is daemon/config and
 * daemon/options.
 */

/* Addresses that one daemon listens on. */
#define SETTINGS_LISTENERS_MAX 16u

/* Connections at a time; more wait in the backlog. PROTOCOL.md, "Limits". */
#define SETTINGS_CONNECTIONS 4096u

/* Those of one user, or of one address: one of them alone must not be able to
 * keep all others out. */
#define SETTINGS_CONNECTIONS_PER_PEER 1024u

/* Those that have not shown who they are, handshakes included. */
#define SETTINGS_CONNECTIONS_UNKNOWN 64u

/* Time for a TLS handshake, for the first request of somebody unknown, and for
 * the rest of a message that has begun. */
#define SETTINGS_HANDSHAKE_MS 5000u
#define SETTINGS_FIRST_REQUEST_MS 30000u
#define SETTINGS_MESSAGE_MS 30000u

/* Where a value comes from; a later one counts more. */
enum settings_source {
    SETTINGS_FILE,
    SETTINGS_ENVIRONMENT,
    SETTINGS_COMMAND,
    SETTINGS_SOURCE_COUNT,
};

struct settings {
    char *data;
    char *listen[SETTINGS_LISTENERS_MAX];
    size_t listen_count;
    enum diag_level log_level;
    uint64_t journal_size;

    char *tokens; /* a file, or NULL */
    struct access_rules rules;

    char *tls_certificate, *tls_key, *tls_client_ca, *tls_revoked; /* or NULL */
    bool tls_client_required;

    uint64_t connections_max;
    uint64_t connections_per_peer_max;
    uint64_t connections_unknown_max;
    uint64_t handshake_ms, first_request_ms, message_ms;

    uint32_t given[SETTINGS_SOURCE_COUNT]; /* a bit for each row below */
};

struct setting {
    const char *section, *key; /* in the file */
    const char *option;        /* --OPTION and $ENTENTED_OPTION; NULL: none */
    const char *value;         /* what help calls it */
    const char *help;
    bool repeats;
    bool reloads; /* SIGHUP changes it */
    bool (*read)(struct settings *settings, const struct setting *setting,
                 const char *text, struct diag_reason *reason);
    size_t offset; /* of the member, for `read` */
    uint64_t least, most;
};

/* The table; a row without a key ends it. */
extern const struct setting settings_table[];

/* What it is when nobody says; data and listen stay empty. */
void settings_init(struct settings *settings);
void settings_deinit(struct settings *settings);

/*
 * Set one, from the highest source down: what a higher one has given already
 * is kept, and the value is only checked.  One that may be repeated adds to
 * what the same source gave.  False with `reason` set, which has the value and
 * what would be right, but not the name nor the place.
 */
bool settings_set(struct settings *settings, const struct setting *setting,
                  enum settings_source source, const char *text,
                  struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* What several of them together must fulfil.  False with `reason` set. */
bool settings_fit(const struct settings *settings, struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
