/* SPDX-License-Identifier: MIT */
#include "daemon/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line of a log that people read. */
#define DIAG_LINE_SIZE 1024

static atomic_int level_max = DIAG_INFO;

void
diag_set_level(enum diag_level level)
{
    level_max = (int)level;
}

void
diag(enum diag_level level, const char *format, ...)
{
    char line[DIAG_LINE_SIZE];
    int start = 0;
    if ((int)level > level_max)
        return;
    if (getenv("JOURNAL_STREAM") != NULL)
        start = snprintf(line, sizeof line, "<%d>", (int)level);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line + start, sizeof line - (size_t)start - 1, format,
                         arguments);
    va_end(arguments);
    if (size < 0)
        return;
    size_t end = strnlen(line, sizeof line - 2);
    for (size_t i = (size_t)start; i < end; i++)
        if (iscntrl((unsigned char)line[i]))
            line[i] = '?';
    line[end++] = '\n';
    /* One write, so that lines of two threads do not mix. */
    ssize_t written = write(STDERR_FILENO, line, end);
    (void)written; /* nowhere left to complain to */
}

void
diag_because(struct diag_reason *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
}
