/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_STORED_FIXTURE_H
#define TESTS_UNIT_STORED_FIXTURE_H

#include "tests/unit/data_fixture.h"
#include "tests/unit/notation.h"

#include <inttypes.h>
#include <lmdb.h>

/*
 * Stored events for tests: put into a log as they are, without a writer that
 * would check them, and damaged behind the log's back.
 */

/* A stored event: what the daemon puts in front, then `pairs` in notation. */
static inline struct mp_buf
stored_event(uint64_t seq, uint64_t rev, int64_t recorded_ms, const char *pairs)
{
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "{'seq':%" PRIu64 ",'rev':%" PRIu64
                        ",'recorded':%" PRId64 ",%s}",
                        seq, rev, recorded_ms, pairs);
    ck_assert_int_lt(size, (int)sizeof text);
    return encoded(text);
}

/* Append it to the log; returns its position. */
static inline uint64_t
stored_append(struct data *data, uint64_t rev, int64_t recorded_ms,
              const char *pairs)
{
    uint64_t seq = log_tip(data->log) + 1;
    struct mp_buf event = stored_event(seq, rev, recorded_ms, pairs);
    struct span bytes = mp_buf_span(&event);
    ck_assert_int_eq(log_append(data->log, &bytes, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
    return seq;
}

/* A database of a file that nobody has open. */
struct stored_raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

static inline void
stored_raw_open(struct stored_raw *raw, const char *directory, const char *file,
                const char *database)
{
    char path[DATA_PATH_SIZE];
    data_join(path, directory, file);
    ck_assert_int_eq(mdb_env_create(&raw->env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(raw->env, 4), 0);
    ck_assert_int_eq(mdb_env_open(raw->env, path, MDB_NOSUBDIR, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(raw->env, NULL, 0, &raw->txn), 0);
    ck_assert_int_eq(mdb_dbi_open(raw->txn, database, 0, &raw->dbi), 0);
}

static inline void
stored_raw_close(struct stored_raw *raw)
{
    ck_assert_int_eq(mdb_txn_commit(raw->txn), 0);
    mdb_env_close(raw->env);
}

static inline MDB_val
stored_key(uint8_t bytes[8], uint64_t seq)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(seq >> (56 - 8 * i));
    return (MDB_val){.mv_size = 8, .mv_data = bytes};
}

/* Bytes of the stored value at a position, checksum included. */
static inline size_t
stored_size(const char *directory, uint64_t seq)
{
    struct stored_raw raw;
    uint8_t bytes[8];
    MDB_val key = stored_key(bytes, seq), value;
    stored_raw_open(&raw, directory, "log.mdb", "log");
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    size_t size = value.mv_size;
    stored_raw_close(&raw);
    return size;
}

/* Change bits of one byte of the stored value at a position. */
static inline void
stored_damage(const char *directory, uint64_t seq, size_t at, uint8_t bits)
{
    struct stored_raw raw;
    uint8_t bytes[8];
    MDB_val key = stored_key(bytes, seq), value;
    stored_raw_open(&raw, directory, "log.mdb", "log");
    ck_assert_int_eq(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    ck_assert_uint_lt(at, value.mv_size);
    uint8_t *copy = malloc(value.mv_size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[at] ^= bits;
    value.mv_data = copy;
    ck_assert_int_eq(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    stored_raw_close(&raw);
    free(copy);
}

#endif
