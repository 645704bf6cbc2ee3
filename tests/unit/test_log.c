/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/env.h"
#include "tests/unit/random_fixture.h"
#include "tests/unit/stored_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Bytes of any kind: the log does not look into events. */
static void
append_text(struct log *log, const char *text)
{
    struct span bytes = span_of(text);
    ck_assert_int_eq(log_append(log, &bytes, 1, NULL, 0), LOG_OK);
}

static void
assert_read(struct log_reader *reader, uint64_t seq, const char *text)
{
    struct span bytes = {0};
    ck_assert_int_eq(log_read(reader, seq, &bytes), LOG_OK);
    ck_assert(span_is(bytes, text));
}

/* A closed log of that many events "event 1", ... */
static void
make_log(struct data *data, int count)
{
    char text[32];
    data_directory(data->path);
    data_open_log(data);
    for (int i = 1; i <= count; i++) {
        snprintf(text, sizeof text, "event %d", i);
        append_text(data->log, text);
    }
    data_close(data);
}

/* --- appending and reading ------------------------------------------------*/

START_TEST(log_is_empty_at_first)
{
    struct data data = {0};
    struct span bytes;
    data_directory(data.path);
    data_open_log(&data);
    ck_assert_uint_eq(log_tip(data.log), 0);
    ck_assert_uint_eq(strlen(log_id(data.log)), LOG_ID_SIZE - 1);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    ck_assert_int_eq(log_read(data.log_reader, 0, &bytes), LOG_ABSENT);
    ck_assert_int_eq(log_read(data.log_reader, 1, &bytes), LOG_ABSENT);
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

START_TEST(log_keeps_what_was_appended_across_a_reopen)
{
    struct data data = {0};
    char id[LOG_ID_SIZE];
    make_log(&data, 3);
    data_open_log(&data);
    memcpy(id, log_id(data.log), sizeof id);
    const struct span batch[] = {span_of("four"), span_of(""), span_of("six")};
    ck_assert_uint_eq(log_tip(data.log), 3);
    ck_assert_int_eq(log_append(data.log, batch, 3, NULL, 0), LOG_OK);
    ck_assert_uint_eq(log_tip(data.log), 6);
    data_close(&data);
    data_open_log(&data);
    ck_assert_str_eq(log_id(data.log), id);
    ck_assert_uint_eq(log_tip(data.log), 6);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    assert_read(data.log_reader, 1, "event 1");
    assert_read(data.log_reader, 3, "event 3");
    assert_read(data.log_reader, 4, "four");
    assert_read(data.log_reader, 5, "");
    assert_read(data.log_reader, 6, "six");
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

START_TEST(log_reads_in_any_order)
{
    struct data data = {0};
    struct span bytes;
    char text[32];
    uint64_t dice = random_seed("log");
    make_log(&data, 200);
    data_open_log(&data);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    uint64_t seq = 100;
    for (int i = 0; i < 5000; i++) {
        uint64_t throw = random_below(&dice, 3);
        seq = throw == 0              ? seq + 1
              : throw == 1 && seq > 0 ? seq - 1
                                      : random_below(&dice, 204);
        snprintf(text, sizeof text, "event %d", (int)seq);
        enum log_result result = log_read(data.log_reader, seq, &bytes);
        ck_assert_int_eq(result, seq >= 1 && seq <= 200 ? LOG_OK : LOG_ABSENT);
        if (result == LOG_OK)
            ck_assert(span_is(bytes, text));
    }
    ck_assert_int_eq(log_read(data.log_reader, UINT64_MAX, &bytes), LOG_ABSENT);
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

START_TEST(log_reader_sees_one_moment)
{
    struct data data = {0};
    struct span bytes;
    make_log(&data, 1);
    data_open_log(&data);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    append_text(data.log, "event 2");
    ck_assert_uint_eq(log_tip(data.log), 2);
    ck_assert_int_eq(log_read(data.log_reader, 2, &bytes), LOG_ABSENT);
    assert_read(data.log_reader, 1, "event 1");
    log_read_end(data.log_reader);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    assert_read(data.log_reader, 2, "event 2");
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

START_TEST(log_takes_large_events_and_large_batches)
{
    struct data data = {0};
    const size_t size = (size_t)1 << 20;
    uint8_t *bytes = malloc(size);
    struct span batch[20], read;
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    for (int i = 0; i < COUNT_OF(batch); i++)
        batch[i] = (struct span){bytes, size - (size_t)i};
    data_directory(data.path);
    data_open_log(&data);
    ck_assert_int_eq(log_append(data.log, batch, COUNT_OF(batch), NULL, 0),
                     LOG_OK);
    ck_assert_uint_gt(log_size(data.log), 20 * (size - 20));
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    for (int i = 0; i < COUNT_OF(batch); i++) {
        ck_assert_int_eq(log_read(data.log_reader, (uint64_t)i + 1, &read),
                         LOG_OK);
        ck_assert(span_equal(read, batch[i]));
    }
    log_read_end(data.log_reader);
    data_close(&data);
    free(bytes);
}
END_TEST

/* --- checksums ------------------------------------------------------------*/

static void
assert_corrupt_alone(struct data *data, uint64_t corrupt, uint64_t count,
                     size_t at, int bit)
{
    struct span bytes;
    data_open_log(data);
    ck_assert_uint_eq(log_tip(data->log), count);
    ck_assert_int_eq(log_read_begin(data->log_reader), LOG_OK);
    for (uint64_t seq = 1; seq <= count; seq++) {
        enum log_result want = seq == corrupt ? LOG_CORRUPT : LOG_OK;
        if (log_read(data->log_reader, seq, &bytes) != want)
            ck_abort_msg("event %d, byte %zu, bit %d", (int)seq, at, bit);
    }
    ck_assert_int_eq(log_salvage(data->log_reader, corrupt, &bytes), LOG_OK);
    log_read_end(data->log_reader);
    data_close(data);
}

START_TEST(log_finds_every_flipped_bit_and_reads_the_others)
{
    struct data data = {0};
    make_log(&data, 3);
    size_t size = stored_size(data.path, 2);
    ck_assert_uint_gt(size, strlen("event 2")); /* and a checksum */
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++) {
            stored_damage(data.path, 2, at, (uint8_t)(1 << bit));
            assert_corrupt_alone(&data, 2, 3, at, bit);
            stored_damage(data.path, 2, at, (uint8_t)(1 << bit));
        }
    data_open_log(&data);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    assert_read(data.log_reader, 2, "event 2");
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

/* The value of one position under another, whole and with its checksum. */
START_TEST(log_finds_an_event_in_the_place_of_another)
{
    struct data data = {0};
    struct stored_raw raw;
    uint8_t from[8], to[8], copy[64];
    make_log(&data, 3);
    stored_raw_open(&raw, data.path, "log.mdb", "log");
    MDB_val key = stored_key(from, 1), value;
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    memcpy(copy, value.mv_data, value.mv_size);
    value.mv_data = copy;
    key = stored_key(to, 2);
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    assert_corrupt_alone(&data, 2, 3, 0, 0);
}
END_TEST

START_TEST(log_finds_a_value_that_is_too_short)
{
    struct data data = {0};
    struct span bytes;
    for (size_t size = 0; size < 8; size++) {
        struct stored_raw raw;
        uint8_t position[8], none[8] = {0};
        make_log(&data, 2);
        stored_raw_open(&raw, data.path, "log.mdb", "log");
        MDB_val key = stored_key(position, 1);
        MDB_val value = {.mv_size = size, .mv_data = none};
        ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
        stored_raw_close(&raw);
        data_open_log(&data);
        ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
        ck_assert_int_eq(log_read(data.log_reader, 1, &bytes), LOG_CORRUPT);
        ck_assert_int_eq(log_salvage(data.log_reader, 1, &bytes), LOG_CORRUPT);
        assert_read(data.log_reader, 2, "event 2");
        log_read_end(data.log_reader);
        data_close(&data);
    }
}
END_TEST

/* --- flags, room ----------------------------------------------------------*/

/* Durability is LMDB's default; each flag that is missing here weakens it. */
START_TEST(log_is_opened_with_full_synchronisation)
{
    struct data data = {0};
    char path[DATA_PATH_SIZE];
    MDB_env *env = NULL;
    struct diag_reason reason = {""};
    unsigned flags = 0;
    make_log(&data, 1);
    data_join(path, data.path, "log.mdb");
    ck_assert_int_eq(env_open(path, 0, 2, &env, &reason), 0);
    ck_assert_int_eq(mdb_env_get_flags(env, &flags), 0);
    ck_assert_uint_eq(flags, MDB_NOSUBDIR | MDB_NOTLS);
    mdb_env_close(env);
}
END_TEST

START_TEST(log_over_its_quota_refuses_and_goes_on)
{
    struct data data = {0};
    struct diag_reason reason = {""};
    struct log_options options = DATA_LOG_OPTIONS;
    options.quota = UINT64_C(256) * 1024;
    static uint8_t bytes[32 * 1024];
    struct span large = {bytes, sizeof bytes}, small = span_of("small");
    data_directory(data.path);
    ck_assert_int_eq(datadir_open(&data.datadir, data.path, &reason), 0);
    ck_assert_int_eq(log_open(&data.datadir, &options, &data.log, &reason), 0);
    data.log_reader = log_reader_new(data.log);
    enum log_result result = LOG_OK;
    uint64_t tip = 0;
    for (int i = 0; i < 100 && result == LOG_OK; i++) {
        tip = log_tip(data.log);
        result = log_append(data.log, &large, 1, NULL, 0);
    }
    ck_assert_int_eq(result, LOG_FULL);
    ck_assert_uint_eq(log_tip(data.log), tip);
    ck_assert_uint_gt(tip, 2);
    ck_assert_int_eq(log_append(data.log, &small, 1, NULL, 0), LOG_OK);
    ck_assert_uint_eq(log_tip(data.log), tip + 1);
    ck_assert_uint_le(log_size(data.log), options.quota + sizeof bytes);
    ck_assert_int_eq(log_read_begin(data.log_reader), LOG_OK);
    assert_read(data.log_reader, tip + 1, "small");
    log_read_end(data.log_reader);
    data_close(&data);
}
END_TEST

/* All or none: what fits does not go in without the rest. */
START_TEST(log_takes_no_part_of_a_batch_over_its_quota)
{
    struct data data = {0};
    struct diag_reason reason = {""};
    static uint8_t bytes[512 * 1024];
    const struct span batch[] = {span_of("small"), {bytes, sizeof bytes}};
    struct log_options options = DATA_LOG_OPTIONS;
    options.quota = sizeof bytes;
    data_directory(data.path);
    ck_assert_int_eq(datadir_open(&data.datadir, data.path, &reason), 0);
    ck_assert_int_eq(log_open(&data.datadir, &options, &data.log, &reason), 0);
    ck_assert_int_eq(log_append(data.log, batch, 2, NULL, 0), LOG_FULL);
    ck_assert_uint_eq(log_tip(data.log), 0);
    ck_assert_int_eq(log_append(data.log, batch, 1, NULL, 0), LOG_OK);
    ck_assert_uint_eq(log_tip(data.log), 1);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, log_is_empty_at_first);
    tcase_add_test(tests, log_keeps_what_was_appended_across_a_reopen);
    tcase_add_test(tests, log_reads_in_any_order);
    tcase_add_test(tests, log_reader_sees_one_moment);
    tcase_add_test(tests, log_takes_large_events_and_large_batches);
    tcase_add_test(tests, log_finds_every_flipped_bit_and_reads_the_others);
    tcase_add_test(tests, log_finds_an_event_in_the_place_of_another);
    tcase_add_test(tests, log_finds_a_value_that_is_too_short);
    tcase_add_test(tests, log_is_opened_with_full_synchronisation);
    tcase_add_test(tests, log_over_its_quota_refuses_and_goes_on);
    tcase_add_test(tests, log_takes_no_part_of_a_batch_over_its_quota);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
