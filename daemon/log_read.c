/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <stdlib.h>

#include "daemon/log_parts.h"
#include "daemon/order.h"

/* After so many events in a row more of them are expected: not after the few
 * that a short page has. */
#define READ_ROW 32u

/* What few ask for is copied as well, as in a large log its page is mostly not
 * mapped; who asks for many finds more in a page that is mapped. */
#define READ_SINGLES 2u

struct log_reader {
    struct log *log;
    MDB_txn *txn; /* reset between reads, never aborted before the end */
    MDB_cursor *cursor;
    struct log_pages pages;
    uint64_t at;    /* position of the cursor, 0 for none */
    uint64_t tip;   /* what it sees */
    uint64_t row;   /* what comes next in the row that `pages` is for */
    uint64_t other; /* and in one that may begin, of so many so far */
    unsigned other_count;
    unsigned singles; /* events in no row, since it began */
    struct log_pin pin;
};

struct log_reader *
log_reader_new(struct log *log)
{
    struct log_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->log = log;
    log_pages_init(&reader->pages, log->env, log->trees, &log->ahead);
    log_tail_add_pin(&log->tail, &reader->pin);
    return reader;
}

void
log_reader_free(struct log_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->cursor != NULL)
        mdb_cursor_close(reader->cursor);
    mdb_txn_abort(reader->txn);
    log_pages_deinit(&reader->pages);
    log_tail_remove_pin(&reader->log->tail, &reader->pin);
    free(reader);
}

static int
begin(struct log_reader *reader)
{
    int rc;
    if (reader->txn != NULL)
        rc = mdb_txn_renew(reader->txn);
    else
        rc = mdb_txn_begin(reader->log->env, NULL, MDB_RDONLY, &reader->txn);
    log_pages_begin(&reader->pages);
    if (rc == 0 && reader->cursor != NULL)
        rc = mdb_cursor_renew(reader->txn, reader->cursor);
    else if (rc == 0)
        rc = mdb_cursor_open(reader->txn, reader->log->events, &reader->cursor);
    return rc;
}

/* First the tip: what goes past the journal behind the pin is in log.mdb alone,
 * where nobody would look for it.  Then the tail, then log.mdb: what leaves the
 * one in between is in the other. */
enum log_result
log_read_begin(struct log_reader *reader)
{
    reader->tip = log_tip(reader->log);
    log_tail_pin(&reader->log->tail, &reader->pin);
    reader->at = 0;
    reader->singles = 0;
    int rc = begin(reader);
    if (rc == 0)
        return LOG_OK;
    diag_of(DIAG_LOG_FAILED, "log.mdb: cannot be read: %s", mdb_strerror(rc));
    log_tail_unpin(&reader->log->tail, &reader->pin);
    if (reader->cursor != NULL)
        mdb_cursor_close(reader->cursor);
    mdb_txn_abort(reader->txn);
    reader->cursor = NULL;
    reader->txn = NULL;
    return LOG_FAILED;
}

void
log_read_end(struct log_reader *reader)
{
    mdb_txn_reset(reader->txn);
    log_tail_unpin(&reader->log->tail, &reader->pin);
}

/* Neighbours without a search, anything else with one. */
static int
seek(struct log_reader *reader, uint64_t seq, MDB_val *value)
{
    uint8_t position[LOG_KEY_SIZE];
    order_put_u64(position, seq);
    MDB_val key = {.mv_size = sizeof position, .mv_data = position};
    MDB_cursor_op op = MDB_SET_KEY;
    if (reader->at != 0 && seq == reader->at + 1)
        op = MDB_NEXT;
    else if (reader->at != 0 && seq + 1 == reader->at)
        op = MDB_PREV;
    int rc = mdb_cursor_get(reader->cursor, &key, value, op);
    if (rc == 0 &&
        (key.mv_size != LOG_KEY_SIZE || order_get_u64(key.mv_data) != seq))
        rc = MDB_CORRUPTED;
    reader->at = rc == 0 ? seq : 0;
    return rc;
}

/* Somebody may look elsewhere now and then, and go on in the same row. */
static bool
is_in_row(struct log_reader *reader, uint64_t seq)
{
    if (seq == reader->row) {
        reader->row++;
        return true;
    }
    reader->other_count = seq == reader->other ? reader->other_count + 1 : 1;
    reader->other = seq + 1;
    if (reader->other_count < READ_ROW)
        return false;
    reader->row = seq + 1;
    return true;
}

static bool
find_copy(struct log_reader *reader, uint64_t seq, struct span *record)
{
    if (is_in_row(reader, seq))
        return log_pages_find(&reader->pages, reader->txn, seq, record);
    return reader->singles++ < READ_SINGLES &&
           log_pages_find_one(&reader->pages, reader->txn, seq, record);
}

/* Checksum and bytes of an event, wherever they are. */
static enum log_result
find_record(struct log_reader *reader, uint64_t seq, struct span *record)
{
    MDB_val value = {0};
    if (seq == 0 || seq > reader->tip)
        return LOG_ABSENT;
    if (seq > reader->pin.above) {
        struct log *log = reader->log;
        *record =
            log_journal_record(log->journal, log_tail_find(&log->tail, seq));
        return record->data == NULL ? LOG_CORRUPT : LOG_OK;
    }
    if (find_copy(reader, seq, record))
        return record->size < LOG_CHECKSUM_SIZE ? LOG_CORRUPT : LOG_OK;
    int rc = seek(reader, seq, &value);
    if (rc == MDB_NOTFOUND)
        return LOG_ABSENT;
    *record = (struct span){value.mv_data, value.mv_size};
    return rc != 0 || value.mv_size < LOG_CHECKSUM_SIZE ? LOG_CORRUPT : LOG_OK;
}

enum log_result
log_salvage(struct log_reader *reader, uint64_t seq, struct span *bytes)
{
    struct span record;
    enum log_result result = find_record(reader, seq, &record);
    if (result == LOG_OK)
        *bytes = (struct span){record.data + LOG_CHECKSUM_SIZE,
                               record.size - LOG_CHECKSUM_SIZE};
    return result;
}

enum log_result
log_read(struct log_reader *reader, uint64_t seq, struct span *event)
{
    struct span found;
    enum log_result result = log_salvage(reader, seq, &found);
    if (result != LOG_OK)
        return result;
    if (order_get_u64(found.data - LOG_CHECKSUM_SIZE) !=
        log_checksum(seq, found))
        return LOG_CORRUPT;
    *event = found;
    return LOG_OK;
}
