/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "client/csv.h"
#include "client/event_lines.h"
#include "client/json.h"

static struct mp_buf
read_good(const char *text)
{
    struct mp_buf buf = {0};
    struct json_fault fault;
    ck_assert_msg(json_read(span_of(text), &buf, &fault), "%s: %s", text,
                  fault.reason);
    return buf;
}

static void
check_text(struct mp_buf *buf, const char *expected)
{
    mp_buf_append(buf, "", 1);
    ck_assert_str_eq((const char *)buf->data, expected);
    mp_buf_deinit(buf);
}

/* --- there and back -------------------------------------------------------*/

static const char *const round_trips[] = {
    "null",
    "true",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1.0",
    "0.1",
    "-2.5e-10",
    "1e+100",
    "\"\"",
    "\"a\\\"b\\\\c\\n\\t\\u0001\"",
    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
    "[]",
    "{}",
    "{\"z\":1,\"a\":[1,{\"b\":null}],\"m\":\"x\"}",
    "{\"$bin\":\"\"}",
    "{\"$bin\":\"AA==\"}",
    "{\"$bin\":\"AP8=\"}",
    "{\"$bin\":\"AP8Q\"}",
    "18446744073709551615",
    "{\"a\":[9223372036854775808,-1,\"9223372036854775808\\\"\"]}",
    "{\"$$bin\":\"AA==\"}",
    "{\"$$bin\":1}",
    "{\"$$uint\":\"5\"}",
    "{\"$$$x\":[]}",
    "{\"$x\":1}",
    "{\"$bin\":1,\"x\":2}",
};

START_TEST(json_comes_back_as_it_was)
{
    struct mp_buf packed = read_good(round_trips[_i]), text = {0};
    json_put(&text, mp_buf_span(&packed), JSON_COMPACT);
    check_text(&text, round_trips[_i]);
    mp_buf_deinit(&packed);
}
END_TEST

START_TEST(bin_is_msgpack_bin)
{
    struct mp_buf packed = read_good("{\"$bin\":\"AP8=\"}");
    ck_assert_uint_eq(packed.size, 4);
    ck_assert_mem_eq(packed.data, "\xc4\x02\x00\xff", 4);
    mp_buf_deinit(&packed);
}
END_TEST

START_TEST(pretty_is_indented_by_two)
{
    struct mp_buf packed = read_good("{\"a\":[1,2],\"b\":{},\"c\":[]}");
    struct mp_buf text = {0};
    json_put(&text, mp_buf_span(&packed), JSON_PRETTY);
    check_text(&text, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n"
                      "  \"c\": []\n}");
    mp_buf_deinit(&packed);
}
END_TEST

START_TEST(numbers_that_json_lacks_are_null_or_whole)
{
    struct mp_buf packed = {0}, text = {0};
    mp_put_array(&packed, 3);
    mp_put_uint(&packed, UINT64_MAX);
    mp_put_double(&packed, __builtin_nan(""));
    mp_put_double(&packed, -__builtin_inf());
    json_put(&text, mp_buf_span(&packed), JSON_COMPACT);
    check_text(&text, "[18446744073709551615,null,null]");
    mp_buf_deinit(&packed);
}
END_TEST

START_TEST(what_a_terminal_would_obey_is_escaped)
{
    struct mp_buf text = {0};
    json_put_string(&text, span_of("\x1b[31m\xc2\x9b\x7f\xe2\x80\xae\xff"));
    check_text(&text, "\"\\u001b[31m\\u009b\\u007f\\u202e\xef\xbf\xbd\"");
}
END_TEST

/* --- refused --------------------------------------------------------------*/

static const struct {
    const char *name, *text;
    size_t size, column;
} bad_cases[] = {
    {"cut off", "{\"a\":", 5, 5},
    {"rubbish behind", "{} x", 4, 4},
    {"a key twice", "{\"a\":1,\"a\":2}", 13, 10},
    {"NUL", "{\"a\0\":1}", 8, 4},
    {"NUL escaped", "{\"a\":\"\\u0000\"}", 14, 13},
    {"not UTF-8", "\"\xff\"", 3, 1},
    {"an integer too big", "18446744073709551616", 20, 20},
    {"an integer too small", "-9223372036854775809", 20, 20},
    {"a wide integer with a zero in front", "09223372036854775808", 20, 1},
    {"wide and then wrong", "[9223372036854775808,]", 22, 0},
    {"a wide one that never ends", "[9223372036854775808,\"", 22, 0},
    {"uint of a number", "{\"$uint\":1}", 11, 0},
    {"uint of letters", "{\"$uint\":\"1a\"}", 14, 0},
    {"uint of nothing", "{\"$uint\":\"\"}", 12, 0},
    {"a real too big", "1e999", 5, 5},
    {"not base64", "{\"$bin\":\"A\"}", 12, 0},
    {"bits that nothing shows", "{\"$bin\":\"AB==\"}", 15, 0},
    {"bin of a number", "{\"$bin\":1}", 10, 0},
    {"nothing", "", 0, 0},
};

