/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_TRACE_H
#define TESTS_CRASH_TRACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What `strace -f` wrote: a line per call, in the order of their starts and
 * ends.  A call that others came in between is two lines, "unfinished" and
 * "resumed".
 */
struct trace {
    char **lines;
    size_t count;
};

/* Not a line. */
#define TRACE_NONE ((size_t)-1)

void trace_read(struct trace *trace, const char *path);
void trace_deinit(struct trace *trace);

/* The first line from `from` on that contains every one of the strings;
 * TRACE_NONE when there is none. */
#define TRACE_STRINGS_MAX 4
struct trace_strings {
    const char *all[TRACE_STRINGS_MAX];
};
#define trace_find(trace, from, ...)                                           \
    trace_find_all(trace, from, (struct trace_strings){{__VA_ARGS__}})
size_t trace_find_all(const struct trace *trace, size_t from,
                      struct trace_strings strings);

/* The line where the call that begins in `line` has returned `result`, which
 * fails the running test when it returned something else, or not at all. */
size_t trace_returned(const struct trace *trace, size_t line,
                      const char *result);

#endif
