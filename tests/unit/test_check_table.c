/* SPDX-License-Identifier: MIT */
#include "daemon/check_table.h"

#include <check.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/unit/data_fixture.h"

/* Several times more than the table begins with. */
#define NAMES ((uint64_t)20000)

static struct check_table *
make(void)
{
    struct check_table *table = NULL;
    struct diag_reason reason = {""};
    ck_assert_msg(check_table_new(&table, &reason) == 0, "%s", reason.text);
    return table;
}

static struct span
name_of(uint64_t number, char text[32])
{
    int size = snprintf(text, 32, "name-%" PRIu64, number);
    return (struct span){(const uint8_t *)text, (size_t)size};
}

START_TEST(names_are_found_again_after_it_grew)
{
    struct check_table *table = make();
    struct diag_reason reason = {""};
    char text[32];
    for (uint64_t i = 0; i < NAMES; i++) {
        ck_assert_ptr_null(check_table_find(table, name_of(i, text)));
        struct check_entry *entry =
            check_table_get(table, name_of(i, text), &reason);
        ck_assert_msg(entry != NULL, "%s", reason.text);
        ck_assert_uint_eq(entry->seq, 0);
        ck_assert_uint_eq(entry->number, 0);
        entry->seq = i + 1;
        entry->number = 3 * i;
        ck_assert_uint_eq(check_table_count(table), i + 1);
    }
    for (uint64_t i = 0; i < NAMES; i++) {
        const struct check_entry *entry =
            check_table_find(table, name_of(i, text));
        ck_assert_ptr_nonnull(entry);
        ck_assert_uint_eq(entry->seq, i + 1);
        ck_assert_uint_eq(entry->number, 3 * i);
        ck_assert_ptr_eq(check_table_get(table, name_of(i, text), &reason),
                         entry);
    }
    ck_assert_uint_eq(check_table_count(table), NAMES);
    check_table_free(table);
}
END_TEST

START_TEST(names_differ_by_every_byte_and_their_length)
{
    static const char *const names[] = {"", "a", "b", "aa", "ab", "ba", "a "};
    struct check_table *table = make();
    struct diag_reason reason = {""};
    for (uint64_t i = 0; i < sizeof names / sizeof *names; i++)
        check_table_get(table, span_of(names[i]), &reason)->seq = i + 1;
    for (uint64_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_uint_eq(check_table_find(table, span_of(names[i]))->seq,
                          i + 1);
    check_table_free(table);
}
END_TEST

/* What is there stays there, and more is told to have no room. */
START_TEST(no_room_is_told)
{
    struct check_table *table = make();
    struct diag_reason reason = {""};
    struct rlimit limit = {.rlim_cur = 1 << 16, .rlim_max = RLIM_INFINITY};
    char text[32];
    uint64_t stored = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    while (stored < NAMES &&
           check_table_get(table, name_of(stored, text), &reason) != NULL)
        stored++;
    ck_assert_uint_gt(stored, 0);
    ck_assert_uint_lt(stored, NAMES);
    ck_assert_msg(strstr(reason.text, "set TMPDIR") != NULL, "%s", reason.text);
    for (uint64_t i = 0; i < stored; i++)
        ck_assert_ptr_nonnull(check_table_find(table, name_of(i, text)));
    check_table_free(table);
}
END_TEST

START_TEST(place_that_is_none_is_told)
{
    struct check_table *table = NULL;
    struct diag_reason reason = {""};
    ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    ck_assert_int_ne(check_table_new(&table, &reason), 0);
    ck_assert_ptr_null(table);
    ck_assert_msg(strstr(reason.text, "/nowhere") != NULL, "%s", reason.text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("check_table");
    TCase *tests = tcase_create("check_table");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, names_are_found_again_after_it_grew);
    tcase_add_test(tests, names_differ_by_every_byte_and_their_length);
    tcase_add_test(tests, no_room_is_told);
    tcase_add_test(tests, place_that_is_none_is_told);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
