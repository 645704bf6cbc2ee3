/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/entente.h"
#include "client/lib/handle.h"
#include "proto/mp.h"

/* --- addresses ------------------------------------------------------------*/

static const struct {
    const char *text;
    bool good, is_unix;
    const char *host_or_path, *port;
} url_cases[] = {
    {"unix:/run/x.sock", true, true, "/run/x.sock", ""},
    {"unix:///run/x.sock", true, true, "/run/x.sock", ""},
    {"unix:x.sock", true, true, "x.sock", ""},
    {"tcp://127.0.0.1:7217", true, false, "127.0.0.1", "7217"},
    {"tcp:localhost:1", true, false, "localhost", "1"},
    {"tcp://[::1]:65535", true, false, "::1", "65535"},
    {"unix:", false, false, "", ""},
    {"tcp://::1:7217", false, false, "", ""},
    {"tcp://host", false, false, "", ""},
    {"tcp://host:", false, false, "", ""},
    {"tcp://host:0", false, false, "", ""},
    {"tcp://host:65536", false, false, "", ""},
    {"tcp://host:12x", false, false, "", ""},
    {"tcp://:7217", false, false, "", ""},
    {"tcp://host/x:7217", false, false, "", ""},
    {"tls://host:7217", true, false, "host", "7217"},
    {"tls:[::1]:7217", true, false, "::1", "7217"},
    {"tls://host", false, false, "", ""},
    {"tls:///run/x.sock", false, false, "", ""},
    {"http://host", false, false, "", ""},
    {"", false, false, "", ""},
};

START_TEST(url_is_taken_apart_or_refused)
{
    struct url url = {0};
    const char *text = url_cases[_i].text;
    const char *wrong = url_parse(text, &url);
    ck_assert_msg((wrong == NULL) == url_cases[_i].good, "%s", text);
    if (wrong != NULL)
        return;
    ck_assert_int_eq(url.is_unix, url_cases[_i].is_unix);
    ck_assert_int_eq(url.is_tls, strncmp(text, "tls", 3) == 0);
    ck_assert_str_eq(url.is_unix ? url.path : url.host,
                     url_cases[_i].host_or_path);
    ck_assert_str_eq(url.port, url_cases[_i].port);
}
END_TEST

START_TEST(url_path_has_the_length_of_a_socket_path)
{
    struct url url;
    char text[5 + sizeof(url.path) + 1] = "unix:";
    memset(text + 5, 'a', sizeof(url.path));
    text[5 + sizeof(url.path)] = '\0';
    ck_assert_ptr_nonnull(url_parse(text, &url));
    text[5 + sizeof(url.path) - 1] = '\0';
    ck_assert_ptr_null(url_parse(text, &url));
}
END_TEST

START_TEST(url_default_prefers_the_environment)
{
    struct url url;
    setenv("ENTENTE_URL", "tcp://h:1", 1);
    ck_assert_ptr_null(url_default(&url));
    ck_assert_str_eq(url.host, "h");
    setenv("ENTENTE_URL", "nonsense", 1);
    ck_assert_ptr_nonnull(url_default(&url));
    unsetenv("ENTENTE_URL");
    ck_assert_ptr_null(url_default(&url));
    ck_assert(url.is_unix);
}
END_TEST

/* Where a token may go without TLS. */
static const struct {
    int family;
    const char *address;
    bool local;
} places[] = {
    {AF_INET, "127.0.0.1", true},  {AF_INET, "127.255.0.9", true},
    {AF_INET, "128.0.0.1", false}, {AF_INET, "192.168.0.1", false},
    {AF_INET, "0.0.0.0", false},   {AF_INET6, "::1", true},
    {AF_INET6, "::2", false},      {AF_INET6, "2001:db8::1", false},
    {AF_INET6, "fe80::1", false},  {AF_UNIX, "", true},
    {AF_UNSPEC, "", false},
};

START_TEST(loopback_alone_is_here)
{
    struct sockaddr_storage address = {.ss_family =
                                           (sa_family_t)places[_i].family};
    if (places[_i].family == AF_INET)
        inet_pton(AF_INET, places[_i].address,
                  &((struct sockaddr_in *)(void *)&address)->sin_addr);
    if (places[_i].family == AF_INET6)
        inet_pton(AF_INET6, places[_i].address,
                  &((struct sockaddr_in6 *)(void *)&address)->sin6_addr);
    ck_assert_int_eq(socket_is_local((const struct sockaddr *)&address),
                     places[_i].local);
    ck_assert(!socket_stays_here(-1));
}
END_TEST

