/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_FILE_H
#define DAEMON_VIEWS_FILE_H

#include "daemon/blocks.h"
#include "daemon/env.h"
#include "daemon/views.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * What the parts of daemon/views share: the file's databases and the bytes of
 * their keys and values.  Nobody else includes this.
 *
 *   database  key                                      value
 *   meta      "head"                                   see VIEWS_HEAD_SIZE
 *             "ids"                                    position 8: how far ids
 *                                                      and heads are
 *             "damaged"                                positions, 8 each
 *   heads     slug of a partnership                    its last revision 8
 *   names     kind 1, slug                             number 4, revision 8,
 *                                                      damaged 8
 *   slugs     kind 1, number 4                         slug
 *   marks     target's seq 8, superseder's seq 8       superseder's k, t and
 *                                                      start_lo, 8 each
 *   links     kind 1, target's seq 8, seq 8            of answers that change
 *                                                      a state: t, start_lo,
 *                                                      8 each; else nothing
 *   members   party 4, slug of the partnership         its number 4
 *   dates     seq 8                                    k 8, t 8, where they
 *                                                      differ
 *   folds     partnership 4, t 8, start_lo 8, seq 8    a checkpoint, see
 *                                                      views_checkpoint.c
 *   late      partnership 4, seq of the change 8,      see views_late.h
 *             event changed 8
 *
 * and as tuples in blocks (daemon/blocks.h)
 *
 *   ids       see views_ids.c
 *   ops       set: partnership; t, start_lo, seq; value: views_op.c
 *   lists     see daemon/views_lists.h
 *
 * Numbers are big-endian and ordered (daemon/order.h).
 */

enum views_db {
    VIEWS_DB_META,
    VIEWS_DB_HEADS,
    VIEWS_DB_NAMES,
    VIEWS_DB_SLUGS,
    VIEWS_DB_MARKS,
    VIEWS_DB_LINKS,
    VIEWS_DB_MEMBERS,
    VIEWS_DB_DATES,
    VIEWS_DB_FOLDS,
    VIEWS_DB_LATE,
    VIEWS_DB_IDS,
    VIEWS_DB_OPS,
    VIEWS_DB_LISTS,
    VIEWS_DB_COUNT
};

/* Partnerships that need checkpoints. */
struct views_wants {
    struct number_map pending; /* operations since the last look */
    struct number_map listed;  /* what the list holds */
    uint32_t *list;
    size_t count, capacity;
};

/* Checkpoints of a partnership that are being made anew: up to where that has
 * come, and the position before which nothing is late any more then. */
struct views_refresh {
    uint32_t partnership; /* or 0 */
    struct views_place reached;
    uint64_t position;
};

/* One views.mdb, open as long as somebody uses it. */
struct views_file {
    MDB_env *env;
    MDB_dbi dbs[VIEWS_DB_COUNT];
    _Atomic unsigned users;
};

struct views {
    /* Replaced as a whole when the views were rebuilt beside it: `lock` is held
     * to take or replace it; the writer thread alone replaces it. */
    struct views_file *_Atomic file;
    pthread_mutex_t lock;
    const struct datadir *datadir;
    struct log *log;
    _Atomic uint64_t position;
    _Atomic uint64_t ids_position; /* at or behind position */
    struct views_wants wants;      /* of who applies, as the next */
    struct views_refresh refresh;
    struct log_reader *log_reader; /* of who makes checkpoints; or NULL */
    struct apply *kept;            /* the memory of batches, or NULL */
    _Atomic bool distrusted;
    _Atomic uint64_t damaged; /* the lowest damaged position known, or 0 */
};

/* Free what batches keep. */
void apply_forget_memory(struct views *views);

/*
 * Open the views of a directory as they are, to look at: -EAGAIN where they are
 * ahead of what is known of the log, -EINVAL with `reason` where a daemon would
 * not believe them, another negative errno.  And let go of any views, without a
 * word on disk.
 */
int views_open_to_read(const struct datadir *datadir, struct log *log,
                       struct views **opened, struct diag_reason *reason)
    __attribute__((warn_unused_result));
void views_free(struct views *views);

/* Have one more user, and one less: the last one closes the file. */
struct views_file *views_file_use(struct views *views);
void views_file_leave(struct views_file *file);

/* A walk over blocks that is opened when first used in a read. */
struct views_iter {
    struct blocks_iter iter;
    bool ready;
};

struct views_reader {
    struct views *views;
    struct views_file *file;             /* that the transaction is in */
    MDB_txn *txn;                        /* reset between reads */
    MDB_cursor *cursors[VIEWS_DB_COUNT]; /* opened when first used */
    bool ready[VIEWS_DB_COUNT];          /* since the last begin */
    struct views_iter find_id, find_op, walk_ops, durations, parts;
    struct views_stream *stream; /* of walks over lists; made when needed */
    uint64_t position;
};

