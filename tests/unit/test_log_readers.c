/* SPDX-License-Identifier: MIT */
/* Readers beside a writer: each sees one moment, whole, wherever its events are
 * meanwhile, and for as long as it likes. */
#include "daemon/log.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/data_fixture.h"
#include "tests/unit/random_fixture.h"

#define READERS 3
#define GROUPS 500
#define EVENT_MAX ((size_t)2500)
#define PAST_JOURNAL 5 /* events of so much are more than the journal holds */
#define PAST_JOURNAL_SIZE ((size_t)250000)

/* --- events that their position tells -------------------------------------*/

static size_t
size_at(uint64_t seq)
{
    return (size_t)(seq * 131 % EVENT_MAX);
}

static void
fill_event(uint8_t *bytes, uint64_t seq, size_t size)
{
    memset(bytes, (int)(seq % 251), size);
}

/* NULL, or what is wrong with it. */
static const char *
fault_of(struct log_reader *reader, uint64_t seq)
{
    struct span event;
    switch (log_read(reader, seq, &event)) {
    case LOG_OK:
        break;
    case LOG_ABSENT:
        return "absent";
    case LOG_CORRUPT:
        return "corrupt";
    case LOG_FULL:
    case LOG_FAILED:
        return "failed";
    }
    for (size_t i = 0; i < event.size; i++)
        if (event.data[i] != seq % 251)
            return "another's bytes";
    return event.size == size_at(seq) || event.size == PAST_JOURNAL_SIZE
               ? NULL
               : "of another's size";
}

/* --- a writer -------------------------------------------------------------*/

struct world {
    struct log *log;
    uint64_t seed;
    bool past_journal; /* some groups are larger than the journal */
    _Atomic bool done;
};

static void
append(struct world *world, size_t count, size_t size)
{
    struct span events[16];
    uint64_t tip = log_tip(world->log);
    for (size_t i = 0; i < count; i++) {
        events[i].size = size != 0 ? size : size_at(tip + 1 + i);
        uint8_t *bytes = malloc(events[i].size + 1);
        ck_assert_ptr_nonnull(bytes);
        fill_event(bytes, tip + 1 + i, events[i].size);
        events[i].data = bytes;
    }
    ck_assert_int_eq(log_append(world->log, events, count, NULL, 0), LOG_OK);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)events[i].data);
}

static void *
write_all(void *context)
{
    struct world *world = context;
    for (int i = 0; i < GROUPS; i++) {
        if (world->past_journal && random_below(&world->seed, 10) == 0)
            append(world, PAST_JOURNAL, PAST_JOURNAL_SIZE);
        else
            append(world, 1 + random_below(&world->seed, 15), 0);
    }
    atomic_store(&world->done, true);
    return NULL;
}

/* --- readers --------------------------------------------------------------*/

/* Look at the newest events, which are still on their way, and at others. */
static void *
read_on(void *context)
{
    struct world *world = context;
    struct log_reader *reader = log_reader_new(world->log);
    uint64_t seed = (uint64_t)(uintptr_t)reader, last = 0;
    ck_assert_ptr_nonnull(reader);
    while (!atomic_load(&world->done)) {
        uint64_t least = log_tip(world->log);
        ck_assert_int_eq(log_read_begin(reader), LOG_OK);
        for (uint64_t seq = least; seq > 0 && seq + 20 > least; seq--) {
            const char *fault = fault_of(reader, seq);
            ck_assert_msg(fault == NULL, "event %d is %s", (int)seq, fault);
        }
        for (int i = 0; i < 20 && least > 0; i++) {
            uint64_t seq = 1 + random_below(&seed, least);
            const char *fault = fault_of(reader, seq);
            ck_assert_msg(fault == NULL, "event %d is %s", (int)seq, fault);
        }
        /* what came meanwhile is whole too, or is not there yet */
        struct span event;
        for (uint64_t seq = least + 1;
             log_read(reader, seq, &event) != LOG_ABSENT; seq++) {
            const char *fault = fault_of(reader, seq);
            ck_assert_msg(fault == NULL, "event %d is %s", (int)seq, fault);
        }
        log_read_end(reader);
        ck_assert_uint_ge(least, last);
        last = least;
    }
    log_reader_free(reader);
    return NULL;
}

START_TEST(readers_see_whole_moments_beside_a_writer)
{
    struct data data = {0};
    pthread_t writer, readers[READERS];
    struct world world = {.seed = random_seed("readers"),
                          .past_journal = _i == 1};
    data_directory(data.path);
    data_open_log(&data);
    world.log = data.log;
    ck_assert_int_eq(pthread_create(&writer, NULL, write_all, &world), 0);
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_on, &world), 0);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
    data_close(&data);
}
END_TEST

/* --- a reader that stays --------------------------------------------------*/

#define HELD 8     /* events that it looks at */
#define BEHIND 220 /* groups of a block that still fit beside them */
#define JOURNAL_BLOCKS 256

static void *
write_blocks(void *context)
{
    struct world *world = context;
    for (int i = 0; i < JOURNAL_BLOCKS + 100; i++)
        append(world, 1, 0);
    atomic_store(&world->done, true);
    return NULL;
}

/* The space of what a reader sees is not used again: the writer goes on as long
 * as there is other space, then waits for the reader, then goes on. */
START_TEST(what_a_reader_sees_stays_while_much_is_appended)
{
    struct data data = {0};
    struct world world = {0};
    pthread_t writer;
    data_directory(data.path);
    data_open_log(&data);
    world.log = data.log;
    for (int i = 0; i < HELD; i++)
        append(&world, 1, 0);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_blocks, &world), 0);
    uint64_t tip = 0;
    while (tip < HELD + BEHIND) {
        tip = log_tip(data.log);
        for (uint64_t seq = 1; seq <= HELD; seq++) {
            const char *fault = fault_of(data.log_reader, seq);
            ck_assert_msg(fault == NULL, "event %d is %s", (int)seq, fault);
        }
        struct span event;
        ck_assert_int_eq(log_read(data.log_reader, HELD + 1, &event),
                         LOG_ABSENT);
    }
    log_read_end(data.log_reader);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
    ck_assert(atomic_load(&world.done));
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    for (uint64_t seq = 1; seq <= log_tip(data.log); seq++) {
        const char *fault = fault_of(data.log_reader, seq);
        ck_assert_msg(fault == NULL, "event %d is %s", (int)seq, fault);
    }
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log readers");
    TCase *tests = tcase_create("log readers");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, readers_see_whole_moments_beside_a_writer, 0, 2);
    tcase_add_test(tests, what_a_reader_sees_stays_while_much_is_appended);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
