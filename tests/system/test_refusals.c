/* SPDX-License-Identifier: MIT */
/*
 * Every rule of EVENTS.md, sections 1 and 2, that needs no other event: what
 * is just good enough is stored, what is just too bad is refused by its code
 * and place, and stores nothing.
 */
#include <check.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

/* Rows change this event, which is good. */
static const char base[] =
    "{'id': 'x', 'type': 'note', 'partnership': 'p', 'parties': ['a'], "
    "'occurred': '2017', 'title': 't'}";

#define EVENT "invalid_event"
#define DATE "invalid_date"
/* Text says that it is refused, not which of the two codes says so. */
#define EITHER NULL

struct row {
    const char *patch; /* replaces and adds keys; null takes one away */
    const char *code;
    const char *field; /* NULL: the event as a whole; a final * stands for
                          whatever follows */
};

static const struct row refused[] = {
    /* the map */
    {"{'titel': 't'}", EVENT, "titel"},
    {"{'zzzzzzzzzzzz': 1}", EVENT, "zzzzzzzzzzzz"},
    {"{'seq': 1}", EVENT, "seq"},
    {"{'rev': 1}", EVENT, "rev"},
    {"{'recorded': 1}", EVENT, "recorded"},
    {"{'summary': {'$hex': 'c0'}}", EVENT, "summary"},
    /* id */
    {"{'id': ''}", EVENT, "id"},
    {"{'id': 7}", EVENT, "id"},
    {"{'id': {'$repeat': ['x', 65]}}", EVENT, "id"},
    {"{'id': '.a'}", EVENT, "id"},
    {"{'id': '-a'}", EVENT, "id"},
    {"{'id': 'a b'}", EVENT, "id"},
    {"{'id': 'a/b'}", EVENT, "id"},
    {"{'id': '\xc3\xa9'}", EVENT, "id"},
    {"{'id': 'a\\u0000b'}", EVENT, "id"},
    {"{'id': {'$hex': 'c40161'}}", EVENT, "id"},
    /* type */
    {"{'type': null}", EVENT, "type"},
    {"{'type': 'meting'}", EVENT, "type"},
    {"{'type': ''}", EVENT, "type"},
    {"{'type': 'Note'}", EVENT, "type"},
    {"{'type': 7}", EVENT, "type"},
    {"{'type': 'x-'}", EVENT, "type"},
    {"{'type': 'x-A'}", EVENT, "type"},
    {"{'type': 'x-a_b'}", EVENT, "type"},
    {"{'type': 'X-a'}", EVENT, "type"},
    {"{'type': 'x-a234567890123456789012345678901'}", EVENT, "type"},
    /* partnership */
    {"{'partnership': null}", EVENT, "partnership"},
    {"{'partnership': ''}", EVENT, "partnership"},
    {"{'partnership': 'A'}", EVENT, "partnership"},
    {"{'partnership': '.a'}", EVENT, "partnership"},
    {"{'partnership': 'a:b'}", EVENT, "partnership"},
    {"{'partnership': '..'}", EVENT, "partnership"},
    {"{'partnership': {'$repeat': ['a', 65]}}", EVENT, "partnership"},
    {"{'partnership': ['p']}", EVENT, "partnership"},
    /* parties */
    {"{'parties': null}", EVENT, "parties"},
    {"{'parties': []}", EVENT, "parties"},
    {"{'parties': 'a'}", EVENT, "parties"},
    {"{'parties': {'a': 1}}", EVENT, "parties"},
    {"{'parties': {'$numbered': ['a', 65]}}", EVENT, "parties"},
    {"{'parties': ['a', 'b', 'a']}", EVENT, "parties*"},
    {"{'parties': ['a', 'B']}", EVENT, "parties[1]"},
    {"{'parties': ['a', 7]}", EVENT, "parties[1]"},
    {"{'parties': ['']}", EVENT, "parties[0]"},
    {"{'parties': [{'$hex': 'c0'}]}", EVENT, "parties[0]"},
    /* people */
    {"{'people': 'Ada'}", EVENT, "people"},
    {"{'people': ['Ada', 7]}", EVENT, "people[1]"},
    {"{'people': ['']}", EVENT, "people[0]"},
    {"{'people': ['a\\nb']}", EVENT, "people[0]"},
    {"{'people': [{'$repeat': ['x', 4097]}]}", EVENT, "people[0]"},
    {"{'people': {'$many': ['Ada', 65]}}", EVENT, "people"},
    /* dates */
    {"{'occurred': null}", EVENT, "occurred"},
    {"{'occurred': 2017}", EVENT, "occurred"},
    {"{'occurred': ''}", EITHER, "occurred"},
    {"{'occurred': {'$hex': 'c40432303137'}}", EVENT, "occurred"},
    {"{'occurred': '2017-08-11T10:00:00."
     "00000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000Z'}",
     EITHER, "occurred"},
    {"{'occurred': 'soon'}", DATE, "occurred"},
    {"{'occurred': '..'}", DATE, "occurred"},
    {"{'occurred': '/'}", DATE, "occurred"},
    {"{'occurred': '-0000'}", DATE, "occurred"},
    {"{'occurred': '2017-02-3X'}", DATE, "occurred"},
    {"{'occurred': '2018/2017'}", DATE, "occurred"},
    {"{'occurred': '2017-01-01T10:00:60Z'}", DATE, "occurred"},
    {"{'occurred': '2017-42'}", DATE, "occurred"},
    {"{'occurred': ' 2017'}", DATE, "occurred"},
    {"{'disclosed': 2017}", EVENT, "disclosed"},
    {"{'disclosed': '2017-1'}", DATE, "disclosed"},
    /* references, their form */
    {"{'disclosed_by': ''}", EVENT, "disclosed_by"},
    {"{'disclosed_by': 'a b'}", EVENT, "disclosed_by"},
    {"{'disclosed_by': 7}", EVENT, "disclosed_by"},
    {"{'re': '?'}", EVENT, "re"},
    {"{'re': ['x']}", EVENT, "re"},
    {"{'corrects': '?'}", EVENT, "corrects"},
    {"{'corrects': {'$repeat': ['x', 65]}}", EVENT, "corrects"},
    {"{'type': 'acceptance'}", EVENT, "re"},
    {"{'type': 'rejection'}", EVENT, "re"},
    {"{'type': 'withdrawal'}", EVENT, "re"},
    {"{'type': 'amendment'}", EVENT, "re"},
    {"{'type': 'settlement'}", EVENT, "re"},
    {"{'type': 'retraction'}", EVENT, "re"},
    /* title, and with it every str */
    {"{'title': null}", EVENT, "title"},
    {"{'title': ''}", EVENT, "title"},
    {"{'title': 7}", EVENT, "title"},
    {"{'title': {'$repeat': ['x', 257]}}", EVENT, "title"},
    {"{'title': {'$repeat': ['\xc3\xa9', 129]}}", EVENT, "title"},
    {"{'title': 'a\\nb'}", EVENT, "title"},
    {"{'title': 'a\\tb'}", EVENT, "title"},
    {"{'title': 'a\\u0000b'}", EVENT, "title"},
    {"{'title': 'a\\u001bb'}", EVENT, "title"},
    {"{'title': 'a\\u007fb'}", EVENT, "title"},
    {"{'title': 'a\\u0085b'}", EVENT, "title"},
    {"{'title': {'$hex': 'a261ff'}}", EVENT, "title"},
    {"{'title': {'$hex': 'a2c080'}}", EVENT, "title"},
    {"{'title': {'$hex': 'a3eda080'}}", EVENT, "title"},
    {"{'title': {'$hex': 'a4f4908080'}}", EVENT, "title"},
    {"{'title': {'$hex': 'a1c3'}}", EVENT, "title"},
    {"{'title': {'$hex': 'c40161'}}", EVENT, "title"},
    /* summary */
    {"{'summary': ''}", EVENT, "summary"},
    {"{'summary': {'$repeat': ['x', 16385]}}", EVENT, "summary"},
    {"{'summary': 'a\\rb'}", EVENT, "summary"},
    {"{'summary': ['x']}", EVENT, "summary"},
    /* amount */
    {"{'amount': 5}", EVENT, "amount"},
    {"{'amount': {'value': '5'}}", EVENT, "amount.currency"},
    {"{'amount': {'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '5.', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '.5', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '+5', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '-', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '1e9', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '1,5', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': ' 5', 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '1234567890123456', 'currency': 'USD'}}", EVENT,
     "amount.value"},
    {"{'amount': {'value': '1.1234567', 'currency': 'USD'}}", EVENT,
     "amount.value"},
    {"{'amount': {'value': 1000000000000000, 'currency': 'USD'}}", EVENT,
     "amount.value"},
    {"{'amount': {'value': -1000000000000000, 'currency': 'USD'}}", EVENT,
     "amount.value"},
    {"{'amount': {'value': {'$hex': 'cfffffffffffffffff'}, "
     "'currency': 'USD'}}",
     EVENT, "amount.value"},
    {"{'amount': {'value': 5.5, 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': true, 'currency': 'USD'}}", EVENT, "amount.value"},
    {"{'amount': {'value': '5', 'currency': 'usd'}}", EVENT, "amount.currency"},
    {"{'amount': {'value': '5', 'currency': 'US'}}", EVENT, "amount.currency"},
    {"{'amount': {'value': '5', 'currency': 'USDX'}}", EVENT,
     "amount.currency"},
    {"{'amount': {'value': '5', 'currency': 'USD', 'kind': 'gift'}}", EVENT,
     "amount.kind"},
    {"{'amount': {'value': '5', 'currency': 'USD', 'kind': {'$hex': 'c0'}}}",
     EVENT, "amount.kind"},
    {"{'amount': {'value': '5', 'currency': 'USD', 'knd': 'paid'}}", EVENT,
     "amount.knd"},
    {"{'amount': {'$pairs': [['value', 5], ['value', 5], "
     "['currency', 'USD']]}}",
     EVENT, "amount*"},
    /* terms */
    {"{'terms': 'x'}", EVENT, "terms"},
    {"{'terms': ['x']}", EVENT, "terms"},
    {"{'terms': {'effective': 2017}}", EVENT, "terms.effective"},
    {"{'terms': {'effective': '2017-13'}}", DATE, "terms.effective"},
    {"{'terms': {'effective': {'$hex': 'c0'}}}", EVENT, "terms.effective"},
    {"{'type': 'agreement', 'terms': {'effective': {'$hex': 'c0'}}}", EVENT,
     "terms.effective"},
    {"{'terms': {'$pairs': [[1, 2]]}}", EVENT, "terms*"},
    {"{'terms': {'$pairs': [['a', 2], ['a', 2]]}}", EVENT, "terms*"},
    {"{'terms': {'a': {'$pairs': [['b', 2], ['b', 3]]}}}", EVENT, "terms*"},
    {"{'terms': {'a': {'$hex': 'c40161'}}}", EVENT, "terms*"},
    {"{'terms': {'a': {'$hex': 'cb7ff8000000000000'}}}", EVENT, "terms*"},
    {"{'terms': {'a': 'b\\u0001'}}", EVENT, "terms*"},
    /* sources */
    {"{'sources': {'url': 'u'}}", EVENT, "sources"},
    {"{'sources': ['u']}", EVENT, "sources[0]"},
    {"{'sources': [{'url': 'u'}, {'url': 7}]}", EVENT, "sources[1].url"},
    {"{'sources': [{'url': ''}]}", EVENT, "sources[0].url"},
    {"{'sources': [{'url': 'a\\nb'}]}", EVENT, "sources[0].url"},
    {"{'sources': [{'ulr': 'u'}]}", EVENT, "sources[0].ulr"},
    {"{'sources': [{'title': {'$repeat': ['x', 4097]}}]}", EVENT,
     "sources[0].title"},
    {"{'sources': [{'$pairs': [['url', 'u'], ['url', 'u']]}]}", EVENT,
     "sources[0]*"},
    {"{'sources': {'$many': [{'url': 'u'}, 65]}}", EVENT, "sources"},
    /* certainty, quote */
    {"{'certainty': 'maybe'}", EVENT, "certainty"},
    {"{'certainty': ''}", EVENT, "certainty"},
    {"{'certainty': true}", EVENT, "certainty"},
    {"{'quote': 'q'}", EVENT, "quote"},
    {"{'quote': {}}", EVENT, "quote.text"},
    {"{'quote': {'by': 'Ada'}}", EVENT, "quote.text"},
    {"{'quote': {'text': ''}}", EVENT, "quote.text"},
    {"{'quote': {'text': 7}}", EVENT, "quote.text"},
    {"{'quote': {'text': 'q', 'by': 'a\\nb'}}", EVENT, "quote.by"},
    {"{'quote': {'text': 'q', 'who': 'Ada'}}", EVENT, "quote.who"},
    /* ext */
    {"{'ext': 7}", EVENT, "ext"},
    {"{'ext': []}", EVENT, "ext"},
    {"{'ext': {'a': {'$hex': 'cb7ff8000000000000'}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$hex': 'ca7f800000'}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$hex': 'cbfff0000000000000'}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$hex': 'd40100'}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$hex': 'c7000a'}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$pairs': [['b', 2], ['b', 3]]}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$pairs': [[null, 2]]}}}", EVENT, "ext*"},
    {"{'ext': {'a': {'$hex': 'a1ff'}}}", EVENT, "ext*"},
    {"{'ext': {'$deep': 16}}", EVENT, "ext*"},
};