START_TEST(json_says_where_it_is_wrong)
{
    struct mp_buf buf = {0};
    struct json_fault fault = {0};
    struct span text = {(const uint8_t *)bad_cases[_i].text,
                        bad_cases[_i].size};
    ck_assert_msg(!json_read(text, &buf, &fault), "%s", bad_cases[_i].name);
    ck_assert_uint_gt(strlen(fault.reason), 0);
    ck_assert_msg(fault.column == bad_cases[_i].column, "%s: column %zu",
                  bad_cases[_i].name, fault.column);
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(json_has_a_greatest_depth)
{
    char text[(size_t)2 * JSON_DEPTH_MAX + 3];
    struct mp_buf buf = {0};
    struct json_fault fault;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    ck_assert(
        json_read((struct span){(uint8_t *)text, (size_t)2 * JSON_DEPTH_MAX},
                  &buf, &fault));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    ck_assert(!json_read(
        (struct span){(uint8_t *)text, (size_t)2 * JSON_DEPTH_MAX + 2}, &buf,
        &fault));
    mp_buf_deinit(&buf);
}
END_TEST

/* --- lines ----------------------------------------------------------------*/

static struct mp_buf
read_line(const char *line)
{
    struct mp_buf event = {0};
    struct json_fault fault;
    ck_assert_msg(event_line_read(span_of(line), &event, &fault), "%s: %s",
                  line, fault.reason);
    return event;
}

START_TEST(line_without_id_gets_that_of_its_content)
{
    struct mp_buf a = read_line("{\"title\":\"x\",\"type\":\"note\"}");
    struct mp_buf b = read_line("{\"type\":\"note\",\"title\":\"x\"}");
    struct mp_buf c = read_line("{\"type\":\"note\",\"title\":\"y\"}");
    struct span id = mp_get_str(mp_buf_span(&a), "id");
    ck_assert_uint_eq(id.size, 7 + 32);
    ck_assert_mem_eq(id.data, "sha256-", 7);
    ck_assert(span_equal(id, mp_get_str(mp_buf_span(&b), "id")));
    ck_assert(!span_equal(id, mp_get_str(mp_buf_span(&c), "id")));
    mp_buf_deinit(&a);
    mp_buf_deinit(&b);
    mp_buf_deinit(&c);
}
END_TEST

START_TEST(line_of_an_export_loses_what_was_assigned)
{
    struct mp_buf text = {0};
    struct mp_buf event =
        read_line("{\"seq\":1,\"rev\":2,\"recorded\":3,\"id\":\"a\",\"x\":1}");
    json_put(&text, mp_buf_span(&event), JSON_COMPACT);
    check_text(&text, "{\"id\":\"a\",\"x\":1}");
    mp_buf_deinit(&event);
}
END_TEST

START_TEST(line_with_a_part_of_it_keeps_it_to_be_refused)
{
    struct mp_buf text = {0};
    struct mp_buf event = read_line("{\"seq\":1,\"rev\":2,\"id\":\"a\"}");
    json_put(&text, mp_buf_span(&event), JSON_COMPACT);
    check_text(&text, "{\"seq\":1,\"rev\":2,\"id\":\"a\"}");
    mp_buf_deinit(&event);
}
END_TEST

START_TEST(export_has_the_content_id_of_what_was_imported)
{
    struct mp_buf a = read_line("{\"x\":1}");
    struct mp_buf b = read_line("{\"seq\":1,\"rev\":2,\"recorded\":3,\"x\":1}");
    ck_assert(span_equal(mp_buf_span(&a), mp_buf_span(&b)));
    mp_buf_deinit(&a);
    mp_buf_deinit(&b);
}
END_TEST

START_TEST(line_must_be_an_object)
{
    static const char *const lines[] = {"[]", "1", "\"x\"", "{\"id\":1}"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct mp_buf event = {0};
        struct json_fault fault;
        ck_assert(!event_line_read(span_of(lines[i]), &event, &fault));
        mp_buf_deinit(&event);
    }
}
END_TEST

/* --- csv ------------------------------------------------------------------*/

static const struct {
    const char *json, *csv;
} csv_cases[] = {
    {"null", ""},
    {"\"a\"", "a"},
    {"\"a,b\"", "\"a,b\""},
    {"\"a\\\"b\"", "\"a\"\"b\""},
    {"\"a\\nb\"", "\"a\nb\""},
    {"\" a\"", "\" a\""},
    {"5", "5"},
    {"1.5", "1.5"},
    {"true", "true"},
    {"[]", ""},
    {"[\"a\",\"b\"]", "a;b"},
    {"[\"a,b\",1]", "\"a,b;1\""},
    {"[{\"a\":1}]", "\"[{\"\"a\"\":1}]\""},
    {"{\"a\":\"b\"}", "\"{\"\"a\"\":\"\"b\"\"}\""},
};

START_TEST(csv_field_is_quoted_where_it_must_be)
{
    struct mp_buf packed = read_good(csv_cases[_i].json), text = {0};
    csv_put(&text, mp_buf_span(&packed));
    check_text(&text, csv_cases[_i].csv);
    mp_buf_deinit(&packed);
}
END_TEST

static Suite *
json_suite(void)
{
    Suite *suite = suite_create("client_json");
    TCase *tc = tcase_create("client_json");
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, json_comes_back_as_it_was, 0,
                        sizeof(round_trips) / sizeof(round_trips[0]));
    tcase_add_test(tc, bin_is_msgpack_bin);
    tcase_add_test(tc, pretty_is_indented_by_two);
    tcase_add_test(tc, numbers_that_json_lacks_are_null_or_whole);
    tcase_add_test(tc, what_a_terminal_would_obey_is_escaped);
    tcase_add_loop_test(tc, json_says_where_it_is_wrong, 0,
                        sizeof(bad_cases) / sizeof(bad_cases[0]));
    tcase_add_test(tc, json_has_a_greatest_depth);
    tcase_add_test(tc, line_without_id_gets_that_of_its_content);
    tcase_add_test(tc, line_of_an_export_loses_what_was_assigned);
    tcase_add_test(tc, line_with_a_part_of_it_keeps_it_to_be_refused);
    tcase_add_test(tc, export_has_the_content_id_of_what_was_imported);
    tcase_add_test(tc, line_must_be_an_object);
    tcase_add_loop_test(tc, csv_field_is_quoted_where_it_must_be, 0,
                        sizeof(csv_cases) / sizeof(csv_cases[0]));
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(json_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
