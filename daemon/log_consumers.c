/* SPDX-License-Identifier: MIT */
#include "daemon/log_consumers.h"

#include "daemon/diag.h"
#include "daemon/order.h"
#include "daemon/xxh3.h"

#define CONSUMER_VALUE_SIZE ((size_t)16)

static uint64_t
checksum(struct span name, uint64_t position)
{
    return XXH3_64bits_withSeed(name.data, name.size, position);
}

int
log_consumers_open(MDB_txn *txn, MDB_dbi *consumers)
{
    return mdb_dbi_open(txn, "consumers", MDB_CREATE, consumers);
}

static int
put(MDB_txn *txn, MDB_dbi consumers, const struct log_consumer *change)
{
    uint8_t bytes[CONSUMER_VALUE_SIZE];
    MDB_val key = {.mv_size = change->name.size,
                   .mv_data = (void *)(uintptr_t)change->name.data};
    MDB_val value = {.mv_size = sizeof bytes, .mv_data = bytes};
    if (change->removed) {
        int rc = mdb_del(txn, consumers, &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    order_put_u64(bytes, checksum(change->name, change->position));
    order_put_u64(bytes + 8, change->position);
    return mdb_put(txn, consumers, &key, &value, 0);
}

int
log_consumers_put(MDB_txn *txn, MDB_dbi consumers,
                  const struct log_consumer *changes, size_t count)
{
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put(txn, consumers, &changes[i]);
    return rc;
}

bool
log_consumers_read(const MDB_val *key, const MDB_val *value,
                   struct log_consumer *consumer)
{
    const uint8_t *bytes = value->mv_data;
    *consumer = (struct log_consumer){.name = {key->mv_data, key->mv_size}};
    if (value->mv_size != CONSUMER_VALUE_SIZE)
        return false;
    consumer->position = order_get_u64(bytes + 8);
    return order_get_u64(bytes) == checksum(consumer->name, consumer->position);
}

/* Whoever is sent events once more can tell; whoever misses some cannot. */
static struct log_consumer
read_consumer(const MDB_val *key, const MDB_val *value, uint64_t tip)
{
    struct log_consumer consumer;
    if (!log_consumers_read(key, value, &consumer)) {
        diag_of(DIAG_CONSUMER_CORRUPT,
                "the position of consumer \"%.*s\" does not have its "
                "checksum; it begins anew at 0",
                (int)consumer.name.size, (const char *)consumer.name.data);
        consumer.position = 0;
    }
    if (consumer.position > tip)
        consumer.position = tip; /* a log that was restored is shorter */
    return consumer;
}

enum log_result
log_consumers_each(MDB_txn *txn, MDB_dbi consumers, uint64_t tip,
                   bool (*each)(const struct log_consumer *, void *),
                   void *context)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    enum log_result result = LOG_FAILED;
    int rc = mdb_cursor_open(txn, consumers, &cursor);
    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    while (rc == 0) {
        struct log_consumer consumer = read_consumer(&key, &value, tip);
        if (!each(&consumer, context))
            goto out;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (rc == MDB_NOTFOUND)
        result = LOG_OK;
    else
        diag_of(DIAG_LOG_FAILED, "log.mdb: consumers cannot be read: %s",
                mdb_strerror(rc));
out:
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return result;
}
