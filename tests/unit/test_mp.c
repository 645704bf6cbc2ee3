/* SPDX-License-Identifier: MIT */
#include "proto/mp.h"

#include <check.h>
#include <stdlib.h>

#define BYTES(literal)                                                         \
    {                                                                          \
        (const uint8_t *)(literal), sizeof(literal) - 1                        \
    }
#define SPAN(literal) ((struct span)BYTES(literal))
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- reading one token ----------------------------------------------------*/

static const struct {
    struct span bytes;
    struct mp_token token;
} tokens[] = {
    {BYTES("\xc0"), {.kind = MP_NIL}},
    {BYTES("\xc2"), {.kind = MP_BOOL}},
    {BYTES("\xc3"), {.kind = MP_BOOL, .truth = true}},
    {BYTES("\x00"), {.kind = MP_INT}},
    {BYTES("\x7f"), {.kind = MP_INT, .magnitude = 127}},
    {BYTES("\xff"), {.kind = MP_INT, .negative = true, .magnitude = 1}},
    {BYTES("\xe0"), {.kind = MP_INT, .negative = true, .magnitude = 32}},
    {BYTES("\xcc\xff"), {.kind = MP_INT, .magnitude = 255}},
    {BYTES("\xcd\x01\x02"), {.kind = MP_INT, .magnitude = 0x102}},
    {BYTES("\xce\xff\xff\xff\xff"), {.kind = MP_INT, .magnitude = UINT32_MAX}},
    {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
     {.kind = MP_INT, .magnitude = UINT64_MAX}},
    {BYTES("\xd0\x05"), {.kind = MP_INT, .magnitude = 5}},
    {BYTES("\xd0\x80"), {.kind = MP_INT, .negative = true, .magnitude = 128}},
    {BYTES("\xd1\xff\xfe"), {.kind = MP_INT, .negative = true, .magnitude = 2}},
    {BYTES("\xd2\x80\x00\x00\x00"),
     {.kind = MP_INT, .negative = true, .magnitude = 0x80000000u}},
    {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
     {.kind = MP_INT, .negative = true, .magnitude = (uint64_t)1 << 63}},
    {BYTES("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"),
     {.kind = MP_INT, .magnitude = INT64_MAX}},
    {BYTES("\xca\x3f\xc0\x00\x00"), {.kind = MP_FLOAT, .real = 1.5}},
    {BYTES("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00"),
     {.kind = MP_FLOAT, .real = -1.5}},
    {BYTES("\xa0"), {.kind = MP_STR, .body = BYTES("")}},
    {BYTES("\xa2hi"), {.kind = MP_STR, .body = BYTES("hi")}},
    {BYTES("\xd9\x02hi"), {.kind = MP_STR, .body = BYTES("hi")}},
    {BYTES("\xda\x00\x02hi"), {.kind = MP_STR, .body = BYTES("hi")}},
    {BYTES("\xdb\x00\x00\x00\x02hi"), {.kind = MP_STR, .body = BYTES("hi")}},
    {BYTES("\xc4\x01z"), {.kind = MP_BIN, .body = BYTES("z")}},
    {BYTES("\xc5\x00\x01z"), {.kind = MP_BIN, .body = BYTES("z")}},
    {BYTES("\xc6\x00\x00\x00\x01z"), {.kind = MP_BIN, .body = BYTES("z")}},
    {BYTES("\xc7\x02\xfexy"),
     {.kind = MP_EXT, .ext_type = -2, .body = BYTES("xy")}},
    {BYTES("\xc8\x00\x00\x01"),
     {.kind = MP_EXT, .ext_type = 1, .body = BYTES("")}},
    {BYTES("\xc9\x00\x00\x00\x01\x01x"),
     {.kind = MP_EXT, .ext_type = 1, .body = BYTES("x")}},
    {BYTES("\xd4\x05x"), {.kind = MP_EXT, .ext_type = 5, .body = BYTES("x")}},
    {BYTES("\xd5\x05xy"), {.kind = MP_EXT, .ext_type = 5, .body = BYTES("xy")}},
    {BYTES("\xd6\x05wxyz"),
     {.kind = MP_EXT, .ext_type = 5, .body = BYTES("wxyz")}},
    {BYTES("\xd7\x05stuvwxyz"),
     {.kind = MP_EXT, .ext_type = 5, .body = BYTES("stuvwxyz")}},
    {BYTES("\xd8\x05klmnopqrstuvwxyz"),
     {.kind = MP_EXT, .ext_type = 5, .body = BYTES("klmnopqrstuvwxyz")}},
    {BYTES("\x90"), {.kind = MP_ARRAY}},
    {BYTES("\x9f"), {.kind = MP_ARRAY, .count = 15}},
    {BYTES("\xdc\x01\x00"), {.kind = MP_ARRAY, .count = 256}},
    {BYTES("\xdd\xff\xff\xff\xff"), {.kind = MP_ARRAY, .count = UINT32_MAX}},
    {BYTES("\x80"), {.kind = MP_MAP}},
    {BYTES("\x8f"), {.kind = MP_MAP, .count = 15}},
    {BYTES("\xde\x01\x00"), {.kind = MP_MAP, .count = 256}},
    {BYTES("\xdf\x00\x01\x00\x00"), {.kind = MP_MAP, .count = 65536}},
};

