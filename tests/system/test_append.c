/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md, append: atomic, idempotent, guarded, in a fixed order of
 * checks. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60
#define BATCH_MAX 10000

/* An event of partnership p that needs no other; rest begins with a comma or
 * is empty. */
#define NOTE(id, rest)                                                         \
    "{'id': '" id "', 'type': 'note', 'partnership': 'p', 'parties': "         \
    "['a'], 'occurred': '2017', 'title': 't'" rest "}"
/* The same of a type, without id. */
#define EVENT(type, rest)                                                      \
    "{'type': '" type "', 'partnership': 'p', 'parties': ['a'], "              \
    "'occurred': '2017', 'title': 't'" rest "}"

static void
expect_tip(json_int_t tip)
{
    json_auto_t *hello = expect_ok(fixture.wire, "hello", "{}");
    ck_assert_int_eq(json_integer_value(json_object_get(hello, "tip")), tip);
}

START_TEST(answer_names_positions_and_revisions)
{
    json_auto_t *result = expect_ok(
        fixture.wire, "append",
        "{'events': [%s, {'id': 'q1', 'type': 'note', 'partnership': 'q', "
        "'parties': ['a'], 'occurred': '2017', 'title': 't'}, %s]}",
        NOTE("p1", ""), NOTE("p2", ""));
    expect_includes(result,
                    "{'first': 1, 'last': 3, 'events': ["
                    "{'id': 'p1', 'seq': 1, 'rev': 1, 'duplicate': false}, "
                    "{'id': 'q1', 'seq': 2, 'rev': 1, 'duplicate': false}, "
                    "{'id': 'p2', 'seq': 3, 'rev': 2, 'duplicate': false}]}");
}
END_TEST

START_TEST(missing_id_becomes_a_uuid7)
{
    json_auto_t *first = fixture_event("%s", EVENT("note", ""));
    json_auto_t *second = fixture_event("%s", EVENT("note", ""));
    const char *a = json_string_value(json_object_get(first, "id"));
    const char *b = json_string_value(json_object_get(second, "id"));
    ck_assert_uint_eq(strlen(a), 36);
    ck_assert_uint_eq(strspn(a, "0123456789abcdef-"), 36);
    ck_assert_int_eq(a[14], '7');
    ck_assert_ptr_nonnull(strchr("89ab", a[19]));
    ck_assert_str_ne(a, b);
    expect_in(fixture.wire, "{'seq': 1}", "get", "{'id': '%s'}", a);
}
END_TEST

START_TEST(stored_bytes_are_the_submitted_ones)
{
    /* not the shortest encodings, and an order of its own */
    json_auto_t *event = json_of(
        "{'title': {'$hex': 'd90174'}, 'ext': {'$hex': 'de0001a161"
        "cf0000000000000005'}, 'type': 'note', 'id': 'x', 'parties': "
        "{'$hex': 'dc0001a161'}, 'occurred': '2017', 'partnership': 'p'}");
    json_auto_t *arguments = json_pack("{s:[O]}", "events", event);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
    size_t sent_size;
    char *sent = wire_request_bytes(1, "x", event, &sent_size);
    /* [0, 1 as uint32, "x", [map: behind its one byte are the pairs */
    size_t head = 1 + 1 + 5 + 2 + 1 + 1;
    json_decref(expect_ok(fixture.wire, "get", "{'id': 'x'}"));
    size_t size;
    const void *bytes = wire_message_bytes(fixture.wire, &size);
    ck_assert_ptr_nonnull(memmem(bytes, size, sent + head, sent_size - head));
    free(sent);
}
END_TEST

START_TEST(batch_is_stored_whole_or_not)
{
    expect_refusal(fixture.wire, "unknown_reference", "append",
                   "{'events': [%s, %s, %s]}", NOTE("a1", ""), NOTE("a2", ""),
                   NOTE("a3", ", 're': 'nowhere'"));
    expect_tip(0);
    expect_refusal(fixture.wire, "not_found", "get", "{'id': 'a1'}");
    expect_refusal(fixture.wire, "not_found", "state", "{'partnership': 'p'}");
    json_auto_t *entry = fixture_event("%s", NOTE("a1", ""));
    expect_includes(entry, "{'seq': 1, 'rev': 1}");
}
END_TEST

