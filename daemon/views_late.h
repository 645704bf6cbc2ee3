/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_LATE_H
#define DAEMON_VIEWS_LATE_H

#include "daemon/views_file.h"

/*
 * What changed behind checkpoints' backs: events that arrived late, at or
 * before the place of a checkpoint, and earlier ones that may be superseded, or
 * live again, by an event that arrived since.  Each checkpoint says as of which
 * position it is right (views_checkpoint.c); whoever uses one makes good for
 * what is noted here with a later one (views_patch.c).  They are few: where
 * they become many, checkpoints are made anew, or dropped (views_late.c).
 *
 * VIEWS_DB_LATE: key: partnership 4, position of what changed it 8, position of
 * the event 8; value: t 8, start_lo 8, then the operation (views_op.c).
 *
 * Nobody but daemon/views includes this.
 */

#define VIEWS_LATE_KEY_SIZE ((size_t)20)

/* How many changes of a partnership are noted before its checkpoints are made
 * anew: that costs as much as folding all of it, so the more the older it is;
 * and with how many, for want of time to do so, they are dropped. */
static inline uint32_t
views_late_wanted(uint64_t revision)
{
    uint64_t some = revision / 512;
    return some < 8 ? 8 : some > 128 ? 128 : (uint32_t)some;
}

static inline uint32_t
views_late_max(uint64_t revision)
{
    return 4 * views_late_wanted(revision);
}

/* No partnership has more. */
#define VIEWS_LATE_MAX 512u

struct views_change {
    uint64_t change;   /* the position of what changed it */
    struct fold_op op; /* its parties are borrowed until views_read_end, and
                          where the transaction writes until then */
};

/* The first change of a partnership by an event at or behind a position, and
 * the next one; VIEWS_ABSENT for none. */
enum views_result views_late_seek(struct views_reader *reader,
                                  uint32_t partnership, uint64_t position,
                                  struct views_change *change);
enum views_result views_late_next(struct views_reader *reader,
                                  uint32_t partnership,
                                  struct views_change *change);

/* How many there are, and the place of the first of them in fold order. */
enum views_result views_late_look(struct views_reader *reader,
                                  uint32_t partnership, size_t *count,
                                  struct views_place *first);

/* An MDB_* code: forget the changes up to a position. */
int views_late_forget(const struct views_file *file, MDB_txn *txn,
                      uint32_t partnership, uint64_t position);

/* --- checkpoints ----------------------------------------------------------*/

/* One that is kept. */
struct views_checkpoint {
    struct views_place place;
    int64_t k; /* holds for K >= k and S >= seq */
    uint64_t seq;
    uint64_t position; /* as of which it is right */
    struct span fold;
};

/* The last checkpoint at or before a place; VIEWS_ABSENT for none. */
enum views_result views_checkpoint_upto(struct views_reader *reader,
                                        uint32_t partnership,
                                        const struct views_place *upto,
                                        struct views_checkpoint *found);

/* The place of the first one at or behind a place. */
enum views_result views_checkpoint_from(struct views_reader *reader,
                                        uint32_t partnership,
                                        const struct views_place *from,
                                        struct views_place *place);

/* The value of one, but for the place; false when the bytes are none. */
void views_checkpoint_write(struct mp_buf *buf,
                            const struct views_checkpoint *checkpoint,
                            const struct fold *fold);
bool views_checkpoint_read(const MDB_val *value,
                           struct views_checkpoint *checkpoint);

/* --- views_patch ----------------------------------------------------------*/

/*
 * `fold` is that of a checkpoint, which holds under (K, S): make it what it
 * would be now.  VIEWS_ABSENT where that would take longer than folding, or
 * cannot be told: then the fold is of no use.
 */
enum views_result views_patch(struct views_reader *reader,
                              struct log_reader *log, uint32_t partnership,
                              const struct views_checkpoint *checkpoint,
                              int64_t known, uint64_t seq, struct fold *fold)
    __attribute__((warn_unused_result));

#endif
