/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_PROBE_H
#define TESTS_BENCH_PROBE_H

#include "tests/bench/link.h"
#include "tests/bench/report.h"
#include "tests/bench/series.h"

/*
 * Probes: a question that is asked again and again, on logs of several sizes
 * by turns, its latency, and whether the answer is the right one.
 */

/* One named argument; the first of these that is given is its value. */
struct probe_argument {
    const char *key;
    const char *text;
    uint64_t number;
    const char *only; /* an array with this one text */
    bool truth;       /* otherwise */
};

/* The number, or the length of the array, under `key` of the answer must be
 * `expected`.  No key: nothing is checked. */
struct probe_check {
    const char *key;
    uint64_t expected;
};

struct probe {
    const char *group;
    const char *what;
    uint64_t size; /* of what it is asked; the first is the base of ratios */
    struct link *link;
    const char *method;
    struct mp_buf params;
    struct probe_check check, check_too;
    bool folds; /* it counts events: say how many in a second, too */
    size_t answer_size;
    struct latency latency;
};

struct probe_list {
    struct probe *probes;
    size_t count, capacity;
};

void probe_list_deinit(struct probe_list *list);

/* `probe` without params and latency, which this makes; key NULL ends the
 * arguments. */
void probe_add(struct probe_list *list, const struct probe *probe,
               const struct probe_argument *arguments);

/* How long one round of one probe may take, whatever it takes once. */
struct probe_effort {
    int rounds, calls;
    double seconds; /* of one probe in one round */
};

/* Ask them all, in rounds, by turns; then add their rows, those of the same
 * question one below the other. */
void probe_run(struct probe_list *list, const struct probe_effort *effort,
               struct report *report);

/* One encoded map of arguments, for who asks otherwise. */
void probe_put_arguments(struct mp_buf *out,
                         const struct probe_argument *arguments);

#endif
