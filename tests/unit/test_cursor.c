/* SPDX-License-Identifier: MIT */
#include "daemon/cursor.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct cursor cursors[] = {
    {{0, 0, 0}, {0, 0, 0}, 0},
    {{INT64_C(1511222400000), EDTF_PLUS_INFINITY, 7},
     {INT64_C(-62167219200000), EDTF_MINUS_INFINITY, 3},
     UINT64_C(0x0123456789abcdef)},
    {{INT64_MAX, INT64_MAX, UINT64_MAX},
     {INT64_MAX, INT64_MAX, UINT64_MAX},
     UINT64_MAX},
    {{INT64_MIN, INT64_MIN, 1}, {INT64_MIN, INT64_MIN, 1}, 1},
    {{-1, 1, 2}, {-3, -4, 5}, 6},
};

/* The text of a cursor, which borrows from the buffer. */
static struct span
put(struct mp_buf *buf, const struct cursor *cursor)
{
    cursor_put(buf, cursor);
    struct mp_reader reader = mp_reader(mp_buf_span(buf));
    struct span text = mp_str(&reader);
    ck_assert(!reader.failed);
    ck_assert_uint_eq(text.size, CURSOR_TEXT_SIZE);
    return text;
}

START_TEST(cursor_comes_back_as_it_was)
{
    const struct cursor *want = &cursors[_i];
    struct mp_buf buf = {0};
    struct cursor got;
    ck_assert(cursor_read(put(&buf, want), &got));
    ck_assert_int_eq(got.asof.at, want->asof.at);
    ck_assert_int_eq(got.asof.known, want->asof.known);
    ck_assert_uint_eq(got.asof.seq, want->asof.seq);
    ck_assert_int_eq(got.place.t, want->place.t);
    ck_assert_int_eq(got.place.start_lo, want->place.start_lo);
    ck_assert_uint_eq(got.place.seq, want->place.seq);
    ck_assert_uint_eq(got.arguments, want->arguments);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(cursor_with_any_byte_changed_is_refused)
{
    struct mp_buf buf = {0};
    struct span text = put(&buf, &cursors[_i]);
    uint8_t changed[CURSOR_TEXT_SIZE];
    for (size_t at = 0; at < text.size; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            struct cursor cursor;
            memcpy(changed, text.data, sizeof changed);
            changed[at] = (uint8_t)byte;
            bool read =
                cursor_read((struct span){changed, sizeof changed}, &cursor);
            if (read != (byte == text.data[at]))
                ck_abort_msg("byte %zu as %02x", at, byte);
        }
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(cursor_of_another_length_is_refused)
{
    struct mp_buf buf = {0};
    struct span text = put(&buf, &cursors[1]);
    struct cursor cursor;
    uint8_t longer[CURSOR_TEXT_SIZE + 2];
    memset(longer, '0', sizeof longer);
    memcpy(longer, text.data, text.size);
    for (size_t size = 0; size <= sizeof longer; size++)
        ck_assert(cursor_read((struct span){longer, size}, &cursor) ==
                  (size == CURSOR_TEXT_SIZE));
    ck_assert(!cursor_read((struct span){0}, &cursor));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(cursor_made_of_chance_is_refused)
{
    uint64_t dice = random_seed("cursor");
    uint8_t text[CURSOR_TEXT_SIZE];
    struct cursor cursor;
    for (int i = 0; i < 10000; i++) {
        for (size_t at = 0; at < sizeof text; at++)
            text[at] = (uint8_t) "0123456789abcdef"[random_below(&dice, 16)];
        memset(text + sizeof text - 4, '0', 3); /* the version, 1 */
        text[sizeof text - 1] = '1';
        ck_assert(!cursor_read((struct span){text, sizeof text}, &cursor));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cursor");
    TCase *tests = tcase_create("cursor");
    tcase_add_loop_test(tests, cursor_comes_back_as_it_was, 0,
                        COUNT_OF(cursors));
    tcase_add_loop_test(tests, cursor_with_any_byte_changed_is_refused, 0,
                        COUNT_OF(cursors));
    tcase_add_test(tests, cursor_of_another_length_is_refused);
    tcase_add_test(tests, cursor_made_of_chance_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
