/* SPDX-License-Identifier: MIT */
/* Events that are copied from the file are those that LMDB has there, in every
 * shape of it, and damage is left to LMDB. */
#include "daemon/log_pages.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log_page.h"
#include "daemon/log_parts.h"
#include "tests/unit/data_fixture.h"
#include "tests/unit/random_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define EVENT_MAX ((size_t)70000)
#define GROUP_MAX ((size_t)200)
#define LENT                                                                   \
    300 /* events that are looked at again before they are given back */

/* --- logs of every shape --------------------------------------------------*/

static const struct shape {
    size_t least, most; /* bytes of an event */
    uint64_t count;
    size_t group; /* events that are appended at once, at most */
    bool settled; /* each group is a transaction of its own */
} shapes[] = {
    {0, 40, 30000, GROUP_MAX, false},    /* hundreds in a leaf */
    {300, 420, 20000, GROUP_MAX, false}, /* ten */
    {300, 420, 1500, 3, true},           /* in pages that were free again */
    {1900, 2200, 4000, 40, false},       /* in a leaf, or just not */
    {0, 9000, 1500, 20, true},           /* both by turns */
    {3000, EVENT_MAX, 600, 10, false},   /* on many pages each */
};

static struct data data;
static uint64_t dice;

static size_t
size_at(const struct shape *shape, uint64_t seq)
{
    uint64_t state = seq;
    return shape->least +
           (size_t)random_below(&state, shape->most - shape->least + 1);
}

static void
fill(uint8_t *bytes, size_t size, uint64_t seq)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seq * 7 + i);
}

static void
append_group(const struct shape *shape, size_t count)
{
    static uint8_t bytes[GROUP_MAX][EVENT_MAX];
    struct span events[GROUP_MAX];
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = log_tip(data.log) + 1 + i;
        events[i] = (struct span){bytes[i], size_at(shape, seq)};
        fill(bytes[i], events[i].size, seq);
    }
    ck_assert_int_eq(log_append(data.log, events, count, NULL, 0), LOG_OK);
    if (shape->settled)
        ck_assert_int_eq(log_settle(data.log), LOG_OK);
}

static void
append(const struct shape *shape, uint64_t count)
{
    for (uint64_t end = log_tip(data.log) + count; log_tip(data.log) < end;) {
        size_t group = 1 + (size_t)random_below(&dice, shape->group);
        uint64_t left = end - log_tip(data.log);
        append_group(shape, group < left ? group : (size_t)left);
    }
    ck_assert_int_eq(log_settle(data.log), LOG_OK);
}

static void
begin(void)
{
    data = (struct data){0};
    dice = random_seed("pages");
    data_directory(data.path);
    data_open_log(&data);
}

static void
end(void)
{
    data_close(&data);
}

/* --- reading --------------------------------------------------------------*/

struct reading {
    MDB_txn *txn;
    struct log_pages pages;
    struct span lent[LENT];
    uint64_t lent_seq[LENT];
    size_t lent_count;
};

static void
reading_begin(struct reading *reading, struct log *log)
{
    *reading = (struct reading){.txn = NULL};
    ck_assert_int_eq(mdb_txn_begin(log->env, NULL, MDB_RDONLY, &reading->txn),
                     0);
    log_pages_init(&reading->pages, log->env, log->trees, &log->ahead);
    ck_assert_uint_ne(reading->pages.page_size, 0);
    log_pages_begin(&reading->pages);
}

/* It has the checksum of that position. */
static bool
is_sound(struct span record, uint64_t seq)
{
    struct span event = {record.data + LOG_CHECKSUM_SIZE,
                         record.size - LOG_CHECKSUM_SIZE};
    return record.size >= LOG_CHECKSUM_SIZE &&
           order_get_u64(record.data) == log_checksum(seq, event);
}

static void
assert_event(const struct shape *shape, struct span record, uint64_t seq)
{
    ck_assert_uint_eq(record.size, LOG_CHECKSUM_SIZE + size_at(shape, seq));
    struct span event = {record.data + LOG_CHECKSUM_SIZE,
                         record.size - LOG_CHECKSUM_SIZE};
    ck_assert(is_sound(record, seq));
    for (size_t i = 0; i < event.size; i++)
        if (event.data[i] != (uint8_t)(seq * 7 + i))
            ck_abort_msg("event %d, byte %zu", (int)seq, i);
}

