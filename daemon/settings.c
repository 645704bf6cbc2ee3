/* SPDX-License-Identifier: MIT */
#include "daemon/settings.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/listen.h"
#include "daemon/log.h"

/* A day: longer is a mistake in a deadline. */
#define MS_MAX (UINT64_C(24) * 3600 * 1000)

static bool
refuse(struct diag_reason *reason, const char *text, const char *expected)
{
    diag_because(reason, "\"%s\": expected %s", text, expected);
    return false;
}

static void *
member(struct settings *settings, const struct setting *setting)
{
    return (char *)settings + setting->offset;
}

/* --- one reader a kind of value -------------------------------------------*/

static bool
replace(char **text, const char *with, struct diag_reason *reason)
{
    char *copy = strdup(with);
    if (copy == NULL) {
        diag_because(reason, "out of memory");
        return false;
    }
    free(*text);
    *text = copy;
    return true;
}

static bool
read_path(struct settings *settings, const struct setting *setting,
          const char *text, struct diag_reason *reason)
{
    if (text[0] == '\0')
        return refuse(reason, text, "a path");
    return replace(member(settings, setting), text, reason);
}

static bool
read_listen(struct settings *settings, const struct setting *setting,
            const char *text, struct diag_reason *reason)
{
    (void)setting;
    if (strncmp(text, "unix:/", 6) != 0 && strncmp(text, "tcp://", 6) != 0 &&
        strncmp(text, "tls://", 6) != 0)
        return refuse(reason, text, LISTEN_URL_FORMS);
    if (settings->listen_count == SETTINGS_LISTENERS_MAX)
        return refuse(reason, text, "at most 16 addresses to listen on");
    if (!replace(&settings->listen[settings->listen_count], text, reason))
        return false;
    settings->listen_count++;
    return true;
}

static bool
read_level(struct settings *settings, const struct setting *setting,
           const char *text, struct diag_reason *reason)
{
    (void)setting;
    static const struct {
        const char *name;
        enum diag_level level;
    } levels[] = {{"error", DIAG_ERROR},
                  {"warning", DIAG_WARNING},
                  {"notice", DIAG_NOTICE},
                  {"info", DIAG_INFO}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(text, levels[i].name) != 0)
            continue;
        settings->log_level = levels[i].level;
        return true;
    }
    return refuse(reason, text, "error, warning, notice or info");
}

static bool
read_rule(struct settings *settings, const struct setting *setting,
          const char *text, struct diag_reason *reason)
{
    return access_rules_add(&settings->rules, (enum service_role)setting->least,
                            text, reason);
}

static bool
read_required(struct settings *settings, const struct setting *setting,
              const char *text, struct diag_reason *reason)
{
    bool *required = member(settings, setting);
    *required = strcmp(text, "required") == 0;
    return *required || strcmp(text, "optional") == 0 ||
           refuse(reason, text, "optional or required");
}

/* Digits, at most so many that they fit; NULL or what stands behind them. */
static const char *
read_digits(const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && errno == 0 ? end : NULL;
}

static bool
refuse_range(struct diag_reason *reason, const char *text,
             const struct setting *setting, const char *unit)
{
    diag_because(reason, "\"%s\": expected a whole number from %llu to %llu%s",
                 text, (unsigned long long)setting->least,
                 (unsigned long long)setting->most, unit);
    return false;
}

static bool
read_count(struct settings *settings, const struct setting *setting,
           const char *text, struct diag_reason *reason)
{
    uint64_t number = 0;
    const char *end = read_digits(text, &number);
    if (end == NULL || *end != '\0' || number < setting->least ||
        number > setting->most)
        return refuse_range(reason, text, setting, "");
    *(uint64_t *)member(settings, setting) = number;
    return true;
}

/* "30", "30s", "500ms" or "2min". */
static bool
read_time(struct settings *settings, const struct setting *setting,
          const char *text, struct diag_reason *reason)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"min", 60000}};
    uint64_t number = 0;
    const char *end = read_digits(text, &number);
    while (end != NULL && *end == ' ')
        end++;
    for (size_t i = 0; end != NULL && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].name) != 0 ||
            number > setting->most / units[i].ms ||
            number * units[i].ms < setting->least)
            continue;
        *(uint64_t *)member(settings, setting) = number * units[i].ms;
        return true;
    }
    return refuse_range(reason, text, setting,
                        " milliseconds, as 30, 30s, 500ms or 2min");
}

