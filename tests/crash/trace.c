/* SPDX-License-Identifier: MIT */
#include "tests/crash/trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
trace_read(struct trace *trace, const char *path)
{
    *trace = (struct trace){0};
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "no trace: strace did not run");
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        trace->lines =
            realloc(trace->lines, (trace->count + 1) * sizeof(trace->lines[0]));
        ck_assert_ptr_nonnull(trace->lines);
        trace->lines[trace->count++] = strdup(line);
    }
    free(line);
    fclose(file);
    ck_assert_msg(trace->count > 0, "an empty trace; is ptrace forbidden?");
}

void
trace_deinit(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        free(trace->lines[i]);
    free(trace->lines);
    *trace = (struct trace){0};
}

static bool
line_has(const char *line, const struct trace_strings *strings)
{
    for (size_t i = 0; i < TRACE_STRINGS_MAX; i++) {
        if (strings->all[i] != NULL && strstr(line, strings->all[i]) == NULL)
            return false;
    }
    return true;
}

size_t
trace_find_all(const struct trace *trace, size_t from,
               struct trace_strings strings)
{
    for (size_t i = from; i < trace->count; i++) {
        if (line_has(trace->lines[i], &strings))
            return i;
    }
    return TRACE_NONE;
}

size_t
trace_returned(const struct trace *trace, size_t line, const char *result)
{
    size_t end = line;
    if (strstr(trace->lines[line], "<unfinished ...>") != NULL) {
        char task[32];
        ck_assert_int_eq(sscanf(trace->lines[line], "%30s", task), 1);
        do
            end = trace_find(trace, end + 1, task, " resumed>");
        while (end != TRACE_NONE &&
               strncmp(trace->lines[end], task, strlen(task)) != 0);
    }
    ck_assert_msg(end != TRACE_NONE, "never returned: %s", trace->lines[line]);
    const char *equals = strrchr(trace->lines[end], '=');
    ck_assert_msg(equals != NULL &&
                      strncmp(equals + 2, result, strlen(result)) == 0,
                  "did not return %s: %s", result, trace->lines[end]);
    return end;
}
