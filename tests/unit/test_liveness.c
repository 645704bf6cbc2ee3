/* SPDX-License-Identifier: MIT */
#include "daemon/liveness.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"
#include "tests/unit/stored_fixture.h"

#define EVENT_COUNT 120u
#define QUESTION_COUNT 60
#define NONE 0u

/* Days on which events become known. */
static const char *const days[] = {"2017-01-01", "2017-01-02", "2017-01-03",
                                   "2017-01-04"};
#define DAY_COUNT (sizeof days / sizeof *days)

/* What an event supersedes: positions, or NONE. */
struct naive_event {
    uint64_t corrects, retracts;
    size_t day;
};

struct naive {
    struct naive_event events[EVENT_COUNT + 1]; /* by position */
    int64_t known;
    uint64_t seq;
};

static int64_t
end_of(const char *text)
{
    struct edtf date;
    struct edtf_fault fault;
    ck_assert(edtf_parse(span_of(text), &date, &fault));
    return date.end_hi;
}

/* The definition, word by word (EVENTS.md, "What counts"). */
static bool
naive_superseded(const struct naive *naive, uint64_t seq)
{
    for (uint64_t by = seq + 1; by <= EVENT_COUNT; by++) {
        const struct naive_event *event = &naive->events[by];
        bool visible =
            by <= naive->seq && end_of(days[event->day]) <= naive->known;
        if ((event->corrects == seq || event->retracts == seq) && visible &&
            !naive_superseded(naive, by))
            return true;
    }
    return false;
}

/* Mostly of recent events, so that chains are long and meet. */
static uint64_t
some_target(uint64_t seq, uint64_t *dice)
{
    uint64_t span = random_below(dice, 2) == 0 ? 4 : seq - 1;
    return seq - 1 - random_below(dice, span < seq ? span : seq - 1);
}

static void
append_random(struct data *data, struct naive *naive, uint64_t seq,
              uint64_t *dice)
{
    struct naive_event *event = &naive->events[seq];
    char pairs[400], corrects[60] = "", re[60] = "";
    event->day = random_below(dice, DAY_COUNT);
    if (seq > 1 && random_below(dice, 10) < 6)
        event->corrects = some_target(seq, dice);
    if (seq > 1 && random_below(dice, 10) < 4)
        event->retracts = some_target(seq, dice);
    if (event->corrects != NONE)
        snprintf(corrects, sizeof corrects, ",'corrects':'e%d'",
                 (int)event->corrects);
    if (event->retracts != NONE)
        snprintf(re, sizeof re, ",'re':'e%d'", (int)event->retracts);
    snprintf(pairs, sizeof pairs,
             "'id':'e%d','type':'%s','partnership':'p','parties':['a'],"
             "'occurred':'2016','disclosed':'%s','title':'t'%s%s",
             (int)seq, event->retracts != NONE ? "retraction" : "note",
             days[event->day], corrects, re);
    stored_append(data, seq, 0, pairs);
}

static void
ask(struct data *data, struct naive *naive, uint64_t *dice)
{
    struct liveness liveness;
    size_t day = random_below(dice, DAY_COUNT + 1);
    naive->known = day < DAY_COUNT ? end_of(days[day]) : EDTF_PLUS_INFINITY;
    naive->seq = random_below(dice, 3) == 0 ? EVENT_COUNT
                                            : random_below(dice, EVENT_COUNT);
    liveness_init(&liveness, naive->known, naive->seq);
    for (uint64_t i = 0; i < 2 * (uint64_t)EVENT_COUNT; i++) {
        uint64_t seq = 1 + random_below(dice, EVENT_COUNT);
        bool superseded = false;
        ck_assert_int_eq(liveness_superseded(&liveness, data->views_reader, seq,
                                             &superseded),
                         VIEWS_OK);
        ck_assert_msg(superseded == naive_superseded(naive, seq),
                      "event %d at %d, K of day %zu", (int)seq, (int)naive->seq,
                      day);
    }
    liveness_deinit(&liveness);
}

START_TEST(liveness_is_as_defined)
{
    struct data data = {0};
    static struct naive naive;
    uint64_t dice = random_seed("liveness");
    data_directory(data.path);
    data_open(&data);
    for (uint64_t seq = 1; seq <= EVENT_COUNT; seq++)
        append_random(&data, &naive, seq, &dice);
    data_apply(&data, 1000);
    data_read_begin(&data);
    for (int i = 0; i < QUESTION_COUNT; i++)
        ask(&data, &naive, &dice);
    data_read_end(&data);
    data_close(&data);
}
END_TEST

/* --- a long chain ---------------------------------------------------------*/

#define CHAIN_COUNT 100000u
#define CHAIN_BATCH 1000u

/* Each event corrects the one before. */
static void
append_chain(struct data *data)
{
    struct mp_buf events[CHAIN_BATCH];
    struct span spans[CHAIN_BATCH];
    char pairs[200];
    for (uint64_t seq = 1; seq <= CHAIN_COUNT; seq++) {
        size_t at = (seq - 1) % CHAIN_BATCH;
        snprintf(pairs, sizeof pairs, "'id':'e%d','corrects':'e%d'," BASE,
                 (int)seq, (int)seq - 1);
        if (seq == 1)
            snprintf(pairs, sizeof pairs, "'id':'e1'," BASE);
        events[at] = stored_event(seq, seq, 0, pairs);
        spans[at] = mp_buf_span(&events[at]);
        if (at + 1 < CHAIN_BATCH)
            continue;
        ck_assert_int_eq(log_append(data->log, spans, CHAIN_BATCH, NULL, 0),
                         LOG_OK);
        for (size_t i = 0; i < CHAIN_BATCH; i++)
            mp_buf_deinit(&events[i]);
    }
}

/* A stack frame a link would not fit into the stack that a thread has. */
START_TEST(liveness_follows_a_long_chain)
{
    struct data data = {0};
    data_directory(data.path);
    data_open(&data);
    append_chain(&data);
    data_apply(&data, 10000);
    data_read_begin(&data);
    for (uint64_t first = 1; first <= 2; first++) {
        struct liveness liveness;
        liveness_init(&liveness, EDTF_PLUS_INFINITY, CHAIN_COUNT);
        for (uint64_t seq = first; seq <= CHAIN_COUNT; seq += 99) {
            bool superseded = false;
            ck_assert_int_eq(liveness_superseded(&liveness, data.views_reader,
                                                 seq, &superseded),
                             VIEWS_OK);
            if (superseded != ((CHAIN_COUNT - seq) % 2 == 1))
                ck_abort_msg("event %d", (int)seq);
        }
        liveness_deinit(&liveness);
    }
    data_read_end(&data);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("liveness");
    TCase *tests = tcase_create("liveness");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, liveness_is_as_defined);
    tcase_add_test(tests, liveness_follows_a_long_chain);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
