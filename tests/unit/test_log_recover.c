/* SPDX-License-Identifier: MIT */
/* What a start makes of the journal that it finds: all of it, all but a torn
 * end, or a refusal that says what is missing. */
#include "daemon/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/journal_fixture.h"
#include "tests/unit/random_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MIB ((uint64_t)1 << 20)
#define LARGE_SIZE ((size_t)500000)

/* --- events that their position tells -------------------------------------*/

static size_t
size_at(uint64_t seq)
{
    return (size_t)(seq * seq * 37 % 3000);
}

static void
fill_event(uint8_t *bytes, uint64_t seq, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seq + i / 7);
}

static void
append_sized(struct log *log, size_t count, size_t size,
             const struct log_consumer *consumer)
{
    struct span *events = calloc(count + 1, sizeof *events);
    uint64_t tip = log_tip(log);
    ck_assert_ptr_nonnull(events);
    for (size_t i = 0; i < count; i++) {
        events[i].size = size != 0 ? size : size_at(tip + 1 + i);
        uint8_t *bytes = malloc(events[i].size + 1);
        ck_assert_ptr_nonnull(bytes);
        fill_event(bytes, tip + 1 + i, events[i].size);
        events[i].data = bytes;
    }
    ck_assert_int_eq(log_append(log, events, count, consumer, consumer != NULL),
                     LOG_OK);
    ck_assert_uint_eq(log_tip(log), tip + count);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)events[i].data);
    free(events);
}

static void
append(struct log *log, size_t count)
{
    append_sized(log, count, 0, NULL);
}

static void
acknowledge(struct log *log, size_t count, const char *name, uint64_t position)
{
    const struct log_consumer consumer = {.name = span_of(name),
                                          .position = position};
    append_sized(log, count, 0, &consumer);
}

/* Every event up to the tip is there, and nothing behind it. */
static void
assert_events(struct data *data, uint64_t tip)
{
    struct span event;
    uint8_t *wanted = malloc(4 * LARGE_SIZE);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_uint_eq(log_tip(data->log), tip);
    ck_assert_int_eq(log_read_begin(data->log_reader), LOG_OK);
    for (uint64_t seq = 1; seq <= tip; seq++) {
        ck_assert_int_eq(log_read(data->log_reader, seq, &event), LOG_OK);
        fill_event(wanted, seq, event.size);
        ck_assert(event.size == 0 ||
                  memcmp(event.data, wanted, event.size) == 0);
    }
    ck_assert_int_eq(log_read(data->log_reader, tip + 1, &event), LOG_ABSENT);
    log_read_end(data->log_reader);
    free(wanted);
}

/* --- opening --------------------------------------------------------------*/

static void
open_with(struct data *data, const struct log_options *options)
{
    struct diag_reason reason = {""};
    ck_assert_int_eq(datadir_open(&data->datadir, data->path, &reason), 0);
    int rc = log_open(&data->datadir, options, &data->log, &reason);
    ck_assert_msg(rc == 0, "%s", reason.text);
    data->log_reader = log_reader_new(data->log);
    ck_assert_ptr_nonnull(data->log_reader);
}

/* It is refused, says so, and touches nothing. */
static void
assert_refused(const char *directory, const struct log_options *options,
               const char *says)
{
    struct datadir datadir;
    struct log *log = NULL;
    struct diag_reason reason = {""};
    char copy[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    data_join(path, directory, JOURNAL_NAME);
    bool there = access(path, F_OK) == 0;
    struct journal_bytes before = {0};
    if (there)
        before = journal_read(directory);
    journal_copy_directory(directory, copy);
    ck_assert_int_eq(datadir_open(&datadir, copy, &reason), 0);
    int rc = log_open(&datadir, options, &log, &reason);
    datadir_close(&datadir);
    ck_assert_msg(rc < 0, "it is opened");
    ck_assert_ptr_null(log);
    ck_assert_msg(strstr(reason.text, says) != NULL, "%s", reason.text);
    data_join(path, copy, JOURNAL_NAME);
    ck_assert_int_eq(access(path, F_OK) == 0, there);
    if (there) {
        struct journal_bytes after = journal_read(copy);
        ck_assert_uint_eq(after.size, before.size);
        ck_assert_int_eq(memcmp(after.data, before.data, after.size), 0);
        free(after.data);
    }
    free(before.data);
}

/* It opens with so many events, takes more, and has them when it is opened
 * again. */
static void
assert_goes_on(const char *directory, const struct log_options *options,
               uint64_t tip)
{
    struct data data = {0};
    snprintf(data.path, sizeof data.path, "%s", directory);
    open_with(&data, options);
    assert_events(&data, tip);
    append(data.log, 3);
    assert_events(&data, tip + 3);
    data_close(&data);
    data_open_log(&data);
    assert_events(&data, tip + 3);
    data_close(&data);
}

static void
make_empty(struct data *data)
{
    *data = (struct data){0};
    data_directory(data->path);
    data_open_log(data);
    data_close(data);
}

/* --- a whole journal ------------------------------------------------------*/

static void
fill_small_groups(struct log *log)
{
    for (size_t i = 0; i < 12; i++)
        append(log, i % 4);
}

#define SMALL_GROUPS_TIP ((uint64_t)18)

START_TEST(what_the_journal_holds_is_there_after_a_kill)
{
    struct data data;
    make_empty(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_small_groups);
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, SMALL_GROUPS_TIP);
}
END_TEST

