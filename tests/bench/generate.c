/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/model.h"
#include "tests/bench/events.h"
#include "tests/bench/fail.h"
#include "tests/bench/lines.h"
#include "tests/bench/load.h"
#include "tests/bench/series.h"

/*
 * generate: a log of any size and shape, for a daemon or as JSON Lines.
 */

static const char usage[] =
    "usage: generate [OPTION]...\n"
    "\n"
    "  --to SOCKET        append to the daemon at that Unix socket (a path,\n"
    "                     or unix:PATH) in place of writing JSON Lines\n"
    "  --events N         how many (10000)\n"
    "  --partnerships N   that they are of (100)\n"
    "  --parties N        that take part (one for each partnership, and one)\n"
    "  --years A-B        that they lie in (2000-2024)\n"
    "  --late SHARE       that become public later on (0.1)\n"
    "  --behind SHARE     that happened long before their neighbours (0.02)\n"
    "  --corrected SHARE  that correct or retract an earlier one (0.02)\n"
    "  --imprecise SHARE  that have a month, a season or a year (0.2)\n"
    "  --skew SHARE       that fall upon one hot partnership (0)\n"
    "  --types all|counted  counted: no offers, agreements, disputes (all)\n"
    "  --prefix SLUG      of ids: another one adds to the same log (e)\n"
    "  --names SLUG       of partnerships (p-)\n"
    "  --seed N           another log of that shape (1)\n"
    "  --batch N          events in one append (1000)\n"
    "\n"
    "The same options give the same events.  A share is a number from 0 to "
    "1.\n";

enum option_code {
    OPTION_TO,
    OPTION_EVENTS,
    OPTION_PARTNERSHIPS,
    OPTION_PARTIES,
    OPTION_YEARS,
    OPTION_LATE,
    OPTION_BEHIND,
    OPTION_CORRECTED,
    OPTION_IMPRECISE,
    OPTION_SKEW,
    OPTION_TYPES,
    OPTION_PREFIX,
    OPTION_NAMES,
    OPTION_SEED,
    OPTION_BATCH,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"to", required_argument, NULL, OPTION_TO},
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"partnerships", required_argument, NULL, OPTION_PARTNERSHIPS},
    {"parties", required_argument, NULL, OPTION_PARTIES},
    {"years", required_argument, NULL, OPTION_YEARS},
    {"late", required_argument, NULL, OPTION_LATE},
    {"behind", required_argument, NULL, OPTION_BEHIND},
    {"corrected", required_argument, NULL, OPTION_CORRECTED},
    {"imprecise", required_argument, NULL, OPTION_IMPRECISE},
    {"skew", required_argument, NULL, OPTION_SKEW},
    {"types", required_argument, NULL, OPTION_TYPES},
    {"prefix", required_argument, NULL, OPTION_PREFIX},
    {"names", required_argument, NULL, OPTION_NAMES},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

struct generate {
    struct events_shape shape;
    struct load_options load;
    const char *socket;
};

/* --- options --------------------------------------------------------------*/

static uint64_t
read_number(const char *text, uint64_t max)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || *text == '-' || number > max)
        fail("%s is not a number up to %llu", text, (unsigned long long)max);
    return number;
}

static double
read_share(const char *text)
{
    char *end;
    double share = strtod(text, &end);
    if (end == text || *end != '\0')
        fail("%s is not a share", text);
    return share;
}

static void
read_years(const char *text, struct events_shape *shape)
{
    int end = 0;
    if (sscanf(text, "%4d-%4d%n", &shape->year_first, &shape->year_last,
               &end) != 2 ||
        text[end] != '\0')
        fail("%s is not like 2000-2024", text);
}

static bool
read_only_counted(const char *text)
{
    if (strcmp(text, "all") != 0 && strcmp(text, "counted") != 0)
        fail("--types all or counted");
    return strcmp(text, "counted") == 0;
}

static const char *
read_socket(const char *text)
{
    static const char scheme[] = "unix:";
    bool has_scheme = strncmp(text, scheme, strlen(scheme)) == 0;
    return has_scheme ? text + strlen(scheme) : text;
}

static void
take_option(struct generate *generate, enum option_code code, const char *value)
{
    struct events_shape *shape = &generate->shape;
    switch (code) {
    case OPTION_TO:
        generate->socket = read_socket(value);
        break;
    case OPTION_EVENTS:
        shape->count = read_number(value, UINT64_MAX);
        break;
    case OPTION_PARTNERSHIPS:
        shape->partnerships = (uint32_t)read_number(value, UINT32_MAX);
        break;
    case OPTION_PARTIES:
        shape->parties = (uint32_t)read_number(value, UINT32_MAX);
        break;
    case OPTION_YEARS:
        read_years(value, shape);
        break;
    case OPTION_LATE:
        shape->late = read_share(value);
        break;
    case OPTION_BEHIND:
        shape->behind = read_share(value);
        break;
    case OPTION_CORRECTED:
        shape->corrected = read_share(value);
        break;
    case OPTION_IMPRECISE:
        shape->imprecise = read_share(value);
        break;
    case OPTION_SKEW:
        shape->hot = read_share(value);
        break;
    case OPTION_TYPES:
        shape->only_counted = read_only_counted(value);
        break;
    case OPTION_PREFIX:
        shape->prefix = value;
        break;
    case OPTION_NAMES:
        shape->names = value;
        break;
    case OPTION_SEED:
        shape->seed = read_number(value, UINT64_MAX);
        break;
    case OPTION_BATCH:
        generate->load.batch = (uint32_t)read_number(value, MODEL_BATCH_MAX);
        break;
    case OPTION_HELP:
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    }
}

/* --- where to -------------------------------------------------------------*/

static bool
next_event(void *source, struct mp_buf *out)
{
    return events_next(source, out);
}

static void
append_all(const struct generate *generate, struct events *events)
{
    struct link *link = link_open(generate->socket);
    double start = clock_us();
    uint64_t count = load_run(link, &generate->load, next_event, events);
    double seconds = (clock_us() - start) / 1e6;
    fprintf(stderr, "%llu events in %.2f s, %.0f events/s\n",
            (unsigned long long)count, seconds, (double)count / seconds);
    link_close(link);
}

static void
print_all(struct events *events)
{
    struct mp_buf event = {0};
    while (events_next(events, &event)) {
        lines_write(stdout, mp_buf_span(&event));
        mp_buf_clear(&event);
    }
    mp_buf_deinit(&event);
    if (fflush(stdout) != 0)
        fail("standard output cannot be written");
}

int
main(int argc, char **argv)
{
    struct generate generate = {events_shape_default, load_options_default,
                                NULL};
    int code;
    while ((code = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (code == '?')
            return EXIT_FAILURE; /* getopt_long has said why */
        take_option(&generate, (enum option_code)code, optarg);
    }
    if (optind < argc || generate.load.batch == 0)
        fail("only options, and at least 1 in a batch; see --help");
    struct events events;
    events_init(&events, &generate.shape);
    if (generate.socket != NULL)
        append_all(&generate, &events);
    else
        print_all(&events);
    events_deinit(&events);
    return EXIT_SUCCESS;
}
