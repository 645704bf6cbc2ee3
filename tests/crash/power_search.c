/* SPDX-License-Identifier: MIT */
#include "tests/crash/power_search.h"

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/crash/dice.h"
#include "tests/system/scratch.h"

#define WORKERS 2

/* Each goes through the trace once, with this many moments. */
#define ROUND_MOMENTS ((size_t)1000)
#define ROUNDS_MAX 1000

/* States of one moment. */
#define STATES_A_MOMENT 2

/* Every so many a state is looked at by two daemons, one after the other. */
#define TWICE 16

/* Where what is not whole is kept, to be looked at. */
#define KEEP_VARIABLE "CRASH_KEEP"

/* --- moments --------------------------------------------------------------*/

struct moment {
    size_t entry;
    uint64_t dice;
};

struct search {
    struct power_search *asked;
    struct moment moments[ROUND_MOMENTS];
    pthread_mutex_t lock; /* guards the rest, and what is handed out */
    uint64_t *hashes;     /* of states that were recovered; 0: free */
    size_t hash_room;
    bool over;
};

static bool
is_end_of_flush(const struct record_entry *entry)
{
    return entry->kind == RECORD_FLUSHED || entry->kind == RECORD_STORED;
}

/* Any, or one at which much is at stake: just before a flush has ended, just
 * after it, just after an answer has left. */
static size_t
choose_entry(const struct power_trace *trace)
{
    size_t any = dice_below(trace->count), at = any;
    uint64_t chance = dice_below(4);
    if (chance == 0)
        return any + 1;
    for (; at < trace->count; at++) {
        const struct record_entry *entry = trace->entries[at];
        if (chance == 1 && entry->kind == RECORD_SENT)
            return at + 1;
        if (chance > 1 && is_end_of_flush(entry))
            return chance == 2 ? at : at + 1;
    }
    return any + 1;
}

static int
moment_compare(const void *left, const void *right)
{
    size_t a = ((const struct moment *)left)->entry;
    size_t b = ((const struct moment *)right)->entry;
    return a < b ? -1 : a > b;
}

static void
choose_moments(struct search *search)
{
    for (size_t i = 0; i < ROUND_MOMENTS; i++) {
        search->moments[i].entry = choose_entry(&search->asked->load->trace);
        search->moments[i].dice = dice_below(INT64_MAX);
    }
    qsort(search->moments, ROUND_MOMENTS, sizeof(search->moments[0]),
          moment_compare);
}

/* --- states ---------------------------------------------------------------*/

/* Whether a state is wanted: it is another than all before. */
static bool
is_new(struct search *search, uint64_t hash)
{
    struct power_search *asked = search->asked;
    pthread_mutex_lock(&search->lock);
    asked->tried++;
    uint64_t key = hash == 0 ? 1 : hash;
    size_t at = key % search->hash_room;
    while (search->hashes[at] != 0 && search->hashes[at] != key)
        at = (at + 1) % search->hash_room;
    bool new = !search->over && search->hashes[at] == 0;
    search->hashes[at] = new ? key : search->hashes[at];
    asked->different += new;
    search->over |= asked->different == asked->states;
    pthread_mutex_unlock(&search->lock);
    return new;
}

static bool
is_over(struct search *search)
{
    pthread_mutex_lock(&search->lock);
    bool over = search->over;
    pthread_mutex_unlock(&search->lock);
    return over;
}

static const char *
kind_name(const struct record_entry *entry)
{
    switch ((enum record_kind)entry->kind) {
    case RECORD_START:
        return "start";
    case RECORD_CREATE:
        return "create";
    case RECORD_RENAME:
        return "rename";
    case RECORD_LINK:
        return "link";
    case RECORD_UNLINK:
        return "unlink";
    case RECORD_WRITE:
        return "write";
    case RECORD_ZERO:
        return "zero";
    case RECORD_SIZE:
        return "size";
    case RECORD_FLUSH:
        return "flush";
    case RECORD_FLUSHED:
        return "flushed";
    case RECORD_STORED:
        return "stored";
    case RECORD_SENT:
        return "sent";
    }
    return "?";
}

