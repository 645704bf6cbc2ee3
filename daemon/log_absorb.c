/* SPDX-License-Identifier: MIT */
#include "daemon/log_parts.h"

#include <signal.h>

#include "daemon/clock.h"
#include "daemon/log_consumers.h"

/* What one transaction takes: enough that its two flushes cost little beside
 * it, little enough that space in the journal becomes free all the time. */
#define ABSORB_SIZE_MAX ((uint64_t)8 << 20)

/* Groups of one transaction: a block at least each. */
#define ABSORB_GROUPS_MAX ((size_t)(ABSORB_SIZE_MAX / LOG_JOURNAL_BLOCK))

/* How long an event may wait, so that a conversation is absorbed now and then
 * and not at every turn: each time the next acknowledgements wait behind the
 * flushes of log.mdb. */
#define ABSORB_DELAY_US ((uint64_t)1000000)

/* How soon to try again when log.mdb has no room. */
#define ABSORB_RETRY_US ((uint64_t)500000)

/* --- one transaction ------------------------------------------------------*/

static int
put_events(struct log *log, MDB_txn *txn, const struct log_journal_group *group,
           uint64_t *offset)
{
    int rc = 0;
    for (uint32_t i = 0; i < group->event_count && rc == 0; i++) {
        struct span record = log_journal_record(log->journal, *offset);
        rc = record.data == NULL
                 ? MDB_CORRUPTED
                 : log_put_record(log, txn, group->first + i, record);
        *offset += LOG_JOURNAL_RECORD_SIZE - LOG_CHECKSUM_SIZE + record.size;
    }
    return rc;
}

/* Those behind the events, which end at an offset. */
static int
put_consumers(struct log *log, MDB_txn *txn,
              const struct log_journal_group *group, uint64_t offset)
{
    int rc = 0;
    for (uint32_t i = 0; i < group->consumer_count && rc == 0; i++) {
        struct log_consumer consumer =
            log_journal_consumer(log->journal, &offset);
        rc = log_consumers_put(txn, log->consumers, &consumer, 1);
    }
    return rc;
}

static int
put_group(struct log *log, MDB_txn *txn, const struct log_journal_group *group)
{
    uint64_t offset = log_journal_records(group);
    int rc = put_events(log, txn, group, &offset);
    return rc == 0 ? put_consumers(log, txn, group, offset) : rc;
}

/* Where a group's events end. */
static uint64_t
events_end(const struct log *log, const struct log_journal_group *group)
{
    uint64_t offset = log_journal_records(group);
    for (uint32_t i = 0; i < group->event_count; i++)
        offset += LOG_JOURNAL_RECORD_SIZE - LOG_CHECKSUM_SIZE +
                  log_journal_record(log->journal, offset).size;
    return offset;
}

int
log_put_pending_consumers(struct log *log, MDB_txn *txn)
{
    int rc = 0;
    pthread_mutex_lock(&log->tail.lock);
    size_t pending = log_tail_pending_locked(&log->tail);
    for (size_t i = 0; i < pending && rc == 0; i++) {
        const struct log_journal_group *group =
            log_tail_group_locked(&log->tail, i);
        if (group->consumer_count > 0)
            rc = put_consumers(log, txn, group, events_end(log, group));
    }
    pthread_mutex_unlock(&log->tail.lock);
    return rc;
}

static int
put_groups(struct log *log, const struct log_journal_group *groups,
           size_t count)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->env, NULL, 0, &txn);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_group(log, txn, &groups[i]);
    if (rc == 0) {
        const struct log_journal_group *last = &groups[count - 1];
        struct log_state state = {
            .generation = last->generation,
            .number = last->number + 1,
            .offset = last->offset + last->length,
        };
        rc = log_put_state(log, txn, &state);
    }
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL; /* commit frees it, whatever it returns */
    }
    mdb_txn_abort(txn); /* a no-op for NULL */
    return rc;
}

/* The oldest groups that log.mdb does not hold. */
static size_t
take_groups(struct log *log, struct log_journal_group *groups)
{
    size_t count = 0;
    uint64_t size = 0;
    pthread_mutex_lock(&log->tail.lock);
    size_t pending = log_tail_pending_locked(&log->tail);
    while (count < pending && count < ABSORB_GROUPS_MAX) {
        groups[count] = *log_tail_group_locked(&log->tail, count);
        size += groups[count].length;
        if (count > 0 && size > ABSORB_SIZE_MAX)
            break;
        count++;
    }
    pthread_mutex_unlock(&log->tail.lock);
    return count;
}