static void
give_back(struct reading *reading, const struct shape *shape)
{
    for (size_t i = 0; i < reading->lent_count; i++)
        assert_event(shape, reading->lent[i], reading->lent_seq[i]);
    reading->lent_count = 0;
    log_pages_begin(&reading->pages);
}

/* It must be there. */
static void
read_one(struct reading *reading, const struct shape *shape, uint64_t seq)
{
    struct span record;
    if (reading->lent_count == LENT || reading->pages.slot > 2)
        give_back(reading, shape);
    ck_assert_msg(log_pages_find(&reading->pages, reading->txn, seq, &record),
                  "event %d is not found", (int)seq);
    assert_event(shape, record, seq);
    reading->lent[reading->lent_count] = record;
    reading->lent_seq[reading->lent_count++] = seq;
}

static void
reading_end(struct reading *reading)
{
    mdb_txn_abort(reading->txn);
    log_pages_deinit(&reading->pages);
}

START_TEST(rows_are_what_was_appended)
{
    struct reading reading;
    const struct shape *shape = &shapes[_i];
    append(shape, shape->count);
    reading_begin(&reading, data.log);
    for (uint64_t seq = 1; seq <= shape->count; seq++)
        read_one(&reading, shape, seq);
    give_back(&reading, shape);
    reading_end(&reading);
}
END_TEST

START_TEST(row_may_begin_and_end_anywhere)
{
    struct reading reading;
    const struct shape *shape = &shapes[_i];
    append(shape, shape->count);
    reading_begin(&reading, data.log);
    for (int i = 0; i < 300; i++) {
        uint64_t seq = 1 + random_below(&dice, shape->count);
        for (uint64_t n = random_below(&dice, 100); n > 0; n--, seq++)
            if (seq <= shape->count)
                read_one(&reading, shape, seq);
    }
    give_back(&reading, shape);
    reading_end(&reading);
}
END_TEST

/* Some by themselves, and a row that is gone on with between them. */
START_TEST(single_events_are_what_was_appended)
{
    struct reading reading;
    struct span record;
    const struct shape *shape = &shapes[_i];
    append(shape, shape->count);
    reading_begin(&reading, data.log);
    for (uint64_t seq = 1; seq <= shape->count; seq++) {
        uint64_t other = 1 + random_below(&dice, shape->count);
        read_one(&reading, shape, seq);
        ck_assert_msg(
            log_pages_find_one(&reading.pages, reading.txn, other, &record),
            "event %d is not found", (int)other);
        assert_event(shape, record, other);
    }
    ck_assert(!log_pages_find_one(&reading.pages, reading.txn, shape->count + 1,
                                  &record));
    give_back(&reading, shape);
    reading_end(&reading);
}
END_TEST

/* What is written meanwhile is not seen, nor seen in place of anything: pages
 * that are free again are used for it. */
START_TEST(reading_is_of_one_moment)
{
    struct reading before, after;
    struct span record;
    const struct shape *shape = &shapes[2];
    append(shape, 1000);
    reading_begin(&before, data.log);
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        read_one(&before, shape, seq);
        if (seq % 10 == 0)
            append(shape, 1 + random_below(&dice, 30));
        ck_assert(!log_pages_find(&before.pages, before.txn, 1001, &record));
    }
    give_back(&before, shape);
    reading_begin(&after, data.log);
    for (uint64_t seq = 1; seq <= log_tip(data.log); seq++)
        read_one(&after, shape, seq);
    reading_end(&before);
    reading_end(&after);
}
END_TEST

/* A row goes on where it was, whatever has happened to the tree. */
START_TEST(row_goes_on_at_another_moment)
{
    struct reading reading;
    const struct shape *shape = &shapes[_i];
    append(shape, 500);
    reading_begin(&reading, data.log);
    for (uint64_t seq = 1; seq <= shape->count; seq++) {
        bool more = seq > log_tip(data.log);
        if (more)
            append(shape, 1 + random_below(&dice, 2 * GROUP_MAX));
        if (more || random_below(&dice, 70) == 0) {
            give_back(&reading, shape);
            mdb_txn_reset(reading.txn);
            ck_assert_int_eq(mdb_txn_renew(reading.txn), 0);
        }
        read_one(&reading, shape, seq);
    }
    reading_end(&reading);
}
END_TEST

