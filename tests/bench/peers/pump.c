/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/pump.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>

#include "tests/bench/dice.h"
#include "tests/bench/fail.h"
#include "tests/bench/peers/note.h"

/* Requests are written by so many bytes, so that the server begins early. */
#define FLUSH_SIZE ((size_t)1 << 16)

/* One connection, and its requests on their way, the oldest first. */
struct lane {
    struct wire wire;
    struct request *requests; /* a ring of plan->window */
    uint64_t asked, answered;
};

struct pump {
    const struct pump_plan *plan;
    struct lane lanes[PUMP_CONNECTIONS_MAX];
    struct dice dice;
    uint64_t asked;
    double start_us, end_us;
    struct pump_result result;
};

uint64_t
dialect_since_ms(uint64_t n)
{
    return note_ms(n) - NOTE_STEP_MS / 2;
}

uint32_t
pump_step(const struct dialect *dialect, enum ask ask)
{
    switch (ask) {
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_FACTS:
        return NOTE_BATCH;
    case ASK_REPLAY:
        return dialect->replay_page;
    case ASK_APPEND:
    case ASK_AT:
    case ASK_SINCE:
    case ASK_STATE:
    case ASK_TIMELINE:
    case ASK_PING:
        break;
    }
    return 1;
}

/* --- asking ---------------------------------------------------------------*/

static uint64_t
any_event(struct pump *pump)
{
    uint64_t stored = pump->plan->stored;
    return stored == 0 ? 0 : 1 + dice_below(&pump->dice, stored);
}

static struct request
next_request(struct pump *pump)
{
    const struct pump_plan *plan = pump->plan;
    struct request request = {.ask = plan->ask, .m = plan->stored};
    switch (plan->ask) {
    case ASK_AT:
    case ASK_SINCE:
    case ASK_STATE:
    case ASK_TIMELINE:
        request.n = any_event(pump);
        request.m = any_event(pump);
        break;
    case ASK_APPEND:
    case ASK_BATCH:
    case ASK_LOAD:
    case ASK_FACTS:
    case ASK_REPLAY:
    case ASK_PING:
        request.n =
            plan->first + pump->asked * pump_step(plan->dialect, plan->ask);
        break;
    }
    return request;
}

static bool
may_ask(const struct pump *pump, const struct lane *lane)
{
    const struct pump_plan *plan = pump->plan;
    return lane->asked - lane->answered < plan->window &&
           pump->asked < plan->requests_max &&
           (pump->end_us == 0 || clock_us() < pump->end_us);
}

static void
lane_ask(struct pump *pump, struct lane *lane)
{
    while (may_ask(pump, lane)) {
        struct request request = next_request(pump);
        pump->plan->dialect->put(&lane->wire, &request);
        request.sent_us = clock_us();
        lane->requests[lane->asked++ % pump->plan->window] = request;
        pump->asked++;
        if (lane->wire.out.size > FLUSH_SIZE && !wire_flush(&lane->wire))
            fail("%s: closed the connection", pump->plan->dialect->name);
    }
    if (!wire_flush(&lane->wire))
        fail("%s: closed the connection", pump->plan->dialect->name);
}

static void
lane_take(struct pump *pump, struct lane *lane)
{
    uint32_t window = pump->plan->window;
    while (lane->answered < lane->asked) {
        const struct request *oldest = &lane->requests[lane->answered % window];
        enum taken taken =
            pump->plan->dialect->take(&lane->wire, oldest, &pump->result.rows);
        if (taken == TAKEN_NOTHING)
            break;
        if (taken == TAKEN_PART)
            continue;
        series_add(&pump->result.us, clock_us() - oldest->sent_us);
        lane->answered++;
        pump->result.requests++;
    }
}

/* --- running --------------------------------------------------------------*/

static void
lane_open(struct pump *pump, struct lane *lane)
{
    const struct pump_plan *plan = pump->plan;
    int rc = wire_open(&lane->wire, plan->address);
    if (rc != 0)
        fail("%s: %s", plan->address, strerror(-rc));
    if (plan->dialect->greet != NULL && !plan->dialect->greet(&lane->wire))
        fail("%s: does not greet", plan->dialect->name);
    lane->requests = calloc(plan->window, sizeof(*lane->requests));
    if (lane->requests == NULL)
        fail("no memory");
}