START_TEST(recorded_is_one_per_batch_and_never_decreases)
{
    for (int i = 0; i < 20; i++)
        expect_done(fixture.wire, "append", "{'events': [%s, %s]}",
                    EVENT("note", ""), EVENT("note", ""));
    json_auto_t *page = expect_ok(fixture.wire, "replay", "{}");
    const json_t *events = json_object_get(page, "events");
    ck_assert_uint_eq(json_array_size(events), 40);
    json_int_t before = 0;
    for (size_t i = 0; i < 40; i += 2) {
        json_int_t recorded[2];
        for (size_t j = 0; j < 2; j++)
            recorded[j] = json_integer_value(
                json_object_get(json_array_get(events, i + j), "recorded"));
        ck_assert_int_eq(recorded[0], recorded[1]);
        ck_assert_int_ge(recorded[0], before);
        before = recorded[0];
    }
}
END_TEST

/* --- the same event again -------------------------------------------------*/

START_TEST(same_event_again_is_answered_with_its_place)
{
    fixture_log("o note 2016\n");
    json_decref(fixture_event("%s", NOTE("x", ", 'ext': {'a': 5}")));
    json_auto_t *again = fixture_event("%s", NOTE("x", ", 'ext': {'a': 5}"));
    expect_includes(again,
                    "{'id': 'x', 'seq': 2, 'rev': 2, 'duplicate': true}");
    expect_tip(2);
}
END_TEST

static const struct {
    const char *again;
    bool equal;
} repeats[] = {
    /* another order */
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5}, "
     "'occurred': '2017', 'parties': ['a', 'b'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x'}",
     true},
    /* another encoding: str 8, array 16, map 32, uint 64, int 8 */
    {"{'id': {'$hex': 'd90178'}, 'type': 'note', 'partnership': 'p', "
     "'parties': {'$hex': 'dc0002a161a162'}, 'occurred': '2017', "
     "'title': {'$hex': 'da000174'}, 'ext': {'$hex': "
     "'df00000002a161cf0000000000000005a16282a16393d00100a2c3a9a16402'}}",
     false},
    {"{'id': {'$hex': 'd90178'}, 'type': 'note', 'partnership': 'p', "
     "'parties': {'$hex': 'dc0002a161a162'}, 'occurred': '2017', "
     "'title': {'$hex': 'da000174'}, 'ext': {'$hex': "
     "'df00000002a161cf0000000000000005a16282a16392d001a2c3a9a16402'}}",
     true},
    /* less, more, other */
    {NOTE("x", ", 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5}"), false},
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5}, "
     "'occurred': '2017', 'parties': ['a', 'b'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x', 'certainty': 'reported'}",
     false},
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5}, "
     "'occurred': '2017', 'parties': ['b', 'a'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x'}",
     false},
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5.0}, "
     "'occurred': '2017', 'parties': ['a', 'b'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x'}",
     false},
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': '5'}, "
     "'occurred': '2017', 'parties': ['a', 'b'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x'}",
     false},
    {"{'title': 't', 'ext': {'b': {'d': 2, 'c': [1, 'é']}, 'a': 5}, "
     "'occurred': '2017-XX', 'parties': ['a', 'b'], 'partnership': 'p', "
     "'type': 'note', 'id': 'x'}",
     false},
};

START_TEST(repeat_counts_by_content)
{
    json_decref(fixture_event(
        "{'id': 'x', 'type': 'note', 'partnership': 'p', 'parties': ['a', "
        "'b'], 'occurred': '2017', 'title': 't', 'ext': {'a': 5, 'b': "
        "{'c': [1, 'é'], 'd': 2}}}"));
    if (repeats[_i].equal) {
        json_auto_t *entry = fixture_event("%s", repeats[_i].again);
        expect_includes(entry, "{'seq': 1, 'duplicate': true}");
    } else {
        json_auto_t *error = expect_error(fixture.wire, "duplicate_id",
                                          "append", "{'events': [%s, %s]}",
                                          NOTE("y", ""), repeats[_i].again);
        expect_includes(error, "{'id': 'x', 'seq': 1}");
    }
    expect_tip(1);
}
END_TEST

START_TEST(same_id_twice_in_a_batch_is_refused)
{
    json_auto_t *error =
        expect_error(fixture.wire, "duplicate_id", "append",
                     "{'events': [%s, %s]}", NOTE("x", ""), NOTE("x", ""));
    expect_includes(error, "{'id': 'x'}");
    json_decref(fixture_event("%s", NOTE("x", "")));
    /* also when both repeat what is stored: the text makes no exception */
    expect_refusal(fixture.wire, "duplicate_id", "append",
                   "{'events': [%s, %s]}", NOTE("x", ""), NOTE("x", ""));
    expect_tip(1);
}
END_TEST

