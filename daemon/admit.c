/* SPDX-License-Identifier: MIT */
#include "daemon/admit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admit_reference.h"
#include "daemon/number_map.h"
#include "daemon/uuid.h"

void
admit_deinit(struct admit *admit)
{
    mp_buf_deinit(&admit->bytes);
    free(admit->ends);
    admit->ends = NULL;
    admit->count = admit->capacity = 0;
}

void
admit_begin(struct admit *admit, uint64_t tip, int64_t recorded_ms)
{
    mp_buf_clear(&admit->bytes);
    admit->count = 0;
    admit->first = tip + 1;
    admit->recorded_ms = recorded_ms;
}

struct span *
admit_spans(const struct admit *admit)
{
    struct span *spans = calloc(admit->count + 1, sizeof *spans);
    size_t start = 0;
    for (size_t i = 0; i < admit->count && spans != NULL; i++) {
        spans[i] =
            (struct span){admit->bytes.data + start, admit->ends[i] - start};
        start = admit->ends[i];
    }
    return spans;
}

/* --- what is known of an event --------------------------------------------*/

enum log_result
admit_event(struct admit *admit, uint64_t seq, struct span *event)
{
    if (seq < admit->first)
        return log_read(admit->log, seq, event);
    size_t index = (size_t)(seq - admit->first);
    size_t start = index == 0 ? 0 : admit->ends[index - 1];
    *event =
        (struct span){admit->bytes.data + start, admit->ends[index] - start};
    return LOG_OK;
}

static void
refuse_failure(struct append_request *request)
{
    append_refuse(request, MODEL_INTERNAL,
                  "the index of ids cannot be read; nothing was stored");
}

static void
refuse_memory(struct append_request *request)
{
    append_refuse(request, MODEL_OVERLOADED,
                  "out of memory; nothing was stored; try again later");
}

/* False when the views failed. 0 for a partnership that does not exist. */
static bool
revision_of(struct admit *admit, struct span partnership, uint64_t *revision)
{
    *revision = 0;
    if (recent_find_partnership(admit->recent, partnership, revision))
        return true;
    enum views_result result =
        views_find_head(admit->views, partnership, revision);
    return result == VIEWS_OK || result == VIEWS_ABSENT;
}

/* --- storing --------------------------------------------------------------*/

static int
note_end(struct admit *admit)
{
    if (admit->count == admit->capacity) {
        size_t capacity = admit->capacity == 0 ? 64 : 2 * admit->capacity;
        size_t *ends = reallocarray(admit->ends, capacity, sizeof *ends);
        if (ends == NULL)
            return -ENOMEM;
        admit->ends = ends;
        admit->capacity = capacity;
    }
    admit->ends[admit->count++] = admit->bytes.size;
    return 0;
}

/* {seq, rev, recorded, id where we assigned it, what was submitted} */
static int
store_event(struct admit *admit, const struct append_event *event)
{
    struct mp_buf *bytes = &admit->bytes;
    bool assigned = event->id.data == NULL;
    mp_put_map(bytes, event->pair_count + (assigned ? 4 : 3));
    mp_put_text(bytes, "seq");
    mp_put_uint(bytes, event->seq);
    mp_put_text(bytes, "rev");
    mp_put_uint(bytes, event->rev);
    mp_put_text(bytes, "recorded");
    mp_put_int(bytes, admit->recorded_ms);
    if (assigned) {
        mp_put_text(bytes, "id");
        mp_put_text(bytes, event->assigned_id);
    }
    mp_put_raw(bytes, event->pairs);
    return bytes->failed ? -ENOMEM : note_end(admit);
}

/* --- ids ------------------------------------------------------------------*/

/* One request's checks. */
struct checking {
    struct admit *admit;
    struct append_request *request;
    uint64_t first;          /* position of its first new event */
    struct number_map known; /* positions that it names again */
    size_t duplicates;
};

static void
refuse_id(struct checking *checking, size_t index, uint64_t seq,
          const char *why)
{
    struct append_event *event = &checking->request->events[index];
    struct append_refusal *refusal =
        append_refuse(checking->request, MODEL_DUPLICATE_ID, "id \"%.*s\" %s",
                      (int)event->id.size, (const char *)event->id.data, why);
    refusal->has_index = true;
    refusal->index = index;
    refusal->id = event->id;
    refusal->seq = seq;
    snprintf(refusal->field, sizeof refusal->field, "id");
}

