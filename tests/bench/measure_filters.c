/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
#include "tests/bench/knots.h"
#include "tests/bench/marks.h"
#include "tests/bench/measure.h"

/*
 * Questions that have the same answer on a small log and on large ones: what
 * they cost must follow the answer, not the log.
 */

#define PARTNERSHIPS 100
#define MARKED "marked"
#define NAME_SIZE 64
#define CALLS 200
#define PAGE 50
#define YEAR_EVENTS (MARKS_COUNT + KNOT_COUNT * KNOTS_COUNT)
#define ARGUMENTS_MAX 8

/* --- replays: each filter, order and direction ----------------------------*/

/* `page`: only so many of the many that belong. */
static const struct filter {
    const char *what;
    const char *partnership, *party, *type;
    uint64_t expected, page;
} filters[] = {
    {"partnership", MARKED, NULL, NULL, MARKS_COUNT, 0},
    {"party", NULL, MARKS_PARTY, NULL, MARKS_COUNT, 0},
    {"type", NULL, NULL, MARKS_TYPE, MARKS_OF_TYPE, 0},
    {"rare party, common type", NULL, MARKS_PARTY, "meeting", MARKS_MEETINGS,
     0},
    {"partnership+party", "knot-1", "knot-1-party", NULL, KNOTS_COUNT, 0},
    {"partnership+type", "knot-2", NULL, "x-knot-2", KNOTS_COUNT, 0},
    {"party+type", NULL, "knot-3-party", "x-knot-3", KNOTS_COUNT, 0},
    {"all three", "knot-4", "knot-4-party", "x-knot-4", KNOTS_COUNT, 0},
    {"common party, 50", NULL, EVENTS_BROAD_PARTY, NULL, PAGE, PAGE},
    {"common party+type, 50", NULL, EVENTS_BROAD_PARTY, "contact", PAGE, PAGE},
    {"nothing, 50", NULL, NULL, NULL, PAGE, PAGE},
};

static const char *const orders[] = {"recorded", "occurred", "disclosed"};

#define FILTER_COUNT (sizeof(filters) / sizeof(filters[0]))
#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))
#define REPLAY_COUNT (FILTER_COUNT * ORDER_COUNT * 2)

struct replays {
    char whats[REPLAY_COUNT][NAME_SIZE];
};

/* The arguments that are given, and a zero. */
static void
make_arguments(struct probe_argument arguments[ARGUMENTS_MAX],
               const struct filter *filter, const char *order, bool reverse)
{
    const struct probe_argument all[] = {
        {.key = filter->partnership == NULL ? NULL : "partnership",
         .text = filter->partnership},
        {.key = filter->party == NULL ? NULL : "party", .text = filter->party},
        {.key = filter->type == NULL ? NULL : "types", .only = filter->type},
        {.key = "order", .text = order},
        {.key = reverse ? "reverse" : NULL, .truth = true},
        {.key = filter->page == 0 ? NULL : "limit", .number = filter->page},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].key != NULL)
            arguments[count++] = all[i];
    }
    arguments[count] = (struct probe_argument){0};
}

static void
add_replays(struct probe_list *list, struct replays *replays,
            struct probe probe)
{
    probe.group = "replay";
    probe.method = "replay";
    for (size_t i = 0; i < REPLAY_COUNT; i++) {
        const struct filter *filter = &filters[i % FILTER_COUNT];
        const char *order = orders[i / FILTER_COUNT % ORDER_COUNT];
        bool reverse = i / FILTER_COUNT / ORDER_COUNT == 1;
        struct probe_argument arguments[ARGUMENTS_MAX];
        make_arguments(arguments, filter, order, reverse);
        snprintf(replays->whats[i], NAME_SIZE, "%s%s, %s", order,
                 reverse ? " back" : "", filter->what);
        probe.what = replays->whats[i];
        probe.check = (struct probe_check){"events", filter->expected};
        probe_add(list, &probe, arguments);
    }
}

