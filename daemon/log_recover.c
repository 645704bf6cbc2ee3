/* SPDX-License-Identifier: MIT */
#include "daemon/log_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log_create.h"
#include "daemon/order.h"

/* What of a journal waits in memory while it is read: one transaction. */
#define RECOVER_SIZE ((uint64_t)8 << 20)

/* --- what log.mdb says of the journal -------------------------------------*/

static char state_name[] = "journal";

int
log_put_state(struct log *log, MDB_txn *txn, const struct log_state *state)
{
    uint8_t bytes[LOG_STATE_SIZE];
    MDB_val key = {.mv_size = sizeof state_name - 1, .mv_data = state_name};
    MDB_val value = {.mv_size = sizeof bytes, .mv_data = bytes};
    order_put_u64(bytes, state->generation);
    order_put_u64(bytes + 8, state->number);
    order_put_u64(bytes + 16, state->offset);
    bytes[24] = state->clean;
    return mdb_put(txn, log->meta, &key, &value, 0);
}

/* A log that never had a journal, or is a copy without one, has a clean one of
 * generation 0. */
static int
read_state(struct log *log, struct log_state *state)
{
    MDB_txn *txn;
    MDB_val key = {.mv_size = sizeof state_name - 1, .mv_data = state_name};
    MDB_val value;
    *state = (struct log_state){.clean = true};
    int rc = mdb_txn_begin(log->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_get(txn, log->meta, &key, &value);
    if (rc == 0 && value.mv_size == LOG_STATE_SIZE) {
        const uint8_t *at = value.mv_data;
        state->generation = order_get_u64(at);
        state->number = order_get_u64(at + 8);
        state->offset = order_get_u64(at + 16);
        state->clean = at[24] != 0;
    } else if (rc == 0) {
        rc = MDB_CORRUPTED;
    }
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
write_state(struct log *log, const struct log_state *state)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(log->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = log_put_state(log, txn, state);
    if (rc == 0)
        rc = log_create_put_format(txn, log->meta);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

void
log_mark_clean(struct log *log)
{
    struct log_state state = {
        .generation = log->generation,
        .number = log->number,
        .offset = log->tail.end,
        .clean = true,
    };
    int rc = write_state(log, &state);
    if (rc != 0)
        diag(DIAG_WARNING, "log.mdb: %s; the next start looks through %s",
             mdb_strerror(rc), LOG_JOURNAL_NAME);
}

int
log_forget_state(MDB_env *env)
{
    MDB_txn *txn = NULL;
    MDB_dbi meta;
    MDB_val key = {.mv_size = sizeof state_name - 1, .mv_data = state_name};
    int rc = mdb_txn_begin(env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "meta", 0, &meta);
    if (rc == 0)
        rc = mdb_del(txn, meta, &key, NULL);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* --- what the journal holds -----------------------------------------------*/

static enum log_result
absorb_all(struct log *log)
{
    enum log_result result = LOG_OK;
    while (result == LOG_OK && log_tail_pending_locked(&log->tail) > 0)
        result = log_absorb_some(log);
    return result == LOG_FULL ? LOG_OK : result; /* it stays in the tail */
}

/* The group that comes next, where it can be. */
static bool
find_next(struct log *log, struct log_journal_group *group)
{
    if (log_journal_find(log->journal, group))
        return true;
    group->offset = LOG_JOURNAL_START;
    return log_journal_find(log->journal, group);
}

static void
note_events(struct log *log, const struct log_journal_group *group)
{
    uint64_t offset = log_journal_records(group);
    for (uint32_t i = 0; i < group->event_count; i++) {
        log_tail_note(&log->tail, group->first + i, offset);
        offset += LOG_JOURNAL_RECORD_SIZE - LOG_CHECKSUM_SIZE +
                  log_journal_record(log->journal, offset).size;
    }
}

/* Absorb group after group; `*state` is where the first one is that is not
 * there, or not whole. */
static enum log_result
absorb_journal(struct log *log, struct log_state *state)
{
    enum log_result result = LOG_OK;
    struct log_journal_group group = {.generation = state->generation,
                                      .number = state->number,
                                      .offset = state->offset};
    while (result == LOG_OK && find_next(log, &group) &&
           group.first == log_tip(log) + 1) {
        note_events(log, &group);
        log_tail_push_locked(&log->tail, &group, 0);
        atomic_store(&log->tip, group.first + group.event_count - 1);
        if (log->tail.pending_length >= RECOVER_SIZE && !log->only_read)
            result = absorb_all(log);
        state->number = group.number + 1;
        state->offset = group.offset + group.length;
        group = (struct log_journal_group){.generation = state->generation,
                                           .number = state->number,
                                           .offset = state->offset};
    }
    return result == LOG_OK && !log->only_read ? absorb_all(log) : result;
}

/* --- what is lost ---------------------------------------------------------*/

/*
 * The last group may be torn: then nobody was told that it is stored.  With a
 * whole one of the same or a later generation behind it, something is missing
 * that was acknowledged.
 */
static bool
find_loss(const struct log *log, const struct log_state *state,
          struct diag_reason *reason)
{
    struct log_journal_group later;
    uint64_t tip = log_tip(log);
    if (!log_journal_find_later(log->journal, state->generation,
                                state->number - 1, &later))
        return false;
    diag_because(reason,
                 LOG_JOURNAL_NAME
                 " is damaged: the log is sound up to position %" PRIu64
                 ", what follows is not, and at byte %" PRIu64
                 " there is a sound group again (positions %" PRIu64
                 " to %" PRIu64
                 "). Restore the directory from a backup, or give up all "
                 "behind position %" PRIu64 " with --accept-loss %" PRIu64,
                 tip, later.offset, later.first,
                 later.first + later.event_count - 1, tip, tip);
    return true;
}

static int
refuse_loss(struct log *log, const struct log_options *options,
            const struct log_state *state, bool *lost,
            struct diag_reason *reason)
{
    uint64_t tip = log_tip(log);
    *lost = find_loss(log, state, reason);
    if (!*lost)
        return 0;
    if (!options->accept_loss || options->accepted_position != tip)
        return -EBADMSG;
    diag_of(DIAG_LOSS_ACCEPTED,
            "what was acknowledged behind position %" PRIu64
            " is given up, as --accept-loss says",
            tip);
    return 0;
}

static int
refuse_missing(struct log *log, const struct log_options *options,
               struct diag_reason *reason)
{
    uint64_t tip = log_tip(log);
    char why[sizeof reason->text];
    if (options->accept_loss && options->accepted_position == tip) {
        diag_of(DIAG_LOSS_ACCEPTED,
                "what was acknowledged behind position %" PRIu64
                " and not moved into log.mdb is given up, as --accept-loss "
                "says: %s",
                tip, reason->text);
        return 0;
    }
    snprintf(why, sizeof why, "%s", reason->text);
    diag_because(reason,
                 "%.300s; acknowledged events may be missing. Restore it, or "
                 "give up what may be behind position %" PRIu64
                 " with --accept-loss %" PRIu64,
                 why, tip, tip);
    return -EBADMSG;
}

/* --- a start --------------------------------------------------------------*/

static int
make_journal(struct log *log, const struct log_options *options,
             struct diag_reason *reason)
{
    log_journal_close(log->journal);
    log->journal = NULL;
    int rc = log_journal_create(log->datadir, log->id, options->journal_size,
                                reason);
    if (rc == 0)
        rc = log_journal_open(log->datadir, log->id, &log->journal, reason);
    return rc;
}

/* The file, made anew where it is known to hold nothing. */
static int
open_journal(struct log *log, const struct log_options *options,
             const struct log_state *state, bool *lost,
             struct diag_reason *reason)
{
    int rc = log_journal_open(log->datadir, log->id, &log->journal, reason);
    if (rc != -ENOENT && rc != -EINVAL)
        return rc;
    *lost = !state->clean;
    if (*lost && (rc = refuse_missing(log, options, reason)) != 0)
        return rc;
    return make_journal(log, options, reason);
}

/*
 * From now on groups are written: say so before the first one.  With a new
 * generation, what was written before is nothing any more.
 */
enum log_result
log_begin(struct log *log)
{
    struct log_state next = {.generation = log->generation + 1,
                             .number = 1,
                             .offset = log->tail.end};
    int rc = write_state(log, &next);
    if (rc != 0)
        return log_commit_failed(log, rc);
    log->generation = next.generation;
    log->number = next.number;
    log->begun = true;
    return LOG_OK;
}

/* Without room the groups that are there stay where they are, and others go
 * behind them when there is room again. */
static int
begin(struct log *log, const struct log_state *state, bool lost,
      struct diag_reason *reason)
{
    struct log_journal_group later;
    log->generation = state->generation;
    log->number = state->number;
    log->begun = !state->clean;
    while (lost &&
           log_journal_find_later(log->journal, log->generation + 1, 0, &later))
        log->generation = later.generation;
    enum log_result result =
        atomic_load(&log->stalled) ? LOG_FULL : log_begin(log);
    if (result == LOG_OK || (result == LOG_FULL && !lost)) {
        atomic_store(&log->stalled, result == LOG_FULL);
        return 0;
    }
    diag_because(reason, "log.mdb: cannot be written");
    return -EIO;
}

static int
fit_tail(struct log *log, struct diag_reason *reason)
{
    int rc =
        log_tail_fit(&log->tail, log_journal_size(log->journal), log_tip(log));
    if (rc != 0)
        diag_because(reason, "out of memory");
    return rc;
}

/* What log.mdb has no room for is served from the journal. Who wrote it may
 * have died before its flush. */
static int
flush_kept(struct log *log, struct diag_reason *reason)
{
    if (log_tail_pending_locked(&log->tail) == 0)
        return 0;
    int rc = log_journal_flush(log->journal);
    if (rc != 0)
        diag_because(reason, LOG_JOURNAL_NAME ": %s", strerror(-rc));
    return rc;
}

static int
recover_journal(struct log *log, struct log_state *state,
                struct diag_reason *reason)
{
    enum log_result result = LOG_OK;
    /* the note may be about another file, larger than this one */
    if (state->offset >= LOG_JOURNAL_START &&
        state->offset <= log_journal_size(log->journal) &&
        state->offset % LOG_JOURNAL_BLOCK == 0)
        log->tail.end = state->offset;
    if (!state->clean)
        result = absorb_journal(log, state);
    if (result == LOG_FAILED) {
        diag_because(reason, "log.mdb: what " LOG_JOURNAL_NAME
                             " holds cannot be written");
        return -EIO;
    }
    return flush_kept(log, reason);
}

/* Everything is in log.mdb, so that the file can be another one. */
static int
resize_journal(struct log *log, const struct log_options *options,
               struct diag_reason *reason)
{
    if (log_journal_size(log->journal) == options->journal_size ||
        log_tail_pending_locked(&log->tail) > 0)
        return 0;
    int rc = make_journal(log, options, reason);
    return rc == 0 ? fit_tail(log, reason) : rc;
}

int
log_recover(struct log *log, const struct log_options *options,
            struct diag_reason *reason)
{
    struct log_state state;
    bool lost = false;
    int rc = read_state(log, &state);
    if (rc != 0) {
        diag_because(reason, "log.mdb: its note of the journal: %s",
                     mdb_strerror(rc));
        return env_error(rc);
    }
    rc = open_journal(log, options, &state, &lost, reason);
    if (rc == 0)
        rc = fit_tail(log, reason);
    if (rc == 0)
        rc = recover_journal(log, &state, reason);
    if (rc == 0 && !state.clean && !lost)
        rc = refuse_loss(log, options, &state, &lost, reason);
    if (rc == 0)
        rc = resize_journal(log, options, reason);
    return rc == 0 ? begin(log, &state, lost, reason) : rc;
}

/* --- looking on -----------------------------------------------------------*/

int
log_read_journal(struct log *log, const struct datadir *datadir,
                 uint64_t *count, struct diag_reason *reason)
{
    struct log_state state;
    uint64_t tip = log_tip(log);
    int rc = read_state(log, &state);
    if (rc != 0 || state.clean)
        return env_error(rc);
    rc = log_journal_open(datadir, log->id, &log->journal, reason);
    if (rc != 0)
        return rc == -ENOENT || rc == -EINVAL ? -EBADMSG : rc;
    rc = fit_tail(log, reason);
    if (rc != 0)
        return rc;
    (void)absorb_journal(log, &state); /* which it does not when it looks on */
    *count += log_tip(log) - tip;
    return find_loss(log, &state, reason) ? -EBADMSG : 0;
}
