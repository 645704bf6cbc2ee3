/* SPDX-License-Identifier: MIT */
#include "tests/bench/measure.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/fail.h"

/*
 * measure: how fast the daemon $ENTENTED answers, and how that depends on the
 * size of the log.  It judges answers, never times.
 */

static const char usage[] =
    "usage: measure --scratch DIR [OPTION]... [GROUP]...\n"
    "\n"
    "  --scratch DIR     an empty directory on a real disk\n"
    "  --quick           small logs, for a look in between\n"
    "  --full            logs and a partnership of a million events\n"
    "  --sizes N,N,...   events of the logs and of the partnerships\n"
    "  --partnerships N  of the whole log, with ten events each\n"
    "  --tabs FILE       write the table there too, with tabs\n"
    "\n"
    "GROUP: append, state, filters, whole; all of them where none is given.\n"
    "Or a part of one: late (of state); portfolio, rebuild, stream (of "
    "whole).\n";

static const struct {
    const char *name;
    void (*run)(struct measure *measure);
    bool part; /* of another group: only where it is named */
} groups[] = {
    {"append", measure_append, false},  {"state", measure_state, false},
    {"late", measure_late, true},       {"filters", measure_filters, false},
    {"whole", measure_whole, false},    {"portfolio", measure_portfolio, true},
    {"rebuild", measure_rebuild, true}, {"stream", measure_stream, true},
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

static const struct measure quick = {
    .rounds = 3,
    .seconds = 0.2,
    .partnership_sizes = {1000, 10000, 0},
    .log_sizes = {10000, 50000, 0},
    .portfolio_size = 2000,
};

static const struct measure normal = {
    .rounds = 5,
    .seconds = 0.5,
    .partnership_sizes = {1000, 10000, 100000, 0},
    .log_sizes = {10000, 100000, 0},
    .portfolio_size = 10000,
};

static const struct measure full = {
    .rounds = 5,
    .seconds = 0.5,
    .partnership_sizes = {1000, 10000, 100000, 1000000, 0},
    .log_sizes = {10000, 100000, 1000000, 0},
    .portfolio_size = 100000,
};

static const struct option long_options[] = {
    {"scratch", required_argument, NULL, 's'},
    {"quick", no_argument, NULL, 'q'},
    {"full", no_argument, NULL, 'f'},
    {"sizes", required_argument, NULL, 'n'},
    {"partnerships", required_argument, NULL, 'p'},
    {"tabs", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct asked {
    const struct measure *effort;
    const char *scratch, *tabs;
    const char *sizes, *partnerships; /* NULL: as the effort has them */
};

/* The number that `*text` begins with; `*text` is behind it. */
static uint64_t
read_number(const char **text)
{
    char *end;
    unsigned long long number = strtoull(*text, &end, 10);
    if (end == *text || **text == '-' || number == 0)
        fail("%s: a number over 0 is wanted", *text);
    *text = end;
    return number;
}

static void
read_sizes(struct measure *measure, const char *text)
{
    size_t count = 0;
    while (count < MEASURE_SIZES_MAX - 1) {
        uint64_t size = read_number(&text);
        measure->partnership_sizes[count] = size;
        measure->log_sizes[count++] = size;
        measure->partnership_sizes[count] = measure->log_sizes[count] = 0;
        if (*text++ != ',')
            break;
    }
    if (text[-1] != '\0')
        fail("--sizes is up to %d numbers with a comma between",
             MEASURE_SIZES_MAX - 1);
}

static struct asked
read_options(int argc, char **argv)
{
    struct asked asked = {.effort = &normal};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 's':
            asked.scratch = optarg;
            break;
        case 'q':
            asked.effort = &quick;
            break;
        case 'f':
            asked.effort = &full;
            break;
        case 'n':
            asked.sizes = optarg;
            break;
        case 'p':
            asked.partnerships = optarg;
            break;
        case 't':
            asked.tabs = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default: /* getopt_long has said why */
            exit(EXIT_FAILURE);
        }
    }
    if (asked.scratch == NULL)
        fail("--scratch DIR is missing; see --help");
    return asked;
}

static void
run_group(struct measure *measure, const char *name)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(groups[i].name, name) == 0) {
            groups[i].run(measure);
            return;
        }
    }
    fail("%s is not a group; see --help", name);
}

int
main(int argc, char **argv)
{
    struct asked asked = read_options(argc, argv);
    struct measure measure = *asked.effort;
    measure.scratch = asked.scratch;
    if (asked.sizes != NULL)
        read_sizes(&measure, asked.sizes);
    if (asked.partnerships != NULL)
        measure.portfolio_size = read_number(&asked.partnerships);
    if (asked.tabs != NULL) {
        measure.report.tabs = fopen(asked.tabs, "we");
        if (measure.report.tabs == NULL)
            fail("%s: %s", asked.tabs, strerror(errno));
    }
    report_head(&measure.report);
    for (int i = optind; i < argc; i++)
        run_group(&measure, argv[i]);
    for (size_t i = 0; i < GROUP_COUNT && optind == argc; i++) {
        if (!groups[i].part)
            groups[i].run(&measure);
    }
    if (measure.report.tabs != NULL && fclose(measure.report.tabs) != 0)
        fail("%s: %s", asked.tabs, strerror(errno));
    return EXIT_SUCCESS;
}