START_TEST(connect_says_why_it_cannot)
{
    struct entente_error error;
    ck_assert_ptr_null(entente_connect("ftp://h:1", NULL, &error));
    ck_assert_str_eq(error.code, "invalid");
    struct entente_options options = ENTENTE_OPTIONS_DEFAULT;
    options.ca_file = "/nonexistent/ca.pem";
    ck_assert_ptr_null(entente_connect("tls://h:1", &options, &error));
    ck_assert_str_eq(error.code, "invalid");
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/ca.pem"));
    options = (struct entente_options){.cert_file = "/c"};
    ck_assert_ptr_null(entente_connect("tls://h:1", &options, &error));
    ck_assert_str_eq(error.code, "invalid");
    ck_assert_ptr_null(entente_connect("unix:/nonexistent/x", NULL, &error));
    ck_assert_str_eq(error.code, "lost");
    ck_assert_int_eq(error.index, -1);
}
END_TEST

/* --- ids ------------------------------------------------------------------*/

START_TEST(new_ids_are_uuids_of_version_7_and_differ)
{
    char a[ENTENTE_ID_SIZE], b[ENTENTE_ID_SIZE];
    ck_assert(entente_id_new(a));
    ck_assert(entente_id_new(b));
    ck_assert_uint_eq(strlen(a), 36);
    ck_assert_int_eq(a[8], '-');
    ck_assert_int_eq(a[14], '7');
    ck_assert_ptr_nonnull(strchr("89ab", a[19]));
    ck_assert_str_ne(a, b);
    ck_assert_int_le(strncmp(a, b, 8), 0); /* in the order of time */
}
END_TEST

static void
content_id(const void *bytes, size_t size, char id[ENTENTE_ID_SIZE])
{
    struct entente_bytes event = {bytes, size};
    ck_assert(entente_id_from_content(event, id));
}

START_TEST(content_id_ignores_order_encoding_and_what_is_assigned)
{
    /* {"a": 1, "b": {"x": nil, "y": "t"}} in several ways */
    static const char plain[] = "\x82\xa1"
                                "a\x01\xa1"
                                "b\x82\xa1x\xc0\xa1y\xa1t";
    static const char other_order[] = "\x82\xa1"
                                      "b\x82\xa1y\xa1t\xa1x\xc0\xa1"
                                      "a\x01";
    static const char longer[] = "\xde\x00\x02\xd9\x01"
                                 "a\xcd\x00\x01\xa1"
                                 "b\x82\xa1x\xc0\xa1y\xda\x00\x01t";
    static const char with_id[] = "\x84\xa2id\xa1z\xa3seq\x05\xa1"
                                  "a\x01\xa1"
                                  "b\x82\xa1x\xc0\xa1y\xa1t";
    char expected[ENTENTE_ID_SIZE], id[ENTENTE_ID_SIZE];
    content_id(plain, sizeof(plain) - 1, expected);
    /* printf '\202\241a\001\241b\202\241x\300\241y\241t' | sha256sum */
    ck_assert_str_eq(expected, "sha256-5cc7595a4e3202aa8267d93b36b535d4");
    content_id(other_order, sizeof(other_order) - 1, id);
    ck_assert_str_eq(id, expected);
    content_id(longer, sizeof(longer) - 1, id);
    ck_assert_str_eq(id, expected);
    content_id(with_id, sizeof(with_id) - 1, id);
    ck_assert_str_eq(id, expected);
}
END_TEST