/* Generation after generation, through the end of the file and on. */
START_TEST(journal_goes_round_through_many_kills)
{
    struct data data;
    make_empty(&data);
    for (uint64_t i = 1; i <= 40; i++) {
        journal_leave(data.path, &DATA_LOG_OPTIONS, fill_small_groups);
        if (i % 8 == 0) {
            data_open_log(&data);
            assert_events(&data, i * SMALL_GROUPS_TIP);
            data_close(&data);
        }
    }
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, 40 * SMALL_GROUPS_TIP);
}
END_TEST

static void
fill_much(struct log *log)
{
    for (size_t i = 0; i < 42; i++)
        append_sized(log, 1, LARGE_SIZE - i, NULL);
}

/* More than what one transaction takes. */
START_TEST(journal_of_many_transactions_is_there_after_a_kill)
{
    struct log_options options = {.journal_size = 32 * MIB};
    struct data data;
    make_empty(&data);
    journal_leave(data.path, &options, fill_much);
    assert_goes_on(data.path, &options, 42);
}
END_TEST

/* What a reader is told of consumers. */
static bool
note_consumer(const struct log_consumer *consumer, void *context)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 256 - size, "%.*s=%llu ", (int)consumer->name.size,
             (const char *)consumer->name.data,
             (unsigned long long)consumer->position);
    return true;
}

static void
assert_consumers(struct data *data, const char *expected)
{
    char text[256] = "";
    ck_assert_int_eq(log_consumers(data->log, note_consumer, text), LOG_OK);
    ck_assert_str_eq(text, expected);
}

static void
fill_consumers(struct log *log)
{
    const struct log_consumer gone = {.name = span_of("b"), .removed = true};
    acknowledge(log, 3, "a", 1);
    acknowledge(log, 0, "b", 2);
    acknowledge(log, 2, "a", 4);
    acknowledge(log, 0, "c", 3);
    append_sized(log, 1, 0, &gone);
    acknowledge(log, 0, "a", 5);
}

START_TEST(consumers_in_the_journal_are_there_after_a_kill)
{
    struct data data;
    make_empty(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_consumers);
    data_open_log(&data);
    assert_consumers(&data, "a=5 c=3 ");
    assert_events(&data, 6);
    data_close(&data);
}
END_TEST

/* --- groups that no journal holds -----------------------------------------*/

/* The same order of consumers and events whichever way they go. */
START_TEST(what_goes_past_the_journal_keeps_its_place)
{
    struct data data;
    make_empty(&data);
    data_open_log(&data);
    const struct log_consumer last = {.name = span_of("a"), .position = 7};
    for (uint64_t round = 0; round < 20; round++) {
        uint64_t tip = log_tip(data.log);
        acknowledge(data.log, 0, "a", tip);
        append_sized(data.log, 5, LARGE_SIZE, round % 2 == 0 ? &last : NULL);
        assert_events(&data, tip + 5);
        if (round % 3 == 0)
            append(data.log, 1);
    }
    acknowledge(data.log, 0, "a", 3);
    append_sized(data.log, 5, LARGE_SIZE, &last);
    uint64_t tip = log_tip(data.log);
    assert_consumers(&data, "a=7 ");
    data_close(&data);
    data_open_log(&data);
    assert_consumers(&data, "a=7 ");
    assert_events(&data, tip);
    data_close(&data);
}
END_TEST

