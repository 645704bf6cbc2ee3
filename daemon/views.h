/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_H
#define DAEMON_VIEWS_H

#include "daemon/fold.h"
#include "daemon/log.h"

/*
 * The views: what answers need that the log alone would have to be searched
 * for.  Derived, never the truth: they can be deleted at any time and are made
 * again from the log; they are never ahead of it.
 *
 * views.mdb is LMDB without synchronisation, so after a crash of the machine
 * it may hold anything.  It is believed only after a clean stop, or while the
 * machine has not booted since (daemon/views_trust), and when it carries the
 * log's id, this version, a position that the log has, and the checksum of the
 * event there; otherwise it is deleted and rebuilt.
 *
 * The writer thread applies; readers belong to the thread that opened them;
 * views_position is for any thread.
 */

/* Raise when a key or value below changes. Together with FOLD_VERSION it says
 * which program may use the file. */
#define VIEWS_FORMAT 4u

enum views_result {
    VIEWS_OK = 0,
    VIEWS_ABSENT, /* no such entry, or the end of a walk */
    VIEWS_FULL,   /* no room now; nothing of this step was applied */
    VIEWS_FAILED, /* the file cannot be used: delete and rebuild it */
};

struct views;

/* 0, or a negative errno with `reason` set. Discards what it does not
 * believe. */
int views_open(const struct datadir *datadir, struct log *log,
               struct views **opened, struct diag_reason *reason)
    __attribute__((warn_unused_result));

/* They cannot be used: the next start shall not believe them. Any thread. */
void views_distrust(struct views *views);

/*
 * An event of the log turned out to be damaged: its partnership, as far as that
 * can be read, has no state any more.  VIEWS_OK, _FULL or _FAILED.
 */
enum views_result views_note_damage(struct views *views, struct log_reader *log,
                                    uint64_t seq)
    __attribute__((warn_unused_result));

/* A damaged event at or below `seq`, wherever it belongs, or 0. */
uint64_t views_damaged(const struct views *views, uint64_t seq);

/* Says on disk that this start got as far as serving. */
void views_serving(struct views *views);

/* Makes everything durable and says so on disk; no reader may be open. */
void views_close(struct views *views);

/* As log_tidy. */
void views_tidy(struct views *views);

/* The position up to which everything is applied, and that up to which ids and
 * revisions are. */
uint64_t views_position(const struct views *views);
uint64_t views_ids_position(const struct views *views);
uint64_t views_size(struct views *views);

/*
 * Apply at most `limit` events behind views_position, in one transaction.
 * `*applied` is how many; 0 at the log's tip.  VIEWS_OK, _FULL or _FAILED.
 */
enum views_result views_apply(struct views *views, struct log_reader *log,
                              size_t limit, size_t *applied)
    __attribute__((warn_unused_result));

/* The same for ids and revisions alone, which is what appends need. */
enum views_result views_apply_ids(struct views *views, struct log_reader *log,
                                  size_t limit, size_t *applied)
    __attribute__((warn_unused_result));

/*
 * Make the next checkpoints of a partnership that needs some (views_needs):
 * one transaction, a bounded number of operations.  VIEWS_ABSENT when none
 * does.
 */
enum views_result views_checkpoint(struct views *views)
    __attribute__((warn_unused_result));
bool views_needs_checkpoint(const struct views *views);

/* Have checkpoints made for a partnership: folding it took long. */
void views_want_checkpoint(struct views *views, uint32_t partnership);

/*
 * Views of the same log in a file beside, empty, to be applied like any by the
 * thread that asks for them; views_free drops them again.  0, or a negative
 * errno with `reason` set.
 */
int views_open_beside(struct views *views, struct views **beside,
                      struct diag_reason *reason)
    __attribute__((warn_unused_result));

/*
 * Put what was built beside in the place of `views`, whose readers see it from
 * their next read on, and free it.  Both are at the same position.  Writer
 * thread.  0, or a negative errno: then nothing has changed.
 */
int views_swap(struct views *views, struct views *beside)
    __attribute__((warn_unused_result));