START_TEST(old_and_new_events_mix)
{
    fixture_log("a note 2017\nb note 2017\nc note 2017\n");
    json_auto_t *batch = fixture_events_of("c note 2017\n"
                                           "n note 2017 're': 'c'\n"
                                           "a note 2017\n");
    json_auto_t *arguments = json_pack("{s:O}", "events", batch);
    json_auto_t *result = expect_ok_json(fixture.wire, "append", arguments);
    expect_includes(result,
                    "{'first': 1, 'last': 4, 'events': ["
                    "{'id': 'c', 'seq': 3, 'rev': 3, 'duplicate': true}, "
                    "{'id': 'n', 'seq': 4, 'rev': 4, 'duplicate': false}, "
                    "{'id': 'a', 'seq': 1, 'rev': 1, 'duplicate': true}]}");
}
END_TEST

/* --- expect ---------------------------------------------------------------*/

START_TEST(expect_guards_revisions)
{
    expect_done(fixture.wire, "append", "{'events': [%s], 'expect': {'p': 0}}",
                NOTE("a", ""));
    json_auto_t *error = expect_error(
        fixture.wire, "conflict", "append",
        "{'events': [%s], 'expect': {'q': 0, 'p': 0}}", NOTE("b", ""));
    expect_includes(error, "{'partnership': 'p', 'expected': 0, 'actual': 1}");
    json_auto_t *missing =
        expect_error(fixture.wire, "conflict", "append",
                     "{'events': [%s], 'expect': {'q': 3}}", NOTE("b", ""));
    expect_includes(missing,
                    "{'partnership': 'q', 'expected': 3, 'actual': 0}");
    expect_done(fixture.wire, "append",
                "{'events': [%s, %s], 'expect': {'p': 1, 'q': 0}}",
                NOTE("b", ""), NOTE("c", ""));
    expect_tip(3);
}
END_TEST

START_TEST(duplicates_alone_succeed_whatever_expect_says)
{
    json_decref(fixture_event("%s", NOTE("a", "")));
    expect_in(fixture.wire, "{'first': 1, 'last': 1}", "append",
              "{'events': [%s], 'expect': {'p': 77}}", NOTE("a", ""));
    expect_refusal(fixture.wire, "conflict", "append",
                   "{'events': [%s, %s], 'expect': {'p': 77}}", NOTE("a", ""),
                   NOTE("b", ""));
}
END_TEST

static const char *const wrong_arguments[] = {
    "{}",
    "{'events': null}",
    "{'events': []}",
    "{'events': {}}",
    "{'events': 'x'}",
    "{'events': [" NOTE("x", "") "], 'expect': 5}",
    "{'events': [" NOTE("x", "") "], 'expect': ['p']}",
    "{'events': [" NOTE("x", "") "], 'expect': {'p': -1}}",
    "{'events': [" NOTE("x", "") "], 'expect': {'p': '0'}}",
    "{'events': [" NOTE("x", "") "], 'expect': {'p': 0.0}}",
    "{'events': [" NOTE("x", "") "], 'expects': {'p': 0}}",
};

START_TEST(wrong_arguments_are_refused)
{
    expect_refusal(fixture.wire, "invalid_request", "append", "%s",
                   wrong_arguments[_i]);
    expect_tip(0);
}
END_TEST

/* --- references -----------------------------------------------------------*/

/* What the rows below refer to. */
static const char referred[] = "O offer 2017\n"
                               "A agreement 2017\n"
                               "D dispute 2017\n"
                               "M meeting 2017\n"
                               "S statement 2017 'corrects': 'O'\n"
                               "qO offer 2017 'partnership': 'q'\n"
                               "qA agreement 2017 'partnership': 'q'\n"
                               "qD dispute 2017 'partnership': 'q'\n"
                               "qM meeting 2017 'partnership': 'q'\n"
                               "qR court_revelation 2017 'partnership': 'q'\n";

