/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random_fixture.h"
#include "tests/unit/stored_fixture.h"

/* Walks against sorted arrays of the same events, made at random. */

#define EVENT_COUNT 150u
#define PARTNERSHIP_COUNT 4u
#define SEEK_COUNT 400

static const char *const dates[] = {
    "2017",       "2017-05", "2017-05-01", "2017-05-01T12:00:00Z",
    "2018-21",    "2016/..", "../2017",    "201X",
    "2017-12-31", "../..",   "-0005",      "2017-05-01/2018",
};
#define DATE_COUNT (sizeof dates / sizeof *dates)

struct naive_event {
    uint64_t seq;
    uint32_t partnership;
    int64_t t, start_lo, k;
    uint32_t type;    /* which of `types` */
    uint32_t parties; /* bits: which of `parties` */
};

/* Built-in ones and a user's own; numbers are given in this order. */
static const char *const types[] = {"note", "meeting", "x-one", "x-two"};
#define TYPE_COUNT (sizeof types / sizeof *types)

static const char *const parties[] = {"a", "b", "c"};
#define PARTY_COUNT 3u

struct naive {
    struct naive_event events[EVENT_COUNT];
    uint64_t revs[PARTNERSHIP_COUNT + 1];
};

static struct edtf
parse(const char *text)
{
    struct edtf date;
    struct edtf_fault fault;
    ck_assert(edtf_parse(span_of(text), &date, &fault));
    return date;
}

static void
append_random(struct data *data, struct naive *naive, size_t index,
              uint64_t *dice)
{
    struct naive_event *event = &naive->events[index];
    const char *occurred = dates[random_below(dice, DATE_COUNT)];
    struct edtf date = parse(occurred);
    char more[120] = "", pairs[400];
    *event = (struct naive_event){
        .seq = index + 1,
        .partnership =
            1 + (uint32_t)(index < PARTNERSHIP_COUNT ? index
                                                     : random_below(dice, 4)),
        .t = edtf_certain(&date),
        .start_lo = date.start_lo};
    event->k = event->t;
    /* The first events name everything once, so that numbers are known. */
    event->type =
        (uint32_t)(index < TYPE_COUNT ? index : random_below(dice, TYPE_COUNT));
    event->parties =
        index == 0 ? 7
                   : 1 + (uint32_t)random_below(dice, (1 << PARTY_COUNT) - 1);
    uint64_t throw = random_below(dice, 4);
    if (throw < 2 && index > 0) {
        size_t named = (size_t)random_below(dice, index);
        event->k = naive->events[named].k;
        snprintf(more, sizeof more, ",'disclosed_by':'e%zu'", named + 1);
    }
    if (throw > 0 && throw < 3) {
        const char *disclosed = dates[random_below(dice, DATE_COUNT)];
        date = parse(disclosed);
        event->k = edtf_certain(&date);
        snprintf(more + strlen(more), sizeof more - strlen(more),
                 ",'disclosed':'%s'", disclosed);
    }
    char names[20] = "";
    for (size_t i = 0; i < PARTY_COUNT; i++)
        if (event->parties >> i & 1)
            snprintf(names + strlen(names), sizeof names - strlen(names),
                     "%s'%s'", names[0] == '\0' ? "" : ",", parties[i]);
    snprintf(pairs, sizeof pairs,
             "'id':'e%zu','type':'%s','partnership':'p%u','parties':[%s],"
             "'occurred':'%s','title':'t'%s",
             index + 1, types[event->type], event->partnership, names, occurred,
             more);
    stored_append(data, ++naive->revs[event->partnership], 0, pairs);
}

/* --- the order that is right ----------------------------------------------*/

struct order {
    enum views_walk_kind kind;
    uint32_t partnership;
    uint32_t party;
    uint32_t types; /* bits: which of `types`; 0 for all */
    int64_t known;  /* of VIEWS_WALK_LATE */
};

static struct views_place
place_of(enum views_walk_kind kind, const struct naive_event *event)
{
    if (kind == VIEWS_WALK_DISCLOSED)
        return (struct views_place){.t = event->k, .seq = event->seq};
    if (kind == VIEWS_WALK_RECORDED)
        return (struct views_place){.seq = event->seq};
    return (struct views_place){
        .t = event->t, .start_lo = event->start_lo, .seq = event->seq};
}

