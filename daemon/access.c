/* SPDX-License-Identifier: MIT */
#include "daemon/access.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The user and group that the kernel shows for ids that it cannot map: it
 * could be anybody. */
#define ACCESS_OVERFLOW_ID 65534u

/* Supplementary groups of a peer that are looked at; Linux allows 65536, one
 * with more than these is refused its role. */
#define ACCESS_GROUPS_MAX 1024u

/* Hex digits of a SHA-256. */
#define ACCESS_SPKI_SIZE ((size_t)64)

static const char *const kind_names[ACCESS_KIND_COUNT] = {
    [ACCESS_USER] = "user", [ACCESS_GROUP] = "group", [ACCESS_DNS] = "dns",
    [ACCESS_URI] = "uri",   [ACCESS_EMAIL] = "email", [ACCESS_SPKI] = "spki",
};

/* --- rules ----------------------------------------------------------------*/

static bool
refuse(struct diag_reason *reason, const char *text, const char *why)
{
    diag_because(reason, "\"%s\": %s", text, why);
    return false;
}

/* A number, as ids may be given too. */
static bool
read_id(const char *name, unsigned *id)
{
    char *end = NULL;
    if (!isdigit((unsigned char)name[0]))
        return false;
    errno = 0;
    unsigned long value = strtoul(name, &end, 10);
    *id = (unsigned)value;
    return errno == 0 && *end == '\0' && value < UINT32_MAX;
}

static bool
find_id(struct access_rule *rule, const char *name)
{
    if (read_id(name, &rule->id))
        return true;
    if (rule->kind == ACCESS_USER) {
        const struct passwd *user = getpwnam(name);
        rule->id = user == NULL ? 0 : user->pw_uid;
        return user != NULL;
    }
    const struct group *group = getgrnam(name);
    rule->id = group == NULL ? 0 : group->gr_gid;
    return group != NULL;
}

/* Names of hosts and hex digits have no case; kept in lower case. */
static void
lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)tolower((unsigned char)*text);
}

static bool
read_name(struct access_rule *rule, const char *text, const char *name,
          struct diag_reason *reason)
{
    rule->name = strdup(name);
    if (rule->name == NULL)
        return refuse(reason, text, "out of memory");
    if (rule->kind == ACCESS_DNS || rule->kind == ACCESS_SPKI)
        lower(rule->name);
    if (rule->kind == ACCESS_SPKI &&
        (strlen(name) != ACCESS_SPKI_SIZE ||
         strspn(rule->name, "0123456789abcdef") != ACCESS_SPKI_SIZE))
        return refuse(reason, text,
                      "spki: takes the 64 hex digits of the SHA-256 of a "
                      "public key");
    if (strchr(name, '*') != NULL)
        return refuse(reason, text, "a name is compared as it is: no *");
    return true;
}

static bool
read_rule(struct access_rule *rule, const char *text,
          struct diag_reason *reason)
{
    const char *colon = strchr(text, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - text);
    while (rule->kind < ACCESS_KIND_COUNT &&
           (strlen(kind_names[rule->kind]) != size ||
            strncmp(text, kind_names[rule->kind], size) != 0))
        rule->kind++;
    if (rule->kind == ACCESS_KIND_COUNT || colon[1] == '\0')
        return refuse(reason, text,
                      "expected user:NAME, group:NAME, dns:NAME, uri:URI, "
                      "email:ADDRESS or spki:HEX");
    if (rule->kind != ACCESS_USER && rule->kind != ACCESS_GROUP)
        return read_name(rule, text, colon + 1, reason);
    if (!find_id(rule, colon + 1))
        return refuse(reason, text, "there is nobody of that name here");
    if (rule->id == ACCESS_OVERFLOW_ID)
        return refuse(reason, text,
                      "65534 stands for whom the kernel does not know, and "
                      "never has a role");
    return true;
}

bool
access_rules_add(struct access_rules *rules, enum service_role role,
                 const char *text, struct diag_reason *reason)
{
    struct access_rule rule = {.role = role};
    if (rules->count == ACCESS_RULES_MAX)
        return refuse(reason, text, "more than 1024 rules");
    if (!read_rule(&rule, text, reason)) {
        free(rule.name);
        return false;
    }
    struct access_rule *grown =
        reallocarray(rules->rules, rules->count + 1, sizeof *grown);
    if (grown == NULL) {
        free(rule.name);
        return refuse(reason, text, "out of memory");
    }
    rules->rules = grown;
    rules->rules[rules->count++] = rule;
    return true;
}

void
access_rules_deinit(struct access_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->rules[i].name);
    free(rules->rules);
    *rules = (struct access_rules){0};
}

/* --- verdicts -------------------------------------------------------------*/

static void
weigh_role(struct access_verdict *verdict, enum service_role role)
{
    if (role == SERVICE_NOBODY)
        verdict->denied = true;
    else if (role > verdict->role)
        verdict->role = role;
}

enum service_role
access_verdict_role(const struct access_verdict *verdict)
{
    return verdict->denied ? SERVICE_NOBODY : verdict->role;
}

/* True when a rule names this user or group. */
static bool
weigh_id(const struct access_rules *rules, enum access_kind kind, unsigned id,
         struct access_verdict *verdict)
{
    bool found = false;
    for (size_t i = 0; i < rules->count; i++) {
        const struct access_rule *rule = &rules->rules[i];
        if (rule->kind != kind || rule->id != id)
            continue;
        weigh_role(verdict, rule->role);
        found = true;
    }
    return found;
}

void
access_weigh(const struct access_rules *rules, enum access_kind kind,
             struct span name, struct access_verdict *verdict)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct access_rule *rule = &rules->rules[i];
        if (rule->kind == kind && rule->name != NULL &&
            span_is(name, rule->name))
            weigh_role(verdict, rule->role);
    }
}

static void
weigh_group(const struct access_rules *rules, gid_t group,
            struct access_verdict *verdict)
{
    if (!weigh_id(rules, ACCESS_GROUP, group, verdict) && group == getegid())
        weigh_role(verdict, SERVICE_APPEND);
}

/* Fails closed: who has more groups than we look at may be in one that is
 * denied. */
static enum service_role
role_of_groups(const struct access_rules *rules, int fd, gid_t primary)
{
    struct access_verdict verdict = {0};
    gid_t groups[ACCESS_GROUPS_MAX];
    socklen_t size = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return SERVICE_NOBODY;
    weigh_group(rules, primary, &verdict);
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] != primary)
            weigh_group(rules, groups[i], &verdict);
    return access_verdict_role(&verdict);
}

enum service_role
access_unix_role(const struct access_rules *rules, int fd, bool *is_known)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    struct access_verdict verdict = {0};
    *is_known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                peer.uid != ACCESS_OVERFLOW_ID &&
                peer.gid != ACCESS_OVERFLOW_ID && peer.uid != (uid_t)-1;
    if (!*is_known)
        return SERVICE_NOBODY;
    if (peer.uid == 0 || peer.uid == geteuid())
        return SERVICE_ADMIN;
    if (weigh_id(rules, ACCESS_USER, peer.uid, &verdict))
        return access_verdict_role(&verdict);
    return role_of_groups(rules, fd, peer.gid);
}