static const struct {
    const char *event;
    const char *code; /* NULL: accepted */
} references[] = {
    {EVENT("meeting", ", 're': 'none'"), "unknown_reference"},
    {EVENT("note", ", 'corrects': 'none'"), "unknown_reference"},
    {EVENT("note", ", 'disclosed_by': 'none'"), "unknown_reference"},
    {EVENT("acceptance", ", 're': 'none'"), "unknown_reference"},
    {EVENT("note", ", 'id': 'me', 're': 'me'"), "unknown_reference"},
    {EVENT("note", ", 'id': 'me', 'disclosed_by': 'me'"), "unknown_reference"},
    {EVENT("note", ", 're': 'later'"), "unknown_reference"},
    {EVENT("note", ", 're': 'o'"), "unknown_reference"},
    {EVENT("acceptance", ", 're': 'M'"), "invalid_reference"},
    {EVENT("acceptance", ", 're': 'A'"), "invalid_reference"},
    {EVENT("acceptance", ", 're': 'S'"), "invalid_reference"},
    {EVENT("rejection", ", 're': 'D'"), "invalid_reference"},
    {EVENT("withdrawal", ", 're': 'A'"), "invalid_reference"},
    {EVENT("withdrawal", ", 're': 'M'"), "invalid_reference"},
    {EVENT("amendment", ", 're': 'O'"), "invalid_reference"},
    {EVENT("termination", ", 're': 'O'"), "invalid_reference"},
    {EVENT("settlement", ", 're': 'A'"), "invalid_reference"},
    {EVENT("acceptance", ", 're': 'qO'"), "invalid_reference"},
    {EVENT("rejection", ", 're': 'qO'"), "invalid_reference"},
    {EVENT("withdrawal", ", 're': 'qO'"), "invalid_reference"},
    {EVENT("withdrawal", ", 're': 'qD'"), "invalid_reference"},
    {EVENT("amendment", ", 're': 'qA'"), "invalid_reference"},
    {EVENT("termination", ", 're': 'qA'"), "invalid_reference"},
    {EVENT("settlement", ", 're': 'qD'"), "invalid_reference"},
    {EVENT("retraction", ", 're': 'qM'"), "invalid_reference"},
    {EVENT("note", ", 'corrects': 'qM'"), "invalid_reference"},
    {EVENT("acceptance", ", 're': 'O'"), NULL},
    {EVENT("rejection", ", 're': 'O'"), NULL},
    {EVENT("withdrawal", ", 're': 'O'"), NULL},
    {EVENT("withdrawal", ", 're': 'D'"), NULL},
    {EVENT("amendment", ", 're': 'A'"), NULL},
    {EVENT("termination", ", 're': 'A'"), NULL},
    {EVENT("termination", ""), NULL},
    {EVENT("settlement", ", 're': 'D'"), NULL},
    {EVENT("retraction", ", 're': 'M'"), NULL},
    {EVENT("agreement", ", 're': 'qO'"), NULL},
    {EVENT("agreement", ", 're': 'M'"), NULL},
    {EVENT("offer", ", 're': 'O'"), NULL},
    {EVENT("meeting", ", 're': 'qM'"), NULL},
    {EVENT("note", ", 'disclosed_by': 'qM'"), NULL},
    {EVENT("agreement", ", 'corrects': 'M'"), NULL},
    {EVENT("x-a", ", 're': 'qR', 'disclosed_by': 'qR', 'corrects': 'S'"), NULL},
};

START_TEST(references_are_checked)
{
    fixture_log(referred);
    if (references[_i].code == NULL) {
        expect_done(fixture.wire, "append", "{'events': [%s]}",
                    references[_i].event);
        return;
    }
    expect_refusal(fixture.wire, references[_i].code, "append",
                   "{'events': [%s, %s]}", references[_i].event,
                   NOTE("later", ""));
    expect_tip(10);
}
END_TEST

START_TEST(reference_within_a_batch_looks_back)
{
    expect_done(fixture.wire, "append", "{'events': [%s, %s]}",
                EVENT("offer", ", 'id': 'O'"),
                EVENT("acceptance", ", 're': 'O'"));
    expect_refusal(fixture.wire, "invalid_reference", "append",
                   "{'events': [%s, %s]}", NOTE("n", ""),
                   EVENT("acceptance", ", 're': 'n'"));
}
END_TEST

/* Each batch has the fault named and one that is looked for later. */
static const struct {
    const char *events;
    const char *code;
} orders[] = {
    {NOTE("old", ", 'summary': 'other'") "," NOTE("n", ", 'title': ''"),
     "invalid_event"},
    {NOTE("old", ", 'summary': 'other'") "," NOTE("n", ", 'occurred': '-'"),
     "invalid_date"},
    {NOTE("n", ", 're': 'none'") "," NOTE("old", ", 'summary': 'other'"),
     "duplicate_id"},
    {NOTE("n", ", 're': 'none'"), "conflict"},
    {EVENT("acceptance", ", 're': 'old'"), "conflict"},
};