enum log_result
log_absorb_some(struct log *log)
{
    struct log_journal_group groups[ABSORB_GROUPS_MAX];
    size_t count = take_groups(log, groups);
    int rc = count == 0 ? 0 : put_groups(log, groups, count);
    enum log_result result = rc == 0 ? LOG_OK : log_commit_failed(log, rc);
    if (result == LOG_OK && log->absorbing && !log->begun)
        result = log_begin(log);
    pthread_mutex_lock(&log->tail.lock);
    atomic_store(&log->stalled, result == LOG_FULL);
    log->attempts++;
    if (rc == 0)
        log_tail_absorb_locked(&log->tail, count, clock_us());
    pthread_cond_broadcast(&log->tail.moved);
    pthread_mutex_unlock(&log->tail.lock);
    return result;
}

/* --- the thread -----------------------------------------------------------*/

/* From when on it is worth a transaction, whoever waits. */
static uint64_t
length_due(const struct log *log)
{
    uint64_t quarter = log_journal_size(log->journal) / 4;
    return quarter < ABSORB_SIZE_MAX ? quarter : ABSORB_SIZE_MAX;
}

bool
log_absorb_due(const struct log *log)
{
    return log_tail_pending_locked(&log->tail) > 0 &&
           (log->waiting > 0 || log->stopping ||
            log->tail.pending_length >= length_due(log));
}

/* False when there will be nothing more. */
static bool
wait_for_work(struct log *log)
{
    bool more = true;
    pthread_mutex_lock(&log->tail.lock);
    while (more && !log_absorb_due(log) && log->begun) {
        uint64_t due_us = log->tail.oldest_us + ABSORB_DELAY_US;
        if (log->stopping)
            more = false;
        else if (log_tail_pending_locked(&log->tail) == 0)
            pthread_cond_wait(&log->tail.moved, &log->tail.lock);
        else if (clock_us() >= due_us)
            break;
        else
            clock_cond_wait(&log->tail.moved, &log->tail.lock, due_us);
    }
    pthread_mutex_unlock(&log->tail.lock);
    return more;
}

/* No room: again a little later, or when somebody asks for it, unless there is
 * to be no later. */
static bool
wait_for_room(struct log *log)
{
    uint64_t until_us = clock_us() + ABSORB_RETRY_US;
    pthread_mutex_lock(&log->tail.lock);
    while (!log->stopping && log->waiting == 0 && clock_us() < until_us)
        clock_cond_wait(&log->tail.moved, &log->tail.lock, until_us);
    bool more = !log->stopping;
    pthread_mutex_unlock(&log->tail.lock);
    return more;
}

/* The lock keeps who is told from going away meanwhile. */
static void
tell_failure(struct log *log)
{
    pthread_mutex_lock(&log->tail.lock);
    if (log->on_failure != NULL)
        log->on_failure(log->failure_context);
    pthread_mutex_unlock(&log->tail.lock);
}

static void *
absorb(void *context)
{
    struct log *log = context;
    bool more = true;
    while (more && wait_for_work(log)) {
        enum log_result result = log_absorb_some(log);
        if (result == LOG_FULL)
            more = wait_for_room(log);
        if (result == LOG_FAILED)
            break;
    }
    if (atomic_load(&log->failed))
        tell_failure(log);
    return NULL;
}

/* Signals are the reactor's; SIGBUS comes to whoever causes it. */
int
log_absorb_start(struct log *log)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&log->absorber, NULL, absorb, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    log->absorbing = rc == 0;
    return -rc;
}

void
log_absorb_stop(struct log *log)
{
    if (!log->absorbing)
        return;
    pthread_mutex_lock(&log->tail.lock);
    log->stopping = true;
    pthread_cond_broadcast(&log->tail.moved);
    pthread_mutex_unlock(&log->tail.lock);
    pthread_join(log->absorber, NULL);
    log->absorbing = false;
}

enum log_result
log_settle(struct log *log)
{
    enum log_result result = LOG_OK;
    pthread_mutex_lock(&log->tail.lock);
    uint64_t attempts = log->attempts, upto = log->tail.pushed_count;
    log->waiting++;
    pthread_cond_broadcast(&log->tail.moved);
    while (log_tail_settled_locked(&log->tail) < upto || !log->begun) {
        if (atomic_load(&log->failed))
            result = LOG_FAILED;
        else if (atomic_load(&log->stalled) && log->attempts != attempts)
            result = LOG_FULL;
        if (result != LOG_OK)
            break;
        pthread_cond_wait(&log->tail.moved, &log->tail.lock);
    }
    log->waiting--;
    pthread_mutex_unlock(&log->tail.lock);
    return result;
}