/* Drop views beside, and their file. */
void views_discard(struct views *beside);

/* --- reading --------------------------------------------------------------*/

struct views_reader;

struct views_reader *views_reader_new(struct views *views);
void views_reader_free(struct views_reader *reader);

/* As log_read_begin and log_read_end. VIEWS_OK or VIEWS_FAILED. */
enum views_result views_read_begin(struct views_reader *reader)
    __attribute__((warn_unused_result));
void views_read_end(struct views_reader *reader);

/* The position applied in what this reader sees. */
uint64_t views_read_position(const struct views_reader *reader);

/* The position of an id; `log` is being read. */
enum views_result views_find_id(struct views_reader *reader,
                                struct log_reader *log, struct span id,
                                uint64_t *seq)
    __attribute__((warn_unused_result));

/* The last revision of a partnership, up to views_ids_position. */
enum views_result views_find_head(struct views_reader *reader, struct span slug,
                                  uint64_t *revision)
    __attribute__((warn_unused_result));

/* Names have small numbers, from 1, each kind its own. */
enum views_name_kind {
    VIEWS_PARTNERSHIP = 'p',
    VIEWS_PARTY = 'o',
    VIEWS_USER_TYPE = 'x',
};

struct views_name {
    uint32_t number;
    uint64_t revision; /* of a partnership: its last */
    uint64_t damaged;  /* of a partnership: an event of it whose checksum
                          failed when it was applied, or 0 */
};

enum views_result views_find_name(struct views_reader *reader,
                                  enum views_name_kind kind, struct span slug,
                                  struct views_name *name)
    __attribute__((warn_unused_result));

/* The slug of a number, borrowed until views_read_end. */
enum views_result views_slug(struct views_reader *reader,
                             enum views_name_kind kind, uint32_t number,
                             struct span *slug)
    __attribute__((warn_unused_result));

/* The first partnership whose slug is behind `after` (empty for the first), in
 * the order of bytes; the slug is borrowed until views_read_end. */
enum views_result views_next_partnership(struct views_reader *reader,
                                         struct span after, struct span *slug,
                                         struct views_name *name)
    __attribute__((warn_unused_result));

/* The same among those of which some event names a party. */
enum views_result views_next_membership(struct views_reader *reader,
                                        uint32_t party, struct span after,
                                        struct span *slug,
                                        struct views_name *name)
    __attribute__((warn_unused_result));

/* A place in the fold order. */
struct views_place {
    int64_t t;
    int64_t start_lo;
    uint64_t seq;
};

#define VIEWS_PLACE_FIRST                                                      \
    ((struct views_place){.t = EDTF_MINUS_INFINITY,                            \
                          .start_lo = EDTF_MINUS_INFINITY})
#define VIEWS_PLACE_LAST                                                       \
    ((struct views_place){.t = EDTF_PLUS_INFINITY,                             \
                          .start_lo = EDTF_PLUS_INFINITY,                      \
                          .seq = UINT64_MAX})

/* The operation at a place of a partnership.  `op->parties` is borrowed until
 * views_read_end. */
enum views_result views_op(struct views_reader *reader, uint32_t partnership,
                           const struct views_place *place, struct fold_op *op)
    __attribute__((warn_unused_result));

/* k and marked of an operation whose seq and t are known. */
enum views_result views_dates(struct views_reader *reader, struct fold_op *op)
    __attribute__((warn_unused_result));

/* What can be walked, each in its order. */
enum views_walk_kind {
    VIEWS_WALK_OPS,      /* a partnership's operations, in fold order */
    VIEWS_WALK_LATE,     /* events that became known after `known` and after
                            they had happened (k > t), and some more of the
                            latter, of a partnership or with 0 of all, in fold
                            order */
    VIEWS_WALK_RECORDED, /* events by seq; a place's t and start_lo are 0 */
    VIEWS_WALK_OCCURRED, /* events in fold order */
    VIEWS_WALK_DISCLOSED /* events by (k, seq); a place's t is k */
};

