/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_POWER_LOAD_H
#define TESTS_CRASH_POWER_LOAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/crash/power_disk.h"
#include "tests/system/scratch.h"

/*
 * A workload on the fixture's directory that is recorded: several daemons, one
 * after the other, and what they were given and have promised.
 */
struct power_answer {
    uint8_t *bytes;
    size_t size;
};

struct power_load {
    struct record_tape *tape;
    struct power_trace trace;       /* from power_load_end on */
    const struct power_state *base; /* the directory before it, or NULL */
    json_t **events;                /* as they were sent, by position - 1 */
    struct power_answer *answers;   /* of `get`, msgid and position alike */
    size_t *noted;  /* how many up to each are in POWER_PARTNERSHIP */
    uint64_t found; /* positions that were there before */
    uint64_t tip;
    char preloaded[2 * SCRATCH_PATH_SIZE]; /* libraries */
    unsigned next_id;
};

/* Every fifth event is in this one. */
#define POWER_PARTNERSHIP "p1"

/* The question for the event at a position, as its answer is kept. */
#define POWER_QUESTION_SIZE ((size_t)64)
size_t power_question(uint8_t question[POWER_QUESTION_SIZE], uint64_t seq);

/* The machine has been started so often: the daemons from now on shall see. */
void power_boot(unsigned boot);

/* Begin on an empty directory; nothing runs yet. */
void power_load_begin(struct power_load *load, enum record_forget forget);

/* Begin where `base` was found, and a daemon starts on it; `before` knows what
 * can be in it, and `acked` of that must be. */
void power_load_resume(struct power_load *load, const struct power_load *before,
                       const struct power_state *base, uint64_t acked);

/* How each daemon is started. */
extern const char *const power_options[];

/* Start a daemon that is recorded. */
void power_load_start(const struct power_load *load);

/* Appends of all kinds and sizes, one by one and many at once; `rounds` times.
 */
void power_load_append(struct power_load *load, unsigned rounds);

/* Nothing comes for a while, so that the daemon does what it puts off. */
void power_load_idle(void);

/* SIGKILL at a moment at which no write is under way. */
void power_load_kill(struct power_load *load);

/* Ask for every event, stop the daemon, and read the trace; the files must be
 * what the trace makes of them. */
void power_load_end(struct power_load *load);

void power_load_deinit(struct power_load *load);

#endif