static void
say_end(struct power_search *asked, const struct power_recovery *recovery,
        const struct power_state *state, const struct moment *moment,
        enum power_verdict verdict)
{
    const struct record_entry *entry =
        asked->load->trace.entries[moment->entry - 1];
    const char *keep = getenv(KEEP_VARIABLE);
    (void)snprintf(asked->why, sizeof(asked->why),
                   "%s: power lost behind entry %zu of %zu (%s of file %u), "
                   "left are %s: %s",
                   power_verdict_names[verdict], moment->entry,
                   asked->load->trace.count, kind_name(entry), entry->file,
                   state->what, recovery->why);
    if (keep != NULL)
        power_state_write(state, keep);
}

static void
note(struct search *search, const struct power_recovery *recovery,
     const struct power_state *state, const struct moment *moment,
     enum power_verdict verdict)
{
    struct power_search *asked = search->asked;
    pthread_mutex_lock(&search->lock);
    asked->found[verdict]++;
    asked->rebuilt += recovery->rebuilt;
    asked->beyond += verdict == POWER_WHOLE && recovery->tip > recovery->acked;
    bool ends =
        asked->for_loss ? verdict == POWER_LOST : verdict != POWER_WHOLE;
    if (ends && asked->why[0] == '\0') {
        say_end(asked, recovery, state, moment, verdict);
        search->over = true;
    }
    pthread_mutex_unlock(&search->lock);
}

/* --- workers --------------------------------------------------------------*/

struct worker {
    struct search *search;
    size_t index;
    pthread_t thread;
    char directory[SCRATCH_PATH_SIZE];
};

static void
try_moment(struct worker *worker, const struct power_disk *disk,
           const struct moment *moment, struct power_state *state)
{
    struct search *search = worker->search;
    const struct power_load *load = search->asked->load;
    struct power_recovery recovery = {
        .load = load,
        .directory = worker->directory,
        .acked = power_trace_acked(&load->trace, moment->entry),
        .dice = moment->dice,
        .twice = moment->dice % TWICE == 0,
    };
    if (recovery.acked < load->found)
        recovery.acked = load->found;
    for (uint64_t i = 0; i < STATES_A_MOMENT; i++) {
        power_disk_lose(disk, moment->dice + i, state);
        if (!is_new(search, state->hash))
            continue;
        enum power_verdict verdict = power_recover(&recovery, state);
        note(search, &recovery, state, moment, verdict);
    }
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    struct search *search = worker->search;
    const struct power_load *load = search->asked->load;
    struct power_disk *disk = power_disk_new(&load->trace, load->base);
    struct power_state state = {0};
    for (size_t i = worker->index; i < ROUND_MOMENTS && !is_over(search);
         i += WORKERS) {
        power_disk_advance(disk, search->moments[i].entry);
        try_moment(worker, disk, &search->moments[i], &state);
    }
    power_state_deinit(&state);
    power_disk_free(disk);
    return NULL;
}

static void
work_all(struct search *search)
{
    struct worker workers[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        char name[32];
        workers[i] = (struct worker){.search = search, .index = i};
        snprintf(name, sizeof(name), "worker%zu", i);
        scratch_join(workers[i].directory, search->asked->directory, name);
        (void)mkdir(workers[i].directory, 0700); /* of the round before */
        ck_assert_int_eq(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
}

void
power_search(struct power_search *asked)
{
    struct search search = {
        .asked = asked,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .hash_room = asked->states * 8 + 64,
    };
    search.hashes = calloc(search.hash_room, sizeof(search.hashes[0]));
    ck_assert_ptr_nonnull(search.hashes);
    for (int round = 0; round < ROUNDS_MAX && !search.over; round++) {
        choose_moments(&search);
        work_all(&search);
    }
    free(search.hashes);
    pthread_mutex_destroy(&search.lock);
}
