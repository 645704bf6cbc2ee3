/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/liveness.h"
#include "daemon/views_late.h"
#include "daemon/views_refold.h"
#include "tests/unit/check_fixture.h"
#include "tests/unit/random_fixture.h"

/*
 * States from checkpoints, behind whose backs events arrive, against states
 * that are folded from the first operation on.
 */

/* So many events that there are some checkpoints, before others come late; and
 * so many that one transaction does not make all checkpoints anew. */
#define EVENTS_FIRST 500u
#define EVENTS_MANY 20000u
#define EVENTS_LATE 150u
#define EVENTS_MAX (EVENTS_MANY + EVENTS_LATE)
#define DAYS 900u

/* What there is to refer to. */
static enum model_type types[EVENTS_MAX + 1];

static uint64_t dice;

static uint64_t throw(uint64_t sides)
{
    return random_below(&dice, sides);
}

/* --- a log ----------------------------------------------------------------*/

static const enum model_type some_types[] = {
    MODEL_CONTACT,    MODEL_MEETING,    MODEL_OFFER,      MODEL_OFFER,
    MODEL_ACCEPTANCE, MODEL_REJECTION,  MODEL_WITHDRAWAL, MODEL_AGREEMENT,
    MODEL_AGREEMENT,  MODEL_AMENDMENT,  MODEL_AMENDMENT,  MODEL_INVESTMENT,
    MODEL_DISPUTE,    MODEL_SETTLEMENT, MODEL_RETRACTION, MODEL_TERMINATION,
    MODEL_NOTE,
};
#define SOME_TYPES (sizeof some_types / sizeof *some_types)

/* Does it need something to refer to? */
static bool
needs_re(enum model_type type)
{
    return type == MODEL_ACCEPTANCE || type == MODEL_REJECTION ||
           type == MODEL_WITHDRAWAL || type == MODEL_AMENDMENT ||
           type == MODEL_SETTLEMENT || type == MODEL_RETRACTION;
}

static bool
fits(enum model_type type, enum model_type target)
{
    if (type == MODEL_ACCEPTANCE || type == MODEL_REJECTION ||
        type == MODEL_AGREEMENT)
        return target == MODEL_OFFER;
    if (type == MODEL_WITHDRAWAL)
        return target == MODEL_OFFER || target == MODEL_DISPUTE;
    if (type == MODEL_AMENDMENT || type == MODEL_TERMINATION)
        return target == MODEL_AGREEMENT;
    return type != MODEL_SETTLEMENT || target == MODEL_DISPUTE;
}

/* An event that one of a type may refer to, or 0; near the last ones, so that
 * what is open is met. */
static uint64_t
find_target(enum model_type type, uint64_t seq)
{
    for (int tries = 0; tries < 20; tries++) {
        uint64_t back = 1 + throw(throw(4) == 0 ? seq : 60);
        if (back < seq && fits(type, types[seq - back]))
            return seq - back;
    }
    return 0;
}

static void
add_date(char *text, size_t size, const char *key, uint64_t day)
{
    size_t at = strlen(text);
    snprintf(text + at, size - at, ",'%s':'%04d-%02d-%02d'", key,
             (int)(2000 + day / 300), (int)(1 + day % 300 / 25),
             (int)(1 + day % 25));
}

static void
add_reference(char *text, size_t size, const char *key, uint64_t target)
{
    size_t at = strlen(text);
    if (target != 0)
        snprintf(text + at, size - at, ",'%s':'e%u'", key, (unsigned)target);
}

static void
add_rest(char *text, size_t size, enum model_type type, uint64_t day)
{
    size_t at = strlen(text);
    if (throw(3) == 0)
        snprintf(text + at, size - at, ",'amount':{'value':%d,'currency':'%s'}",
                 (int) throw(50), throw(2) == 0 ? "USD" : "EUR");
    at = strlen(text);
    if ((type == MODEL_AGREEMENT || type == MODEL_AMENDMENT) && throw(2) == 0)
        snprintf(text + at, size - at, ",'terms':{'effective':'%d/%d'}",
                 (int)(2000 + throw(3)), (int)(2003 + throw(3)));
    if (throw(10) == 0)
        add_date(text, size, "disclosed", day + throw(200));
}