static const struct row accepted[] = {
    {"{}", NULL, NULL},
    {"{'id': {'$repeat': ['x', 64]}}", NULL, NULL},
    {"{'id': '0A._:-'}", NULL, NULL},
    {"{'type': 'x-a'}", NULL, NULL},
    {"{'type': 'x-a23456789012345678901234567890'}", NULL, NULL},
    {"{'type': 'x--'}", NULL, NULL},
    {"{'partnership': {'$repeat': ['a', 64]}}", NULL, NULL},
    {"{'partnership': '0a._-'}", NULL, NULL},
    {"{'parties': {'$numbered': ['a', 64]}}", NULL, NULL},
    {"{'people': {'$many': ['Ada', 64]}}", NULL, NULL},
    {"{'people': [{'$repeat': ['x', 4096]}]}", NULL, NULL},
    {"{'occurred': '2004-06-~11', 'disclosed': '1XXX-12-XX'}", NULL, NULL},
    {"{'occurred': '2017-08-11T10:00:00."
     "00000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000000000000000000000000000000Z'}",
     NULL, NULL},
    {"{'occurred': '../..'}", NULL, NULL},
    {"{'title': {'$repeat': ['x', 256]}}", NULL, NULL},
    {"{'title': {'$repeat': ['\xf0\x9f\xa4\x9d', 64]}}", NULL, NULL},
    {"{'summary': {'$repeat': ['x\\n\\t', 5461]}}", NULL, NULL},
    {"{'amount': {'value': '-999999999999999.999999', 'currency': 'USD'}}",
     NULL, NULL},
    {"{'amount': {'value': 999999999999999, 'currency': 'USD', "
     "'kind': 'paid'}}",
     NULL, NULL},
    {"{'amount': {'value': -999999999999999, 'currency': 'XYZ'}}", NULL, NULL},
    {"{'terms': {'a': {'$hex': 'c0'}, 'b': [{'$hex': 'c0'}], 'c': 'x\\ny'}}",
     NULL, NULL},
    {"{'terms': {'effective': '2017/..'}}", NULL, NULL},
    {"{'sources': {'$many': [{'kind': 'k', 'title': 't', 'publisher': 'p', "
     "'url': 'u', 'cite': 'c', 'published': '2017'}, 64]}}",
     NULL, NULL},
    {"{'certainty': 'confirmed'}", NULL, NULL},
    {"{'certainty': 'reported'}", NULL, NULL},
    {"{'certainty': 'alleged'}", NULL, NULL},
    {"{'certainty': 'disputed'}", NULL, NULL},
    {"{'quote': {'text': 'q\\n\\tq'}}", NULL, NULL},
    {"{'ext': {'a': {'$hex': 'c403000102'}, 'b': {'$hex': 'c0'}, 'c': 1.5}}",
     NULL, NULL},
    {"{'ext': {'$deep': 15}}", NULL, NULL},
    {"{'ext': {'a': {'$many': [{'$repeat': ['x', 4000]}, 255]}}}", NULL, NULL},
};

