/* SPDX-License-Identifier: MIT */
/* Events in the forms of other programs, and what these are made of. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/days.h"
#include "client/export.h"
#include "client/id_set.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
check_text(struct mp_buf *buf, const char *expected)
{
    mp_buf_append(buf, "", 1);
    ck_assert_str_eq((const char *)buf->data, expected);
    mp_buf_deinit(buf);
}

/* --- lines of a calendar --------------------------------------------------*/

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define E_ACUTE "\xc3\xa9"
#define SMILE "\xf0\x9f\x98\x80"

static const struct {
    const char *name;
    enum ics_value kind;
    const char *text, *line;
} ics_cases[] = {
    {"A", ICS_TEXT, "", "A:\r\n"},
    {"A", ICS_TEXT, "a,b;c\\d\ne\tf:\"g\"",
     "A:a\\,b\\;c\\\\d\\ne\tf:\"g\"\r\n"},
    {"A", ICS_PLAIN, "a,b;c\\d", "A:a,b;c\\d\r\n"},
    /* 75 bytes are a line, 76 are two */
    {"ABCD", ICS_TEXT, X60 X10, "ABCD:" X60 X10 "\r\n"},
    {"ABCD", ICS_TEXT, X60 X10 "y", "ABCD:" X60 X10 "\r\n y\r\n"},
    /* the space in front counts, too */
    {"ABCD", ICS_TEXT, X60 X10 X60 X10 "1234",
     "ABCD:" X60 X10 "\r\n " X60 X10 "1234\r\n"},
    {"ABCD", ICS_TEXT, X60 X10 X60 X10 "12345",
     "ABCD:" X60 X10 "\r\n " X60 X10 "1234\r\n 5\r\n"},
    /* a character stays whole, an escape need not */
    {"ABC", ICS_TEXT, X60 X10 E_ACUTE, "ABC:" X60 X10 "\r\n " E_ACUTE "\r\n"},
    {"AB", ICS_TEXT, X60 X10 E_ACUTE, "AB:" X60 X10 E_ACUTE "\r\n"},
    {"ABC", ICS_TEXT, X60 "xxxxxxxx" SMILE,
     "ABC:" X60 "xxxxxxxx\r\n " SMILE "\r\n"},
    {"ABCD", ICS_TEXT, X60 "xxxxxxxxx,", "ABCD:" X60 "xxxxxxxxx\\\r\n ,\r\n"},
};

START_TEST(calendar_line_is_escaped_and_folded)
{
    struct mp_buf line = {0};
    export_ics_line(&line, ics_cases[_i].name, ics_cases[_i].kind,
                    span_of(ics_cases[_i].text));
    check_text(&line, ics_cases[_i].line);
}
END_TEST

/* --- strings of a graph ---------------------------------------------------*/

static const struct {
    const char *text, *string;
} dot_cases[] = {
    {"", "\"\""},
    {"a-b", "\"a-b\""},
    {"say \"a\"", "\"say \\\"a\\\"\""},
    {"\\N\\l", "\"\\\\N\\\\l\""},
    {"one\ntwo", "\"one\\ntwo\""},
    {"R&D &lt;", "\"R&amp;D &amp;lt;\""},
    {"<b>{x|y}</b>", "\"<b>{x|y}</b>\""},
};

START_TEST(graph_shows_a_text_as_it_is)
{
    struct mp_buf string = {0};
    export_dot_string(&string, span_of(dot_cases[_i].text));
    check_text(&string, dot_cases[_i].string);
}
END_TEST

/* --- days -----------------------------------------------------------------*/

