/* SPDX-License-Identifier: MIT */
#include "daemon/views.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event.h"
#include "tests/unit/stored_fixture.h"

/* A log of seven events in two partnerships, whose fold order is not that of
 * their positions. */
static const struct {
    uint64_t rev;
    const char *pairs;
} events[] = {
    {1, "'id':'p1','type':'offer','partnership':'p','parties':['a','b'],"
        "'occurred':'2017-05','title':'t',"
        "'amount':{'value':'1.5','currency':'USD'}"},
    {2, "'id':'p2','type':'agreement','partnership':'p','parties':['b','c'],"
        "'occurred':'2017-03-01','title':'t','re':'p1',"
        "'terms':{'effective':'2018/2019'}"},
    {1, "'id':'q1','type':'court_revelation','partnership':'q',"
        "'parties':['d'],'occurred':'2019-01-01','title':'t'"},
    {3, "'id':'p3','type':'x-own','partnership':'p','parties':['a'],"
        "'occurred':'2016','title':'t','disclosed_by':'q1'"},
    {4, "'id':'p4','type':'agreement','partnership':'p','parties':['b'],"
        "'occurred':'2017-03-01','title':'t','corrects':'p2',"
        "'disclosed':'2018'"},
    {5, "'id':'p5','type':'retraction','partnership':'p','parties':['b'],"
        "'occurred':'2020','title':'t','re':'p4'"},
    {6, "'id':'p6','type':'amendment','partnership':'p','parties':['b'],"
        "'occurred':'2017-03-01','title':'t','re':'p4',"
        "'terms':{'effective':!nil}"},
};
#define EVENT_COUNT (sizeof events / sizeof *events)

static void
make(struct data *data, size_t limit)
{
    data_directory(data->path);
    data_open(data);
    for (size_t i = 0; i < EVENT_COUNT; i++)
        stored_append(data, events[i].rev, (int64_t)i, events[i].pairs);
    data_apply(data, limit);
    data_read_begin(data);
}

static void
unmake(struct data *data)
{
    data_read_end(data);
    data_close(data);
}

/* --- applying -------------------------------------------------------------*/

START_TEST(views_apply_as_many_as_they_are_told)
{
    struct data data = {0};
    size_t applied;
    data_directory(data.path);
    data_open(&data);
    ck_assert_int_eq(views_apply(data.views, data.log_reader, 10, &applied),
                     VIEWS_OK);
    ck_assert_uint_eq(applied, 0);
    for (size_t i = 0; i < EVENT_COUNT; i++)
        stored_append(&data, events[i].rev, 0, events[i].pairs);
    ck_assert_int_eq(views_apply(data.views, data.log_reader, 5, &applied),
                     VIEWS_OK);
    ck_assert_uint_eq(applied, 5);
    ck_assert_uint_eq(views_position(data.views), 5);
    ck_assert_int_eq(
        views_apply(data.views, data.log_reader, SIZE_MAX, &applied), VIEWS_OK);
    ck_assert_uint_eq(applied, EVENT_COUNT - 5);
    ck_assert_uint_eq(views_position(data.views), EVENT_COUNT);
    data_close(&data);
}
END_TEST

START_TEST(views_reader_sees_one_moment)
{
    struct data data = {0};
    uint64_t seq;
    data_directory(data.path);
    data_open(&data);
    stored_append(&data, events[0].rev, 0, events[0].pairs);
    data_apply(&data, 1);
    data_read_begin(&data);
    ck_assert_uint_eq(views_read_position(data.views_reader), 1);
    data_read_end(&data);
    ck_assert_int_eq(views_read_begin(data.views_reader), VIEWS_OK);
    stored_append(&data, events[1].rev, 0, events[1].pairs);
    data_apply(&data, 1);
    ck_assert_uint_eq(views_read_position(data.views_reader), 1);
    ck_assert_int_eq(
        views_find_id(data.views_reader, data.log_reader, span_of("p2"), &seq),
        VIEWS_ABSENT);
    views_read_end(data.views_reader);
    ck_assert_int_eq(views_read_begin(data.views_reader), VIEWS_OK);
    ck_assert_uint_eq(views_read_position(data.views_reader), 2);
    ck_assert_int_eq(
        views_find_id(data.views_reader, data.log_reader, span_of("p2"), &seq),
        VIEWS_OK);
    views_read_end(data.views_reader);
    data_close(&data);
}
END_TEST

/* --- ids and names --------------------------------------------------------*/

START_TEST(views_find_every_id)
{
    struct data data = {0};
    static const char *const ids[] = {"p1", "p2", "q1", "p3", "p4", "p5", "p6"};
    static const char *const none[] = {"", "p", "p0", "p11", "Q1"};
    uint8_t letters[1000];
    uint64_t seq;
    memset(letters, 'p', sizeof letters);
    make(&data, 3);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        ck_assert_int_eq(views_find_id(data.views_reader, data.log_reader,
                                       span_of(ids[i]), &seq),
                         VIEWS_OK);
        ck_assert_uint_eq(seq, i + 1);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_int_eq(views_find_id(data.views_reader, data.log_reader,
                                       span_of(none[i]), &seq),
                         VIEWS_ABSENT);
    ck_assert_int_eq(views_find_id(data.views_reader, data.log_reader,
                                   (struct span){letters, sizeof letters},
                                   &seq),
                     VIEWS_ABSENT);
    unmake(&data);
}
END_TEST