static json_t *
arguments_of(const char *patch_text)
{
    json_t *event = json_of(base);
    json_auto_t *patch = json_of(patch_text);
    const char *key;
    json_t *value;
    json_object_foreach(patch, key, value)
    {
        if (json_is_null(value))
            json_object_del(event, key);
        else
            json_object_set(event, key, value);
    }
    return json_pack("{s:[o]}", "events", event);
}

static void
check_field(const struct row *row, const json_t *error)
{
    const char *field = json_string_value(json_object_get(error, "field"));
    ck_assert_msg(field != NULL, "%s: no field", row->patch);
    size_t size = strlen(row->field);
    bool good = row->field[size - 1] == '*'
                    ? strncmp(field, row->field, size - 1) == 0
                    : strcmp(field, row->field) == 0;
    ck_assert_msg(good, "%s: the field is %s", row->patch, field);
    ck_assert_msg(json_is_integer(json_object_get(error, "index")) &&
                      json_integer_value(json_object_get(error, "index")) == 0,
                  "%s: no index 0", row->patch);
}

static void
check_nothing_stored(void)
{
    expect_in(fixture.wire, "{'tip': 0}", "hello", "{}");
    expect_in(fixture.wire, "{'events': [], 'cursor': null}", "replay", "{}");
}

START_TEST(event_is_refused_with_its_place)
{
    const struct row *row = &refused[_i];
    json_auto_t *arguments = arguments_of(row->patch);
    json_auto_t *message = wire_call(fixture.wire, "append", arguments);
    const json_t *error = json_array_get(message, 2);
    const char *code = json_string_value(json_object_get(error, "code"));
    ck_assert_msg(code != NULL, "%s: is accepted", row->patch);
    if (row->code == EITHER)
        ck_assert_msg(strcmp(code, EVENT) == 0 || strcmp(code, DATE) == 0,
                      "%s: %s", row->patch, code);
    else
        ck_assert_msg(strcmp(code, row->code) == 0, "%s: %s", row->patch, code);
    if (strcmp(code, DATE) == 0)
        ck_assert_msg(json_is_integer(json_object_get(error, "offset")),
                      "%s: no offset", row->patch);
    check_field(row, error);
    check_nothing_stored();
}
END_TEST

