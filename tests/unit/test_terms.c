/* SPDX-License-Identifier: MIT */
#include "daemon/terms.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define MAPS_MAX 4

/* The first map is an agreement's, the others are of amendments; "" is an
 * event without terms. */
static const struct {
    const char *maps[MAPS_MAX];
    const char *merged;
} merges[] = {
    {{NULL}, "{}"},
    {{""}, "{}"},
    {{"{}"}, "{}"},
    {{"{'b':1,'a':2}"}, "{'a':2,'b':1}"},
    {{"{'a':1}", "{'a':2}"}, "{'a':2}"},
    {{"{'a':1}", "", "{'b':2}", "{'a':3}"}, "{'a':3,'b':2}"},
    {{"{'a':1,'b':2}", "{'a':!nil}"}, "{'b':2}"},
    {{"{'a':1}", "{'a':!nil}", "{'a':2}"}, "{'a':2}"},
    {{"{'a':1}", "{'a':2}", "{'a':!nil}"}, "{}"},
    {{"{'a':1}", "{'c':!nil}"}, "{'a':1}"},
    {{"{'a':!nil}"}, "{'a':!nil}"},
    {{"{'a':!nil}", "{'a':1}"}, "{'a':1}"},
    {{"{'a':1}", "{'a':{'x':!nil}}"}, "{'a':{'x':!nil}}"},
    {{"{'effective':'2017','a':1}", "{'effective':!nil}"}, "{'a':1}"},
    {{"{'effective2':1}"}, "{'effective2':1}"},
    {{"{'ab':1,'a':2,'b':3}"}, "{'a':2,'ab':1,'b':3}"},
    {{"{'a':[1,{'z':1,'y':2}]}"}, "{'a':[1,{'z':1,'y':2}]}"},
    {{"{'a':<cd0001>}"}, "{'a':<cd0001>}"},
    {{"5"}, "{}"},
};

static void
merge(struct terms *terms, struct mp_buf bufs[MAPS_MAX],
      const char *const maps[MAPS_MAX])
{
    for (int i = 0; i < MAPS_MAX && maps[i] != NULL; i++) {
        struct span map = {0};
        if (maps[i][0] != '\0') {
            bufs[i] = encoded(maps[i]);
            map = mp_buf_span(&bufs[i]);
        }
        terms_merge(terms, map, i > 0);
    }
    terms_settle(terms);
}

static void
assert_put(const struct terms *terms, const char *notation)
{
    struct mp_buf got = {0}, want = encoded(notation);
    terms_put(&got, terms);
    /* containers of the notation have long headers, those of terms need not */
    struct mp_reader left = mp_reader(mp_buf_span(&got));
    struct mp_reader right = mp_reader(mp_buf_span(&want));
    ck_assert_uint_eq(mp_map(&left), mp_map(&right));
    ck_assert(!left.failed);
    ck_assert(!right.failed);
    struct span rest_left = {left.at, (size_t)(left.end - left.at)};
    struct span rest_right = {right.at, (size_t)(right.end - right.at)};
    ck_assert_msg(span_equal(rest_left, rest_right), "%s", notation);
    mp_buf_deinit(&got);
    mp_buf_deinit(&want);
}

START_TEST(terms_merge_one_after_the_other)
{
    struct terms terms = {0};
    struct mp_buf bufs[MAPS_MAX] = {0};
    merge(&terms, bufs, merges[_i].maps);
    ck_assert(!terms.failed);
    assert_put(&terms, merges[_i].merged);
    terms_deinit(&terms);
    for (int i = 0; i < MAPS_MAX; i++)
        mp_buf_deinit(&bufs[i]);
}
END_TEST

/* The agreements' own terms, merged into those of the partnership. */
START_TEST(terms_of_later_agreements_win)
{
    static const char *const first[MAPS_MAX] = {"{'a':1,'b':1,'c':1}",
                                                "{'c':!nil}"};
    static const char *const second[MAPS_MAX] = {"{'b':2,'d':!nil}",
                                                 "{'a':!nil}"};
    struct terms terms[2] = {0}, all = {0};
    struct mp_buf bufs[2][MAPS_MAX] = {0};
    merge(&terms[0], bufs[0], first);
    merge(&terms[1], bufs[1], second);
    terms_merge_all(&all, &terms[0]);
    terms_merge_all(&all, &terms[1]);
    terms_settle(&all);
    /* what an amendment takes from one agreement stays in another's */
    assert_put(&all, "{'a':1,'b':2,'d':!nil}");
    terms_deinit(&all);
    for (int i = 0; i < 2; i++) {
        terms_deinit(&terms[i]);
        for (int k = 0; k < MAPS_MAX; k++)
            mp_buf_deinit(&bufs[i][k]);
    }
}
END_TEST

#define KEY_COUNT 1000u

START_TEST(terms_keep_the_last_of_many)
{
    struct terms terms = {0};
    struct mp_buf maps[3] = {0};
    char key[16];
    for (uint32_t i = 0; i < 3; i++) {
        mp_put_map(&maps[i], KEY_COUNT);
        for (uint32_t k = 0; k < KEY_COUNT; k++) {
            snprintf(key, sizeof key, "k%u", (k * 7 + i) % KEY_COUNT);
            mp_put_text(&maps[i], key);
            mp_put_uint(&maps[i], i);
        }
        terms_merge(&terms, mp_buf_span(&maps[i]), i > 0);
    }
    terms_settle(&terms);
    ck_assert_uint_eq(terms.size, KEY_COUNT);
    for (size_t i = 0; i < terms.size; i++) {
        struct mp_reader value = mp_reader(terms.items[i].value);
        ck_assert_uint_eq(mp_uint(&value), 2);
        if (i > 0)
            ck_assert_int_lt(
                span_compare(terms.items[i - 1].key, terms.items[i].key), 0);
    }
    terms_deinit(&terms);
    for (int i = 0; i < 3; i++)
        mp_buf_deinit(&maps[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("terms");
    TCase *tests = tcase_create("terms");
    tcase_add_loop_test(tests, terms_merge_one_after_the_other, 0,
                        COUNT_OF(merges));
    tcase_add_test(tests, terms_of_later_agreements_win);
    tcase_add_test(tests, terms_keep_the_last_of_many);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
