/* SPDX-License-Identifier: MIT */
#include "daemon/check_events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/check_table.h"
#include "proto/event.h"

/* Events between two looks at the log as it is now: a running daemon uses the
 * pages of what we look at again when we have let go. */
#define EVENTS_CHUNK ((uint64_t)4096)

/* Missing positions that are looked for one by one; a last position far beyond
 * the number of events is damaged itself. */
#define MISSING_MAX ((uint64_t)1 << 20)

/* An id that the daemon assigned comes on top of what was sent. */
#define ASSIGNED_SIZE_MAX ((size_t)64)

/* What the daemon puts in front of what was sent: seq, rev, recorded. */
#define ASSIGNED_COUNT 3u

struct checking {
    struct log_reader *reader; /* in order */
    struct log_reader *lookup; /* of what is referred to */
    struct check_table *ids, *heads;
    struct check_report *report;
    struct check_events *result;
    struct diag_reason *reason;
    struct mp_buf submitted;
    int64_t recorded_ms;    /* of the last sound event */
    uint64_t missing_from;  /* the first of the missing positions here, or 0 */
    uint64_t damaged_since; /* damaged or missing events are before it */
};

/* "position 17, a": what a finding is about. */
#define AT_FORMAT "position %" PRIu64 ", %.*s: "
#define AT(event)                                                              \
    (event)->seq, (int)(event)->fields[MODEL_FIELD_ID].size,                   \
        (const char *)(event)->fields[MODEL_FIELD_ID].data

/* --- by itself ------------------------------------------------------------*/

/* The key of the next pair, which is passed over. */
static struct span
next_key(struct mp_reader *reader)
{
    struct span key = mp_str(reader);
    (void)mp_value(reader);
    return key;
}

/* The map as it was sent, without what stands in front of it. */
static bool
read_submitted(struct checking *checking, const struct event *event)
{
    static const char *const assigned[ASSIGNED_COUNT] = {"seq", "rev",
                                                         "recorded"};
    struct mp_reader reader = mp_reader(event->pairs);
    if (event->pair_count < ASSIGNED_COUNT)
        return false;
    for (size_t i = 0; i < ASSIGNED_COUNT; i++)
        if (!span_is(next_key(&reader), assigned[i]))
            return false;
    mp_buf_clear(&checking->submitted);
    mp_put_map(&checking->submitted, event->pair_count - ASSIGNED_COUNT);
    mp_put_raw(&checking->submitted,
               (struct span){reader.at, (size_t)(reader.end - reader.at)});
    return !checking->submitted.failed;
}

static void
check_fields(struct checking *checking, const struct event *event)
{
    struct event again;
    struct event_fault fault;
    if (!read_submitted(checking, event))
        check_report_finding(checking->report,
                             AT_FORMAT "does not begin with seq, rev, recorded",
                             AT(event));
    else if (!event_check(mp_buf_span(&checking->submitted),
                          MODEL_EVENT_SIZE_MAX + ASSIGNED_SIZE_MAX, &again,
                          &fault))
        check_report_finding(checking->report, AT_FORMAT "%s", AT(event),
                             fault.message);
}

static void
check_time(struct checking *checking, const struct event *event)
{
    if (event->recorded_ms < checking->recorded_ms)
        check_report_finding(checking->report,
                             AT_FORMAT "recorded at %" PRId64
                                       ", before the event in front of it",
                             AT(event), event->recorded_ms);
    checking->recorded_ms = event->recorded_ms;
}

/* --- by its partnership ---------------------------------------------------*/

/* Each damaged or missing event since may have been one of the partnership. */
static int
check_revision(struct checking *checking, const struct event *event)
{
    struct span slug = event->fields[MODEL_FIELD_PARTNERSHIP];
    struct check_entry *head =
        check_table_get(checking->heads, slug, checking->reason);
    if (head == NULL)
        return -ENOSPC;
    bool skips = event->rev > head->number + 1;
    bool excused = skips && checking->damaged_since > head->seq;
    if (event->rev != head->number + 1 && !excused)
        check_report_finding(checking->report,
                             AT_FORMAT "revision %" PRIu64
                                       " of %.*s, where %" PRIu64 " is due",
                             AT(event), event->rev, (int)slug.size,
                             (const char *)slug.data, head->number + 1);
    head->number = event->rev;
    head->seq = event->seq;
    return 0;
}

