/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include "daemon/diag.h"
#include "daemon/service.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Who may do what, before any token: the map of the configuration from users,
 * groups and certificates to roles (PROTOCOL.md, "Roles").  Whoever is not
 * named has no role.
 */

enum access_kind {
    ACCESS_USER,  /* user:NAME or user:UID */
    ACCESS_GROUP, /* group:NAME or group:GID */
    ACCESS_DNS,   /* dns:NAME, a certificate's subjectAltName */
    ACCESS_URI,   /* uri:URI, the same */
    ACCESS_EMAIL, /* email:ADDRESS, the same */
    ACCESS_SPKI,  /* spki:HEX, SHA-256 of a certificate's public key */
    ACCESS_KIND_COUNT,
};

struct access_rule {
    enum service_role role; /* SERVICE_NOBODY: nothing, whatever else fits */
    enum access_kind kind;
    unsigned id; /* of ACCESS_USER and ACCESS_GROUP */
    char *name;  /* of the others; owned */
};

struct access_rules {
    struct access_rule *rules;
    size_t count;
};

/* Rules in one configuration. */
#define ACCESS_RULES_MAX 1024u

/* Add "KIND:NAME"; users and groups must exist.  False with `reason` set. */
bool access_rules_add(struct access_rules *rules, enum service_role role,
                      const char *text, struct diag_reason *reason)
    __attribute__((warn_unused_result));
void access_rules_deinit(struct access_rules *rules);

/*
 * The role of the peer of a Unix socket, by its credentials: `admin` for root
 * and our own user, else what the rules give to its user, else the highest
 * that they give to one of its groups, ours being `append` unless they say
 * otherwise.  `none` for one of the groups denies.  Nobody, where the kernel
 * does not say or does not know who it is; `*is_known` tells that apart.
 */
enum service_role access_unix_role(const struct access_rules *rules, int fd,
                                   bool *is_known);

/* What several rules that fit come to. */
struct access_verdict {
    enum service_role role; /* the highest */
    bool denied;            /* ... but for one that says none */
};

/* Take one name of a certificate into account, byte for byte. */
void access_weigh(const struct access_rules *rules, enum access_kind kind,
                  struct span name, struct access_verdict *verdict);

enum service_role access_verdict_role(const struct access_verdict *verdict);

#endif
