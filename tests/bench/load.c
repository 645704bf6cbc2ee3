/* SPDX-License-Identifier: MIT */
#include "tests/bench/load.h"

#include "tests/bench/fail.h"
#include "tests/bench/series.h"

/* Large enough that a flush costs little beside the events that it covers,
 * small enough for many to fit a message (RPC_MESSAGE_SIZE_MAX). */
const struct load_options load_options_default = {
    .batch = 1000,
    .outstanding = 8,
};

struct load {
    struct link *link;
    const struct load_options *options;
    bool (*next)(void *source, struct mp_buf *out);
    void *source;
    double end_us;
    bool ended;
    uint32_t outstanding;
    uint64_t sent;
};

/* Begin one append in the output, unless nothing is left. */
static void
append_begin(struct load *load)
{
    struct mp_buf batch = {0};
    uint32_t count = 0, msgid;
    while (count < load->options->batch && load->next(load->source, &batch))
        count++;
    load->ended = count < load->options->batch;
    if (count > 0) {
        struct mp_buf *out = link_begin(load->link, "append", &msgid);
        mp_put_array(out, 1);
        mp_put_map(out, 1);
        mp_put_text(out, "events");
        mp_put_array(out, count);
        mp_buf_append(out, batch.data, batch.size);
        load->outstanding++;
        load->sent += count;
    }
    mp_buf_deinit(&batch);
}

static void
answer_take(struct load *load)
{
    struct rpc_message message;
    link_next(load->link, &message);
    struct mp_reader reader = mp_reader(message.error);
    if (message.kind != RPC_RESPONSE || mp_peek(&reader) != MP_NIL)
        link_fail("append", message.error);
    load->outstanding--;
}

uint64_t
load_run(struct link *link, const struct load_options *options,
         bool (*next)(void *source, struct mp_buf *out), void *source)
{
    struct load load = {.link = link,
                        .options = options,
                        .next = next,
                        .source = source,
                        .end_us = clock_us() + options->seconds_max * 1e6};
    do {
        while (!load.ended && load.outstanding < options->outstanding)
            append_begin(&load);
        link_flush(link);
        if (load.outstanding > 0)
            answer_take(&load);
        if (options->seconds_max > 0 && clock_us() > load.end_us)
            load.ended = true;
    } while (load.outstanding > 0 || !load.ended);
    return load.sent;
}
