/* SPDX-License-Identifier: MIT */
#include "daemon/journal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where in our source a line was said helps nobody who runs the daemon. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define FIELDS_MAX 12
#define FIELDS_SIZE ((size_t)4096) /* all of one line, text included */
#define VALUE_SIZE ((size_t)512)

struct fields {
    struct iovec list[FIELDS_MAX];
    size_t count;
    char bytes[FIELDS_SIZE];
    size_t size;
};

enum journal_field {
#define X(symbol, ...) JOURNAL_##symbol,
    DIAG_FIELDS(X)
#undef X
};

static const char *const names[] = {
#define X(symbol, name, meaning) [JOURNAL_##symbol] = name,
    DIAG_FIELDS(X)
#undef X
};

/* "dev:inode" of what standard error was when we were started; somebody may
 * have redirected it since. */
static bool
is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat status;
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    return strcmp(stream, ours) == 0;
}

static void __attribute__((format(printf, 3, 4)))
add(struct fields *fields, const char *name, const char *format, ...)
{
    char *field = fields->bytes + fields->size;
    size_t room = sizeof fields->bytes - fields->size;
    va_list arguments;
    assert(fields->count < FIELDS_MAX);
    int head = snprintf(field, room, "%s=", name);
    va_start(arguments, format);
    int body = vsnprintf(field + head, room - (size_t)head, format, arguments);
    va_end(arguments);
    size_t size = (size_t)head + (size_t)body;
    if (size >= room)
        return; /* a line without it says more than none */
    fields->list[fields->count++] = (struct iovec){field, size};
    fields->size += size + 1;
}

static void
add_escaped(struct fields *fields, const char *name, const char *value)
{
    char escaped[VALUE_SIZE];
    diag_escape(escaped, sizeof escaped, value);
    add(fields, name, "%s", escaped);
}

static void
add_about(struct fields *fields, const struct diag_about *about)
{
    if (about->position > 0)
        add(fields, names[JOURNAL_POSITION], "%" PRIu64, about->position);
    if (about->url != NULL)
        add_escaped(fields, names[JOURNAL_URL], about->url);
    if (about->peer != NULL)
        add_escaped(fields, names[JOURNAL_PEER], about->peer->name);
    if (about->peer != NULL && about->peer->has_uid)
        add(fields, names[JOURNAL_PEER_UID], "%" PRIu32, about->peer->uid);
    if (about->error != 0)
        add(fields, names[JOURNAL_ERRNO], "%d", about->error);
}

bool
journal_say(const struct diag_about *about, enum diag_level level,
            const char *text, uint64_t suppressed)
{
    struct fields fields = {.count = 0};
    if (!is_journal())
        return false;
    add(&fields, "MESSAGE", "%s", text);
    add(&fields, "PRIORITY", "%d", (int)level);
    add(&fields, "MESSAGE_ID", "%s", diag_kinds[about->kind].id);
    add(&fields, "SYSLOG_IDENTIFIER", "entented");
    add_about(&fields, about);
    if (suppressed > 0)
        add(&fields, names[JOURNAL_SUPPRESSED], "%" PRIu64, suppressed);
    return sd_journal_sendv(fields.list, (int)fields.count) == 0;
}