/* --- the others -----------------------------------------------------------*/

static const struct filter_question {
    const char *group, *what, *method;
    struct probe_check check, check_too;
    struct probe_argument arguments[ARGUMENTS_MAX]; /* ends with a zero */
} questions[] = {
    {"gap",
     "of all partnerships",
     "gap",
     {"events", MARKS_LATE},
     {0},
     {{"at", .text = "2010-12-31"}}},
    {"gap",
     "of the partnership",
     "gap",
     {"events", MARKS_LATE},
     {0},
     {{"partnership", .text = MARKED}, {"at", .text = "2010-12-31"}}},
    {"state",
     "possible",
     "state",
     {"possible", MARKS_MEETINGS},
     {"undisclosed", 0},
     {{"partnership", .text = MARKED}, {"at", .text = MARKS_MIDDLE}}},
    {"state",
     "undisclosed",
     "state",
     {"undisclosed", MARKS_LATE},
     {0},
     {{"partnership", .text = MARKED},
      {"at", .text = "2010-12-31"},
      {"known", .text = "2010-12-31"}}},
    {"replay",
     "occurred, in a year",
     "replay",
     {"events", YEAR_EVENTS},
     {0},
     {{"order", .text = "occurred"},
      {"from", .text = "2010"},
      {"to", .text = "2010"}}},
    {"replay",
     "disclosed, in a year",
     "replay",
     {"events", MARKS_LATE},
     {0},
     {{"order", .text = "disclosed"},
      {"from", .text = "2030"},
      {"to", .text = "2030"}}},
    {"replay",
     "occurred, party+type in a year",
     "replay",
     {"events", KNOTS_COUNT},
     {0},
     {{"order", .text = "occurred"},
      {"party", .text = "knot-3-party"},
      {"types", .only = "x-knot-3"},
      {"from", .text = "2010"},
      {"to", .text = "2010"}}},
};

#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))

static void
add_questions(struct probe_list *list, struct probe probe)
{
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        const struct filter_question *question = &questions[i];
        probe.group = question->group;
        probe.what = question->what;
        probe.method = question->method;
        probe.check = question->check;
        probe.check_too = question->check_too;
        probe_add(list, &probe, question->arguments);
    }
}

/* --- the logs -------------------------------------------------------------*/

struct filter_log {
    struct entented daemon;
    struct link *link;
    uint64_t size;
};

static void
filter_log_start(struct filter_log *log, const char *scratch, uint64_t size)
{
    char name[NAME_SIZE];
    struct marks_log content = {size, "p-", PARTNERSHIPS, MARKED, true};
    snprintf(name, sizeof(name), "log-%llu", (unsigned long long)size);
    log->size = size;
    entented_init(&log->daemon, scratch, name);
    entented_start(&log->daemon);
    log->link = entented_link(&log->daemon);
    (void)marks_load(log->link, &content);
}

/* All sizes are asked by turns, so each has its own daemon; one that is not
 * asked costs nothing. */
void
measure_filters(struct measure *measure)
{
    struct filter_log logs[MEASURE_SIZES_MAX];
    struct probe_list list = {0};
    struct probe_effort effort = {measure->rounds, CALLS, measure->seconds};
    struct replays replays;
    size_t count = 0;
    for (; measure->log_sizes[count] != 0; count++)
        filter_log_start(&logs[count], measure->scratch,
                         measure->log_sizes[count]);
    for (size_t i = 0; i < count; i++) {
        struct probe probe = {.size = logs[i].size, .link = logs[i].link};
        add_questions(&list, probe);
        add_replays(&list, &replays, probe);
    }
    probe_run(&list, &effort, &measure->report);
    probe_list_deinit(&list);
    for (size_t i = 0; i < count; i++) {
        link_close(logs[i].link);
        entented_stop(&logs[i].daemon);
    }
}