/* Types of events as numbers, for a walk. */
#define VIEWS_TYPES_MAX 64u

/*
 * The last three kinds take only the events of a partnership, of a party and of
 * types, where those are given (not 0), all together; events of other ones are
 * not looked at, except that a partnership and a party together cost as much as
 * the one that has fewer events.
 */
struct views_walk {
    struct views_reader *reader;
    enum views_walk_kind kind;
    bool reverse; /* not of VIEWS_WALK_LATE */
    bool dated;   /* k and marked are wanted; VIEWS_WALK_RECORDED has none */
    uint32_t partnership, party;
    const uint32_t *types; /* enum model_type, or FOLD_USER_TYPE_BASE plus the
                              number of a name */
    size_t type_count;
    int64_t known;
    /* Events beyond these may be left out, since nobody asks for them; NULL
     * where everybody does. */
    const struct views_upto *upto;
};

struct views_upto {
    int64_t t, k;
    uint64_t seq;
};

/* Where a walk stands. */
struct views_hit {
    struct views_place place; /* in the walk's own order */
    struct fold_op op;        /* of VIEWS_WALK_OPS, its parties borrowed until
                                 views_read_end; of the others seq and, except for
                                 VIEWS_WALK_RECORDED, t, start_lo (the fold orders) and
                                 what `dated` says */
};

/*
 * The first event at or behind `from`, then each next one, in the walk's
 * direction; VIEWS_ABSENT at the end.  One walk of operations and one of
 * another kind at a time.
 */
enum views_result views_walk_seek(const struct views_walk *walk,
                                  const struct views_place *from,
                                  struct views_hit *hit)
    __attribute__((warn_unused_result));
enum views_result views_walk_next(const struct views_walk *walk,
                                  struct views_hit *hit)
    __attribute__((warn_unused_result));

/*
 * The folded state of a partnership at the last place at or before `upto`
 * where one is kept that holds under (K, S).  VIEWS_OK: `fold`, which was {0},
 * holds it, and `*upto` is its place.  VIEWS_ABSENT: begin at the beginning.
 * `log` is being read.
 */
enum views_result
views_find_checkpoint(struct views_reader *reader, struct log_reader *log,
                      uint32_t partnership, int64_t known, uint64_t seq,
                      struct views_place *upto, struct fold *fold)
    __attribute__((warn_unused_result));

/*
 * Events whose start is not one instant, by how far t is behind start_lo.
 * The first such duration of a partnership above `after`.
 */
enum views_result views_next_duration(struct views_reader *reader,
                                      uint32_t partnership, int64_t after,
                                      int64_t *duration)
    __attribute__((warn_unused_result));

/* The duration of events whose start is open: they have no start_lo. */
#define VIEWS_DURATION_OPEN INT64_MAX

/*
 * The first event of that duration at or behind (start_lo, seq): its place.
 * Those with an open start stand by (t, seq) instead: `from` is a t.
 */
enum views_result views_next_imprecise(struct views_reader *reader,
                                       uint32_t partnership, int64_t duration,
                                       int64_t from, uint64_t from_seq,
                                       struct views_place *place)
    __attribute__((warn_unused_result));

/* The first event above `after` that corrects or retracts `target`, and from
 * when it is known. */
enum views_result views_superseder(struct views_reader *reader, uint64_t target,
                                   uint64_t after, uint64_t *seq, int64_t *k)
    __attribute__((warn_unused_result));

/* Why one event names another. */
enum views_link {
    VIEWS_LINK_DISCLOSED = 'd', /* in disclosed_by */
    VIEWS_LINK_ANSWERED = 'r',  /* in re */
    VIEWS_LINK_REVEALS = 'c',   /* not an event but a partnership's number, or 0
                                   for all, by its court revelations */
};

/* The first event above `after` that names `target` so. */
enum views_result views_linked(struct views_reader *reader,
                               enum views_link link, uint64_t target,
                               uint64_t after, uint64_t *seq)
    __attribute__((warn_unused_result));

#endif