START_TEST(event_is_accepted_as_it_is)
{
    json_auto_t *arguments = arguments_of(accepted[_i].patch);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
    json_auto_t *sent = json_array_get(json_object_get(arguments, "events"), 0);
    json_incref(sent);
    json_auto_t *stored = expect_ok(fixture.wire, "get", "{'seq': 1}");
    const char *key;
    json_t *value;
    json_object_foreach(sent, key, value)
    {
        ck_assert_msg(json_object_get(stored, key) != NULL, "%s: %s is gone",
                      accepted[_i].patch, key);
    }
}
END_TEST

/* --- places that no table of patches can say ------------------------------*/

static const struct {
    const char *date;
    json_int_t offset;
} offsets[] = {
    {"hello", 0},      {"2017-13-01", 5},    {"2017-02-29", 8},
    {"2017-08-32", 8}, {"2017/2018-13", 10},
};

START_TEST(date_error_has_its_offset)
{
    json_auto_t *arguments = json_pack("{s:[o]}", "events", json_of(base));
    json_t *event = json_array_get(json_object_get(arguments, "events"), 0);
    json_object_set_new(event, "occurred", json_string(offsets[_i].date));
    json_auto_t *message = wire_call(fixture.wire, "append", arguments);
    expect_error_in(message, DATE);
    const json_t *error = json_array_get(message, 2);
    ck_assert_int_eq(json_integer_value(json_object_get(error, "offset")),
                     offsets[_i].offset);
}
END_TEST