/* --- a torn end -----------------------------------------------------------*/

static void
fill_and_tear(struct log *log)
{
    append(log, 4);
    append(log, 1);
    append_sized(log, 3, 2500, NULL);
}

#define TORN_NUMBER 3u /* its group */
#define TORN_COUNT 3u
#define SECTORS_MAX 64

/* A journal before its last group was written, and behind that. */
struct tear {
    const char *directory;
    struct journal_bytes before, after;
    struct journal_group group;
    size_t sectors;
    uint64_t tip; /* without the group */
};

static void
begin_tear(struct tear *tear, const char *directory, uint64_t tip)
{
    *tear = (struct tear){.directory = directory, .tip = tip + 5};
    tear->before = journal_read(directory);
    journal_leave(directory, &DATA_LOG_OPTIONS, fill_and_tear);
    tear->after = journal_read(directory);
    tear->group = journal_group(&tear->after, TORN_NUMBER);
    tear->sectors = (tear->group.size + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR;
    ck_assert_uint_gt(tear->sectors, 12);
    ck_assert_uint_le(tear->sectors, SECTORS_MAX);
}

/* With some sectors as they were before. */
static void
assert_torn(const struct tear *tear, const bool missing[SECTORS_MAX])
{
    char directory[DATA_PATH_SIZE];
    struct journal_bytes torn = {malloc(tear->after.size), tear->after.size};
    ck_assert_ptr_nonnull(torn.data);
    memcpy(torn.data, tear->after.data, torn.size);
    for (size_t i = 0; i < tear->sectors; i++) {
        size_t at = tear->group.offset + i * JOURNAL_SECTOR;
        if (missing[i])
            memcpy(torn.data + at, tear->before.data + at, JOURNAL_SECTOR);
    }
    bool whole =
        memcmp(torn.data + tear->group.offset,
               tear->after.data + tear->group.offset, tear->group.size) == 0;
    journal_copy_directory(tear->directory, directory);
    journal_write(directory, &torn);
    assert_goes_on(directory, &DATA_LOG_OPTIONS,
                   whole ? tear->tip + TORN_COUNT : tear->tip);
    free(torn.data);
}

static void
assert_every_tear(const struct tear *tear)
{
    bool missing[SECTORS_MAX];
    uint64_t dice = random_seed("torn");
    for (size_t cut = 0; cut <= tear->sectors; cut++) {
        for (size_t i = 0; i < tear->sectors; i++)
            missing[i] = i >= cut;
        assert_torn(tear, missing);
    }
    for (int round = 0; round < 16; round++) {
        for (size_t i = 0; i < tear->sectors; i++)
            missing[i] = random_below(&dice, 4) == 0;
        assert_torn(tear, missing);
    }
}

static void
end_tear(struct tear *tear)
{
    free(tear->before.data);
    free(tear->after.data);
}

START_TEST(torn_last_group_is_not_served)
{
    struct data data;
    struct tear tear;
    make_empty(&data);
    begin_tear(&tear, data.path, 0);
    assert_every_tear(&tear);
    end_tear(&tear);
}
END_TEST

/* Where it was to be there are whole groups of the last time around. */
START_TEST(torn_group_over_older_ones_is_not_served)
{
    struct data data = {0};
    struct tear tear;
    data_directory(data.path);
    data_open_log(&data);
    for (uint64_t i = 0; i < MIB / JOURNAL_BLOCK + 7; i++)
        append_sized(data.log, 1, 10, NULL);
    uint64_t tip = log_tip(data.log);
    data_close(&data);
    begin_tear(&tear, data.path, tip);
    ck_assert_uint_eq(journal_number(tear.before.data + tear.group.offset, 8),
                      JOURNAL_MAGIC);
    assert_every_tear(&tear);
    end_tear(&tear);
}
END_TEST

/* --- damage where something was acknowledged ------------------------------*/

static void
fill_eight(struct log *log)
{
    for (size_t i = 0; i < 8; i++)
        append(log, 2);
}

/* A directory whose group `number` has one bit that is wrong. */
static void
damage(const char *left, uint64_t number, size_t bit, char path[DATA_PATH_SIZE])
{
    journal_copy_directory(left, path);
    struct journal_bytes bytes = journal_read(path);
    struct journal_group group = journal_group(&bytes, number);
    ck_assert_uint_lt(bit / 8, group.size);
    bytes.data[group.offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
    journal_write(path, &bytes);
    free(bytes.data);
}

/* In each group but the last; anywhere in it, its head most of all. */
START_TEST(damaged_group_with_sound_ones_behind_is_refused)
{
    struct data data;
    uint64_t dice = random_seed("damaged");
    make_empty(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_eight);
    struct journal_bytes bytes = journal_read(data.path);
    for (int round = 0; round < 16; round++) {
        char path[DATA_PATH_SIZE], says[64];
        uint64_t number = 1 + random_below(&dice, 7);
        size_t bits = 8 * journal_group(&bytes, number).size;
        size_t limit = round % 2 == 0 ? bits : 8 * JOURNAL_GROUP_HEAD_SIZE;
        uint64_t sound = 2 * (number - 1);
        struct log_options options = DATA_LOG_OPTIONS;
        damage(data.path, number, random_below(&dice, limit), path);
        snprintf(says, sizeof says, "sound up to position %d", (int)sound);
        assert_refused(path, &options, says);
        options.accept_loss = true;
        options.accepted_position = sound + 1;
        assert_refused(path, &options, says);
        options.accepted_position = sound;
        assert_goes_on(path, &options, sound);
    }
    free(bytes.data);
}
END_TEST

/* It cannot be told from one that is torn, whose append nobody was told of. */
START_TEST(damaged_last_group_counts_as_torn)
{
    struct data data;
    char path[DATA_PATH_SIZE];
    make_empty(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_eight);
    for (size_t bit = 0; bit < 8 * JOURNAL_GROUP_HEAD_SIZE; bit += 61) {
        damage(data.path, 8, bit, path);
        assert_goes_on(path, &DATA_LOG_OPTIONS, 14);
    }
}
END_TEST

/* What is whole, but of a generation that is over, is nothing: neither served
 * nor missed. */
START_TEST(groups_of_an_older_generation_are_nothing)
{
    struct data data;
    make_empty(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_eight);
    struct journal_bytes old = journal_read(data.path);
    data_open_log(&data); /* they get into log.mdb: a generation ends */
    assert_events(&data, 16);
    data_close(&data);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_small_groups);
    struct journal_bytes bytes = journal_read(data.path);
    struct journal_group last = journal_group(&bytes, 8);
    ck_assert_uint_gt(last.generation, journal_group(&old, 8).generation);
    /* groups 5 to 8 of old, behind the newest one and everywhere else */
    struct journal_group from = journal_group(&old, 5);
    size_t size = 4 * JOURNAL_BLOCK;
    size_t offset = JOURNAL_BLOCK;
    struct journal_group group;
    size_t end = 0;
    while (journal_next(&bytes, &offset, &group))
        end = group.offset + 2 * JOURNAL_BLOCK;
    for (size_t at = end; at + size <= bytes.size; at += size)
        memcpy(bytes.data + at, old.data + from.offset, size);
    journal_write(data.path, &bytes);
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, 16 + SMALL_GROUPS_TIP);
    free(old.data);
    free(bytes.data);
}
END_TEST