static const struct {
    const char *edtf;
    enum days_kind kind;
    bool exact;
    const char *from, *to; /* moments, as edtf_format has them */
} day_cases[] = {
    {"2017-08-11", DAYS_DAY, true, "2017-08-11T00:00:00.000Z",
     "2017-08-11T23:59:59.999Z"},
    {"2017-08-11~", DAYS_DAY, false, "2017-08-11T00:00:00.000Z",
     "2017-08-11T23:59:59.999Z"},
    {"2017-08-11/2017-08-11", DAYS_DAY, false, "2017-08-11T00:00:00.000Z",
     "2017-08-11T23:59:59.999Z"},
    {"2017-08", DAYS_MONTH, true, "2017-08-01T00:00:00.000Z",
     "2017-08-31T23:59:59.999Z"},
    {"2017-12", DAYS_MONTH, true, "2017-12-01T00:00:00.000Z",
     "2017-12-31T23:59:59.999Z"},
    {"2017", DAYS_YEAR, true, "2017-01-01T00:00:00.000Z",
     "2017-12-31T23:59:59.999Z"},
    {"2017-07/2018-06", DAYS_RANGE, false, "2017-07-01T00:00:00.000Z",
     "2018-06-30T23:59:59.999Z"},
    {"2017-24", DAYS_RANGE, true, "2017-12-01T00:00:00.000Z",
     "2018-02-28T23:59:59.999Z"},
    {"201X", DAYS_RANGE, true, "2010-01-01T00:00:00.000Z",
     "2019-12-31T23:59:59.999Z"},
    {"2017-08-11T12:00:00+02:00", DAYS_MOMENT, true, "2017-08-11T10:00:00.000Z",
     "2017-08-11T10:00:00.000Z"},
    {"2017-08-11T00:00Z/2017-08-12", DAYS_RANGE, false,
     "2017-08-11T00:00:00.000Z", "2017-08-12T23:59:59.999Z"},
    /* open ends stand at the other one */
    {"2017-08/..", DAYS_MONTH, false, "2017-08-01T00:00:00.000Z",
     "2017-08-31T23:59:59.999Z"},
    {"../2017", DAYS_YEAR, false, "2017-01-01T00:00:00.000Z",
     "2017-12-31T23:59:59.999Z"},
    {"/2017-08-11", DAYS_DAY, false, "2017-08-11T00:00:00.000Z",
     "2017-08-11T23:59:59.999Z"},
    {"2017-08-11/", DAYS_DAY, false, "2017-08-11T00:00:00.000Z",
     "2017-08-11T23:59:59.999Z"},
    {"../..", DAYS_NOWHERE, false, NULL, NULL},
    {"../", DAYS_NOWHERE, false, NULL, NULL},
    {"no date", DAYS_NOWHERE, false, NULL, NULL},
    {"-0044-03", DAYS_MONTH, true, "-0044-03-01T00:00:00.000Z",
     "-0044-03-31T23:59:59.999Z"},
};

START_TEST(date_stands_at_its_days)
{
    char text[EDTF_FORMAT_SIZE];
    struct days days = days_of(span_of(day_cases[_i].edtf));
    ck_assert_msg(days.kind == day_cases[_i].kind, "%s: kind %d",
                  day_cases[_i].edtf, (int)days.kind);
    if (days.kind == DAYS_NOWHERE)
        return;
    ck_assert_msg(days.exact == day_cases[_i].exact, "%s", day_cases[_i].edtf);
    edtf_format(days.from_ms, text);
    ck_assert_str_eq(text, day_cases[_i].from);
    edtf_format(days.to_ms, text);
    ck_assert_str_eq(text, day_cases[_i].to);
}
END_TEST

/* --- CloudEvents ----------------------------------------------------------*/

#define STORED "{\"seq\":7,\"rev\":3,\"recorded\":1500000000000,"
#define BEFORE "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"urn:x\","
#define BEHIND                                                                 \
    "\"datacontenttype\":\"application/json\","                                \
    "\"recordedtime\":\"2017-07-14T02:40:00.000Z\","                           \
    "\"sequence\":\"00000000000000000007\","

static const struct {
    const char *event, *cloudevent;
    const char *back;
} mappings[] = {
    {STORED "\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
            "\"occurred\":\"2017-08-11\",\"ext\":{\"b\":1,\"a\":{\"$bin\":"
            "\"AA==\"}}}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\","
            "\"time\":\"2017-08-11T00:00:00.000Z\"," BEHIND
            "\"data\":{\"occurred\":\"2017-08-11\",\"ext\":{\"b\":1,\"a\":"
            "{\"$bin\":\"AA==\"}}}}",
     "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
     "\"occurred\":\"2017-08-11\",\"ext\":{\"b\":1,\"a\":{\"$bin\":"
     "\"AA==\"}}}"},
    /* only a day or a moment has a time */
    {STORED "\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
            "\"occurred\":\"2017-08\"}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\"," BEHIND
            "\"data\":{\"occurred\":\"2017-08\"}}",
     "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
     "\"occurred\":\"2017-08\"}"},
    {STORED "\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
            "\"occurred\":\"2017-08-11?\"}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\"," BEHIND
            "\"data\":{\"occurred\":\"2017-08-11?\"}}",
     "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
     "\"occurred\":\"2017-08-11?\"}"},
    {STORED "\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
            "\"occurred\":\"-0044-03-15\"}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\"," BEHIND
            "\"data\":{\"occurred\":\"-0044-03-15\"}}",
     "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
     "\"occurred\":\"-0044-03-15\"}"},
    {STORED "\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
            "\"occurred\":\"2017-08-11T23:30:00.5+02:00\"}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\","
            "\"time\":\"2017-08-11T21:30:00.500Z\"," BEHIND
            "\"data\":{\"occurred\":\"2017-08-11T23:30:00.5+02:00\"}}",
     "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\","
     "\"occurred\":\"2017-08-11T23:30:00.5+02:00\"}"},
    /* another order of keys */
    {STORED "\"title\":\"T\",\"type\":\"note\",\"id\":\"a\","
            "\"occurred\":\"2017\",\"partnership\":\"p\",\"ext\":{}}",
     BEFORE "\"type\":\"note\",\"subject\":\"p\"," BEHIND
            "\"keyorder\":\"title type id occurred partnership ext\","
            "\"data\":{\"title\":\"T\",\"occurred\":\"2017\",\"ext\":{}}}",
     "{\"title\":\"T\",\"type\":\"note\",\"id\":\"a\","
     "\"occurred\":\"2017\",\"partnership\":\"p\",\"ext\":{}}"},
};