START_TEST(content_id_differs_with_the_content)
{
    char a[ENTENTE_ID_SIZE], b[ENTENTE_ID_SIZE];
    content_id("\x81\xa1"
               "a\x01",
               4, a);
    content_id("\x81\xa1"
               "a\x02",
               4, b);
    ck_assert_str_ne(a, b);
    /* an inner seq counts */
    content_id("\x81\xa1"
               "a\x81\xa3seq\x01",
               9, b);
    content_id("\x81\xa1"
               "a\x81\xa3seq\x02",
               9, a);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(content_id_is_only_for_one_whole_map)
{
    char id[ENTENTE_ID_SIZE];
    static const struct entente_bytes cases[] = {
        {"", 0},         {"\x90", 1},     {"\x81\xa1x", 3},
        {"\x80\x80", 2}, {"\x81\xc1", 2}, {"\xdf\xff\xff\xff\xff", 5},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert(!entente_id_from_content(cases[i], id));
}
END_TEST

/* --- messages -------------------------------------------------------------*/

/* A handle on one end of a pair of sockets; `*peer` is the other. */
static struct entente *
paired(int *peer)
{
    int pair[2];
    struct entente *handle = calloc(1, sizeof(*handle));
    ck_assert_ptr_nonnull(handle);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                     0);
    handle->fd = -1;
    handle_disconnect(handle);
    handle->fd = pair[0];
    handle->timeout_ms = 1000;
    handle->limits.stop_fd = -1;
    ck_assert_ptr_null(url_parse("unix:/nonexistent/x", &handle->url));
    *peer = pair[1];
    return handle;
}

static void
say(int peer, const char *bytes, size_t size)
{
    ck_assert_int_eq(write(peer, bytes, size), (ssize_t)size);
}

START_TEST(next_cuts_messages_however_they_arrive)
{
    int peer;
    struct entente *handle = paired(&peer);
    struct entente_message message;
    struct entente_error error;
    static const char bytes[] = "\x94\x01\x05\xc0\x07\x93\x02\xa1n\x91\x01";
    for (size_t i = 0; i < 4; i++) {
        say(peer, bytes + i, 1);
        ck_assert_int_eq(entente_next(handle, 0, &message, &error),
                         ENTENTE_AGAIN);
    }
    say(peer, bytes + 4, sizeof(bytes) - 1 - 4);
    ck_assert_int_eq(entente_next(handle, 0, &message, &error), ENTENTE_OK);
    ck_assert(message.is_answer);
    ck_assert_uint_eq(message.msgid, 5);
    ck_assert_mem_eq(message.result.data, "\x07", 1);
    ck_assert_int_eq(entente_next(handle, 0, &message, &error), ENTENTE_OK);
    ck_assert(!message.is_answer);
    ck_assert_mem_eq(message.name.data, "n", 1);
    ck_assert_int_eq(entente_next(handle, 0, &message, &error), ENTENTE_AGAIN);
    close(peer);
    ck_assert_int_eq(entente_next(handle, 0, &message, &error), ENTENTE_LOST);
    ck_assert_int_eq(entente_fd(handle), -1);
    entente_close(handle);
}
END_TEST

START_TEST(refusal_fills_the_error)
{
    int peer;
    struct entente *handle = paired(&peer);
    struct entente_message message;
    struct entente_error error;
    static const char bytes[] = "\x94\x01\x05\x84\xa4"
                                "code\xadinvalid_event\xa7message\xa2no\xa5"
                                "field\xa5title\xa5index\x03\xc0";
    say(peer, bytes, sizeof(bytes) - 1);
    ck_assert_int_eq(entente_next(handle, 0, &message, &error),
                     ENTENTE_REFUSED);
    ck_assert_uint_eq(message.msgid, 5);
    ck_assert_str_eq(error.code, "invalid_event");
    ck_assert_str_eq(error.message, "no");
    ck_assert_str_eq(error.field, "title");
    ck_assert_int_eq(error.index, 3);
    ck_assert_int_eq(error.offset, -1);
    ck_assert_uint_gt(entente_error_map(handle).size, 0);
    close(peer);
    entente_close(handle);
}
END_TEST

static const struct {
    const char *name, *bytes;
    size_t size;
} garbage_cases[] = {
    {"not msgpack", "\xc1", 1},
    {"five bytes that announce too much", "\xdd\xff\xff\xff\xff", 5},
    {"no message", "\x05", 1},
    {"a request", "\x94\x00\x01\xa1x\x90", 6},
    {"an answer of three", "\x93\x01\x01\xc0", 4},
};

START_TEST(garbage_ends_the_connection)
{
    int peer;
    struct entente *handle = paired(&peer);
    struct entente_message message;
    struct entente_error error;
    say(peer, garbage_cases[_i].bytes, garbage_cases[_i].size);
    ck_assert_msg(entente_next(handle, 0, &message, &error) == ENTENTE_LOST,
                  "%s", garbage_cases[_i].name);
    ck_assert_str_eq(error.code, "protocol");
    ck_assert_int_eq(entente_fd(handle), -1);
    close(peer);
    entente_close(handle);
}
END_TEST

START_TEST(append_needs_ids)
{
    int peer;
    struct entente *handle = paired(&peer);
    struct entente_bytes result;
    struct entente_error error;
    static const char no_id[] = "\x81\xa6"
                                "events\x91\x81\xa1x\x01";
    struct entente_bytes params = {no_id, sizeof(no_id) - 1};
    ck_assert_int_eq(entente_append(handle, params, &result, &error),
                     ENTENTE_INVALID);
    char byte;
    ck_assert_int_eq(read(peer, &byte, 1), -1); /* nothing was sent */
    close(peer);
    entente_close(handle);
}
END_TEST

START_TEST(params_must_be_one_map)
{
    int peer;
    struct entente *handle = paired(&peer);
    struct entente_bytes result, params = {"\x01", 1};
    struct entente_error error;
    ck_assert_int_eq(entente_call(handle, "ping", params, &result, &error),
                     ENTENTE_INVALID);
    close(peer);
    entente_close(handle);
}
END_TEST

START_TEST(stop_descriptor_ends_a_wait)
{
    int peer, stop[2];
    struct entente *handle = paired(&peer);
    struct entente_bytes result;
    struct entente_error error;
    ck_assert_int_eq(pipe(stop), 0);
    say(stop[1], "", 1);
    handle->limits.stop_fd = stop[0];
    ck_assert_int_eq(
        entente_call(handle, "ping", ENTENTE_NOTHING, &result, &error),
        ENTENTE_STOPPED);
    close(stop[0]);
    close(stop[1]);
    close(peer);
    entente_close(handle);
}
END_TEST

static bool
take_two(void *context, struct entente_bytes event)
{
    int *taken = context;
    ck_assert_uint_eq(event.size, 1);
    return ++*taken < 2;
}

START_TEST(replay_hands_out_events_until_it_is_enough)
{
    int peer, taken = 0;
    struct entente *handle = paired(&peer);
    struct entente_error error;
    /* the answers stand ready: three events, then the end */
    static const char bytes[] = "\x93\x02\xa6"
                                "events\x92\x01\x93\x80\x80\x80"
                                "\x94\x01\x01\xc0\x80";
    say(peer, bytes, sizeof(bytes) - 1);
    ck_assert_int_eq(
        entente_replay(handle, ENTENTE_NOTHING, take_two, &taken, &error),
        ENTENTE_OK);
    ck_assert_int_eq(taken, 2);
    static const char expected[] = "\x94\x00\x01\xa6replay\x91\x81\xa6stream"
                                   "\xc3\x93\x02\xa6"
                                   "cancel\x91\x01";
    char sent[sizeof(expected)];
    ck_assert_int_eq(read(peer, sent, sizeof(sent)),
                     (ssize_t)sizeof(expected) - 1);
    ck_assert_mem_eq(sent, expected, sizeof(expected) - 1);
    close(peer);
    entente_close(handle);
}
END_TEST

static Suite *
library_suite(void)
{
    Suite *suite = suite_create("client_library");
    TCase *tc = tcase_create("client_library");
    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, url_is_taken_apart_or_refused, 0,
                        sizeof(url_cases) / sizeof(url_cases[0]));
    tcase_add_test(tc, url_path_has_the_length_of_a_socket_path);
    tcase_add_test(tc, url_default_prefers_the_environment);
    tcase_add_loop_test(tc, loopback_alone_is_here, 0,
                        (int)(sizeof(places) / sizeof(places[0])));
    tcase_add_test(tc, connect_says_why_it_cannot);
    tcase_add_test(tc, new_ids_are_uuids_of_version_7_and_differ);
    tcase_add_test(tc, content_id_ignores_order_encoding_and_what_is_assigned);
    tcase_add_test(tc, content_id_differs_with_the_content);
    tcase_add_test(tc, content_id_is_only_for_one_whole_map);
    tcase_add_test(tc, next_cuts_messages_however_they_arrive);
    tcase_add_test(tc, refusal_fills_the_error);
    tcase_add_loop_test(tc, garbage_ends_the_connection, 0,
                        sizeof(garbage_cases) / sizeof(garbage_cases[0]));
    tcase_add_test(tc, append_needs_ids);
    tcase_add_test(tc, params_must_be_one_map);
    tcase_add_test(tc, stop_descriptor_ends_a_wait);
    tcase_add_test(tc, replay_hands_out_events_until_it_is_enough);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(library_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