/* --- a journal that is missing, or another --------------------------------*/

static void
remove_journal(const char *directory)
{
    char path[DATA_PATH_SIZE];
    data_join(path, directory, JOURNAL_NAME);
    ck_assert_int_eq(unlink(path), 0);
}

static void
assert_journal_size(const char *directory, uint64_t size)
{
    char path[DATA_PATH_SIZE];
    struct stat status;
    data_join(path, directory, JOURNAL_NAME);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq((uint64_t)status.st_size, size);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
}

START_TEST(journal_that_is_missing_after_a_kill_is_refused)
{
    struct log_options options = DATA_LOG_OPTIONS;
    struct data data;
    make_empty(&data);
    data_open_log(&data);
    append(data.log, 5);
    data_close(&data);
    journal_leave(data.path, &options, fill_small_groups);
    remove_journal(data.path);
    assert_refused(data.path, &options, "--accept-loss 5");
    options.accept_loss = true;
    options.accepted_position = 6;
    assert_refused(data.path, &options, "--accept-loss 5");
    options.accepted_position = 5;
    assert_goes_on(data.path, &options, 5);
}
END_TEST

START_TEST(journal_that_is_missing_after_a_stop_is_made_anew)
{
    struct data data;
    make_empty(&data);
    data_open_log(&data);
    append(data.log, 5);
    data_close(&data);
    remove_journal(data.path);
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, 5);
    assert_journal_size(data.path, LOG_JOURNAL_SIZE_MIN);
}
END_TEST