START_TEST(mp_next_reads_each_format)
{
    const struct mp_token *wanted = &tokens[_i].token;
    struct mp_reader reader = mp_reader(tokens[_i].bytes);
    ck_assert_int_eq(mp_peek(&reader), wanted->kind);
    struct mp_token token = mp_next(&reader);
    ck_assert(!reader.failed);
    ck_assert_ptr_eq(reader.at, reader.end);
    ck_assert_int_eq(token.kind, wanted->kind);
    ck_assert_int_eq(token.truth, wanted->truth);
    ck_assert_int_eq(token.negative, wanted->negative);
    ck_assert_uint_eq(token.magnitude, wanted->magnitude);
    ck_assert_double_eq(token.real, wanted->real);
    ck_assert_int_eq(token.ext_type, wanted->ext_type);
    ck_assert(span_equal(token.body, wanted->body));
    ck_assert_uint_eq(token.count, wanted->count);
}
END_TEST

/* A copy on the heap has no byte behind its end that could be read unseen. */
START_TEST(mp_next_fails_on_each_prefix)
{
    struct span bytes = tokens[_i].bytes;
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *prefix = malloc(size > 0 ? size : 1);
        memcpy(prefix, bytes.data, size);
        struct mp_reader reader = mp_reader((struct span){prefix, size});
        struct mp_token token = mp_next(&reader);
        ck_assert(reader.failed);
        ck_assert_int_eq(token.kind, MP_NIL);
        ck_assert_ptr_null(token.body.data);
        free(prefix);
    }
}
END_TEST

START_TEST(an_error_is_sticky)
{
    struct mp_reader reader = mp_reader(SPAN("\xc1\x05\xa1x\x91\xc0"));
    ck_assert_int_eq(mp_peek(&reader), MP_NIL);
    ck_assert_int_eq(mp_next(&reader).kind, MP_NIL);
    ck_assert(reader.failed);
    ck_assert_uint_eq(mp_uint(&reader), 0);
    ck_assert_int_eq(mp_int(&reader), 0);
    ck_assert_ptr_null(mp_str(&reader).data);
    ck_assert_uint_eq(mp_array(&reader), 0);
    ck_assert_uint_eq(mp_map(&reader), 0);
    ck_assert_ptr_null(mp_value(&reader).data);
    ck_assert_int_eq(mp_peek(&reader), MP_NIL);
}
END_TEST

START_TEST(an_absent_span_reads_as_an_error)
{
    struct mp_reader reader = mp_reader((struct span){0});
    ck_assert(reader.failed);
    ck_assert_int_eq(mp_next(&reader).kind, MP_NIL);
}
END_TEST

START_TEST(a_typed_read_refuses_another_kind)
{
    struct mp_reader reader = mp_reader(SPAN("\xff"));
    ck_assert_uint_eq(mp_uint(&reader), 0);
    ck_assert(reader.failed);
    reader = mp_reader(SPAN("\xc4\x01z"));
    ck_assert_ptr_null(mp_str(&reader).data);
    ck_assert(reader.failed);
    reader = mp_reader(SPAN("\x91\x01"));
    ck_assert_uint_eq(mp_map(&reader), 0);
    ck_assert(reader.failed);
    reader = mp_reader(SPAN("\x81\x01\x01"));
    ck_assert_uint_eq(mp_array(&reader), 0);
    ck_assert(reader.failed);
}
END_TEST

static const struct {
    struct span bytes;
    bool good;
    int64_t number;
} integers[] = {
    {BYTES("\x05"), true, 5},
    {BYTES("\xff"), true, -1},
    {BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), true, INT64_MAX},
    {BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), false, 0},
    {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), true, INT64_MIN},
    {BYTES("\xca\x3f\x80\x00\x00"), false, 0},
};

START_TEST(mp_int_reads_what_fits)
{
    struct mp_reader reader = mp_reader(integers[_i].bytes);
    ck_assert_int_eq(mp_int(&reader), integers[_i].number);
    ck_assert_int_eq(!reader.failed, integers[_i].good);
}
END_TEST

/* --- whole values ---------------------------------------------------------*/

