/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "tests/bench/dice.h"
#include "tests/bench/fail.h"
#include "tests/bench/pinger.h"
#include "tests/bench/whole.h"

/* Between two questions whether the views are there; the daemon's own
 * retry_ms would be the whole of a small log. */
#define RETRY_MS 5
#define GETS_PER_TRY 10

/* True when `state` answers; false when it is `unavailable`. */
static bool
state_answers(struct link *link)
{
    struct rpc_message message;
    struct mp_buf params = {0};
    probe_put_arguments(
        &params, (const struct probe_argument[]){{"partnership", .text = "p-0"},
                                                 {"at", .text = WHOLE_NEWEST},
                                                 {0}});
    bool answers = link_try(link, "state", mp_buf_span(&params), &message);
    if (!answers && !span_is(mp_get_str(message.error, "code"), "unavailable"))
        link_fail("state", message.error);
    mp_buf_deinit(&params);
    return answers;
}

static void
get_some(struct whole *whole, struct dice *dice, struct latency *gets)
{
    for (int i = 0; i < GETS_PER_TRY; i++) {
        struct mp_buf params = {0};
        uint64_t seq = 1 + dice_below(dice, whole->size);
        probe_put_arguments(&params, (const struct probe_argument[]){
                                         {"seq", .number = seq}, {0}});
        double start = clock_us();
        struct span event = link_call(whole->link, "get", mp_buf_span(&params));
        latency_add(gets, clock_us() - start);
        if (mp_get_uint(event, "seq") != seq)
            fail("get gave another event than %llu", (unsigned long long)seq);
        mp_buf_deinit(&params);
    }
}

void
whole_rebuild(struct whole *whole)
{
    struct dice dice = {whole->size};
    struct latency gets = {0};
    uint64_t served = 0;
    link_close(whole->link);
    entented_stop(&whole->daemon);
    entented_remove_views(&whole->daemon);
    double start = clock_us();
    entented_start(&whole->daemon);
    double ready = clock_us();
    whole->link = entented_link(&whole->daemon);
    struct pinger *pinger = pinger_start(whole->daemon.socket);
    while (!state_answers(whole->link)) {
        get_some(whole, &dice, &gets);
        served += GETS_PER_TRY;
        (void)poll(NULL, 0, RETRY_MS);
    }
    double seconds = (clock_us() - start) / 1e6;
    struct series pings = pinger_stop(pinger);
    latency_end_round(&gets);
    whole_tell(whole, "rebuild", "start to ready", (ready - start) / 1e3, "ms");
    whole_tell(whole, "rebuild", "start to the first state", seconds, "s");
    whole_tell(whole, "rebuild", "events", (double)whole->size / seconds,
               "ev/s");
    whole_tell(whole, "rebuild", "get by seq served meanwhile", (double)served,
               "gets");
    if (served > 0)
        whole_tell_latency(whole, "rebuild", "get by seq meanwhile", &gets);
    whole_tell_ping(whole, "rebuild", &pings);
    latency_deinit(&gets);
}