static struct mp_buf
value_of(const char *json)
{
    struct mp_buf value = {0};
    struct json_fault fault;
    ck_assert_msg(json_read(span_of(json), &value, &fault), "%s: %s", json,
                  fault.reason);
    return value;
}

static void
check_json(const struct mp_buf *value, const char *expected)
{
    struct mp_buf text = {0};
    json_put(&text, mp_buf_span(value), JSON_COMPACT);
    check_text(&text, expected);
}

START_TEST(event_is_a_cloudevent_and_back)
{
    struct mp_buf cloudevent = {0}, back = {0};
    struct mp_buf event = value_of(mappings[_i].event);
    struct json_fault fault;
    cloudevents_put(&cloudevent, mp_buf_span(&event), "urn:x");
    check_json(&cloudevent, mappings[_i].cloudevent);
    ck_assert(cloudevents_read(mp_buf_span(&cloudevent), &back, &fault));
    check_json(&back, mappings[_i].back);
    mp_buf_deinit(&event);
    mp_buf_deinit(&cloudevent);
    mp_buf_deinit(&back);
}
END_TEST

START_TEST(log_has_a_uri)
{
    char source[CLOUDEVENTS_SOURCE_SIZE];
    cloudevents_source(span_of("0f3c9a52b1de4477a2c85e9b6d10c3f4"), source);
    ck_assert_str_eq(source, "urn:uuid:0f3c9a52-b1de-4477-a2c8-5e9b6d10c3f4");
    cloudevents_source(span_of("x"), source);
    ck_assert_str_eq(source, "/x");
    cloudevents_source((struct span){NULL, 0}, source);
    ck_assert_str_eq(source, "/");
}
END_TEST

/* --- sets of ids ----------------------------------------------------------*/

#define ID_COUNT 3000

START_TEST(set_has_what_was_added_in_its_order)
{
    struct id_set set = {0};
    char id[32];
    ck_assert(!id_set_has(&set, span_of("0")));
    for (int i = 0; i < ID_COUNT; i++) {
        snprintf(id, sizeof(id), "%d", i * 7);
        ck_assert(!id_set_has(&set, span_of(id)));
        ck_assert(id_set_add(&set, span_of(id)));
        ck_assert(id_set_add(&set, span_of(id)));
        ck_assert_uint_eq(set.count, (size_t)i + 1);
    }
    size_t at = 0, count = 0;
    struct span found;
    for (; id_set_next(&set, &at, &found); count++) {
        snprintf(id, sizeof(id), "%d", (int)count * 7);
        ck_assert(span_is(found, id) && id_set_has(&set, span_of(id)));
    }
    ck_assert_uint_eq(count, ID_COUNT);
    ck_assert(!id_set_has(&set, span_of("1")));
    id_set_deinit(&set);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client forms");
    TCase *tcase = tcase_create("forms");
    tcase_add_loop_test(tcase, calendar_line_is_escaped_and_folded, 0,
                        COUNT(ics_cases));
    tcase_add_loop_test(tcase, graph_shows_a_text_as_it_is, 0,
                        COUNT(dot_cases));
    tcase_add_loop_test(tcase, date_stands_at_its_days, 0, COUNT(day_cases));
    tcase_add_loop_test(tcase, event_is_a_cloudevent_and_back, 0,
                        COUNT(mappings));
    tcase_add_test(tcase, log_has_a_uri);
    tcase_add_test(tcase, set_has_what_was_added_in_its_order);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