static const struct {
    const char *name;
    struct span bytes;
    size_t size; /* 0: fails */
} values[] = {
    {"scalar before others", BYTES("\x01\x02"), 1},
    {"nested", BYTES("\x92\x81\xa1k\x91\xc0\xc4\x01z\x07"), 9},
    {"ext in a map", BYTES("\x81\x01\xc7\x01\x05x\x07"), 6},
    {"empty map", BYTES("\x80"), 1},
    {"missing element", BYTES("\x92\x01"), 0},
    {"missing value", BYTES("\x81\x01"), 0},
    {"missing ext type", BYTES("\xc7\x00"), 0},
    {"four billion elements", BYTES("\xdd\xff\xff\xff\xff\x01"), 0},
    {"0xc1 inside", BYTES("\x92\x01\xc1"), 0},
    {"nothing", BYTES(""), 0},
};

START_TEST(mp_value_takes_one_whole_value)
{
    struct mp_reader reader = mp_reader(values[_i].bytes);
    struct span value = mp_value(&reader);
    ck_assert_msg(value.size == values[_i].size, "%s", values[_i].name);
    ck_assert_int_eq(reader.failed, values[_i].size == 0);
    if (!reader.failed)
        ck_assert_ptr_eq(value.data, values[_i].bytes.data);
}
END_TEST

/* Whatever it is; but there has to be something. */
START_TEST(mp_last_takes_what_is_left)
{
    struct mp_reader reader = mp_reader(SPAN("\x92\x01\x91\x02"));
    ck_assert_uint_eq(mp_array(&reader), 2);
    ck_assert_uint_eq(mp_uint(&reader), 1);
    ck_assert(span_equal(mp_last(&reader), SPAN("\x91\x02")));
    ck_assert(!reader.failed);
    ck_assert_uint_eq(mp_last(&reader).size, 0);
    ck_assert(reader.failed);
    ck_assert_ptr_null(mp_last(&reader).data);
}
END_TEST

START_TEST(mp_value_needs_no_stack_for_depth)
{
    size_t depth = (size_t)1 << 20;
    uint8_t *bytes = malloc(depth + 1);
    memset(bytes, 0x91, depth);
    bytes[depth] = 0xc0;
    struct mp_reader reader = mp_reader((struct span){bytes, depth + 1});
    ck_assert_uint_eq(mp_value(&reader).size, depth + 1);
    free(bytes);
}
END_TEST

START_TEST(mp_get_finds_a_key)
{
    /* {1: "x", "a": 7, "b": "yes", "c": nil} */
    struct span map = SPAN("\x84\x01\xa1x\xa1\x61\x07\xa1\x62\xa3yes\xa1\x63"
                           "\xc0");
    ck_assert(span_equal(mp_get(map, "a"), SPAN("\x07")));
    ck_assert_uint_eq(mp_get_uint(map, "a"), 7);
    ck_assert(span_is(mp_get_str(map, "b"), "yes"));
    ck_assert(span_equal(mp_get(map, "c"), SPAN("\xc0")));
    ck_assert_ptr_null(mp_get(map, "d").data);
    ck_assert_ptr_null(mp_get(map, "x").data);
    ck_assert_ptr_null(mp_get_str(map, "a").data);
    ck_assert_uint_eq(mp_get_uint(map, "b"), 0);
    ck_assert_ptr_null(mp_get(SPAN("\x92\xa1\x61\x07"), "a").data);
    ck_assert_ptr_null(mp_get(SPAN("\x81\xa1\x61"), "a").data);
}
END_TEST

/* --- writing --------------------------------------------------------------*/

