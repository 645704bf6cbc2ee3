/* SPDX-License-Identifier: MIT */
#include "daemon/diag.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/diag_limit.h"
#include "daemon/journal.h"

/* One line of a log that people read, before and after escaping. */
#define DIAG_TEXT_SIZE ((size_t)1024)
#define DIAG_LINE_SIZE ((size_t)2048)

const struct diag_kind_info diag_kinds[DIAG_KIND_COUNT] = {
#define X(symbol, level, id, meaning) [DIAG_##symbol] = {level, id, meaning},
    DIAG_KINDS(X)
#undef X
};

/* What is less grave than this is not said. */
static atomic_int level_max = DIAG_INFO;

void
diag_set_level(enum diag_level level)
{
    level_max = (int)level;
}

/* --- text -----------------------------------------------------------------*/

void
diag_escape(char *out, size_t size, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '\\';
        if (size <= (plain ? 1u : 4u))
            break;
        if (plain) {
            *out++ = *text;
            size--;
            continue;
        }
        *out++ = '\\';
        *out++ = 'x';
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 0xf];
        size -= 4;
    }
    *out = '\0';
}

/* --- limits ---------------------------------------------------------------*/

/* Whether a line about this client may be said, and how many were not. */
static bool
is_allowed(const struct diag_peer *peer, uint64_t *suppressed)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct diag_limit limit;
    *suppressed = 0;
    if (peer == NULL)
        return true;
    pthread_mutex_lock(&lock);
    bool allowed = diag_limit_pass(&limit, peer->key, clock_us(), suppressed);
    pthread_mutex_unlock(&lock);
    return allowed;
}

/* --- where it goes --------------------------------------------------------*/

/* Standard error, with the level in front where systemd reads it. */
static void
say_plainly(enum diag_level level, const char *text, uint64_t suppressed)
{
    char line[DIAG_LINE_SIZE + 64];
    char prefix[8] = "", more[48] = "";
    if (getenv("JOURNAL_STREAM") != NULL)
        snprintf(prefix, sizeof prefix, "<%d>", (int)level);
    if (suppressed > 0)
        snprintf(more, sizeof more, " (%llu like it left out)",
                 (unsigned long long)suppressed);
    int size = snprintf(line, sizeof line, "%s%s%s\n", prefix, text, more);
    /* One write, so that lines of two threads do not mix. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)size);
    (void)written; /* nowhere left to complain to */
}

static void
say(const struct diag_about *about, enum diag_level level, const char *format,
    va_list arguments)
{
    char raw[DIAG_TEXT_SIZE], text[DIAG_LINE_SIZE];
    uint64_t suppressed;
    if ((int)level > level_max || !is_allowed(about->peer, &suppressed))
        return;
    if (vsnprintf(raw, sizeof raw, format, arguments) < 0)
        return;
    diag_escape(text, sizeof text, raw);
    if (!journal_say(about, level, text, suppressed))
        say_plainly(level, text, suppressed);
}

void
diag_about(const struct diag_about *about, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(about, diag_kinds[about->kind].level, format, arguments);
    va_end(arguments);
}

void
diag(enum diag_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(&(const struct diag_about){.kind = DIAG_GENERAL}, level, format,
        arguments);
    va_end(arguments);
}

void
diag_because(struct diag_reason *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
}
