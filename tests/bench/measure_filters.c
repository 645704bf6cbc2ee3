/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/bench/entented.h"
#include "tests/bench/events.h"
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
#define ARGUMENTS_MAX 5

struct filter_question {
    const char *group, *what, *method;
    uint64_t expected;
    struct probe_argument arguments[ARGUMENTS_MAX]; /* ends with a zero */
};

static const struct filter_question questions[] = {
    {"gap",
     "of all partnerships",
     "gap",
     MARKS_LATE,
     {{"at", .text = "2010-12-31"}}},
    {"replay",
     "partnership",
     "replay",
     MARKS_COUNT,
     {{"partnership", .text = MARKED}}},
    {"replay",
     "party",
     "replay",
     MARKS_COUNT,
     {{"party", .text = MARKS_PARTY}}},
    {"replay",
     "type",
     "replay",
     MARKS_OF_TYPE,
     {{"types", .only = MARKS_TYPE}}},
    {"replay",
     "partnership and type",
     "replay",
     MARKS_OF_TYPE,
     {{"partnership", .text = MARKED}, {"types", .only = MARKS_TYPE}}},
    {"replay",
     "rare party, common type",
     "replay",
     MARKS_MEETINGS,
     {{"party", .text = MARKS_PARTY}, {"types", .only = "meeting"}}},
    {"replay",
     "partnership, party and type",
     "replay",
     MARKS_REGULATORY,
     {{"party", .text = EVENTS_BROAD_PARTY},
      {"partnership", .text = MARKED},
      {"types", .only = "regulatory"}}},
    {"replay",
     "both common, rare together",
     "replay",
     MARKS_REGULATORY,
     {{"party", .text = EVENTS_BROAD_PARTY}, {"types", .only = "regulatory"}}},
    {"replay",
     "occurred, a year",
     "replay",
     MARKS_COUNT,
     {{"order", .text = "occurred"},
      {"from", .text = "2010"},
      {"to", .text = "2010"}}},
    {"replay",
     "occurred, partnership",
     "replay",
     MARKS_COUNT,
     {{"order", .text = "occurred"}, {"partnership", .text = MARKED}}},
    {"replay",
     "occurred, party",
     "replay",
     MARKS_COUNT,
     {{"order", .text = "occurred"}, {"party", .text = MARKS_PARTY}}},
    {"replay",
     "occurred, type",
     "replay",
     MARKS_OF_TYPE,
     {{"order", .text = "occurred"}, {"types", .only = MARKS_TYPE}}},
    {"replay",
     "disclosed, a year",
     "replay",
     MARKS_LATE,
     {{"order", .text = "disclosed"},
      {"from", .text = "2030"},
      {"to", .text = "2030"}}},
    {"replay",
     "disclosed, partnership",
     "replay",
     MARKS_COUNT,
     {{"order", .text = "disclosed"}, {"partnership", .text = MARKED}}},
    {"replay",
     "disclosed, party",
     "replay",
     MARKS_COUNT,
     {{"order", .text = "disclosed"}, {"party", .text = MARKS_PARTY}}},
    {"replay",
     "disclosed, type",
     "replay",
     MARKS_OF_TYPE,
     {{"order", .text = "disclosed"}, {"types", .only = MARKS_TYPE}}},
};

#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))

struct filter_log {
    struct entented daemon;
    struct link *link;
    uint64_t size;
};

static void
filter_log_start(struct filter_log *log, const char *scratch, uint64_t size)
{
    char name[NAME_SIZE];
    struct marks_log content = {size, "p-", PARTNERSHIPS, MARKED};
    snprintf(name, sizeof(name), "log-%llu", (unsigned long long)size);
    log->size = size;
    entented_init(&log->daemon, scratch, name);
    entented_start(&log->daemon);
    log->link = entented_link(&log->daemon);
    (void)marks_load(log->link, &content);
}

static void
add_questions(struct probe_list *list, const struct filter_log *log)
{
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        const struct filter_question *question = &questions[i];
        struct probe probe = {.group = question->group,
                              .what = question->what,
                              .size = log->size,
                              .link = log->link,
                              .method = question->method,
                              .check = {"events", question->expected}};
        probe_add(list, &probe, question->arguments);
    }
}

/* All sizes are asked by turns, so each has its own daemon; one that is not
 * asked costs nothing. */
void
measure_filters(struct measure *measure)
{
    struct filter_log logs[MEASURE_SIZES_MAX];
    struct probe_list list = {0};
    struct probe_effort effort = {measure->rounds, CALLS, measure->seconds};
    size_t count = 0;
    for (; measure->log_sizes[count] != 0; count++)
        filter_log_start(&logs[count], measure->scratch,
                         measure->log_sizes[count]);
    for (size_t i = 0; i < count; i++)
        add_questions(&list, &logs[i]);
    probe_run(&list, &effort, &measure->report);
    probe_list_deinit(&list);
    for (size_t i = 0; i < count; i++) {
        link_close(logs[i].link);
        entented_stop(&logs[i].daemon);
    }
}