static const struct {
    int64_t number;
    struct span bytes;
} written[] = {
    {0, BYTES("\x00")},
    {127, BYTES("\x7f")},
    {128, BYTES("\xcc\x80")},
    {256, BYTES("\xcd\x01\x00")},
    {65536, BYTES("\xce\x00\x01\x00\x00")},
    {(int64_t)1 << 32, BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
    {-1, BYTES("\xff")},
    {-32, BYTES("\xe0")},
    {-33, BYTES("\xd0\xdf")},
    {-129, BYTES("\xd1\xff\x7f")},
    {-32769, BYTES("\xd2\xff\xff\x7f\xff")},
    {INT64_MIN, BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00")},
};

START_TEST(integers_take_the_fewest_bytes)
{
    struct mp_buf buf = {0};
    mp_put_int(&buf, written[_i].number);
    ck_assert(span_equal(mp_buf_span(&buf), written[_i].bytes));
    if (written[_i].number >= 0) {
        mp_buf_clear(&buf);
        mp_put_uint(&buf, (uint64_t)written[_i].number);
        ck_assert(span_equal(mp_buf_span(&buf), written[_i].bytes));
    }
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(each_put_writes_its_format)
{
    static const char wanted[] = "\xc0\xc2\xc3\xcb\x3f\xf8\0\0\0\0\0\0"
                                 "\xa2hi\xa0\xc4\x01z\x92\x81\x05";
    struct mp_buf buf = {0};
    mp_put_nil(&buf);
    mp_put_bool(&buf, false);
    mp_put_bool(&buf, true);
    mp_put_double(&buf, 1.5);
    mp_put_text(&buf, "hi");
    mp_put_str(&buf, (struct span){0});
    mp_put_bin(&buf, SPAN("z"));
    mp_put_array(&buf, 2);
    mp_put_map(&buf, 1);
    mp_put_raw(&buf, SPAN("\x05"));
    ck_assert(!buf.failed);
    ck_assert(span_equal(mp_buf_span(&buf), SPAN(wanted)));
    mp_buf_deinit(&buf);
    ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(a_container_is_closed_with_its_count)
{
    struct mp_buf buf = {0};
    size_t map = mp_open_map(&buf);
    mp_put_text(&buf, "k");
    size_t array = mp_open_array(&buf);
    mp_put_uint(&buf, 1);
    mp_put_uint(&buf, 2);
    mp_close(&buf, array, 2);
    mp_close(&buf, map, 1);
    ck_assert(span_equal(mp_buf_span(&buf),
                         SPAN("\xdf\0\0\0\x01\xa1k\xdd\0\0\0\x02\x01\x02")));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_what_it_holds)
{
    struct mp_buf buf = {0};
    for (uint64_t i = 0; i < 100000; i++)
        mp_put_uint(&buf, i);
    struct mp_reader reader = mp_reader(mp_buf_span(&buf));
    for (uint64_t i = 0; i < 100000; i++)
        ck_assert_uint_eq(mp_uint(&reader), i);
    ck_assert(!reader.failed && reader.at == reader.end);
    size_t capacity = buf.capacity;
    mp_buf_clear(&buf);
    ck_assert_uint_eq(buf.size, 0);
    ck_assert_uint_eq(buf.capacity, capacity);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_buffer_that_cannot_grow_stays_failed)
{
    struct mp_buf buf = {0};
    mp_put_text(&buf, "kept");
    ck_assert_ptr_null(mp_buf_reserve(&buf, SIZE_MAX - 2));
    ck_assert(buf.failed);
    size_t size = buf.size;
    mp_put_text(&buf, "lost");
    mp_close(&buf, mp_open_map(&buf), 1);
    ck_assert_uint_eq(buf.size, size);
    mp_buf_clear(&buf);
    ck_assert(!buf.failed);
    mp_put_uint(&buf, 1);
    ck_assert_uint_eq(buf.size, 1);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_text_that_no_header_can_announce_fails)
{
    struct mp_buf buf = {0};
    mp_put_str(&buf, (struct span){(const uint8_t *)"", (size_t)1 << 32});
    ck_assert(buf.failed);
    ck_assert_uint_eq(buf.size, 0);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(a_reservation_is_room_to_write_in)
{
    struct mp_buf buf = {0};
    uint8_t *room = mp_buf_reserve(&buf, 5000);
    ck_assert_ptr_nonnull(room);
    memset(room, 0x01, 5000);
    buf.size += 5000;
    mp_buf_append(&buf, "\x02", 1);
    ck_assert_uint_eq(buf.data[4999], 1);
    ck_assert_uint_eq(buf.data[5000], 2);
    mp_buf_deinit(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mp");
    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, mp_next_reads_each_format, 0,
                        COUNT_OF(tokens));
    tcase_add_loop_test(reading, mp_next_fails_on_each_prefix, 0,
                        COUNT_OF(tokens));
    tcase_add_test(reading, an_error_is_sticky);
    tcase_add_test(reading, an_absent_span_reads_as_an_error);
    tcase_add_test(reading, a_typed_read_refuses_another_kind);
    tcase_add_loop_test(reading, mp_int_reads_what_fits, 0, COUNT_OF(integers));
    tcase_add_loop_test(reading, mp_value_takes_one_whole_value, 0,
                        COUNT_OF(values));
    tcase_add_test(reading, mp_last_takes_what_is_left);
    tcase_add_test(reading, mp_value_needs_no_stack_for_depth);
    tcase_add_test(reading, mp_get_finds_a_key);
    suite_add_tcase(suite, reading);

    TCase *writing = tcase_create("writing");
    tcase_add_loop_test(writing, integers_take_the_fewest_bytes, 0,
                        COUNT_OF(written));
    tcase_add_test(writing, each_put_writes_its_format);
    tcase_add_test(writing, a_container_is_closed_with_its_count);
    tcase_add_test(writing, a_buffer_grows_and_keeps_what_it_holds);
    tcase_add_test(writing, a_buffer_that_cannot_grow_stays_failed);
    tcase_add_test(writing, a_text_that_no_header_can_announce_fails);
    tcase_add_test(writing, a_reservation_is_room_to_write_in);
    suite_add_tcase(suite, writing);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