/* Where the next group was to be is behind the end of the new file. */
START_TEST(journal_that_is_made_anew_may_be_smaller)
{
    struct log_options large = {.journal_size = 4 * MIB};
    struct data data = {0};
    data_directory(data.path);
    open_with(&data, &large);
    for (int i = 0; i < 5; i++)
        append_sized(data.log, 1, LARGE_SIZE, NULL);
    data_close(&data);
    remove_journal(data.path);
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, 5);
}
END_TEST

/* The journal of another log, or no journal: refused where one is needed. */
START_TEST(journal_of_another_log_is_refused)
{
    struct data data, other;
    char path[DATA_PATH_SIZE];
    make_empty(&data);
    make_empty(&other);
    struct journal_bytes foreign = journal_read(other.path);
    journal_leave(data.path, &DATA_LOG_OPTIONS, fill_small_groups);
    journal_copy_directory(data.path, path);
    journal_write(path, &foreign);
    assert_refused(path, &DATA_LOG_OPTIONS, "belongs to another log");
    memset(foreign.data, 7, foreign.size);
    journal_write(path, &foreign);
    assert_refused(path, &DATA_LOG_OPTIONS, "not a journal");
    foreign.size = 0;
    journal_write(path, &foreign);
    assert_refused(path, &DATA_LOG_OPTIONS, "not a journal");
    free(foreign.data);
}
END_TEST

/* --- another size ---------------------------------------------------------*/

static const uint64_t sizes[] = {2 * MIB, MIB, 16 * MIB, 3 * MIB,
                                 UINT64_C(1638400)};

START_TEST(journal_takes_the_size_that_is_asked_for)
{
    bool killed = _i == 1;
    struct data data;
    uint64_t tip = 0;
    make_empty(&data);
    for (int i = 0; i < COUNT_OF(sizes); i++) {
        struct log_options options = {.journal_size = sizes[i]};
        open_with(&data, &options);
        assert_events(&data, tip);
        assert_journal_size(data.path, sizes[i]);
        append_sized(data.log, 1, LARGE_SIZE, NULL);
        append_sized(data.log, 1, LARGE_SIZE, NULL);
        append(data.log, 1);
        tip += 3;
        data_close(&data);
        if (killed) {
            journal_leave(data.path, &options, fill_small_groups);
            tip += SMALL_GROUPS_TIP;
        }
    }
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, tip);
    assert_journal_size(data.path, LOG_JOURNAL_SIZE_MIN);
}
END_TEST

/* Killed between making the smaller file and saying so in log.mdb. */
START_TEST(start_that_died_behind_a_change_of_size_is_finished)
{
    struct log_options large = {.journal_size = 4 * MIB};
    struct data data = {0};
    char made[DATA_PATH_SIZE];
    data_directory(data.path);
    open_with(&data, &large);
    for (int i = 0; i < 5; i++)
        append_sized(data.log, 1, LARGE_SIZE, NULL);
    data_close(&data);
    journal_copy_directory(data.path, made);
    data_open_log(&data); /* with the smaller one */
    data_close(&data);
    struct journal_bytes small = journal_read(data.path);
    ck_assert_uint_eq(small.size, LOG_JOURNAL_SIZE_MIN);
    journal_write(made, &small);
    assert_goes_on(made, &DATA_LOG_OPTIONS, 5);
    free(small.data);
}
END_TEST

/* --- logs of earlier versions ---------------------------------------------*/

