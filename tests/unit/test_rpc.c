/* SPDX-License-Identifier: MIT */
#include "proto/rpc.h"

#include <check.h>
#include <stdlib.h>

#define BYTES(literal)                                                         \
    {                                                                          \
        (const uint8_t *)(literal), sizeof(literal) - 1                        \
    }
#define SPAN(literal) ((struct span)BYTES(literal))
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Limits small enough for cases to reach them. */
#define SIZE_LIMIT ((size_t)16)
#define DEPTH_LIMIT 3u

/* --- the scanner ----------------------------------------------------------*/

static const struct {
    const char *name;
    struct span bytes;
    enum rpc_scan_result result;
    size_t consumed;
} scans[] = {
    {"nothing", BYTES(""), RPC_SCAN_MORE, 0},
    {"nil", BYTES("\xc0"), RPC_SCAN_DONE, 1},
    {"only the first", BYTES("\x01\x02"), RPC_SCAN_DONE, 1},
    {"empty array", BYTES("\x90\x90"), RPC_SCAN_DONE, 1},
    {"empty map", BYTES("\x80"), RPC_SCAN_DONE, 1},
    {"empty str", BYTES("\xa0\xa0"), RPC_SCAN_DONE, 1},
    {"empty str 8", BYTES("\xd9\x00\xa0"), RPC_SCAN_DONE, 2},
    {"str 8", BYTES("\xd9\x02hix"), RPC_SCAN_DONE, 4},
    {"str 16", BYTES("\xda\x00\x02hix"), RPC_SCAN_DONE, 5},
    {"str 32", BYTES("\xdb\x00\x00\x00\x02hix"), RPC_SCAN_DONE, 7},
    {"bin 8", BYTES("\xc4\x02hix"), RPC_SCAN_DONE, 4},
    {"bin 16", BYTES("\xc5\x00\x02hix"), RPC_SCAN_DONE, 5},
    {"bin 32", BYTES("\xc6\x00\x00\x00\x02hix"), RPC_SCAN_DONE, 7},
    {"ext 8", BYTES("\xc7\x02\x05hix"), RPC_SCAN_DONE, 5},
    {"ext 16", BYTES("\xc8\x00\x00\x05x"), RPC_SCAN_DONE, 4},
    {"ext 32", BYTES("\xc9\x00\x00\x00\x01\x05hx"), RPC_SCAN_DONE, 7},
    {"fixext 1", BYTES("\xd4\x05hx"), RPC_SCAN_DONE, 3},
    {"fixext 2", BYTES("\xd5\x05hix"), RPC_SCAN_DONE, 4},
    {"fixext 4", BYTES("\xd6\x05hihix"), RPC_SCAN_DONE, 6},
    {"fixext 8", BYTES("\xd7\x05hihihihix"), RPC_SCAN_DONE, 10},
    {"fixext 16 is too large", BYTES("\xd8\x05"), RPC_SCAN_TOO_LARGE, 1},
    {"numbers", BYTES("\x97\xcc\1\xcd\1\1\xd0\1\xd1\1\1\xc2\xe0\x7f\x01"),
     RPC_SCAN_DONE, 14},
    {"float 32, uint 32", BYTES("\x92\xca\1\1\1\1\xce\1\1\1\1\x01"),
     RPC_SCAN_DONE, 11},
    {"int 32", BYTES("\xd2\1\1\1\1\x01"), RPC_SCAN_DONE, 5},
    {"float 64", BYTES("\xcb\1\1\1\1\1\1\1\1\x01"), RPC_SCAN_DONE, 9},
    {"uint 64", BYTES("\xcf\1\1\1\1\1\1\1\1\x01"), RPC_SCAN_DONE, 9},
    {"int 64", BYTES("\xd3\1\1\1\1\1\1\1\1\x01"), RPC_SCAN_DONE, 9},
    {"array 16", BYTES("\xdc\x00\x02\x01\x02\x03"), RPC_SCAN_DONE, 5},
    {"array 32", BYTES("\xdd\x00\x00\x00\x01\x01\x02"), RPC_SCAN_DONE, 6},
    {"map 16", BYTES("\xde\x00\x01\x01\x02\x03"), RPC_SCAN_DONE, 5},
    {"map 32", BYTES("\xdf\x00\x00\x00\x01\x01\x02\x03"), RPC_SCAN_DONE, 7},
    {"nested", BYTES("\x92\x81\xa1k\x91\xc0\xa1z\x07"), RPC_SCAN_DONE, 8},
    {"empties in a row", BYTES("\x93\x90\x80\x91\xa0\x07"), RPC_SCAN_DONE, 5},

    {"half a header", BYTES("\xdd\x00\x00"), RPC_SCAN_MORE, 3},
    {"half a body", BYTES("\xa4hi"), RPC_SCAN_MORE, 3},
    {"half an array", BYTES("\x92\x01"), RPC_SCAN_MORE, 2},
    {"half a pair", BYTES("\x81\xa1k"), RPC_SCAN_MORE, 3},

    {"0xc1", BYTES("\xc1\x01"), RPC_SCAN_MALFORMED, 1},
    {"0xc1 inside", BYTES("\x92\x01\xc1\x01"), RPC_SCAN_MALFORMED, 3},
    {"0xc1 within a body", BYTES("\xa1\xc1\x01"), RPC_SCAN_DONE, 2},

    {"depth 3", BYTES("\x91\x91\x91\x01"), RPC_SCAN_DONE, 4},
    {"depth 4", BYTES("\x91\x91\x91\x91\x01"), RPC_SCAN_TOO_DEEP, 4},
    {"an empty container counts", BYTES("\x91\x91\x91\x80"), RPC_SCAN_TOO_DEEP,
     4},
    {"depth by maps", BYTES("\x81\x01\x81\x01\x81\x01\x81"), RPC_SCAN_TOO_DEEP,
     7},
    {"depth ends", BYTES("\x92\x91\x91\x01\x91\x91\x02\x07"), RPC_SCAN_DONE, 7},

    {"16 bytes", BYTES("\xafxxxxxxxxxxxxxxx"), RPC_SCAN_DONE, 16},
    {"17 bytes announced", BYTES("\xb0x"), RPC_SCAN_TOO_LARGE, 1},
    {"str 8 of 14", BYTES("\xd9\x0e"), RPC_SCAN_MORE, 2},
    {"str 8 of 15", BYTES("\xd9\x0f"), RPC_SCAN_TOO_LARGE, 2},
    {"ext 8 of 13", BYTES("\xc7\x0d"), RPC_SCAN_MORE, 2},
    {"ext 8 of 14", BYTES("\xc7\x0e"), RPC_SCAN_TOO_LARGE, 2},
    {"15 values", BYTES("\x9f\x01"), RPC_SCAN_MORE, 2},
    {"16 values", BYTES("\xdc\x00\x10"), RPC_SCAN_TOO_LARGE, 3},
    {"7 pairs", BYTES("\x87\x01"), RPC_SCAN_MORE, 2},
    {"8 pairs", BYTES("\x88\x01"), RPC_SCAN_TOO_LARGE, 1},
    {"four billion values", BYTES("\xdd\xff\xff\xff\xff"), RPC_SCAN_TOO_LARGE,
     5},
    {"four billion pairs", BYTES("\xdf\xff\xff\xff\xff"), RPC_SCAN_TOO_LARGE,
     5},
    {"four billion bytes", BYTES("\xdb\xff\xff\xff\xff"), RPC_SCAN_TOO_LARGE,
     5},
    {"four billion bytes of ext", BYTES("\xc9\xff\xff\xff\xff"),
     RPC_SCAN_TOO_LARGE, 5},
    /* 10 and 8 would each fit; what is left of the outer one counts too. */
    {"nested counts add up", BYTES("\x9a\x01\x98"), RPC_SCAN_TOO_LARGE, 3},
    {"nested counts that fit", BYTES("\x9a\x01\x95"), RPC_SCAN_MORE, 3},
    {"a body beside values to come", BYTES("\x9a\xa6"), RPC_SCAN_TOO_LARGE, 2},
    {"a body that fits beside them", BYTES("\x9a\xa5"), RPC_SCAN_MORE, 2},
    {"a header that cannot end", BYTES("\x9e\xdd"), RPC_SCAN_TOO_LARGE, 2},
    {"a number that cannot end", BYTES("\x99\xcf"), RPC_SCAN_TOO_LARGE, 2},
};