START_TEST(unknown_key_is_refused_with_the_closest)
{
    json_auto_t *error =
        expect_error(fixture.wire, EVENT, "append",
                     "{'events': [{'type': 'note', 'partnership': 'p', "
                     "'parties': ['a'], 'occured': '2017', 'title': 't'}]}");
    expect_includes(error, "{'field': 'occured', 'index': 0}");
    const char *message = json_string_value(json_object_get(error, "message"));
    ck_assert_ptr_nonnull(strstr(message, "occurred"));
}
END_TEST

static const char *const no_events[] = {
    "5",
    "'x'",
    "[]",
    "{'$hex': 'c0'}",
    "true",
    "{'$pairs': [[1, 2]]}",
    ("{'$pairs': [['type', 'note'], ['partnership', 'p'], ['parties', ['a']], "
     "['occurred', '2017'], ['title', 't'], ['title', 't']]}"),
    "{}",
};

START_TEST(what_is_no_event_is_refused)
{
    json_auto_t *error =
        expect_error(fixture.wire, EVENT, "append", "{'events': [%s, %s]}",
                     base, no_events[_i]);
    expect_includes(error, "{'index': 1}");
    check_nothing_stored();
}
END_TEST

START_TEST(first_fault_of_the_first_faulty_event_is_reported)
{
    /* shape comes before dates within an event, events in their order */
    json_auto_t *error = expect_error(
        fixture.wire, EVENT, "append",
        "{'events': [%s, {'type': 'note', 'partnership': 'p', 'parties': "
        "['a'], 'occurred': 'never', 'title': ''}, {'type': 'nope'}]}",
        base);
    expect_includes(error, "{'index': 1, 'field': 'title'}");
    json_auto_t *date = expect_error(
        fixture.wire, DATE, "append",
        "{'events': [%s, {'type': 'note', 'partnership': 'p', 'parties': "
        "['a'], 'occurred': 'never', 'title': 't'}, {'type': 'nope'}]}",
        base);
    expect_includes(date, "{'index': 1, 'field': 'occurred'}");
    check_nothing_stored();
}
END_TEST