/* --- by others ------------------------------------------------------------*/

/* What an id was found to be. */
enum found {
    FOUND_NOT,
    FOUND_SOUND,
    FOUND_DAMAGED, /* or it may be one */
};

static enum found
find(struct checking *checking, struct span id, struct event *named)
{
    const struct check_entry *entry = check_table_find(checking->ids, id);
    bool may_be_damaged = checking->damaged_since > 0;
    struct span bytes;
    if (entry == NULL)
        return may_be_damaged ? FOUND_DAMAGED : FOUND_NOT;
    if (log_read(checking->lookup, entry->seq, &bytes) != LOG_OK)
        return FOUND_DAMAGED;
    if (!event_read(bytes, named) ||
        !span_equal(named->fields[MODEL_FIELD_ID], id))
        return FOUND_NOT;
    return FOUND_SOUND;
}

static int
check_id(struct checking *checking, const struct event *event)
{
    struct span id = event->fields[MODEL_FIELD_ID];
    struct event other;
    if (check_table_find(checking->ids, id) != NULL &&
        find(checking, id, &other) == FOUND_SOUND)
        check_report_finding(checking->report,
                             AT_FORMAT "position %" PRIu64 " has the same id",
                             AT(event), other.seq);
    struct check_entry *entry =
        check_table_get(checking->ids, id, checking->reason);
    if (entry == NULL)
        return -ENOSPC;
    entry->seq = event->seq;
    return 0;
}

static void
check_target(struct checking *checking, const struct event *event,
             const char *field, const struct event *named, bool local,
             uint32_t targets)
{
    struct span home = named->fields[MODEL_FIELD_PARTNERSHIP];
    if (targets != MODEL_RE_ANY &&
        (model_type_target(named->type) & targets) == 0)
        check_report_finding(checking->report,
                             AT_FORMAT "%s names position %" PRIu64
                                       ", whose type it may not",
                             AT(event), field, named->seq);
    if (local && !span_equal(home, event->fields[MODEL_FIELD_PARTNERSHIP]))
        check_report_finding(checking->report,
                             AT_FORMAT "%s names position %" PRIu64
                                       " of another partnership",
                             AT(event), field, named->seq);
}

static void
check_reference(struct checking *checking, const struct event *event,
                enum model_field field, bool local, uint32_t targets)
{
    struct span id = event->fields[field];
    const char *key = model_fields[field].key;
    struct event named;
    if (id.data == NULL)
        return;
    checking->result->references++;
    switch (find(checking, id, &named)) {
    case FOUND_NOT:
        check_report_finding(checking->report,
                             AT_FORMAT "%s names %.*s, which is no event in "
                                       "front of it",
                             AT(event), key, (int)id.size,
                             (const char *)id.data);
        break;
    case FOUND_SOUND:
        check_target(checking, event, key, &named, local, targets);
        break;
    case FOUND_DAMAGED:
        checking->result->unchecked++;
        break;
    }
}

static void
check_references(struct checking *checking, const struct event *event)
{
    const struct model_type_info *type = &model_types[event->type];
    check_reference(checking, event, MODEL_FIELD_DISCLOSED_BY, false,
                    MODEL_RE_ANY);
    check_reference(checking, event, MODEL_FIELD_RE, type->re_local,
                    type->re_targets);
    check_reference(checking, event, MODEL_FIELD_CORRECTS, true, MODEL_RE_ANY);
}

/* --- one position ---------------------------------------------------------*/

static int
check_sound(struct checking *checking, uint64_t seq, struct span bytes)
{
    struct event event;
    checking->result->sound++;
    if (!event_read(bytes, &event) || event.seq != seq) {
        check_report_finding(checking->report,
                             "position %" PRIu64
                             ": is no event of that position, though its "
                             "checksum is right",
                             seq);
        checking->damaged_since = seq;
        return 0;
    }
    check_fields(checking, &event);
    check_time(checking, &event);
    check_references(checking, &event); /* before its own id is there */
    int rc = check_id(checking, &event);
    return rc != 0 ? rc : check_revision(checking, &event);
}