/* "67108864", "65536K", "64M" or "1G"; whole blocks of the file system. */
static bool
read_size(struct settings *settings, const struct setting *setting,
          const char *text, struct diag_reason *reason)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};
    uint64_t number = 0;
    const char *end = read_digits(text, &number);
    for (size_t i = 0; end != NULL && i < sizeof units / sizeof *units; i++) {
        uint64_t size = number << units[i].shift;
        if (strcmp(end, units[i].name) != 0 ||
            number > setting->most >> units[i].shift || size < setting->least ||
            size % 4096 != 0)
            continue;
        *(uint64_t *)member(settings, setting) = size;
        return true;
    }
    return refuse_range(reason, text, setting,
                        " bytes, in whole 4096, as 67108864, 65536K, 64M "
                        "or 1G");
}

/* --- the table ------------------------------------------------------------*/

#define AT(name) offsetof(struct settings, name)

const struct setting settings_table[] = {
    {"daemon", "data", "data", "DIR",
     "where the log is kept; made when it is missing (default: "
     "$STATE_DIRECTORY, else $XDG_STATE_HOME/entente, else "
     "~/.local/state/entente)",
     false, false, read_path, AT(data), 0, 0},
    {"daemon", "listen", "listen", "URL",
     "unix:/PATH, tcp://127.0.0.1:PORT or tls://HOST:PORT, as often as you "
     "like; port 0 takes a free one (default: "
     "entente.sock in $RUNTIME_DIRECTORY, else in $XDG_RUNTIME_DIR)",
     true, false, read_listen, 0, 0, 0},
    {"daemon", "log-level", "log-level", "LEVEL",
     "say error, warning, notice or info, and what is graver (default: info)",
     false, true, read_level, 0, 0, 0},
    {"daemon", "journal-size", "journal-size", "SIZE",
     "of the file that an acknowledgement waits for; it has that size from "
     "the first start on (default: 32M)",
     false, false, read_size, AT(journal_size), LOG_JOURNAL_SIZE_MIN,
     LOG_JOURNAL_SIZE_MAX},
    {"access", "tokens", "tokens", "FILE",
     "the tokens that `entente token` makes (default: none)", false, true,
     read_path, AT(tokens), 0, 0},
    {"access", "none", NULL, NULL, NULL, true, true, read_rule, 0,
     SERVICE_NOBODY, 0},
    {"access", "read", NULL, NULL, NULL, true, true, read_rule, 0, SERVICE_READ,
     0},
    {"access", "append", NULL, NULL, NULL, true, true, read_rule, 0,
     SERVICE_APPEND, 0},
    {"access", "admin", NULL, NULL, NULL, true, true, read_rule, 0,
     SERVICE_ADMIN, 0},
    {"tls", "certificate", "tls-certificate", "FILE",
     "PEM, ours and those between it and its authority; for tls:// listeners",
     false, true, read_path, AT(tls_certificate), 0, 0},
    {"tls", "key", "tls-key", "FILE",
     "its private key, PEM; others must not be able to read it", false, true,
     read_path, AT(tls_key), 0, 0},
    {"tls", "client-ca", "tls-client-ca", "FILE",
     "the authority of clients' certificates, PEM (default: clients have none)",
     false, true, read_path, AT(tls_client_ca), 0, 0},
    {"tls", "revoked", "tls-revoked", "FILE",
     "what that authority has revoked, PEM (default: nothing)", false, true,
     read_path, AT(tls_revoked), 0, 0},
    {"tls", "client-certificates", "tls-client-certificates", "WHEN",
     "optional or required (default: optional)", false, true, read_required,
     AT(tls_client_required), 0, 0},
    {"limits", "connections", "connections", "N",
     "at a time; more wait (default: 4096)", false, true, read_count,
     AT(connections_max), 1, 1000000},
    {"limits", "connections-per-peer", "connections-per-peer", "N",
     "of one user or address (default: 1024)", false, true, read_count,
     AT(connections_per_peer_max), 1, 1000000},
    {"limits", "connections-unknown", "connections-unknown", "N",
     "of those that have not shown who they are (default: 64)", false, true,
     read_count, AT(connections_unknown_max), 1, 1000000},
    {"limits", "handshake-timeout", "handshake-timeout", "TIME",
     "for a TLS handshake (default: 5s)", false, true, read_time,
     AT(handshake_ms), 1, MS_MAX},
    {"limits", "first-request-timeout", "first-request-timeout", "TIME",
     "for the first request over TCP, and for `auth` where there is no role "
     "(default: 30s)",
     false, true, read_time, AT(first_request_ms), 1, MS_MAX},
    {"limits", "message-timeout", "message-timeout", "TIME",
     "for the rest of a message that has begun (default: 30s)", false, true,
     read_time, AT(message_ms), 1, MS_MAX},
    {NULL, NULL, NULL, NULL, NULL, false, false, NULL, 0, 0, 0},
};

