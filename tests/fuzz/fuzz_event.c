/* SPDX-License-Identifier: MIT */
#include "proto/event.h"
#include "proto/rpc.h"

#include <assert.h>
#include <stdlib.h>

/*
 * event_check of any value that passes the scanner; a refusal must be fit to
 * be sent, and what is accepted must equal itself and be read back from its
 * stored form as the same event.
 */

static bool
is_whole_value(struct span bytes)
{
    struct rpc_scanner scanner;
    size_t consumed = 0;
    rpc_scanner_init(&scanner, RPC_MESSAGE_SIZE_MAX, RPC_DEPTH_MAX);
    return rpc_scan(&scanner, bytes, &consumed) == RPC_SCAN_DONE &&
           consumed == bytes.size;
}

static void
check_fault(const struct event_fault *fault)
{
    assert(strlen(fault->field) < EVENT_FIELD_SIZE);
    assert(strlen(fault->message) < EVENT_MESSAGE_SIZE);
    assert(strlen(fault->message) > 0);
    assert(event_is_text(span_of(fault->field), false));
    assert(event_is_text(span_of(fault->message), false));
    assert(fault->code == MODEL_INVALID_EVENT ||
           fault->code == MODEL_INVALID_DATE || fault->code == MODEL_TOO_LARGE);
    assert(fault->has_offset == (fault->code == MODEL_INVALID_DATE));
}

/* As the daemon stores it; the caller frees. */
static struct mp_buf
store(const struct event *event)
{
    struct mp_buf buf = {0};
    bool has_id = event->fields[MODEL_FIELD_ID].data != NULL;
    mp_put_map(&buf, event->pair_count + 3 + (has_id ? 0 : 1));
    mp_put_text(&buf, "seq");
    mp_put_uint(&buf, 7);
    mp_put_text(&buf, "rev");
    mp_put_uint(&buf, 3);
    mp_put_text(&buf, "recorded");
    mp_put_int(&buf, -5);
    if (!has_id) {
        mp_put_text(&buf, "id");
        mp_put_text(&buf, "assigned");
    }
    mp_put_raw(&buf, event->pairs);
    assert(!buf.failed);
    return buf;
}

static void
check_stored(const struct event *event)
{
    struct mp_buf buf = store(event);
    struct event stored;
    bool has_id = event->fields[MODEL_FIELD_ID].data != NULL;
    bool good = event_read(mp_buf_span(&buf), &stored);
    assert(good);
    assert(stored.seq == 7 && stored.rev == 3 && stored.recorded_ms == -5);
    assert(stored.type == event->type);
    assert(stored.amount == event->amount);
    assert(stored.has_effective == event->has_effective);
    assert(event_takes_effect(&stored) == event_takes_effect(event));
    assert(event_equal(event->map, mp_buf_span(&buf)) == has_id);
    mp_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span value = {data, size};
    struct event event;
    struct event_fault fault;
    memset(&fault, 0xff, sizeof(fault));
    /* Reads no byte out of bounds, whatever it is given. */
    (void)!event_read(value, &event);
    (void)event_equal(value, value);
    if (size == 0 || !is_whole_value(value))
        return 0;
    if (!event_check(value, MODEL_EVENT_SIZE_MAX, &event, &fault)) {
        check_fault(&fault);
        return 0;
    }
    assert(event_equal(value, value));
    check_stored(&event);
    return 0;
}