START_TEST(checks_run_in_their_order)
{
    json_decref(fixture_event("%s", NOTE("old", "")));
    expect_refusal(fixture.wire, orders[_i].code, "append",
                   "{'events': [%s], 'expect': {'p': 9}}", orders[_i].events);
    expect_tip(1);
}
END_TEST

START_TEST(unknown_references_come_before_invalid_ones)
{
    json_decref(fixture_event("%s", NOTE("old", "")));
    expect_refusal(fixture.wire, "unknown_reference", "append",
                   "{'events': [%s, %s]}", EVENT("acceptance", ", 're': 'old'"),
                   EVENT("note", ", 're': 'none'"));
}
END_TEST

/* --- sizes ----------------------------------------------------------------*/

static json_t *
notes(int count)
{
    json_t *events = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(
            events, json_format("{'id': 'n%d', 'type': 'note', 'partnership': "
                                "'p', 'parties': ['a'], 'occurred': '2017', "
                                "'title': 't'}",
                                i));
    return json_pack("{s:o}", "events", events);
}

START_TEST(ten_thousand_events_are_a_batch)
{
    json_auto_t *good = notes(BATCH_MAX);
    json_auto_t *result = expect_ok_json(fixture.wire, "append", good);
    expect_includes(result, "{'first': 1, 'last': 10000}");
    json_auto_t *again = expect_ok_json(fixture.wire, "append", good);
    expect_includes(again, "{'first': 1, 'last': 10000}");
    expect_tip(BATCH_MAX);
}
END_TEST

START_TEST(one_more_is_too_large)
{
    json_auto_t *bad = notes(BATCH_MAX + 1);
    json_auto_t *message = wire_call(fixture.wire, "append", bad);
    expect_error_in(message, "too_large");
    expect_tip(0);
}
END_TEST

START_TEST(pipelined_appends_are_answered_in_their_order)
{
    for (uint32_t i = 0; i < 500; i++) {
        json_auto_t *arguments =
            json_format("{'events': [{'id': 'n%u', 'type': 'note', "
                        "'partnership': 'p', 'parties': ['a'], 'occurred': "
                        "'2017', 'title': 't'}]}",
                        i);
        wire_queue(fixture.wire, 500 - i, "append", arguments);
    }
    wire_flush(fixture.wire);
    for (uint32_t i = 0; i < 500; i++) {
        json_auto_t *message = wire_answer(fixture.wire, 500 - i);
        json_t *result = json_array_get(message, 3);
        ck_assert_int_eq(json_integer_value(json_object_get(result, "first")),
                         i + 1);
    }
}
END_TEST

START_TEST(append_needs_its_role)
{
    struct wire *reader = wire_open_tcp(process_port(fixture.daemon));
    expect_in(reader, "{'role': 'read'}", "hello", "{}");
    json_auto_t *arguments = notes(1);
    json_auto_t *message = wire_call(reader, "append", arguments);
    expect_error_in(message, "unauthenticated");
    wire_close(reader);
    expect_tip(0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("append");
    TCase *tests = fixture_case(suite, "append", SECONDS_MAX);
    tcase_add_test(tests, answer_names_positions_and_revisions);
    tcase_add_test(tests, missing_id_becomes_a_uuid7);
    tcase_add_test(tests, stored_bytes_are_the_submitted_ones);
    tcase_add_test(tests, batch_is_stored_whole_or_not);
    tcase_add_test(tests, recorded_is_one_per_batch_and_never_decreases);
    tcase_add_test(tests, same_event_again_is_answered_with_its_place);
    tcase_add_loop_test(tests, repeat_counts_by_content, 0, COUNT(repeats));
    tcase_add_test(tests, same_id_twice_in_a_batch_is_refused);
    tcase_add_test(tests, old_and_new_events_mix);
    tcase_add_test(tests, expect_guards_revisions);
    tcase_add_test(tests, duplicates_alone_succeed_whatever_expect_says);
    tcase_add_loop_test(tests, wrong_arguments_are_refused, 0,
                        COUNT(wrong_arguments));
    tcase_add_loop_test(tests, references_are_checked, 0, COUNT(references));
    tcase_add_test(tests, reference_within_a_batch_looks_back);
    tcase_add_loop_test(tests, checks_run_in_their_order, 0, COUNT(orders));
    tcase_add_test(tests, unknown_references_come_before_invalid_ones);
    tcase_add_test(tests, ten_thousand_events_are_a_batch);
    tcase_add_test(tests, one_more_is_too_large);
    tcase_add_test(tests, pipelined_appends_are_answered_in_their_order);
    tcase_add_test(tests, append_needs_its_role);
    return fixture_run(suite);
}