static void
delete_entry(const char *directory, char *name)
{
    struct stored_raw raw;
    MDB_val key = {.mv_size = strlen(name), .mv_data = name};
    stored_raw_open(&raw, directory, "log.mdb", "meta");
    ck_assert_int_eq(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
    stored_raw_close(&raw);
}

static uint32_t
format_of(const char *directory)
{
    struct stored_raw raw;
    MDB_val key = {.mv_size = 6, .mv_data = (char[]){"format"}}, value;
    stored_raw_open(&raw, directory, "log.mdb", "meta");
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    ck_assert_uint_eq(value.mv_size, 4);
    uint32_t format = (uint32_t)journal_number(value.mv_data, 4);
    stored_raw_close(&raw);
    return format;
}

/* Format 1 had no journal, and no consumers at first. */
START_TEST(log_of_format_1_is_brought_up_to_date)
{
    struct data data;
    struct stored_raw raw;
    uint8_t one[4] = {0, 0, 0, 1};
    make_empty(&data);
    data_open_log(&data);
    append(data.log, 20);
    data_close(&data);
    delete_entry(data.path, (char[]){"journal"});
    stored_raw_open(&raw, data.path, "log.mdb", "meta");
    MDB_val key = {.mv_size = 6, .mv_data = (char[]){"format"}};
    MDB_val value = {.mv_size = sizeof one, .mv_data = one};
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    stored_raw_open(&raw, data.path, "log.mdb", "consumers");
    ck_assert_int_eq(mdb_drop(raw.txn, raw.dbi, 1), 0);
    stored_raw_close(&raw);
    remove_journal(data.path);
    ck_assert_uint_eq(format_of(data.path), 1);
    assert_goes_on(data.path, &DATA_LOG_OPTIONS, 20);
    ck_assert_uint_eq(format_of(data.path), LOG_FORMAT);
    assert_journal_size(data.path, LOG_JOURNAL_SIZE_MIN);
}
END_TEST

/* What log.mdb says of the journal is damaged: nothing is guessed. */
START_TEST(strange_note_of_the_journal_is_refused)
{
    struct data data;
    struct stored_raw raw;
    make_empty(&data);
    stored_raw_open(&raw, data.path, "log.mdb", "meta");
    MDB_val key = {.mv_size = 7, .mv_data = (char[]){"journal"}};
    MDB_val value = {.mv_size = 24, .mv_data = (char[24]){0}};
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    assert_refused(data.path, &DATA_LOG_OPTIONS, "its note of the journal");
}
END_TEST

/* --- a start that is killed -----------------------------------------------*/

#define STARTS 30
#define START_US_MAX 60000

/* Killed at any moment of the work of a start, again and again: that is done by
 * a later one. */
START_TEST(starts_that_are_killed_lose_nothing)
{
    struct log_options options = {.journal_size = 32 * MIB};
    struct data data;
    uint64_t dice = random_seed("starts");
    make_empty(&data);
    journal_leave(data.path, &options, fill_much);
    for (int i = 0; i < STARTS; i++) {
        int status;
        struct timespec moment = {
            .tv_nsec = (long)random_below(&dice, START_US_MAX) * 1000};
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            options.journal_size = i % 3 == 0 ? 2 * MIB : 32 * MIB;
            open_with(&data, &options);
            for (;;)
                pause();
        }
        nanosleep(&moment, NULL); /* the moment is what is tested */
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
    }
    assert_goes_on(data.path, &options, 42);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log recover");
    TCase *tests = tcase_create("log recover");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, what_the_journal_holds_is_there_after_a_kill);
    tcase_add_test(tests, journal_goes_round_through_many_kills);
    tcase_add_test(tests, journal_of_many_transactions_is_there_after_a_kill);
    tcase_add_test(tests, consumers_in_the_journal_are_there_after_a_kill);
    tcase_add_test(tests, what_goes_past_the_journal_keeps_its_place);
    tcase_add_test(tests, torn_last_group_is_not_served);
    tcase_add_test(tests, torn_group_over_older_ones_is_not_served);
    tcase_add_test(tests, damaged_group_with_sound_ones_behind_is_refused);
    tcase_add_test(tests, damaged_last_group_counts_as_torn);
    tcase_add_test(tests, groups_of_an_older_generation_are_nothing);
    tcase_add_test(tests, journal_that_is_missing_after_a_kill_is_refused);
    tcase_add_test(tests, journal_that_is_missing_after_a_stop_is_made_anew);
    tcase_add_test(tests, journal_that_is_made_anew_may_be_smaller);
    tcase_add_test(tests, journal_of_another_log_is_refused);
    tcase_add_loop_test(tests, journal_takes_the_size_that_is_asked_for, 0, 2);
    tcase_add_test(tests, start_that_died_behind_a_change_of_size_is_finished);
    tcase_add_test(tests, log_of_format_1_is_brought_up_to_date);
    tcase_add_test(tests, strange_note_of_the_journal_is_refused);
    tcase_add_test(tests, starts_that_are_killed_lose_nothing);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