START_TEST(event_over_a_mebibyte_is_too_large)
{
    json_auto_t *arguments = arguments_of(
        "{'ext': {'a': {'$many': [{'$repeat': ['x', 4000]}, 263]}}}");
    json_auto_t *message = wire_call(fixture.wire, "append", arguments);
    expect_error_in(message, "too_large");
    check_nothing_stored();
}
END_TEST

START_TEST(effective_of_an_amendment_may_be_nil)
{
    fixture_log("A agreement 2017 'terms': {'effective': '2018'}");
    expect_done(fixture.wire, "append",
                "{'events': [{'type': 'amendment', 'partnership': 'p', "
                "'parties': ['a'], 'occurred': '2017', 'title': 't', "
                "'re': 'A', 'terms': {'effective': {'$hex': 'c0'}}}]}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("refusals");
    TCase *tests = fixture_case(suite, "events", SECONDS_MAX);
    tcase_add_loop_test(tests, event_is_refused_with_its_place, 0,
                        COUNT(refused));
    tcase_add_loop_test(tests, event_is_accepted_as_it_is, 0, COUNT(accepted));
    tcase_add_loop_test(tests, date_error_has_its_offset, 0, COUNT(offsets));
    tcase_add_test(tests, unknown_key_is_refused_with_the_closest);
    tcase_add_loop_test(tests, what_is_no_event_is_refused, 0,
                        COUNT(no_events));
    tcase_add_test(tests, first_fault_of_the_first_faulty_event_is_reported);
    tcase_add_test(tests, event_over_a_mebibyte_is_too_large);
    tcase_add_test(tests, effective_of_an_amendment_may_be_nil);
    return fixture_run(suite);
}