/* What can still be read of it says which event it was, but proves nothing. */
static void
note_damaged(struct checking *checking, uint64_t seq)
{
    struct span bytes = {0}, id = {0}, partnership = {0};
    if (log_salvage(checking->reader, seq, &bytes) == LOG_OK) {
        id = mp_get_str(bytes, "id");
        partnership = mp_get_str(bytes, "partnership");
    }
    id.size = event_is_id(id) ? id.size : 0;
    partnership.size = event_is_slug(partnership) ? partnership.size : 0;
    checking->result->damaged++;
    checking->damaged_since = seq;
    check_report_finding(
        checking->report,
        "position %" PRIu64 "%s%.*s%s%.*s: fails its checksum; restore it "
        "from a backup",
        seq, id.size > 0 ? ", which was " : "", (int)id.size,
        (const char *)id.data, partnership.size > 0 ? " of " : "",
        (int)partnership.size, (const char *)partnership.data);
}

static void
end_missing(struct checking *checking, uint64_t next)
{
    uint64_t from = checking->missing_from;
    if (from == 0)
        return;
    checking->missing_from = 0;
    check_report_finding(checking->report,
                         "positions %" PRIu64 " to %" PRIu64
                         ": no event is there",
                         from, next - 1);
}

static int
check_position(struct checking *checking, uint64_t seq)
{
    struct span bytes;
    enum log_result result = log_read(checking->reader, seq, &bytes);
    if (result == LOG_CORRUPT) /* its neighbour may have been found instead */
        result = log_salvage(checking->reader, seq, &bytes) == LOG_ABSENT
                     ? LOG_ABSENT
                     : LOG_CORRUPT;
    if (result == LOG_ABSENT) {
        checking->result->missing++;
        checking->damaged_since = seq;
        if (checking->missing_from == 0)
            checking->missing_from = seq;
        return 0;
    }
    end_missing(checking, seq);
    if (result == LOG_OK)
        return check_sound(checking, seq, bytes);
    note_damaged(checking, seq);
    return 0;
}

/* --- all of them ----------------------------------------------------------*/

static int
begin_chunk(struct checking *checking)
{
    if (log_read_begin(checking->reader) == LOG_OK) {
        if (log_read_begin(checking->lookup) == LOG_OK)
            return 0;
        log_read_end(checking->reader);
    }
    diag_because(checking->reason, "log.mdb cannot be read");
    return -EIO;
}

static int
check_chunk(struct checking *checking, uint64_t first, uint64_t last)
{
    int rc = begin_chunk(checking);
    if (rc != 0)
        return rc;
    for (uint64_t seq = first; seq <= last && rc == 0; seq++)
        rc = check_position(checking, seq);
    log_read_end(checking->lookup);
    log_read_end(checking->reader);
    return rc;
}

static int
check_all(struct checking *checking, uint64_t tip, uint64_t count)
{
    uint64_t last =
        tip > count && tip - count > MISSING_MAX ? count + MISSING_MAX : tip;
    int rc = 0;
    for (uint64_t seq = 1; seq <= last && rc == 0; seq += EVENTS_CHUNK) {
        uint64_t end =
            last - seq < EVENTS_CHUNK ? last : seq + EVENTS_CHUNK - 1;
        rc = check_chunk(checking, seq, end);
    }
    if (rc != 0)
        return rc;
    end_missing(checking, last + 1);
    uint64_t found = checking->result->sound + checking->result->damaged;
    if (last != tip || found != count)
        check_report_finding(checking->report,
                             "%" PRIu64 " entries up to position %" PRIu64
                             ", of which %" PRIu64 " are at a position",
                             count, tip, found);
    checking->result->partnerships = check_table_count(checking->heads);
    return 0;
}

int
check_events(struct log *log, uint64_t count, struct check_report *report,
             struct check_events *result, struct diag_reason *reason)
{
    struct checking checking = {.report = report,
                                .result = result,
                                .reason = reason,
                                .recorded_ms = INT64_MIN};
    *result = (struct check_events){0};
    checking.reader = log_reader_new(log);
    checking.lookup = log_reader_new(log);
    int rc = check_table_new(&checking.ids, reason);
    if (rc == 0)
        rc = check_table_new(&checking.heads, reason);
    if (rc == 0 && (checking.reader == NULL || checking.lookup == NULL)) {
        diag_because(reason, "out of memory");
        rc = -ENOMEM;
    }
    if (rc == 0)
        rc = check_all(&checking, log_tip(log), count);
    check_table_free(checking.ids);
    check_table_free(checking.heads);
    log_reader_free(checking.reader);
    log_reader_free(checking.lookup);
    mp_buf_deinit(&checking.submitted);
    return rc;
}