static bool
belongs(const struct order *order, const struct naive_event *event)
{
    bool late = order->kind != VIEWS_WALK_LATE ||
                (event->k > event->t && event->k > order->known);
    return late &&
           (order->partnership == 0 ||
            event->partnership == order->partnership) &&
           (order->party == 0 || (event->parties >> (order->party - 1) & 1)) &&
           (order->types == 0 || (order->types >> event->type & 1));
}

static int
compare_places(const struct views_place *a, const struct views_place *b)
{
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    if (a->start_lo != b->start_lo)
        return a->start_lo < b->start_lo ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static int
compare(const void *left, const void *right)
{
    return compare_places(left, right);
}

/* The places of a walk; returns how many. */
static size_t
list(const struct naive *naive, const struct order *order,
     struct views_place places[EVENT_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct naive_event *event = &naive->events[i];
        if (belongs(order, event))
            places[count++] = place_of(order->kind, event);
    }
    qsort(places, count, sizeof *places, compare);
    return count;
}

/* --- walking --------------------------------------------------------------*/

static void
assert_hit(const struct naive *naive, const struct order *order,
           const struct views_hit *hit, const struct views_place *want)
{
    const struct naive_event *event = &naive->events[want->seq - 1];
    ck_assert_int_eq(compare_places(&hit->place, want), 0);
    ck_assert_uint_eq(hit->op.seq, event->seq);
    if (order->kind == VIEWS_WALK_RECORDED)
        return;
    ck_assert_int_eq(hit->op.t, event->t);
    if (order->kind != VIEWS_WALK_DISCLOSED)
        ck_assert_int_eq(hit->op.start_lo, event->start_lo);
    ck_assert_int_eq(hit->op.k, event->k);
}

/* Late events that became known by then may come, too. */
static enum views_result
skip_known(const struct views_walk *walk, enum views_result result,
           struct views_hit *hit)
{
    while (result == VIEWS_OK && walk->kind == VIEWS_WALK_LATE &&
           hit->op.k <= walk->known) {
        ck_assert_int_gt(hit->op.k, hit->op.t);
        result = views_walk_next(walk, hit);
    }
    return result;
}

/* The numbers of types as the views have them: x-one came first. */
static size_t
list_types(uint32_t bits, uint32_t numbers[TYPE_COUNT])
{
    static const uint32_t known[TYPE_COUNT] = {MODEL_NOTE, MODEL_MEETING,
                                               FOLD_USER_TYPE_BASE + 1,
                                               FOLD_USER_TYPE_BASE + 2};
    size_t count = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (bits >> i & 1)
            numbers[count++] = known[i];
    return count;
}

/* From a place on to the end; `at` is where that is in the list, and for a
 * reverse walk one more. */
static void
assert_walk(struct data *data, const struct naive *naive,
            const struct order *order, bool reverse,
            const struct views_place *from)
{
    struct views_place places[EVENT_COUNT];
    size_t count = list(naive, order, places), at = 0;
    uint32_t numbers[TYPE_COUNT];
    struct views_walk walk = {.reader = data->views_reader,
                              .kind = order->kind,
                              .partnership = order->partnership,
                              .party = order->party,
                              .types = numbers,
                              .type_count = list_types(order->types, numbers),
                              .known = order->known,
                              .dated = true,
                              .reverse = reverse};
    struct views_hit hit;
    while (at < count && compare_places(&places[at], from) < (reverse ? 1 : 0))
        at++;
    enum views_result result =
        skip_known(&walk, views_walk_seek(&walk, from, &hit), &hit);
    while (reverse ? at > 0 : at < count) {
        ck_assert_int_eq(result, VIEWS_OK);
        assert_hit(naive, order, &hit, &places[reverse ? at - 1 : at]);
        at = reverse ? at - 1 : at + 1;
        result = skip_known(&walk, views_walk_next(&walk, &hit), &hit);
    }
    ck_assert_int_eq(result, VIEWS_ABSENT);
}

/* Every kind, with nothing, one, two or all of the filters. */
static struct order
random_order(const struct naive *naive, uint64_t *dice)
{
    struct order order = {
        .kind = (enum views_walk_kind)random_below(dice, 5),
        .known = naive->events[random_below(dice, EVENT_COUNT)].k,
    };
    if (order.kind == VIEWS_WALK_OPS || random_below(dice, 2) == 0)
        order.partnership = 1 + (uint32_t)random_below(dice, 5);
    if (order.partnership == 5)
        order.partnership = 9; /* there is none */
    if (order.kind == VIEWS_WALK_OPS || order.kind == VIEWS_WALK_LATE)
        return order;
    if (random_below(dice, 2) == 0)
        order.party = 1 + (uint32_t)random_below(dice, PARTY_COUNT + 1);
    if (random_below(dice, 2) == 0)
        order.types = (uint32_t)random_below(dice, 1 << TYPE_COUNT);
    return order;
}

/* A place that an event has, or one just beside it. */
static struct views_place
random_place(const struct naive *naive, enum views_walk_kind kind,
             uint64_t *dice)
{
    struct views_place place =
        place_of(kind, &naive->events[random_below(dice, EVENT_COUNT)]);
    switch (random_below(dice, 6)) {
    case 0:
        place.seq++;
        break;
    case 1:
        place.seq--;
        break;
    case 2:
        place.seq = UINT64_MAX;
        break;
    case 3:
        place.t -= place.t != EDTF_MINUS_INFINITY;
        break;
    case 4:
        place.t += place.t != EDTF_PLUS_INFINITY;
        break;
    default:
        break;
    }
    return place;
}

static void
assert_walks(struct data *data, const struct naive *naive, uint64_t *dice)
{
    data_read_begin(data);
    for (int i = 0; i < SEEK_COUNT; i++) {
        struct order order = random_order(naive, dice);
        bool reverse = order.kind != VIEWS_WALK_LATE && i % 2 == 0;
        struct views_place from = random_place(naive, order.kind, dice);
        struct views_place first = VIEWS_PLACE_FIRST, last = VIEWS_PLACE_LAST;
        assert_walk(data, naive, &order, reverse, &from);
        assert_walk(data, naive, &order, reverse, &first);
        assert_walk(data, naive, &order, reverse, &last);
    }
    data_read_end(data);
}

static const size_t limits[] = {1, 7, 1000};

START_TEST(views_walk_as_sorted_arrays_do)
{
    struct data data = {0};
    static struct naive naive;
    uint64_t dice = random_seed("views_walk");
    data_directory(data.path);
    data_open(&data);
    for (size_t i = 0; i < EVENT_COUNT; i++)
        append_random(&data, &naive, i, &dice);
    data_apply(&data, limits[_i]);
    assert_walks(&data, &naive, &dice);
    data_close(&data);
    data_open(&data);
    ck_assert_uint_eq(views_position(data.views), EVENT_COUNT);
    assert_walks(&data, &naive, &dice);
    data_close(&data);
}
END_TEST

START_TEST(views_walk_of_nothing_ends_at_once)
{
    struct data data = {0};
    struct views_place first = VIEWS_PLACE_FIRST, last = VIEWS_PLACE_LAST;
    data_directory(data.path);
    data_open(&data);
    data_read_begin(&data);
    for (unsigned i = 0; i < 20; i++) {
        struct views_walk walk = {.reader = data.views_reader,
                                  .kind = (enum views_walk_kind)(i / 4),
                                  .partnership = i % 4 / 2,
                                  .reverse = i % 2 == 1};
        struct views_hit hit;
        ck_assert_int_eq(
            views_walk_seek(&walk, walk.reverse ? &last : &first, &hit),
            VIEWS_ABSENT);
    }
    data_read_end(&data);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("views_walk");
    TCase *tests = tcase_create("views_walk");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, views_walk_as_sorted_arrays_do, 0,
                        sizeof limits / sizeof *limits);
    tcase_add_test(tests, views_walk_of_nothing_ends_at_once);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