/* The event at a position: anywhere, or on a day. */
static struct mp_buf
make_event(uint64_t seq, bool late, uint64_t day)
{
    char text[512];
    enum model_type type = some_types[throw(SOME_TYPES)];
    uint64_t re = find_target(type, seq), corrects = 0;
    if ((needs_re(type) && re == 0) ||
        (type == MODEL_TERMINATION && throw(3) != 0))
        type = MODEL_NOTE;
    if (throw(late ? 4 : 30) == 0)
        corrects = find_target(MODEL_NOTE, seq);
    if (type == MODEL_TERMINATION && throw(4) == 0)
        re = 0;
    types[seq] = type;
    snprintf(text, sizeof text,
             "'id':'e%u','type':'%s','partnership':'p','parties':['a%d','b%d'],"
             "'title':'t'",
             (unsigned)seq, model_types[type].name, (int) throw(6),
             (int) throw(40));
    add_date(text, sizeof text, "occurred", day);
    add_reference(
        text, sizeof text, "re",
        needs_re(type) || throw(2) == 0 || type == MODEL_TERMINATION ? re : 0);
    add_reference(text, sizeof text, "corrects", corrects);
    add_rest(text, sizeof text, type, day);
    return stored_event(seq, seq, (int64_t)seq, text);
}