static void
start(struct rpc_scanner *scanner)
{
    memset(scanner, 0xff, sizeof(*scanner));
    rpc_scanner_init(scanner, SIZE_LIMIT, DEPTH_LIMIT);
}

START_TEST(rpc_scan_finds_the_end)
{
    struct rpc_scanner scanner;
    size_t consumed = SIZE_MAX;
    start(&scanner);
    enum rpc_scan_result result =
        rpc_scan(&scanner, scans[_i].bytes, &consumed);
    ck_assert_msg(result == scans[_i].result, "%s: %d", scans[_i].name, result);
    ck_assert_msg(consumed == scans[_i].consumed, "%s: %zu", scans[_i].name,
                  consumed);
    ck_assert_uint_eq(scanner.size, consumed);
}
END_TEST

START_TEST(rpc_scan_byte_by_byte_is_the_same)
{
    struct rpc_scanner scanner;
    enum rpc_scan_result result = RPC_SCAN_MORE;
    size_t at = 0;
    start(&scanner);
    while (at < scans[_i].bytes.size && result == RPC_SCAN_MORE) {
        size_t consumed = SIZE_MAX;
        uint8_t byte = scans[_i].bytes.data[at];
        result = rpc_scan(&scanner, (struct span){&byte, 1}, &consumed);
        ck_assert_uint_eq(consumed, 1);
        at++;
    }
    ck_assert_msg(result == scans[_i].result, "%s: %d", scans[_i].name, result);
    ck_assert_uint_eq(at, scans[_i].consumed);
}
END_TEST