static const struct {
    enum views_name_kind kind;
    const char *slug;
    uint32_t number; /* 0 for none */
    uint64_t revision;
} names[] = {{VIEWS_PARTNERSHIP, "p", 1, 6},  {VIEWS_PARTNERSHIP, "q", 2, 1},
             {VIEWS_PARTNERSHIP, "a", 0, 0},  {VIEWS_PARTNERSHIP, "", 0, 0},
             {VIEWS_PARTY, "a", 1, 0},        {VIEWS_PARTY, "b", 2, 0},
             {VIEWS_PARTY, "c", 3, 0},        {VIEWS_PARTY, "d", 4, 0},
             {VIEWS_PARTY, "p", 0, 0},        {VIEWS_USER_TYPE, "x-own", 1, 0},
             {VIEWS_USER_TYPE, "offer", 0, 0}};

START_TEST(views_know_names_by_number_and_numbers_by_name)
{
    struct data data = {0};
    make(&data, 3);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct views_name name = {0};
        struct span slug;
        enum views_result result = views_find_name(
            data.views_reader, names[i].kind, span_of(names[i].slug), &name);
        ck_assert_msg(result ==
                          (names[i].number != 0 ? VIEWS_OK : VIEWS_ABSENT),
                      "%s", names[i].slug);
        if (result != VIEWS_OK)
            continue;
        ck_assert_uint_eq(name.number, names[i].number);
        ck_assert_uint_eq(name.damaged, 0);
        if (names[i].kind == VIEWS_PARTNERSHIP)
            ck_assert_uint_eq(name.revision, names[i].revision);
        ck_assert_int_eq(
            views_slug(data.views_reader, names[i].kind, name.number, &slug),
            VIEWS_OK);
        ck_assert(span_is(slug, names[i].slug));
    }
    struct span slug;
    ck_assert_int_eq(views_slug(data.views_reader, VIEWS_PARTNERSHIP, 3, &slug),
                     VIEWS_ABSENT);
    ck_assert_int_eq(views_slug(data.views_reader, VIEWS_PARTNERSHIP, 0, &slug),
                     VIEWS_ABSENT);
    unmake(&data);
}
END_TEST

/* --- operations -----------------------------------------------------------*/

/* The moment that a date has certainly begun, or is possible from. */
static int64_t
moment(const char *text, bool certain)
{
    struct edtf date;
    struct edtf_fault fault;
    ck_assert(edtf_parse(span_of(text), &date, &fault));
    return certain ? edtf_certain(&date) : date.start_lo;
}

/* What is kept of each event, by position. */
static const struct {
    uint32_t partnership;
    const char *occurred, *known;
    uint64_t root, re_root;
    uint32_t type;
    bool marked, sets_effective;
    const char *start, *end; /* of effective, or NULL for infinities */
    const char *parties;     /* their numbers */
} ops[] = {
    {1, "2017-05", "2017-05", 1, 0, MODEL_OFFER, false, false, NULL, NULL,
     "12"},
    {1, "2017-03-01", "2017-03-01", 2, 1, MODEL_AGREEMENT, true, true, "2018",
     "2019", "23"},
    {2, "2019-01-01", "2019-01-01", 3, 0, MODEL_COURT_REVELATION, false, false,
     NULL, NULL, "4"},
    {1, "2016", "2019-01-01", 4, 0, FOLD_USER_TYPE_BASE + 1, false, false, NULL,
     NULL, "1"},
    {1, "2017-03-01", "2018", 2, 0, MODEL_AGREEMENT, true, false, NULL, NULL,
     "2"},
    {1, "2020", "2020", 6, 2, MODEL_RETRACTION, false, false, NULL, NULL, "2"},
    {1, "2017-03-01", "2017-03-01", 7, 2, MODEL_AMENDMENT, false, true, NULL,
     NULL, "2"},
};

static void
assert_op(const struct fold_op *op, size_t index)
{
    char parties[8] = "";
    ck_assert_uint_eq(op->seq, index + 1);
    ck_assert_int_eq(op->t, moment(ops[index].occurred, true));
    ck_assert_int_eq(op->start_lo, moment(ops[index].occurred, false));
    ck_assert_int_eq(op->k, moment(ops[index].known, true));
    ck_assert_uint_eq(op->root, ops[index].root);
    ck_assert_uint_eq(op->re_root, ops[index].re_root);
    ck_assert_uint_eq(op->type, ops[index].type);
    ck_assert(op->marked == ops[index].marked);
    ck_assert(op->sets_effective == ops[index].sets_effective);
    if (op->sets_effective) {
        const char *start = ops[index].start, *end = ops[index].end;
        ck_assert_int_eq(op->effective_start,
                         start ? moment(start, true) : EDTF_MINUS_INFINITY);
        ck_assert_int_eq(op->effective_end,
                         end ? moment(end, true) : EDTF_PLUS_INFINITY);
    }
    ck_assert_uint_lt(op->party_count, sizeof parties);
    for (uint32_t i = 0; i < op->party_count; i++)
        parties[i] = (char)('0' + op->parties[4 * i + 3]);
    ck_assert_str_eq(parties, ops[index].parties);
}

