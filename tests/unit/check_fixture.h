/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_CHECK_FIXTURE_H
#define TESTS_UNIT_CHECK_FIXTURE_H

#include "daemon/check.h"
#include "tests/unit/stored_fixture.h"

#include <string.h>

/*
 * `entented --check` in the test's own process, and a log for it.
 */

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- checking -------------------------------------------------------------*/

/* The report; `*status` is the exit status. To be freed. */
/* Not inline: gcc 12 takes `report` for gone then. */
__attribute__((noinline)) static char *
check_directory(const char *directory, int *status)
{
    char *report = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&report, &size);
    ck_assert_ptr_nonnull(out);
    *status = check_run(directory, out);
    ck_assert_int_eq(fclose(out), 0);
    return report;
}

static inline void
check_expect(const char *directory, int status, const char *part)
{
    int found;
    char *report = check_directory(directory, &found);
    ck_assert_msg(found == status && strstr(report, part) != NULL,
                  "exit status %d, no \"%s\" in:\n%s", found, part, report);
    ck_assert_msg((strstr(report, "no findings") != NULL) == (found == 0), "%s",
                  report);
    free(report);
}

/* Exactly one finding, with this in it. */
static inline void
check_expect_finding(const char *directory, const char *part)
{
    int status;
    char *report = check_directory(directory, &status);
    char *line = strstr(report, "finding ");
    ck_assert_msg(line != NULL, "no finding:\n%s", report);
    char *end = strchr(line, '\n');
    ck_assert_msg(strstr(end, "finding ") == NULL, "more than one:\n%s",
                  report);
    *end = '\0';
    ck_assert_msg(strstr(line, part) != NULL, "no \"%s\" in: %s", part, line);
    ck_assert_int_eq(status, EXIT_FAILURE);
    free(report);
}

/* --- a log ---------------------------------------------------------------*/

#define CHECK_CHAIN_EVENTS 40

/* One partnership; each event but the first answers the one before, and every
 * third corrects an earlier one. */
static inline void
check_append_chain(struct data *data, int from, int to)
{
    char pairs[256], more[96] = "";
    for (int i = from; i <= to; i++) {
        if (i > 1)
            snprintf(more, sizeof more, ",'re':'e%d'", i - 1);
        if (i > 3 && i % 3 == 0)
            snprintf(more + strlen(more), sizeof more - strlen(more),
                     ",'corrects':'e%d'", i - 3);
        snprintf(pairs, sizeof pairs,
                 "'id':'e%d','type':'note','partnership':'p','parties':['a',"
                 "'b%d'],'occurred':'20%02d','title':'t'%s",
                 i, i % 7, i % 30, more);
        stored_append(data, (uint64_t)i, i, pairs);
    }
}

static inline void
check_make_chain(struct data *data)
{
    data_directory(data->path);
    data_open(data);
    check_append_chain(data, 1, CHECK_CHAIN_EVENTS);
    data_apply(data, 7);
    data_close(data);
}

#endif