START_TEST(what_is_lent_at_a_time_is_bounded)
{
    struct reading reading;
    struct span record;
    const struct shape *shape = &shapes[1];
    append(shape, shape->count);
    reading_begin(&reading, data.log);
    uint64_t seq = 1;
    while (seq <= shape->count &&
           log_pages_find(&reading.pages, reading.txn, seq, &record))
        seq++;
    ck_assert_uint_lt(seq, shape->count);
    ck_assert_uint_gt(seq, LOG_PAGES_SLOT_SIZE * LOG_PAGES_SLOTS_MAX / 2 /
                               shape->most);
    ck_assert_ptr_nonnull(reading.pages.slots[LOG_PAGES_SLOTS_MAX - 1]);
    log_pages_begin(&reading.pages);
    read_one(&reading, shape, seq);
    log_pages_begin(&reading.pages); /* this time little was lent */
    ck_assert_ptr_null(reading.pages.slots[4]);
    read_one(&reading, shape, seq + 1);
    reading_end(&reading);
}
END_TEST

/* --- damage ---------------------------------------------------------------*/

/* A copy of the log, to be read only; its file. */
static struct log *
open_copy(char file[DATA_PATH_SIZE])
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    struct log *log = NULL;
    struct diag_reason reason = {""};
    uint64_t count;
    data_directory(directory);
    data_join(path, data.path, "log.mdb");
    data_join(file, directory, "log.mdb");
    data_copy(path, file);
    ck_assert_int_eq(
        log_open_to_read(directory, LOG_ALONE, &log, &count, &reason), 0);
    ck_assert_uint_eq(count, log_tip(data.log));
    return log;
}

/* Of the tree of events; LMDB itself reads the others. */
static bool
is_of_events(const uint8_t *bytes, uint64_t number, size_t size)
{
    struct log_page_node node;
    struct span page = {bytes, size};
    size_t last = log_page_count(page) - 1;
    return (log_page_is(page, number, LOG_PAGE_BRANCH) ||
            log_page_is(page, number, LOG_PAGE_LEAF)) &&
           log_page_count(page) > 0 && log_page_node(page, last, &node) &&
           node.key.size == LOG_KEY_SIZE &&
           order_get_u64(node.key.data) <= log_tip(data.log);
}

static void
damage(const char *path)
{
    uint8_t page[4096];
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    for (uint64_t number = 2;
         pread(fd, page, sizeof page, (off_t)(number * sizeof page)) ==
         (ssize_t)sizeof page;
         number++) {
        if (!is_of_events(page, number, sizeof page))
            continue;
        for (uint64_t bits = random_below(&dice, 4); bits > 0; bits--) {
            /* mostly in the head and the list of nodes */
            size_t span = random_below(&dice, 3) > 0 ? 64 : sizeof page;
            page[random_below(&dice, span)] ^=
                (uint8_t)(1u << random_below(&dice, 8));
        }
        ck_assert_int_eq(
            pwrite(fd, page, sizeof page, (off_t)(number * sizeof page)),
            sizeof page);
    }
    close(fd);
}

/* Whatever is found lies in memory that can be read, and what has its checksum
 * is what was appended. */
START_TEST(damaged_pages_do_no_harm)
{
    char file[DATA_PATH_SIZE];
    struct reading reading;
    const struct shape *shape = &shapes[_i];
    uint64_t sound = 0;
    append(shape, shape->count < 2000 ? shape->count : 2000);
    struct log *damaged = open_copy(file);
    damage(file);
    reading_begin(&reading, damaged);
    for (uint64_t seq = 1; seq <= log_tip(damaged); seq++) {
        struct span record;
        log_pages_begin(&reading.pages);
        if (log_pages_find_one(&reading.pages, reading.txn, seq, &record) &&
            is_sound(record, seq))
            assert_event(shape, record, seq);
        if (log_pages_find(&reading.pages, reading.txn, seq, &record) &&
            is_sound(record, seq)) {
            assert_event(shape, record, seq);
            sound++;
        }
    }
    ck_assert_uint_lt(sound, log_tip(damaged));
    reading_end(&reading);
    log_close(damaged);
}
END_TEST