START_TEST(rpc_scan_in_any_two_pieces_is_the_same)
{
    struct span bytes = scans[_i].bytes;
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        struct rpc_scanner scanner;
        size_t first = 0, second = 0;
        start(&scanner);
        enum rpc_scan_result result =
            rpc_scan(&scanner, (struct span){bytes.data, cut}, &first);
        if (result == RPC_SCAN_MORE)
            result = rpc_scan(&scanner,
                              (struct span){bytes.data + cut, bytes.size - cut},
                              &second);
        ck_assert_msg(result == scans[_i].result, "%s", scans[_i].name);
        ck_assert_uint_eq(first + second, scans[_i].consumed);
    }
}
END_TEST

START_TEST(a_message_may_be_as_large_as_the_limit)
{
    struct mp_buf buf = {0};
    size_t body = RPC_MESSAGE_SIZE_MAX - 5;
    uint8_t *bytes = calloc(1, body);
    mp_put_bin(&buf, (struct span){bytes, body});
    free(bytes);
    ck_assert_uint_eq(buf.size, RPC_MESSAGE_SIZE_MAX);
    for (size_t more = 0; more < 2; more++) {
        struct rpc_scanner scanner;
        size_t consumed = 0;
        rpc_scanner_init(&scanner, RPC_MESSAGE_SIZE_MAX - more, RPC_DEPTH_MAX);
        enum rpc_scan_result result =
            rpc_scan(&scanner, mp_buf_span(&buf), &consumed);
        ck_assert_int_eq(result,
                         more == 0 ? RPC_SCAN_DONE : RPC_SCAN_TOO_LARGE);
        ck_assert_uint_eq(consumed, more == 0 ? buf.size : 5);
    }
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(nesting_may_be_as_deep_as_the_limit)
{
    uint8_t bytes[RPC_DEPTH_MAX + 2];
    memset(bytes, 0x91, sizeof(bytes));
    for (size_t depth = RPC_DEPTH_MAX; depth <= RPC_DEPTH_MAX + 1; depth++) {
        struct rpc_scanner scanner;
        size_t consumed = 0;
        bytes[depth] = 0xc0;
        rpc_scanner_init(&scanner, RPC_MESSAGE_SIZE_MAX, RPC_DEPTH_MAX);
        enum rpc_scan_result result =
            rpc_scan(&scanner, (struct span){bytes, depth + 1}, &consumed);
        ck_assert_int_eq(result, depth <= RPC_DEPTH_MAX ? RPC_SCAN_DONE
                                                        : RPC_SCAN_TOO_DEEP);
        bytes[depth] = 0x91;
    }
}
END_TEST

START_TEST(messages_follow_one_another)
{
    struct span stream = SPAN("\x92\x01\xa2hi\x07\x81\xa1k\xd9\x01v\xc1");
    static const size_t sizes[] = {5, 1, 6};
    for (size_t i = 0; i < 3; i++) {
        struct rpc_scanner scanner;
        size_t consumed = 0;
        start(&scanner);
        ck_assert_int_eq(rpc_scan(&scanner, stream, &consumed), RPC_SCAN_DONE);
        ck_assert_uint_eq(consumed, sizes[i]);
        stream.data += consumed;
        stream.size -= consumed;
    }
    ck_assert_uint_eq(stream.size, 1);
}
END_TEST

/* --- parsing --------------------------------------------------------------*/

static const struct {
    const char *name;
    struct span bytes;
    bool good;
    bool has_msgid;
    struct rpc_message message;
} messages[] = {
    {"request",
     BYTES("\x94\x00\x07\xa4ping\x90"),
     true,
     true,
     {.kind = RPC_REQUEST,
      .msgid = 7,
      .method = BYTES("ping"),
      .params = BYTES("\x90")}},
    {"response",
     BYTES("\x94\x01\x07\xc0\x81\x01\x02"),
     true,
     true,
     {.kind = RPC_RESPONSE,
      .msgid = 7,
      .error = BYTES("\xc0"),
      .result = BYTES("\x81\x01\x02")}},
    {"notification",
     BYTES("\x93\x02\xa6"
           "cancel\x91\x05"),
     true,
     false,
     {.kind = RPC_NOTIFICATION,
      .method = BYTES("cancel"),
      .params = BYTES("\x91\x05")}},
    {"other encodings",
     BYTES("\xdc\x00\x04\xd0\x00\xcf\0\0\0\0\xff\xff\xff\xff\xd9\x01m\xc0"),
     true,
     true,
     {.kind = RPC_REQUEST,
      .msgid = UINT32_MAX,
      .method = BYTES("m"),
      .params = BYTES("\xc0")}},
    {"msgid of 33 bits",
     BYTES("\x94\x00\xcf\0\0\0\1\0\0\0\0\xa1m\x90"),
     false,
     false,
     {.msgid = 0}},
    {"negative msgid",
     BYTES("\x94\x00\xff\xa1m\x90"),
     false,
     false,
     {.msgid = 0}},
    {"float msgid",
     BYTES("\x94\x00\xca\0\0\0\0\xa1m\x90"),
     false,
     false,
     {.msgid = 0}},
    {"method is bin",
     BYTES("\x94\x00\x07\xc4\x01m\x90"),
     false,
     true,
     {.msgid = 7}},
    {"method is an int",
     BYTES("\x94\x00\x07\x01\x90"),
     false,
     true,
     {.msgid = 7}},
    {"notified method is nil",
     BYTES("\x93\x02\xc0\x90"),
     false,
     false,
     {.msgid = 0}},
    {"request of three", BYTES("\x93\x00\x07\xa1m"), false, true, {.msgid = 7}},
    {"request of five",
     BYTES("\x95\x00\x07\xa1m\x90\x90"),
     false,
     true,
     {.msgid = 7}},
    {"request of one", BYTES("\x91\x00"), false, false, {.msgid = 0}},
    {"notification of four",
     BYTES("\x94\x02\xa1m\x90\x90"),
     false,
     false,
     {.msgid = 0}},
    {"kind 3", BYTES("\x94\x03\x07\xa1m\x90"), false, false, {.msgid = 0}},
    {"kind -1", BYTES("\x94\xff\x07\xa1m\x90"), false, false, {.msgid = 0}},
    {"kind is a str",
     BYTES("\x94\xa1r\x07\xa1m\x90"),
     false,
     false,
     {.msgid = 0}},
    {"empty array", BYTES("\x90"), false, false, {.msgid = 0}},
    {"a map", BYTES("\x80"), false, false, {.msgid = 0}},
    {"a number", BYTES("\x07"), false, false, {.msgid = 0}},
};

START_TEST(rpc_parse_takes_a_message_apart)
{
    const struct rpc_message *wanted = &messages[_i].message;
    struct rpc_message message;
    memset(&message, 0xff, sizeof(message));
    ck_assert_msg(rpc_parse(messages[_i].bytes, &message) == messages[_i].good,
                  "%s", messages[_i].name);
    ck_assert_msg(message.has_msgid == messages[_i].has_msgid, "%s",
                  messages[_i].name);
    ck_assert_uint_eq(message.msgid, wanted->msgid);
    if (!messages[_i].good)
        return;
    ck_assert_int_eq(message.kind, wanted->kind);
    ck_assert(span_equal(message.method, wanted->method));
    ck_assert(span_equal(message.params, wanted->params));
    ck_assert(span_equal(message.error, wanted->error));
    ck_assert(span_equal(message.result, wanted->result));
}
END_TEST

/* --- building -------------------------------------------------------------*/

START_TEST(what_is_built_is_parsed)
{
    struct mp_buf buf = {0};
    struct rpc_message message;

    rpc_put_request(&buf, UINT32_MAX, "state");
    mp_put_array(&buf, 0);
    ck_assert(rpc_parse(mp_buf_span(&buf), &message));
    ck_assert_int_eq(message.kind, RPC_REQUEST);
    ck_assert_uint_eq(message.msgid, UINT32_MAX);
    ck_assert(span_is(message.method, "state"));

    mp_buf_clear(&buf);
    rpc_put_result(&buf, 9);
    mp_put_bool(&buf, true);
    ck_assert(rpc_parse(mp_buf_span(&buf), &message));
    ck_assert_int_eq(message.kind, RPC_RESPONSE);
    ck_assert(span_equal(message.error, SPAN("\xc0")));
    ck_assert(span_equal(message.result, SPAN("\xc3")));

    mp_buf_clear(&buf);
    rpc_put_notification(&buf, "events");
    mp_put_nil(&buf);
    ck_assert(rpc_parse(mp_buf_span(&buf), &message));
    ck_assert_int_eq(message.kind, RPC_NOTIFICATION);
    ck_assert(span_is(message.method, "events"));
    mp_buf_deinit(&buf);
}
END_TEST

START_TEST(an_error_carries_its_code)
{
    struct mp_buf buf = {0}, extra = {0};
    struct rpc_message message;
    mp_put_text(&extra, "index");
    mp_put_uint(&extra, 3);
    mp_put_text(&extra, "field");
    mp_put_text(&extra, "title");

    rpc_put_error(&buf, 5, MODEL_INVALID_EVENT, "wrong", mp_buf_span(&extra),
                  2);
    ck_assert(rpc_parse(mp_buf_span(&buf), &message));
    ck_assert_int_eq(message.kind, RPC_RESPONSE);
    ck_assert_uint_eq(message.msgid, 5);
    ck_assert(span_equal(message.result, SPAN("\xc0")));
    ck_assert(span_is(mp_get_str(message.error, "code"), "invalid_event"));
    ck_assert(span_is(mp_get_str(message.error, "message"), "wrong"));
    ck_assert_uint_eq(mp_get_uint(message.error, "index"), 3);
    ck_assert(span_is(mp_get_str(message.error, "field"), "title"));

    mp_buf_clear(&buf);
    rpc_put_error(&buf, 0, MODEL_PARSE_ERROR, "bad", (struct span){0}, 0);
    ck_assert(rpc_parse(mp_buf_span(&buf), &message));
    ck_assert(span_is(mp_get_str(message.error, "code"), "parse_error"));
    mp_buf_deinit(&extra);
    mp_buf_deinit(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rpc");
    TCase *scan = tcase_create("scan");
    tcase_add_loop_test(scan, rpc_scan_finds_the_end, 0, COUNT_OF(scans));
    tcase_add_loop_test(scan, rpc_scan_byte_by_byte_is_the_same, 0,
                        COUNT_OF(scans));
    tcase_add_loop_test(scan, rpc_scan_in_any_two_pieces_is_the_same, 0,
                        COUNT_OF(scans));
    tcase_add_test(scan, a_message_may_be_as_large_as_the_limit);
    tcase_add_test(scan, nesting_may_be_as_deep_as_the_limit);
    tcase_add_test(scan, messages_follow_one_another);
    suite_add_tcase(suite, scan);

    TCase *message = tcase_create("message");
    tcase_add_loop_test(message, rpc_parse_takes_a_message_apart, 0,
                        COUNT_OF(messages));
    tcase_add_test(message, what_is_built_is_parsed);
    tcase_add_test(message, an_error_carries_its_code);
    suite_add_tcase(suite, message);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