/* --- setting --------------------------------------------------------------*/

void
settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .log_level = DIAG_INFO,
        .journal_size = LOG_JOURNAL_SIZE_DEFAULT,
        .connections_max = SETTINGS_CONNECTIONS,
        .connections_per_peer_max = SETTINGS_CONNECTIONS_PER_PEER,
        .connections_unknown_max = SETTINGS_CONNECTIONS_UNKNOWN,
        .handshake_ms = SETTINGS_HANDSHAKE_MS,
        .first_request_ms = SETTINGS_FIRST_REQUEST_MS,
        .message_ms = SETTINGS_MESSAGE_MS,
    };
}

void
settings_deinit(struct settings *settings)
{
    free(settings->data);
    for (size_t i = 0; i < settings->listen_count; i++)
        free(settings->listen[i]);
    free(settings->tokens);
    access_rules_deinit(&settings->rules);
    free(settings->tls_certificate);
    free(settings->tls_key);
    free(settings->tls_client_ca);
    free(settings->tls_revoked);
    *settings = (struct settings){0};
}

static uint32_t
bit_of(const struct setting *setting)
{
    ptrdiff_t row = setting - settings_table;
    assert(row >= 0 && row < 32);
    return UINT32_C(1) << row;
}

static bool
is_overruled(const struct settings *settings, enum settings_source source,
             uint32_t bit)
{
    for (unsigned higher = source + 1; higher < SETTINGS_SOURCE_COUNT; higher++)
        if (settings->given[higher] & bit)
            return true;
    return false;
}

static bool
check_only(const struct setting *setting, const char *text,
           struct diag_reason *reason)
{
    struct settings scratch;
    settings_init(&scratch);
    bool good = setting->read(&scratch, setting, text, reason);
    settings_deinit(&scratch);
    return good;
}

bool
settings_set(struct settings *settings, const struct setting *setting,
             enum settings_source source, const char *text,
             struct diag_reason *reason)
{
    uint32_t bit = bit_of(setting);
    if (is_overruled(settings, source, bit))
        return check_only(setting, text, reason);
    if (source == SETTINGS_FILE && settings->given[source] & bit &&
        !setting->repeats)
        return refuse(reason, text, "one value, and this is the second");
    /* Relative to what, in a daemon? */
    if (source == SETTINGS_FILE && setting->read == read_path && text[0] != '/')
        return refuse(reason, text, "an absolute path");
    settings->given[source] |= bit;
    return setting->read(settings, setting, text, reason);
}

static bool
listens_for_tls(const struct settings *settings)
{
    for (size_t i = 0; i < settings->listen_count; i++)
        if (strncmp(settings->listen[i], "tls://", 6) == 0)
            return true;
    return false;
}

bool
settings_fit(const struct settings *settings, struct diag_reason *reason)
{
    const char *wrong = NULL;
    if ((settings->tls_certificate == NULL) != (settings->tls_key == NULL))
        wrong = "[tls] certificate and key go together: one is missing";
    else if (settings->tls_certificate == NULL && listens_for_tls(settings))
        wrong = "a tls:// listener needs [tls] certificate and key";
    else if (settings->tls_client_ca == NULL && settings->tls_client_required)
        wrong = "[tls] client-certificates = required needs client-ca";
    else if (settings->tls_client_ca == NULL && settings->tls_revoked != NULL)
        wrong = "[tls] revoked needs client-ca";
    if (wrong == NULL)
        return true;
    diag_because(reason, "%s", wrong);
    return false;
}