/* A cursor of this read; NULL when it cannot be had. */
MDB_cursor *views_cursor(struct views_reader *reader, enum views_db db);

/* The same for an index of blocks. */
enum views_result views_iter_open(struct views_reader *reader,
                                  struct views_iter *iter, enum views_db db);

/* Give back all cursors of a reader, before its transaction ends, and then
 * their memory. */
void views_close_cursors(struct views_reader *reader);
void views_release_iters(struct views_reader *reader);

#define VIEWS_NAME_KEY_SIZE (1 + MODEL_SLUG_SIZE_MAX)
#define VIEWS_MEMBER_KEY_SIZE (4 + MODEL_SLUG_SIZE_MAX)
#define VIEWS_NAME_SIZE ((size_t)20)
#define VIEWS_SLUG_KEY_SIZE ((size_t)5)
#define VIEWS_PLACE_KEY_SIZE ((size_t)28)
#define VIEWS_MARK_KEY_SIZE ((size_t)16)
#define VIEWS_LINK_KEY_SIZE ((size_t)17)
#define VIEWS_DATES_SIZE ((size_t)16)
#define VIEWS_MARK_SIZE ((size_t)24)
#define VIEWS_ANSWER_SIZE ((size_t)16)

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
MDB_val views_mark_key(uint8_t key[VIEWS_MARK_KEY_SIZE], uint64_t target,
                       uint64_t superseder);

MDB_val views_link_key(uint8_t key[VIEWS_LINK_KEY_SIZE], enum views_link link,
                       uint64_t target, uint64_t seq);

/* False when the bytes are not of the right size. */
bool views_place_read(const MDB_val *key, uint32_t *partnership,
                      struct views_place *place);
bool views_name_read(const MDB_val *value, struct views_name *name);

void views_name_write(uint8_t value[VIEWS_NAME_SIZE],
                      const struct views_name *name);

/* How far t is behind start_lo, or VIEWS_DURATION_OPEN. */
int64_t views_duration(const struct views_place *place);

/* Operations between two checkpoints, at least: enough that they are few. */
#define VIEWS_SPACING_MIN ((size_t)64)

/* Operations of a partnership were added: it may need checkpoints. */
void views_count_ops(struct views *views, uint32_t partnership, uint32_t added);
void views_wants_deinit(struct views_wants *wants);

/* Inside a write transaction, an MDB_* code: drop the checkpoints of a
 * partnership at or behind a place; the place of its last one, if `*any`. */
int views_drop_checkpoints(struct views *views, MDB_txn *txn,
                           uint32_t partnership,
                           const struct views_place *from);
int views_last_checkpoint(struct views *views, MDB_txn *txn,
                          uint32_t partnership, struct views_place *place,
                          bool *any);

/* As views_superseder and views_linked with VIEWS_LINK_ANSWERED, with the place
 * of what was found.  An answer that changes no state has none: `*touches` is
 * false. */
enum views_result views_superseder_at(struct views_reader *reader,
                                      uint64_t target, uint64_t after,
                                      struct views_place *place, int64_t *k);
enum views_result views_answer_at(struct views_reader *reader, uint64_t target,
                                  uint64_t after, struct views_place *place,
                                  bool *touches);

/* The first operation that ends all agreements of a partnership at or behind a
 * place; its place. */
enum views_result views_next_ending(struct views_reader *reader,
                                    uint32_t partnership,
                                    const struct views_place *from,
                                    struct views_place *place);

/* The largest op: every part of it and 64 parties. */
#define VIEWS_OP_SIZE_MAX ((size_t)(64 + 4 * MODEL_PARTIES_MAX))

size_t views_op_write(uint8_t value[VIEWS_OP_SIZE_MAX],
                      const struct fold_op *op);
/* The place comes from the key. False when the bytes are no op. */
bool views_op_read(struct span value, const struct views_place *place,
                   struct fold_op *op);

/* The tuple of an operation. */
struct tuple views_op_tuple(uint32_t partnership,
                            const struct views_place *place);

static inline int
views_place_compare(const struct views_place *one,
                    const struct views_place *other)
{
    struct tuple left = {0, one->t, one->start_lo, one->seq};
    struct tuple right = {0, other->t, other->start_lo, other->seq};
    return tuple_compare(&left, &right);
}

/* --- views_ids ------------------------------------------------------------*/

/* The tuple of an id; another one may have the same. */
void views_id_tuple(struct span id, uint64_t seq, struct tuple *tuple);

/* The position of an id by a walk over VIEWS_DB_IDS; an MDB_* code. */
int views_ids_find(struct blocks_iter *iter, struct log_reader *log,
                   struct span id, uint64_t *seq);

#endif
