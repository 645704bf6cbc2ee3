/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_FILE_H
#define DAEMON_VIEWS_FILE_H

#include "daemon/env.h"
#include "daemon/views.h"

#include <stdatomic.h>

/*
 * What the parts of daemon/views share: the file's databases and the bytes of
 * their keys and values.  Nobody else includes this.
 *
 *   database  key                                      value
 *   meta      "head"                                   see VIEWS_HEAD_SIZE
 *             "damaged"                                positions, 8 each
 *   ids       id                                       seq 8
 *   names     kind 1, slug                             number 4, revision 8,
 *                                                      damaged 8
 *   slugs     kind 1, number 4                         slug
 *   ops       partnership 4, t 8, start_lo 8, seq 8    op, see views_op.c
 *   marks     target's seq 8, superseder's seq 8       superseder's k 8
 *   links     kind 1, target's seq 8, seq 8            nothing
 *   members   party 4, slug of the partnership          its number 4
 *   late      partnership 4 (0: all), t, start_lo, seq partnership 4
 *   times     t 8, start_lo 8, seq 8                   partnership 4
 *   known     k 8, seq 8                               partnership 4, t 8,
 *                                                      start_lo 8
 *   imprecise partnership 4, duration 8, start_lo (or t) 8, seq 8   nothing
 *   folds     partnership 4, t 8, start_lo 8, seq 8    a checkpoint, see
 *                                                      views_checkpoint.c
 *
 * Numbers are big-endian and ordered (daemon/order.h).
 */

enum views_db {
    VIEWS_DB_META,
    VIEWS_DB_IDS,
    VIEWS_DB_NAMES,
    VIEWS_DB_SLUGS,
    VIEWS_DB_OPS,
    VIEWS_DB_MARKS,
    VIEWS_DB_LINKS,
    VIEWS_DB_MEMBERS,
    VIEWS_DB_LATE,
    VIEWS_DB_TIMES,
    VIEWS_DB_KNOWN,
    VIEWS_DB_IMPRECISE,
    VIEWS_DB_FOLDS,
    VIEWS_DB_COUNT
};

/* Partnerships that need checkpoints. */
struct views_wants {
    struct number_map pending; /* operations since the last look */
    struct number_map listed;  /* what the list holds */
    uint32_t *list;
    size_t count, capacity;
};

struct views {
    MDB_env *env;
    MDB_dbi dbs[VIEWS_DB_COUNT];
    const struct datadir *datadir;
    struct log *log;
    _Atomic uint64_t position;
    struct views_wants wants; /* writer thread only */
    _Atomic bool distrusted;
    _Atomic uint64_t damaged; /* the lowest damaged position known, or 0 */
};

struct views_reader {
    struct views *views;
    MDB_txn *txn;                        /* reset between reads */
    MDB_cursor *cursors[VIEWS_DB_COUNT]; /* opened when first used */
    bool ready[VIEWS_DB_COUNT];          /* since the last begin */
    uint64_t position;
};

/* A cursor of this read; NULL when it cannot be had. */
MDB_cursor *views_cursor(struct views_reader *reader, enum views_db db);

#define VIEWS_NAME_KEY_SIZE (1 + MODEL_SLUG_SIZE_MAX)
#define VIEWS_MEMBER_KEY_SIZE (4 + MODEL_SLUG_SIZE_MAX)
#define VIEWS_NAME_SIZE ((size_t)20)
#define VIEWS_SLUG_KEY_SIZE ((size_t)5)
#define VIEWS_PLACE_KEY_SIZE ((size_t)28)
#define VIEWS_TIME_KEY_SIZE ((size_t)24)
#define VIEWS_MARK_KEY_SIZE ((size_t)16)
#define VIEWS_LINK_KEY_SIZE ((size_t)17)
#define VIEWS_KNOWN_KEY_SIZE ((size_t)16)
#define VIEWS_KNOWN_SIZE ((size_t)20)

/*
 * Commit.  A write that finds no room is short, which LMDB takes for EIO: with
 * little room left it is VIEWS_FULL.
 */
enum views_result views_commit(struct views *views, MDB_txn *txn);

/* What a commit said, as an outcome. */
enum views_result views_commit_outcome(struct views *views, int rc);

/* What LMDB said, as an outcome. */
enum views_result views_outcome(int rc);

/* "head": format 4, fold version 4, log id 32, position 8, checksum of the
 * event there 8. */
#define VIEWS_HEAD_SIZE ((size_t)56)

/* Damaged events that are remembered: with more, the disk is to be replaced. */
#define VIEWS_DAMAGED_MAX ((size_t)256)

MDB_val views_name_key(uint8_t key[VIEWS_NAME_KEY_SIZE],
                       enum views_name_kind kind, struct span slug);
MDB_val views_member_key(uint8_t key[VIEWS_MEMBER_KEY_SIZE], uint32_t party,
                         struct span slug);
MDB_val views_slug_key(uint8_t key[VIEWS_SLUG_KEY_SIZE],
                       enum views_name_kind kind, uint32_t number);
MDB_val views_place_key(uint8_t key[VIEWS_PLACE_KEY_SIZE], uint32_t partnership,
                        const struct views_place *place);
MDB_val views_time_key(uint8_t key[VIEWS_TIME_KEY_SIZE],
                       const struct views_place *place);
MDB_val views_mark_key(uint8_t key[VIEWS_MARK_KEY_SIZE], uint64_t target,
                       uint64_t superseder);

MDB_val views_link_key(uint8_t key[VIEWS_LINK_KEY_SIZE], enum views_link link,
                       uint64_t target, uint64_t seq);

/* False when the bytes are not of the right size. */
bool views_place_read(const MDB_val *key, uint32_t *partnership,
                      struct views_place *place);
bool views_time_read(const MDB_val *key, struct views_place *place);
bool views_name_read(const MDB_val *value, struct views_name *name);

void views_name_write(uint8_t value[VIEWS_NAME_SIZE],
                      const struct views_name *name);

#define VIEWS_IMPRECISE_KEY_SIZE ((size_t)28)
MDB_val views_imprecise_key(uint8_t key[VIEWS_IMPRECISE_KEY_SIZE],
                            uint32_t partnership, int64_t duration,
                            int64_t from, uint64_t seq);

/* How far t is behind start_lo, or VIEWS_DURATION_OPEN. */
int64_t views_duration(const struct views_place *place);

/* An operation of a partnership was added: it may need a checkpoint. */
void views_count_op(struct views *views, uint32_t partnership);
void views_wants_deinit(struct views_wants *wants);

/* Drop the checkpoints of a partnership at or behind a place, inside a write
 * transaction; `*any_left` says whether others remain.  An MDB_* code. */
int views_drop_checkpoints(struct views *views, MDB_txn *txn,
                           uint32_t partnership, const struct views_place *from,
                           bool *any_left);

/* The largest op: every part of it and 64 parties. */
#define VIEWS_OP_SIZE_MAX ((size_t)(64 + 4 * MODEL_PARTIES_MAX))

size_t views_op_write(uint8_t value[VIEWS_OP_SIZE_MAX],
                      const struct fold_op *op);
/* The place comes from the key. False when the bytes are no op. */
bool views_op_read(const MDB_val *value, const struct views_place *place,
                   struct fold_op *op);

#endif
