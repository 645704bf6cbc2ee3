/* SPDX-License-Identifier: MIT */
/* How answers look to a person. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/json.h"
#include "client/output.h"
#include "client/pairs.h"
#include "client/text.h"
#include "client/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Long enough for what is written here. */
#define JSON_SIZE 2048

/* JSON with apostrophes for quotation marks, as MessagePack. */
static struct mp_buf
value_of(const char *json)
{
    char text[JSON_SIZE];
    struct mp_buf value = {0};
    struct json_fault fault;
    ck_assert_uint_lt(strlen(json), sizeof(text));
    memcpy(text, json, strlen(json) + 1);
    for (char *at = text; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    ck_assert_msg(json_read(span_of(text), &value, &fault), "%s: %s", json,
                  fault.reason);
    return value;
}

/* --- pairs ----------------------------------------------------------------*/

static void
note_pair(void *context, const struct pair *pair)
{
    struct mp_buf *text = context;
    mp_buf_append(text, pair->key.data, pair->key.size);
    words_put(text, pair->before.data == NULL ? "+" : "");
    words_put(text, pair->after.data == NULL ? "-" : "");
    words_put(text, " ");
}

static const struct {
    enum pairs_by by;
    const char *before, *after;
    const char *visited;
} pair_cases[] = {
    {PAIRS_BY_KEY, "{}", "{}", ""},
    {PAIRS_BY_KEY, "{'b': 1, 'a': 2}", "{}", "b- a- "},
    {PAIRS_BY_KEY, "{}", "{'b': 1, 'a': 2}", "b+ a+ "},
    {PAIRS_BY_KEY, "{'c': 1, 'a': 2}", "{'d': 1, 'a': 9, 'b': 3}",
     "c- a d+ b+ "},
    {PAIRS_BY_ID, "[{'id': 'y'}, {'id': 'x'}]",
     "[{'id': 'z'}, {'n': 1, 'id': 'x'}]", "y- x z+ "},
    {PAIRS_BY_KEY, NULL, "{'a': 1}", "a+ "},
    {PAIRS_BY_ID, "[{'id': 'y'}]", NULL, "y- "},
};

START_TEST(pairs_are_visited_in_order)
{
    struct mp_buf before = {0}, after = {0}, text = {0};
    if (pair_cases[_i].before != NULL)
        before = value_of(pair_cases[_i].before);
    if (pair_cases[_i].after != NULL)
        after = value_of(pair_cases[_i].after);
    ck_assert(pairs_walk(mp_buf_span(&before), mp_buf_span(&after),
                         pair_cases[_i].by, note_pair, &text));
    mp_buf_append(&text, "", 1);
    ck_assert_str_eq((const char *)text.data, pair_cases[_i].visited);
    mp_buf_deinit(&before);
    mp_buf_deinit(&after);
    mp_buf_deinit(&text);
}
END_TEST

/* --- documents and lists --------------------------------------------------*/

#define AS_OF "'at': '2018-12-31T23:59:59.999Z', 'known': null, 'position': 9"

static const struct {
    enum subject subject;
    const char *json;
    const char *text;
} documents[] = {
    {SUBJECT_DIFF,
     "{'partnership': 'p', 'before': {" AS_OF "}, 'after': {'at': null, "
     "'known': '2019-01-01T12:00:00.000Z', 'position': 10}, 'added': [], "
     "'removed': [], 'changed': {}}",
     "p\n"
     "before          as of 2018-12-31, by all that is known (position 9)\n"
     "after           at any time, by what was public on\n"
     "                2019-01-01T12:00:00.000Z (position 10)\n"
     "\n"
     "Nothing changed.\n"},
    {SUBJECT_DIFF,
     "{'partnership': 'p', 'before': {" AS_OF "}, 'after': {" AS_OF "}, "
     "'added': [{'id': 'a', 'occurred': '2018-22', 'title': 'A \\u001b[1m'}, "
     "{'id': 'b'}], 'removed': [{'id': 'c', 'occurred': '2017', 'title': "
     "'C'}], 'changed': {'stage': {'before': 'talks', 'after': 'active'}, "
     "'disputed': {'before': false, 'after': true}, 'totals': {'before': "
     "{'paid': {'USD': '1000000', 'EUR': '5'}}, 'after': {'paid': {'USD': "
     "'2500000', 'EUR': '5'}, 'offered': {'CHF': '0'}}}}}",
     "p\n"
     "before          as of 2018-12-31, by all that is known (position 9)\n"
     "after           as of 2018-12-31, by all that is known (position 9)\n"
     "\n"
     "2 events added\n"
     "+ summer 2018  A \xef\xbf\xbd[1m\n"
     "               a\n"
     "+              b\n"
     "\n"
     "1 event removed\n"
     "- 2017  C\n"
     "        c\n"
     "\n"
     "Stage\n"
     "  talks -> active\n"
     "  not disputed -> disputed\n"
     "\n"
     "Money\n"
     "  paid            USD 1,000,000 -> USD 2,500,000\n"
     "  offered         none -> CHF 0\n"},
    {SUBJECT_DIFF,
     "{'partnership': 'p', 'before': {" AS_OF "}, 'after': {" AS_OF "}, "
     "'added': [], 'removed': [], 'changed': {'agreements': {'before': "
     "[{'id': 'x', 'occurred': '2017', 'title': 'X', 'status': 'pending', "
     "'terms': {'fee': 5, 'gone': true}}, {'id': 'same'}], 'after': [{'id': "
     "'same'}, {'id': 'x', 'occurred': '2017', 'title': 'X', 'status': "
     "'in_force', 'terms': {'fee': 6, 'new': 'n'}}]}, 'offers': {'before': "
     "[{'id': 'o', 'occurred': '2017', 'title': 'O', 'amount': {'value': "
     "'1000', 'currency': 'USD', 'kind': 'offered'}}], 'after': []}, 'terms': "
     "{'before': {'fee': 5}, 'after': {'fee': 6}}}}",
     "p\n"
     "before          as of 2018-12-31, by all that is known (position 9)\n"
     "after           as of 2018-12-31, by all that is known (position 9)\n"
     "\n"
     "Agreements\n"
     "~ 2017  X\n"
     "        x\n"
     "        status: pending -> in_force\n"
     "        fee: 5 -> 6\n"
     "        gone: true -> none\n"
     "        new: none -> n\n"
     "\n"
     "Offers\n"
     "- 2017  O\n"
     "        o\n"
     "\n"
     "Terms in force\n"
     "  fee             5 -> 6\n"},
    {SUBJECT_DIFF,
     "{'partnership': 'p', 'before': {" AS_OF "}, 'after': {" AS_OF "}, "
     "'added': [], 'removed': [], 'changed': {'disputes': {'before': [{'id': "
     "'x'}, {'id': 'y'}], 'after': [{'id': 'y'}, {'id': 'x'}]}}}",
     "p\n"
     "before          as of 2018-12-31, by all that is known (position 9)\n"
     "after           as of 2018-12-31, by all that is known (position 9)\n"
     "\n"
     "Disputes\n"
     "  the same, in another order or notation\n"},
    {SUBJECT_PARTY,
     "{'party': 'a', " AS_OF ", 'partnerships': [{'partnership': 'p', 'stage': "
     "'active', 'disputed': true, 'events': 1234, 'agreements': 1, 'offers': "
     "0, 'totals': {'paid': {'USD': '1500000'}}}], 'counterparts': [{'party': "
     "'b', 'partnerships': ['p', 'q']}], 'totals': {'paid': {'EUR': '1000', "
     "'USD': '1500000'}}}",
     "a\n"
     "as of 2018-12-31, by all that is known (position 9)\n"
     "\n"
     "partnership  stage     events  agreements  offers  money\n"
     "p            active     1,234           1       0  paid USD 1.5m\n"
     "             disputed\n"
     "\n"
     "Other parties\n"
     "  b               p, q\n"
     "\n"
     "Money\n"
     "  paid            EUR 1,000, USD 1,500,000\n"},
    {SUBJECT_PARTY,
     "{'party': 'a', " AS_OF ", 'partnerships': [], 'counterparts': [], "
     "'totals': {}}",
     "a\n"
     "as of 2018-12-31, by all that is known (position 9)\n"
     "\n"
     "No partnerships by then.\n"},
    {SUBJECT_EVENT,
     "{'event': {'seq': 3, 'rev': 2, 'recorded': 0, 'id': 'x', 'type': 'note', "
     "'title': 'X'}, 'known': '2019-12-31T23:59:59.999Z', 'superseded_by': "
     "[{'id': 'r', 'type': 'retraction', 're': 'x', 'occurred': '2019', "
     "'title': 'R'}, {'id': 'c', 'type': 'note', 'corrects': 'x', 'occurred': "
     "'2020', 'title': 'C'}], 'answered_by': [{'id': 'y', 'occurred': '2018', "
     "'title': 'Y'}], 'discloses': [{'id': 'd', 'occurred': '2001', 'title': "
     "'D'}, {'id': 'damaged'}]}",
     "X\n"
     "  id              x\n"
     "  type            note\n"
     "  retracted by    2019, R\n"
     "                  r\n"
     "  corrected by    2020, C\n"
     "                  c\n"
     "  answered by     2018, Y\n"
     "                  y\n"
     "  made public     2001, D\n"
     "                  d\n"
     "                  damaged\n"
     "  public from     2019-12-31\n"
     "  recorded        1970-01-01T00:00:00.000Z, position 3, revision 2\n"},
};

/* A list: its items are those of a JSON array. */
static const struct {
    enum subject subject;
    const char *json;
    const char *text;
} lists[] = {
    {SUBJECT_LIST, "[]", "No partnerships.\n"},
    {SUBJECT_LIST,
     "[{'partnership': 'p', 'stage': 'none', 'disputed': false, 'events': 1, "
     "'agreements': 0, 'offers': 2, 'totals': {}}]",
     "partnership  stage  events  agreements  offers  money\n"
     "p            none        1           0       2\n"
     "\n"
     "1 partnership.\n"},
    {SUBJECT_REVELATIONS, "[]", "No revelations.\n"},
    {SUBJECT_REVELATIONS,
     "[{'id': 'v', 'occurred': '2026-01', 'title': 'V', 'discloses': [{'id': "
     "'a', 'occurred': '2018', 'title': 'A'}], 'longest_lag_days': 2922}, "
     "{'id': 'w', 'occurred': '2026', 'title': 'W', 'discloses': [{'id': 'b', "
     "'occurred': '2025', 'title': 'B'}, {'id': 'damaged'}], "
     "'longest_lag_days': 1}, {'id': 'u', 'occurred': '2027', 'title': 'U', "
     "'discloses': [], 'longest_lag_days': null}]",
     "date     revelation\n"
     "2026-01  V\n"
     "         v\n"
     "         disclosed 1 event, kept quiet for 8 years\n"
     "  2018   A\n"
     "         a\n"
     "\n"
     "2026     W\n"
     "         w\n"
     "         disclosed 2 events, kept quiet for up to 1 day\n"
     "  2025   B\n"
     "         b\n"
     "         damaged\n"
     "\n"
     "2027     U\n"
     "         u\n"
     "         disclosed nothing that is in the log\n"
     "\n"
     "3 revelations.\n"},
};

/* What is written to an output, in text without colour, 72 columns wide. */
static void
check_written(enum subject subject, const char *json, bool list,
              const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct output out;
    struct mp_buf value = value_of(json);
    setenv("COLUMNS", "72", 1);
    output_init(&out, file, &format_text, false);
    if (list) {
        struct mp_reader reader = mp_reader(mp_buf_span(&value));
        for (uint32_t left = mp_array(&reader); left > 0; left--)
            output_item(&out, subject, mp_value(&reader));
        output_end(&out, subject);
    } else {
        output_document(&out, subject, mp_buf_span(&value));
    }
    output_deinit(&out);
    mp_buf_deinit(&value);
    fclose(file);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(document_reads_well)
{
    check_written(documents[_i].subject, documents[_i].json, false,
                  documents[_i].text);
}
END_TEST

START_TEST(list_reads_well)
{
    check_written(lists[_i].subject, lists[_i].json, true, lists[_i].text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client_text");
    TCase *tc = tcase_create("client_text");
    text_init();
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, pairs_are_visited_in_order, 0, COUNT(pair_cases));
    tcase_add_loop_test(tc, document_reads_well, 0, COUNT(documents));
    tcase_add_loop_test(tc, list_reads_well, 0, COUNT(lists));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
