/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_EVENT_PARTS_H
#define TESTS_BENCH_EVENT_PARTS_H

#include "tests/bench/events.h"

/*
 * The event that tests/bench/events is about to write, and the writing: keys
 * and values, with what no answer looks at but every log carries (summaries,
 * sources, people).
 */

enum draft_precision {
    DRAFT_DAY,
    DRAFT_HOUR,
    DRAFT_IMPRECISE, /* a month, a season, a year, ... */
};

enum draft_disclosure {
    DRAFT_PUBLIC, /* at once */
    DRAFT_ON_DAY,
    DRAFT_BY_REVELATION,
};

struct draft {
    const char *type;
    uint32_t partnership;
    int64_t day; /* since 1970-01-01 */
    enum draft_precision precision;
    enum draft_disclosure disclosure;
    int64_t disclosed_day;
    uint64_t re, corrects; /* numbers of events, or 0 */
    bool amount;
    bool terms;
};

void draft_write(const struct draft *draft, struct events *events,
                 struct mp_buf *out);

#endif
