/* SPDX-License-Identifier: MIT */
/* portfolio, party, diff and revelations against the model. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"
#include "tests/system/model_log.h"

#define SECONDS_MAX 300
#define EVENT_COUNT 200
#define QUESTION_COUNT 500

static struct model_log random_log;

static void
begin(void)
{
    fixture_begin();
    model_log_init(&random_log);
    model_log_grow(&random_log, fixture.wire, EVENT_COUNT);
}

static void
end(void)
{
    model_log_deinit(&random_log);
    fixture_end();
}

/* The whole of a paged answer: the array under `key` of all pages. */
static json_t *
pages(const char *method, json_t *arguments, const char *key)
{
    json_t *all = json_array();
    json_auto_t *asked = json_copy(arguments);
    json_object_set_new(
        asked, "limit",
        json_integer(1 + (json_int_t)random_below(&random_log.dice, 10)));
    bool more = true;
    while (more) {
        json_auto_t *page = expect_ok_json(fixture.wire, method, asked);
        json_array_extend(all, json_object_get(page, key));
        json_t *cursor = json_object_get(page, "cursor");
        ck_assert_ptr_nonnull(cursor);
        more = !json_is_null(cursor);
        json_object_set(asked, "cursor", cursor);
    }
    return all;
}

/* Equal but for the order of keys, which the protocol leaves open here. */
static void
compare(const char *method, const json_t *arguments, const json_t *actual,
        const json_t *expected)
{
    if (json_equal(actual, expected) != 1)
        model_log_compare(&random_log, method, arguments, actual, expected);
}

START_TEST(portfolios_are_the_models)
{
    for (int i = 0; i < QUESTION_COUNT; i++) {
        struct model_asof asof;
        json_auto_t *arguments = json_object();
        const char *party = NULL;
        if (random_chance(&random_log.dice, 60)) {
            party = random_party(&random_log.dice);
            json_object_set_new(arguments, "party", json_string(party));
        }
        model_log_ask_asof(&random_log, arguments, &asof);
        json_auto_t *actual = pages("portfolio", arguments, "partnerships");
        json_auto_t *expected = model_portfolio(random_log.model, party, &asof);
        compare("portfolio", arguments, actual, expected);
    }
}
END_TEST

START_TEST(parties_are_the_models)
{
    for (int i = 0; i < QUESTION_COUNT; i++) {
        struct model_asof asof;
        const char *party = random_party(&random_log.dice);
        json_auto_t *arguments = json_pack("{s:s}", "party", party);
        model_log_ask_asof(&random_log, arguments, &asof);
        json_auto_t *message = wire_call(fixture.wire, "party", arguments);
        if (!model_has_party(random_log.model, party)) {
            expect_error_in(message, "not_found");
            continue;
        }
        json_auto_t *expected = model_party(random_log.model, party, &asof);
        compare("party", arguments, json_array_get(message, 3), expected);
    }
}
END_TEST

START_TEST(diffs_are_the_models)
{
    for (int i = 0; i < QUESTION_COUNT; i++) {
        struct model_asof before;
        struct model_asof after;
        const char *slug = random_partnership(&random_log.dice);
        json_t *first = json_object();
        json_t *second = json_object();
        json_auto_t *arguments =
            json_pack("{s:s, s:o, s:o}", "partnership", slug, "before", first,
                      "after", second);
        model_log_ask_asof(&random_log, first, &before);
        model_log_ask_asof(&random_log, second, &after);
        json_auto_t *message = wire_call(fixture.wire, "diff", arguments);
        if (!model_has_partnership(random_log.model, slug)) {
            expect_error_in(message, "not_found");
            continue;
        }
        json_auto_t *expected =
            model_diff(random_log.model, slug, &before, &after);
        compare("diff", arguments, json_array_get(message, 3), expected);
    }
}
END_TEST

START_TEST(revelations_are_the_models)
{
    static const char *const slugs[] = {"alpha", "beta", "gamma-2", NULL};
    for (size_t i = 0; i < sizeof(slugs) / sizeof(slugs[0]); i++) {
        if (slugs[i] != NULL &&
            !model_has_partnership(random_log.model, slugs[i]))
            continue;
        json_auto_t *arguments = json_object();
        if (slugs[i] != NULL)
            json_object_set_new(arguments, "partnership",
                                json_string(slugs[i]));
        json_auto_t *actual = pages("revelations", arguments, "revelations");
        json_auto_t *expected = model_revelations(random_log.model, slugs[i]);
        compare("revelations", arguments, actual, expected);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("model of projections");
    TCase *tests = tcase_create("random logs");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, portfolios_are_the_models);
    tcase_add_test(tests, parties_are_the_models);
    tcase_add_test(tests, diffs_are_the_models);
    tcase_add_test(tests, revelations_are_the_models);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
