/* SPDX-License-Identifier: MIT */
/* What is found by words, whatever the case. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/caseless.h"
#include "client/json.h"
#include "client/text.h"
#include "client/wanted.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *whole, *part;
    bool found;
} caseless_cases[] = {
    {"Microsoft and OpenAI", "openai", true},
    {"Microsoft and OpenAI", "OPENAI", true},
    {"Microsoft and OpenAI", "open ai", false},
    {"", "", true},
    {"", "a", false},
    {"a", "", true},
    {"abab", "bab", true},
    /* beyond ASCII: e acute, the sigmas, long s, cyrillic */
    {"\xc3\x89mile", "\xc3\xa9mile", true},
    {"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
     "\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83", true},
    {"Pro\xc5\xbf"
     "eco",
     "proseco", true},
    {"\xd0\x9c\xd0\xb8\xd1\x80", "\xd0\xbc\xd0\x98\xd1\x80", true},
    /* an accent counts */
    {"\xc3\x89mile", "emile", false},
    /* white space is one space */
    {"one\n\ttwo", "One Two", true},
    {"one\xc2\xa0two", "one two", false},    /* a no-break space is none */
    {"one\xe2\x80\x89two", "one two", true}, /* a thin space is one */
    {"one  two", "one   two", true},
    /* bytes that are no text do no harm */
    {"a\xff"
     "b",
     "b", true},
};

START_TEST(case_and_space_do_not_count)
{
    struct mp_buf whole = {0}, part = {0};
    text_init();
    caseless_put(&whole, span_of(caseless_cases[_i].whole));
    caseless_put(&part, span_of(caseless_cases[_i].part));
    ck_assert_msg(caseless_has(mp_buf_span(&whole), mp_buf_span(&part)) ==
                      caseless_cases[_i].found,
                  "\"%s\" in \"%s\"", caseless_cases[_i].part,
                  caseless_cases[_i].whole);
    mp_buf_deinit(&whole);
    mp_buf_deinit(&part);
}
END_TEST

/* --- events ---------------------------------------------------------------*/

static const char event_json[] =
    "{\"id\":\"hidden\",\"title\":\"The Call\",\"summary\":\"Two\\nlines\","
    "\"people\":[\"Ada Lovelace\",\"Bo\"],\"sources\":[{\"kind\":\"news\","
    "\"title\":\"Gazette\"},{\"url\":\"https://example.org/Call\"}]}";

static const struct {
    enum wanted_place place[2];
    const char *text[2]; /* NULL: one only */
    bool is;
} wanted_cases[] = {
    {{WANTED_ANYWHERE}, {"the call"}, true},
    {{WANTED_ANYWHERE}, {"two lines"}, true},
    {{WANTED_ANYWHERE}, {"lovelace"}, true},
    {{WANTED_ANYWHERE}, {"gazette"}, true},
    {{WANTED_ANYWHERE}, {"EXAMPLE.ORG"}, true},
    {{WANTED_ANYWHERE}, {"hidden"}, false},
    {{WANTED_ANYWHERE}, {"the call two"}, false}, /* across two texts */
    {{WANTED_ANYWHERE}, {"lovelace bo"}, false},
    {{WANTED_ANYWHERE}, {"news gazette"}, false},
    {{WANTED_PERSON}, {"ada"}, true},
    {{WANTED_PERSON}, {"call"}, false},
    {{WANTED_SOURCE}, {"call"}, true},
    {{WANTED_SOURCE}, {"ada"}, false},
    {{WANTED_PERSON, WANTED_PERSON}, {"ada", "bo"}, true},
    {{WANTED_PERSON, WANTED_PERSON}, {"ada", "cy"}, false},
    {{WANTED_ANYWHERE, WANTED_SOURCE}, {"ada", "news"}, true},
    {{WANTED_ANYWHERE, WANTED_SOURCE}, {"ada", "olds"}, false},
};

START_TEST(every_text_must_be_at_its_place)
{
    struct wanted wanted = {0};
    struct mp_buf event = {0};
    struct json_fault fault;
    text_init();
    ck_assert(json_read(span_of(event_json), &event, &fault));
    for (int i = 0; i < 2 && wanted_cases[_i].text[i] != NULL; i++)
        ck_assert(wanted_add(&wanted, wanted_cases[_i].place[i],
                             wanted_cases[_i].text[i]));
    for (int again = 0; again < 2; again++)
        ck_assert_msg(wanted_is(&wanted, mp_buf_span(&event)) ==
                          wanted_cases[_i].is,
                      "%s", wanted_cases[_i].text[0]);
    wanted_deinit(&wanted);
    mp_buf_deinit(&event);
}
END_TEST

START_TEST(event_without_any_text_is_wanted_by_none)
{
    struct wanted wanted = {0};
    struct mp_buf event = {0};
    mp_put_map(&event, 0);
    ck_assert(wanted_is(&wanted, mp_buf_span(&event)));
    ck_assert(wanted_add(&wanted, WANTED_PERSON, "a"));
    ck_assert(!wanted_is(&wanted, mp_buf_span(&event)));
    wanted_deinit(&wanted);
    mp_buf_deinit(&event);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client wanted");
    TCase *tcase = tcase_create("wanted");
    tcase_add_loop_test(tcase, case_and_space_do_not_count, 0,
                        COUNT(caseless_cases));
    tcase_add_loop_test(tcase, every_text_must_be_at_its_place, 0,
                        COUNT(wanted_cases));
    tcase_add_test(tcase, event_without_any_text_is_wanted_by_none);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
