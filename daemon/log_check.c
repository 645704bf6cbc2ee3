/* SPDX-License-Identifier: MIT */
#include "daemon/log_check.h"

#include "daemon/log_consumers.h"
#include "daemon/log_parts.h"
#include "daemon/order.h"

static const char *
find_fault(const struct log_consumer *consumer, bool sound, uint64_t tip)
{
    if (!sound)
        return "does not have its checksum";
    return consumer->position > tip ? "is beyond the last event" : NULL;
}

static int
walk(MDB_cursor *cursor, uint64_t tip, uint64_t *count,
     void (*fault)(void *context, const struct log_check_consumer *),
     void *context)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct log_consumer consumer;
        bool sound = log_consumers_read(&key, &value, &consumer);
        const char *why = find_fault(&consumer, sound, tip);
        ++*count;
        if (why != NULL)
            fault(context, &(const struct log_check_consumer){
                               consumer.name, why, consumer.position, tip});
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int
log_check_consumers(struct log *log, uint64_t *count,
                    void (*fault)(void *context,
                                  const struct log_check_consumer *),
                    void *context)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi consumers;
    uint64_t tip;
    *count = 0;
    int rc = mdb_txn_begin(log->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = log_last_position(txn, log->events, &tip);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "consumers", 0, &consumers);
    if (rc == 0)
        rc = mdb_cursor_open(txn, consumers, &cursor);
    if (rc == 0)
        rc = walk(cursor, tip, count, fault, context);
    else if (rc == MDB_NOTFOUND)
        rc = 0; /* an earlier version's log has none */
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return env_error(rc);
}

/* With a journal nobody else is there, and nothing moves. */
int
log_check_refresh(struct log *log)
{
    MDB_txn *txn = NULL;
    uint64_t tip;
    if (log->journal != NULL)
        return 0;
    int rc = mdb_txn_begin(log->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = log_last_position(txn, log->events, &tip);
    mdb_txn_abort(txn);
    if (rc != 0)
        return env_error(rc);
    pthread_mutex_lock(&log->tail.lock);
    log_tail_pass_locked(&log->tail, tip);
    pthread_mutex_unlock(&log->tail.lock);
    atomic_store(&log->tip, tip);
    return 0;
}