START_TEST(views_keep_what_changes_the_state)
{
    struct data data = {0};
    make(&data, 2);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        struct views_place place = {.t = moment(ops[i].occurred, true),
                                    .start_lo = moment(ops[i].occurred, false),
                                    .seq = i + 1};
        struct fold_op op;
        ck_assert_int_eq(
            views_op(data.views_reader, ops[i].partnership, &place, &op),
            VIEWS_OK);
        assert_op(&op, i);
        ck_assert(op.has_amount == (i == 0));
        ck_assert_int_eq(
            views_op(data.views_reader, 3 - ops[i].partnership, &place, &op),
            VIEWS_ABSENT);
        place.t++;
        ck_assert_int_eq(
            views_op(data.views_reader, ops[i].partnership, &place, &op),
            VIEWS_ABSENT);
    }
    unmake(&data);
}
END_TEST

START_TEST(views_keep_amounts)
{
    struct data data = {0};
    struct views_place place = {.t = moment("2017-05", true),
                                .start_lo = moment("2017-05", false),
                                .seq = 1};
    struct fold_op op;
    make(&data, 2);
    ck_assert_int_eq(views_op(data.views_reader, 1, &place, &op), VIEWS_OK);
    ck_assert_int_eq(op.amount_kind, MODEL_OFFERED);
    ck_assert(op.amount == 1500000);
    ck_assert_uint_eq(op.currency, 'U' << 16 | 'S' << 8 | 'D');
    unmake(&data);
}
END_TEST

/* --- who names whom -------------------------------------------------------*/

START_TEST(views_know_who_supersedes)
{
    struct data data = {0};
    uint64_t seq = 0;
    int64_t k = 0;
    make(&data, 1);
    ck_assert_int_eq(views_superseder(data.views_reader, 2, 0, &seq, &k),
                     VIEWS_OK);
    ck_assert_uint_eq(seq, 5);
    ck_assert_int_eq(k, moment("2018", true));
    ck_assert_int_eq(views_superseder(data.views_reader, 2, 5, &seq, &k),
                     VIEWS_ABSENT);
    ck_assert_int_eq(views_superseder(data.views_reader, 5, 5, &seq, &k),
                     VIEWS_OK);
    ck_assert_uint_eq(seq, 6);
    ck_assert_int_eq(views_superseder(data.views_reader, 1, 0, &seq, &k),
                     VIEWS_ABSENT);
    ck_assert_int_eq(views_superseder(data.views_reader, 7, 0, &seq, &k),
                     VIEWS_ABSENT);
    unmake(&data);
}
END_TEST

static const struct {
    enum views_link link;
    uint64_t target, after, seq; /* 0 for none */
} links[] = {
    {VIEWS_LINK_DISCLOSED, 3, 0, 4}, {VIEWS_LINK_DISCLOSED, 3, 4, 0},
    {VIEWS_LINK_DISCLOSED, 1, 0, 0}, {VIEWS_LINK_ANSWERED, 1, 0, 2},
    {VIEWS_LINK_ANSWERED, 1, 2, 0},  {VIEWS_LINK_ANSWERED, 5, 0, 6},
    {VIEWS_LINK_ANSWERED, 5, 6, 7},  {VIEWS_LINK_ANSWERED, 5, 7, 0},
    {VIEWS_LINK_ANSWERED, 2, 0, 0},  {VIEWS_LINK_ANSWERED, 7, 0, 0},
};

START_TEST(views_know_who_names)
{
    struct data data = {0};
    make(&data, 1);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        uint64_t seq = 0;
        enum views_result result =
            views_linked(data.views_reader, links[i].link, links[i].target,
                         links[i].after, &seq);
        ck_assert_int_eq(result, links[i].seq != 0 ? VIEWS_OK : VIEWS_ABSENT);
        if (result == VIEWS_OK)
            ck_assert_uint_eq(seq, links[i].seq);
    }
    unmake(&data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, views_apply_as_many_as_they_are_told);
    tcase_add_test(tests, views_reader_sees_one_moment);
    tcase_add_test(tests, views_find_every_id);
    tcase_add_test(tests, views_know_names_by_number_and_numbers_by_name);
    tcase_add_test(tests, views_keep_what_changes_the_state);
    tcase_add_test(tests, views_keep_amounts);
    tcase_add_test(tests, views_know_who_supersedes);
    tcase_add_test(tests, views_know_who_names);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
