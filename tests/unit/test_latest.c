/* SPDX-License-Identifier: MIT */
#include "daemon/latest.h"

#include <check.h>

#include "tests/unit/data_fixture.h"

static struct latest latest;

/* What was stored before a start is not told apart. */
START_TEST(partnership_without_news_is_at_the_beginning)
{
    latest_init(&latest, 70);
    ck_assert_uint_eq(latest_of(&latest, span_of("p")), 70);
    latest_note(&latest, span_of("q"), 71);
    ck_assert_uint_eq(latest_of(&latest, span_of("p")), 70);
    ck_assert_uint_eq(latest_of(&latest, span_of("q")), 71);
}
END_TEST

/* Never before the newest event of any, however many share a slot. */
START_TEST(none_is_before_its_newest_event)
{
    char slug[32];
    const uint64_t count = 4 * LATEST_SLOTS;
    latest_init(&latest, 0);
    for (uint64_t seq = 1; seq <= count; seq++) {
        snprintf(slug, sizeof slug, "p-%llu", (unsigned long long)seq);
        latest_note(&latest, span_of(slug), seq);
    }
    uint64_t exact = 0;
    for (uint64_t seq = 1; seq <= count; seq++) {
        snprintf(slug, sizeof slug, "p-%llu", (unsigned long long)seq);
        ck_assert_uint_ge(latest_of(&latest, span_of(slug)), seq);
        exact += latest_of(&latest, span_of(slug)) == seq;
    }
    ck_assert_uint_ge(exact, LATEST_SLOTS / 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("latest");
    TCase *tests = tcase_create("latest");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, partnership_without_news_is_at_the_beginning);
    tcase_add_test(tests, none_is_before_its_newest_event);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