static void
take_known(struct checking *checking, size_t index, uint64_t seq)
{
    struct append_event *event = &checking->request->events[index];
    struct span stored;
    struct event parts;
    uint32_t other;
    if (seq >= checking->first ||
        number_map_find(&checking->known, seq, &other)) {
        refuse_id(checking, index, seq >= checking->first ? 0 : seq,
                  "stands twice in this batch; send it once");
        return;
    }
    if (admit_event(checking->admit, seq, &stored) != LOG_OK ||
        !event_read(stored, &parts)) {
        struct append_refusal *refusal =
            append_refuse(checking->request, MODEL_CORRUPT,
                          "the stored event with this id fails its checksum");
        refusal->seq = seq;
        return;
    }
    if (!event_equal(event->value, stored)) {
        refuse_id(checking, index, seq,
                  "is stored already with other content; use another id, or "
                  "corrects to replace that event");
        return;
    }
    event->seq = seq;
    event->rev = parts.rev;
    event->duplicate = true;
    checking->duplicates++;
    if (number_map_put(&checking->known, seq, 0) != 0)
        refuse_memory(checking->request);
}

static void
take_new(struct checking *checking, size_t index)
{
    struct admit *admit = checking->admit;
    struct append_event *event = &checking->request->events[index];
    struct span id = event->id;
    uint64_t revision;
    if (id.data == NULL) {
        if (admit->random_left < UUID_RANDOM_SIZE)
            admit->random_left =
                uuid_random(admit->random, sizeof admit->random);
        admit->random_left -= UUID_RANDOM_SIZE;
        uuid_v7(admit->recorded_ms, admit->random + admit->random_left,
                event->assigned_id);
        id = span_of(event->assigned_id);
    }
    if (!revision_of(admit, event->partnership, &revision)) {
        refuse_failure(checking->request);
        return;
    }
    event->seq = admit->recent->end;
    event->rev = revision + 1;
    if (recent_add(admit->recent, event->rev, id, event->partnership) != 0 ||
        store_event(admit, event) != 0)
        refuse_memory(checking->request);
}

static void
check_ids(struct checking *checking)
{
    struct append_request *request = checking->request;
    for (size_t i = 0; i < request->event_count && !request->refused; i++) {
        struct span id = request->events[i].id;
        uint64_t seq;
        enum views_result result = VIEWS_ABSENT;
        if (id.data != NULL)
            result = admit_find(checking->admit, id, &seq);
        if (result == VIEWS_OK)
            take_known(checking, i, seq);
        else if (result == VIEWS_ABSENT)
            take_new(checking, i);
        else
            refuse_failure(request);
    }
}

/* --- expect ---------------------------------------------------------------*/

/* Before the request's own events move the revisions. */
static void
read_expects(struct checking *checking)
{
    struct append_request *request = checking->request;
    for (size_t i = 0; i < request->expect_count && !request->refused; i++)
        if (!revision_of(checking->admit, request->expects[i].partnership,
                         &request->expects[i].actual))
            refuse_failure(request);
}

static void
check_expects(struct checking *checking)
{
    struct append_request *request = checking->request;
    for (size_t i = 0; i < request->expect_count; i++) {
        struct append_expect *expect = &request->expects[i];
        if (expect->revision == expect->actual)
            continue;
        struct append_refusal *refusal = append_refuse(
            request, MODEL_CONFLICT,
            "partnership \"%.*s\" is at revision %llu, not %llu; read it "
            "again and decide anew",
            (int)expect->partnership.size,
            (const char *)expect->partnership.data,
            (unsigned long long)expect->actual,
            (unsigned long long)expect->revision);
        refusal->partnership = expect->partnership;
        refusal->expected = expect->revision;
        refusal->actual = expect->actual;
        return;
    }
}

void
admit_request(struct admit *admit, struct append_request *request)
{
    struct checking checking = {
        .admit = admit, .request = request, .first = admit->recent->end};
    size_t count = admit->count, size = admit->bytes.size;
    if (request->refused)
        return; /* the reactor found a fault; it is answered in its turn */
    read_expects(&checking);
    check_ids(&checking);
    if (!request->refused && checking.duplicates < request->event_count)
        check_expects(&checking);
    if (!request->refused)
        admit_check_references(admit, request);
    if (request->refused) {
        recent_forget_above(admit->recent, checking.first - 1);
        admit->count = count;
        admit->bytes.size = size;
        admit->bytes.failed = false;
    }
    number_map_deinit(&checking.known);
}