/* Any bytes at all. */
START_TEST(garbage_is_no_page)
{
    const size_t size = 4096;
    uint8_t *bytes = malloc(size);
    struct log_page_node node;
    ck_assert_ptr_nonnull(bytes);
    for (int i = 0; i < 2000; i++) {
        for (size_t k = 0; k < size; k++)
            bytes[k] = (uint8_t)random_next(&dice);
        bytes[13] &= 0x1f; /* a list that mostly lies in it */
        struct span page = {bytes, size};
        size_t count = log_page_count(page);
        ck_assert_uint_le(LOG_PAGE_HEAD_SIZE + 2 * count, size);
        for (size_t k = 0; k < count; k++) {
            if (!log_page_node(page, k, &node))
                continue;
            ck_assert(node.key.data >= bytes);
            ck_assert(node.behind + node.room <= bytes + size);
            ck_assert_ptr_eq(node.behind, node.key.data + node.key.size);
        }
    }
    free(bytes);
}
END_TEST

/* --- a file that is not in memory -----------------------------------------*/

START_TEST(what_is_on_disk_alone_is_read_and_asked_for_ahead)
{
    mdb_filehandle_t fd;
    struct reading reading;
    const struct shape *shape = &shapes[1];
    append(shape, shape->count);
    ck_assert_int_eq(mdb_env_get_fd(data.log->env, &fd), 0);
    ck_assert_int_eq(fdatasync(fd), 0);
    ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    reading_begin(&reading, data.log);
    for (uint64_t seq = 1; seq <= shape->count; seq++)
        read_one(&reading, shape, seq);
    bool asked = data.log->ahead.started;
    reading_end(&reading);
    /* a second time all is there */
    reading_begin(&reading, data.log);
    for (uint64_t seq = 1; seq <= shape->count; seq++)
        read_one(&reading, shape, seq);
    ck_assert_uint_eq(reading.pages.cold, 0);
    reading_end(&reading);
    ck_assert(asked);
}
END_TEST

/* A file that cannot be read is still mapped. */
START_TEST(what_cannot_be_copied_is_asked_of_lmdb)
{
    char file[DATA_PATH_SIZE];
    mdb_filehandle_t fd;
    struct span event;
    const struct shape *shape = &shapes[1];
    append(shape, 1000);
    struct log *log = open_copy(file);
    ck_assert_int_eq(mdb_env_get_fd(log->env, &fd), 0);
    int nothing = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(dup2(nothing, fd), fd);
    close(nothing);
    struct log_reader *reader = log_reader_new(log);
    ck_assert_int_eq(log_read_begin(reader), LOG_OK);
    for (uint64_t seq = 1; seq <= log_tip(log); seq++) {
        ck_assert_int_eq(log_read(reader, seq, &event), LOG_OK);
        ck_assert_uint_eq(event.size, size_at(shape, seq));
    }
    log_read_end(reader);
    log_reader_free(reader);
    log_close(log);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log pages");
    TCase *tests = tcase_create("log pages");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, rows_are_what_was_appended, 0, COUNT_OF(shapes));
    tcase_add_loop_test(tests, row_may_begin_and_end_anywhere, 0,
                        COUNT_OF(shapes));
    tcase_add_loop_test(tests, single_events_are_what_was_appended, 0,
                        COUNT_OF(shapes));
    tcase_add_test(tests, reading_is_of_one_moment);
    tcase_add_loop_test(tests, row_goes_on_at_another_moment, 0,
                        COUNT_OF(shapes));
    tcase_add_test(tests, what_is_lent_at_a_time_is_bounded);
    tcase_add_loop_test(tests, damaged_pages_do_no_harm, 0, COUNT_OF(shapes));
    tcase_add_test(tests, garbage_is_no_page);
    tcase_add_test(tests, what_is_on_disk_alone_is_read_and_asked_for_ahead);
    tcase_add_test(tests, what_cannot_be_copied_is_asked_of_lmdb);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