/* An event that comes late. */
static void
append_late(struct data *data)
{
    uint64_t seq = log_tip(data->log) + 1;
    struct mp_buf event = make_event(seq, true, throw(DAYS));
    struct span bytes = mp_buf_span(&event);
    ck_assert_int_eq(log_append(data->log, &bytes, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
}

/* Events in their order. */
static void
append_first(struct data *data, uint64_t count)
{
    struct mp_buf *events = calloc(count, sizeof *events);
    struct span *bytes = calloc(count, sizeof *bytes);
    ck_assert(events != NULL && bytes != NULL);
    for (uint64_t i = 0; i < count; i++) {
        events[i] = make_event(i + 1, false, i * DAYS / count);
        bytes[i] = mp_buf_span(&events[i]);
    }
    ck_assert_int_eq(log_append(data->log, bytes, count, NULL, 0), LOG_OK);
    for (uint64_t i = 0; i < count; i++)
        mp_buf_deinit(&events[i]);
    free(events);
    free(bytes);
}

static void
make_checkpoints(struct data *data, unsigned transactions)
{
    while (transactions-- > 0 && views_needs_checkpoint(data->views))
        ck_assert_int_eq(views_checkpoint(data->views), VIEWS_OK);
}

/* --- states ---------------------------------------------------------------*/

/* As of what is asked. */
struct question {
    int64_t at, known;
    uint64_t seq;
};

/* Fold what happened, from a place on. */
static void
fold_from(struct data *data, const struct question *question,
          struct views_place from, struct fold *fold)
{
    struct views_walk over = {
        .reader = data->views_reader, .kind = VIEWS_WALK_OPS, .partnership = 1};
    struct liveness liveness;
    struct views_hit hit;
    liveness_init(&liveness, question->known, question->seq);
    enum views_result result = views_walk_seek(&over, &from, &hit);
    for (; result == VIEWS_OK && hit.op.t <= question->at;
         result = views_walk_next(&over, &hit)) {
        bool superseded = false;
        if (hit.op.seq > question->seq || hit.op.k > question->known)
            continue;
        if (hit.op.marked)
            ck_assert_int_eq(liveness_superseded(&liveness, data->views_reader,
                                                 hit.op.seq, &superseded),
                             VIEWS_OK);
        if (!superseded)
            ck_assert_int_eq(fold_apply(fold, &hit.op), 0);
    }
    ck_assert(result == VIEWS_OK || result == VIEWS_ABSENT);
    liveness_deinit(&liveness);
}

static void
assert_counts(const struct fold *got, const struct fold *wanted)
{
    uint32_t at;
    ck_assert_uint_eq(got->count_size, wanted->count_size);
    for (size_t i = 0; i < wanted->count_size; i++) {
        ck_assert(
            number_map_find(&got->count_index, wanted->counts[i].type, &at));
        ck_assert_uint_eq(got->counts[at].type, wanted->counts[i].type);
        ck_assert_uint_eq(got->counts[at].count, wanted->counts[i].count);
    }
    ck_assert_uint_eq(got->party_size, wanted->party_size);
    for (size_t i = 0; i < wanted->party_size; i++) {
        const struct fold_party *party = &wanted->parties[i];
        ck_assert(number_map_find(&got->party_index, party->number, &at));
        ck_assert_uint_eq(got->parties[at].number, party->number);
        ck_assert_uint_eq(got->parties[at].events, party->events);
    }
    ck_assert_uint_eq(got->total_size, wanted->total_size);
    for (size_t i = 0; i < wanted->total_size; i++) {
        const struct fold_total *total = &wanted->totals[i];
        ck_assert(number_map_find(&got->total_index,
                                  (uint64_t)total->kind << 32 | total->currency,
                                  &at));
        ck_assert(got->totals[at].sum == total->sum);
        ck_assert_uint_eq(got->totals[at].events, total->events);
    }
}

static const struct fold_entry *
next_entry(const struct fold_list *list, size_t *at)
{
    while (*at < list->size && list->entries[*at].gone)
        ++*at;
    return *at < list->size ? &list->entries[(*at)++] : NULL;
}

static void
assert_list(const struct fold_list *got, const struct fold_list *wanted)
{
    size_t got_at = 0, wanted_at = 0;
    const struct fold_entry *entry, *other;
    ck_assert_uint_eq(got->count, wanted->count);
    while ((entry = next_entry(wanted, &wanted_at)) != NULL) {
        other = next_entry(got, &got_at);
        ck_assert_ptr_nonnull(other);
        ck_assert_uint_eq(other->root, entry->root);
        ck_assert_uint_eq(other->seq, entry->seq);
        ck_assert_int_eq(other->effective_start, entry->effective_start);
        ck_assert_int_eq(other->effective_end, entry->effective_end);
        ck_assert_uint_eq(other->amendment_count, entry->amendment_count);
        for (uint32_t i = 0; i < entry->amendment_count; i++)
            ck_assert_uint_eq(other->amendments[i], entry->amendments[i]);
    }
}

/* Whether a checkpoint was of use. */
static bool
compare(struct data *data, const struct question *question)
{
    struct fold wanted = {0}, got = {0};
    struct views_place upto = VIEWS_PLACE_LAST;
    upto.t = question->at;
    fold_from(data, question, VIEWS_PLACE_FIRST, &wanted);
    enum views_result result =
        views_find_checkpoint(data->views_reader, data->log_reader, 1,
                              question->known, question->seq, &upto, &got);
    ck_assert(result == VIEWS_OK || result == VIEWS_ABSENT);
    if (result == VIEWS_ABSENT)
        upto = VIEWS_PLACE_FIRST;
    else
        upto.seq++;
    fold_from(data, question, upto, &got);
    ck_assert_uint_eq(got.events, wanted.events);
    ck_assert_uint_eq(got.first, wanted.first);
    ck_assert_uint_eq(got.last, wanted.last);
    assert_counts(&got, &wanted);
    assert_list(&got.offers, &wanted.offers);
    assert_list(&got.disputes, &wanted.disputes);
    assert_list(&got.agreements, &wanted.agreements);
    fold_deinit(&got);
    fold_deinit(&wanted);
    return result == VIEWS_OK;
}

static int64_t
moment(void)
{
    /* Days as add_date has them, which skips some of each month. */
    uint64_t days = throw(1200);
    bool any = throw(4) != 0;
    return any ? INT64_C(946684800000) + (int64_t)days * INT64_C(86400000)
               : EDTF_PLUS_INFINITY;
}

static size_t
ask(struct data *data, unsigned questions)
{
    size_t used = 0;
    uint64_t tip = log_tip(data->log);
    data_read_begin(data);
    for (unsigned i = 0; i < questions; i++) {
        struct question question = {
            .at = moment(),
            .known = throw(3) == 0 ? moment() : EDTF_PLUS_INFINITY,
            .seq = throw(3) == 0 ? tip - throw(EVENTS_LATE) : tip};
        used += compare(data, &question);
    }
    data_read_end(data);
    return used;
}

/* --- tests ----------------------------------------------------------------*/

static void
start(struct data *data, uint64_t seed, uint64_t count)
{
    dice = seed;
    data_directory(data->path);
    data_open(data);
    append_first(data, count);
    data_apply(data, SIZE_MAX);
    make_checkpoints(data, UINT_MAX);
}

/* Events that come late, one by one or some at a time, while checkpoints are
 * made anew now and then; states in between. */
START_TEST(state_from_checkpoints_is_that_of_all_operations)
{
    struct data data = {0};
    size_t used = 0;
    start(&data, random_seed("views_late") + (uint64_t)_i, EVENTS_FIRST);
    used += ask(&data, 20);
    for (unsigned left = EVENTS_LATE; left > 0;) {
        unsigned some = 1 + (throw(8) == 0 ? (unsigned) throw(12) : 0);
        for (some = some < left ? some : left; some > 0; some--, left--)
            append_late(&data);
        data_apply(&data, 1 + throw(10));
        if (throw(3) == 0)
            make_checkpoints(&data, 1 + (unsigned) throw(2));
        used += ask(&data, 6);
    }
    ck_assert_uint_ge(used, 100);
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
}
END_TEST

/* Making them anew takes transactions, between which more events come. */
START_TEST(checkpoints_are_made_anew_while_more_comes_late)
{
    struct data data = {0};
    size_t used = 0;
    start(&data, random_seed("views_late"), EVENTS_MANY);
    for (unsigned i = 0; i < EVENTS_LATE; i++) {
        append_late(&data);
        data_apply(&data, SIZE_MAX);
        if (i > EVENTS_LATE / 2 || throw(2) == 0)
            make_checkpoints(&data, 1);
        if (i % 4 == 0)
            used += ask(&data, 1);
    }
    make_checkpoints(&data, UINT_MAX);
    used += ask(&data, 10);
    ck_assert_uint_ge(used, 15);
    data_close(&data);
    check_expect(data.path, EXIT_SUCCESS, "equal to views made anew");
}
END_TEST

/* --- as of an earlier position --------------------------------------------*/

static void
append_note(struct data *data, uint64_t seq, const char *rest)
{
    char text[256];
    snprintf(text, sizeof text,
             "'id':'e%u','type':'note','partnership':'p','parties':['a','b'],"
             "'title':'t','occurred':'2000-01-01'%s",
             (unsigned)seq, rest);
    struct mp_buf event = stored_event(seq, seq, (int64_t)seq, text);
    struct span bytes = mp_buf_span(&event);
    ck_assert_int_eq(log_append(data->log, &bytes, 1, NULL, 0), LOG_OK);
    mp_buf_deinit(&event);
}

/* What a checkpoint says of itself at the first event. */
static uint64_t
seq_of_refold(struct data *data, uint64_t position)
{
    struct views_walk over = {
        .reader = data->views_reader, .kind = VIEWS_WALK_OPS, .partnership = 1};
    struct views_place first = VIEWS_PLACE_FIRST;
    struct views_hit hit;
    struct views_checkpoint checkpoint;
    struct mp_buf buf = {0};
    data_read_begin(data);
    ck_assert_int_eq(views_walk_seek(&over, &first, &hit), VIEWS_OK);
    data_read_end(data);
    struct views_refold *refold = views_refold_new(data->views, 1, position);
    ck_assert_ptr_nonnull(refold);
    ck_assert_int_eq(views_refold_to(refold, &hit.place, &buf), VIEWS_OK);
    MDB_val value = {.mv_size = buf.size, .mv_data = buf.data};
    ck_assert(views_checkpoint_read(&value, &checkpoint));
    uint64_t seq = checkpoint.seq;
    views_refold_free(refold);
    mp_buf_deinit(&buf);
    return seq;
}

START_TEST(fold_as_of_a_position_needs_no_later_correction)
{
    struct data data = {0};
    data_directory(data.path);
    data_open(&data);
    append_note(&data, 1, "");
    append_note(&data, 2, ",'corrects':'e1'");
    append_note(&data, 3, ",'corrects':'e2'");
    data_apply(&data, SIZE_MAX);
    for (uint64_t position = 1; position <= 3; position++)
        ck_assert_uint_eq(seq_of_refold(&data, position), position);
    data_close(&data);
}
END_TEST

/* What is noted lasts. */
START_TEST(late_events_are_remembered_when_views_are_opened_again)
{
    struct data data = {0};
    start(&data, random_seed("views_late"), EVENTS_FIRST);
    for (unsigned i = 0; i < 5; i++)
        append_late(&data);
    data_apply(&data, SIZE_MAX);
    data_close(&data);
    data_open(&data);
    ck_assert_uint_ge(ask(&data, 50), 10);
    data_close(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("views late");
    TCase *tests = tcase_create("views late");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, state_from_checkpoints_is_that_of_all_operations,
                        0, 4);
    tcase_add_test(tests, checkpoints_are_made_anew_while_more_comes_late);
    tcase_add_test(tests, fold_as_of_a_position_needs_no_later_correction);
    tcase_add_test(tests,
                   late_events_are_remembered_when_views_are_opened_again);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
