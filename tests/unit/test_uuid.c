/* SPDX-License-Identifier: MIT */
#include "daemon/uuid.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* RFC 9562, appendix A.6, and the ends. */
static const struct {
    int64_t time_ms;
    uint8_t random[UUID_RANDOM_SIZE];
    const char *text;
} known[] = {
    {INT64_C(0x017f22e279b0),
     {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f},
     "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
    {0, {0}, "00000000-0000-7000-8000-000000000000"},
    {INT64_C(0xffffffffffff),
     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
     "ffffffff-ffff-7fff-bfff-ffffffffffff"},
};

START_TEST(uuid_is_written_as_the_rfc_says)
{
    char text[UUID_TEXT_SIZE];
    uuid_v7(known[_i].time_ms, known[_i].random, text);
    ck_assert_str_eq(text, known[_i].text);
}
END_TEST

START_TEST(uuid_has_its_version_and_variant_whatever_the_random_bytes)
{
    uint8_t bytes[UUID_RANDOM_SIZE];
    char text[UUID_TEXT_SIZE];
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(uuid_random(bytes, sizeof bytes), sizeof bytes);
        uuid_v7(i, bytes, text);
        ck_assert_uint_eq(strlen(text), UUID_TEXT_SIZE - 1);
        ck_assert_int_eq(text[14], '7');
        ck_assert_ptr_nonnull(strchr("89ab", text[19]));
        ck_assert_uint_eq(strspn(text, "0123456789abcdef-"),
                          UUID_TEXT_SIZE - 1);
    }
}
END_TEST

START_TEST(uuid_of_a_later_millisecond_sorts_behind)
{
    uint64_t dice = random_seed("uuid");
    uint8_t all[UUID_RANDOM_SIZE], none[UUID_RANDOM_SIZE] = {0};
    char earlier[UUID_TEXT_SIZE], later[UUID_TEXT_SIZE];
    memset(all, 0xff, sizeof all);
    for (int i = 0; i < 1000; i++) {
        int64_t time_ms = (int64_t)(random_next(&dice) >> 17);
        uuid_v7(time_ms, all, earlier);
        uuid_v7(time_ms + 1, none, later);
        ck_assert_str_lt(earlier, later);
    }
}
END_TEST

START_TEST(uuid_random_fills_every_byte)
{
    uint8_t bytes[64], seen[64] = {0};
    for (int round = 0; round < 64; round++) {
        ck_assert_uint_eq(uuid_random(bytes, sizeof bytes), sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < sizeof seen; i++)
        ck_assert_uint_ne(seen[i], 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uuid");
    TCase *tests = tcase_create("uuid");
    tcase_add_loop_test(tests, uuid_is_written_as_the_rfc_says, 0,
                        COUNT_OF(known));
    tcase_add_test(tests,
                   uuid_has_its_version_and_variant_whatever_the_random_bytes);
    tcase_add_test(tests, uuid_of_a_later_millisecond_sorts_behind);
    tcase_add_test(tests, uuid_random_fills_every_byte);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