/* One connection is waited for by reading from it, which is the cheapest. */
static void
wait_and_fill(struct pump *pump)
{
    struct pollfd places[PUMP_CONNECTIONS_MAX] = {0};
    uint32_t count = pump->plan->connections;
    for (uint32_t i = 0; i < count; i++)
        places[i] = (struct pollfd){
            .fd = pump->lanes[i].wire.fd, .events = POLLIN, .revents = POLLIN};
    if (count > 1 && poll(places, count, WIRE_SILENCE_S * 1000) <= 0)
        fail("%s: no answer in %d s", pump->plan->dialect->name,
             WIRE_SILENCE_S);
    for (uint32_t i = 0; i < count; i++) {
        if (places[i].revents != 0 &&
            !wire_fill(&pump->lanes[i].wire, count == 1))
            fail("%s: closed the connection", pump->plan->dialect->name);
    }
}

static bool
under_way(const struct pump *pump)
{
    return pump->result.requests < pump->asked;
}

struct pump_result
pump_run(const struct pump_plan *plan)
{
    struct pump *pump = calloc(1, sizeof(*pump));
    if (pump == NULL)
        fail("no memory");
    assert(plan->connections <= PUMP_CONNECTIONS_MAX && plan->window > 0);
    pump->plan = plan;
    for (uint32_t i = 0; i < plan->connections; i++)
        lane_open(pump, &pump->lanes[i]);
    pump->start_us = clock_us();
    if (plan->seconds_max > 0)
        pump->end_us = pump->start_us + plan->seconds_max * 1e6;
    for (;;) {
        for (uint32_t i = 0; i < plan->connections; i++) {
            lane_take(pump, &pump->lanes[i]);
            lane_ask(pump, &pump->lanes[i]);
        }
        if (!under_way(pump))
            break;
        wait_and_fill(pump);
    }
    pump->result.seconds = (clock_us() - pump->start_us) / 1e6;
    for (uint32_t i = 0; i < plan->connections; i++) {
        wire_close(&pump->lanes[i].wire);
        free(pump->lanes[i].requests);
    }
    struct pump_result result = pump->result;
    free(pump);
    return result;
}

struct pump_result
pump_replay(const struct dialect *dialect, const char *address, uint64_t stored)
{
    uint32_t page = dialect->replay_page;
    struct pump_plan plan = {.dialect = dialect,
                             .address = address,
                             .ask = ASK_REPLAY,
                             .connections = 1,
                             .window = dialect->replay_ahead,
                             .first = 1,
                             .stored = stored,
                             .requests_max =
                                 page == 0 ? 1 : (stored + page - 1) / page};
    struct pump_result result = pump_run(&plan);
    if (result.rows != stored)
        fail("%s: a replay of %llu events, not %llu", dialect->name,
             (unsigned long long)result.rows, (unsigned long long)stored);
    return result;
}

struct pump_result
pump_some(const struct dialect *dialect, const char *address, enum ask ask,
          uint64_t stored, double seconds)
{
    struct pump_plan plan = {.dialect = dialect,
                             .address = address,
                             .ask = ask,
                             .connections = 1,
                             .window = 1,
                             .stored = stored,
                             .requests_max = UINT64_MAX,
                             .seconds_max = seconds};
    return pump_run(&plan);
}

void
pump_once(const struct dialect *dialect, const char *address, enum ask ask,
          uint64_t stored)
{
    struct pump_plan plan = {.dialect = dialect,
                             .address = address,
                             .ask = ask,
                             .connections = 1,
                             .window = 1,
                             .stored = stored,
                             .requests_max = 1};
    struct pump_result result = pump_run(&plan);
    series_deinit(&result.us);
}

double
pump_load(const struct dialect *dialect, const char *address, enum ask ask,
          uint64_t first, uint64_t count)
{
    uint32_t step = pump_step(dialect, ask);
    struct pump_plan plan = {.dialect = dialect,
                             .address = address,
                             .ask = ask,
                             .connections = 1,
                             .window = step > 1 ? PUMP_LOAD_BATCHES
                                                : PUMP_LOAD_SINGLES,
                             .first = first,
                             .requests_max = count / step};
    struct pump_result result = pump_run(&plan);
    series_deinit(&result.us);
    return result.seconds;
}
