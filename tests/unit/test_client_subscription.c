/* SPDX-License-Identifier: MIT */
/* The library's subscriptions, against a peer that plays a daemon: what is
 * handed out, what is asked for when a connection was lost, what ends it. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/entente.h"
#include "client/lib/handle.h"
#include "proto/event.h"
#include "tests/unit/data_fixture.h"
#include "tests/unit/notation.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- the peer -------------------------------------------------------------*/

#define SCRIPTS_MAX 6

/* Plays one script a connection: says all of it at once, and no more; then
 * hears the client out. */
struct peer {
    char path[DATA_PATH_SIZE];
    char url[DATA_PATH_SIZE + 8];
    int listener;
    const char *scripts[SCRIPTS_MAX + 1]; /* messages in notation */
    struct mp_buf heard[SCRIPTS_MAX];     /* what the client sent */
    pthread_t thread;
};

static void
hear_out(int fd, struct mp_buf *heard)
{
    uint8_t bytes[4096];
    ssize_t size;
    while ((size = read(fd, bytes, sizeof(bytes))) > 0)
        mp_buf_append(heard, bytes, (size_t)size);
}

static void *
play(void *context)
{
    struct peer *peer = context;
    for (size_t i = 0; peer->scripts[i] != NULL; i++) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            break;
        struct mp_buf said = {0};
        for (const char *at = peer->scripts[i]; *at != '\0';
             at += strlen(at) + 1) {
            struct mp_buf message = encoded(at);
            mp_buf_append(&said, message.data, message.size);
            mp_buf_deinit(&message);
        }
        ssize_t sent = send(fd, said.data, said.size, MSG_NOSIGNAL);
        (void)sent; /* a client that is gone has heard enough */
        shutdown(fd, SHUT_WR);
        hear_out(fd, &peer->heard[i]);
        mp_buf_deinit(&said);
        close(fd);
    }
    return NULL;
}

/* Scripts end with an empty message; their list with NULL. */
static void
peer_start(struct peer *peer, const char *const *scripts)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[DATA_PATH_SIZE];
    *peer = (struct peer){0};
    data_directory(directory);
    data_join(peer->path, directory, "s");
    snprintf(peer->url, sizeof(peer->url), "unix:%s", peer->path);
    memcpy(address.sun_path, peer->path, sizeof(address.sun_path));
    for (size_t i = 0; scripts[i] != NULL; i++)
        peer->scripts[i] = scripts[i];
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(peer->listener, (const struct sockaddr *)&address,
                          sizeof(address)),
                     0);
    ck_assert_int_eq(listen(peer->listener, SCRIPTS_MAX), 0);
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, play, peer), 0);
}

static void
peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

static void
peer_free(struct peer *peer)
{
    for (size_t i = 0; i < SCRIPTS_MAX; i++)
        mp_buf_deinit(&peer->heard[i]);
}

/* The params of the requests of one method on one connection, the n-th. */
static struct span
heard(const struct peer *peer, size_t connection, const char *method, size_t n)
{
    struct mp_reader reader = mp_reader(mp_buf_span(&peer->heard[connection]));
    while (reader.at < reader.end && !reader.failed) {
        struct mp_reader message = mp_reader(mp_value(&reader));
        mp_array(&message);
        mp_uint(&message);
        mp_uint(&message);
        if (!span_is(mp_str(&message), method) || n-- > 0)
            continue;
        mp_array(&message);
        return mp_value(&message);
    }
    return (struct span){NULL, 0};
}

static void
assert_heard(const struct peer *peer, size_t connection, const char *method,
             size_t n, const char *params)
{
    struct mp_buf expected = encoded(params);
    struct span got = heard(peer, connection, method, n);
    ck_assert_msg(got.data != NULL, "no %s", method);
    ck_assert_msg(event_value_equal(mp_buf_span(&expected), got),
                  "%s was not asked with %s", method, params);
    mp_buf_deinit(&expected);
}

/* --- the client -----------------------------------------------------------*/

struct news {
    struct entente *daemon;
    struct entente_subscription *subscription;
    char text[256]; /* of all that was heard */
    int enough;     /* calls after which it returns false; 0: never */
    int calls;
    bool acknowledges;
};

static bool
note(void *context, const struct entente_news *news)
{
    static const char kinds[] = {
        [ENTENTE_EVENTS] = 'e',       [ENTENTE_CAUGHT_UP] = 'c',
        [ENTENTE_PROGRESS] = 'p',     [ENTENTE_DAMAGED] = 'd',
        [ENTENTE_DISCONNECTED] = '-', [ENTENTE_RECONNECTED] = '+',
    };
    struct news *heard_news = context;
    size_t size = strlen(heard_news->text);
    snprintf(heard_news->text + size, sizeof(heard_news->text) - size, "%c%d ",
             kinds[news->kind], (int)news->position);
    struct span rest = {news->events.data, news->events.size};
    struct mp_reader reader = mp_reader(rest);
    for (uint32_t i = 0; i < news->count; i++) {
        size = strlen(heard_news->text);
        snprintf(heard_news->text + size, sizeof(heard_news->text) - size,
                 "(%d) ", (int)mp_get_uint(mp_value(&reader), "seq"));
    }
    ck_assert(news->count == 0 || (reader.at == reader.end && !reader.failed));
    ck_assert_int_eq(news->error != NULL, news->kind == ENTENTE_DISCONNECTED);
    if (heard_news->acknowledges && news->kind == ENTENTE_EVENTS)
        entente_ack(heard_news->subscription, news->position);
    return ++heard_news->calls != heard_news->enough;
}

static enum entente_result
subscribe(struct news *news, const struct peer *peer, const char *params,
          struct entente_error *error)
{
    struct entente_options options = ENTENTE_OPTIONS_DEFAULT;
    options.timeout_ms = 5000;
    struct mp_buf buf = encoded(params);
    options.token = "";
    news->daemon = entente_connect(peer->url, &options, error);
    ck_assert_ptr_nonnull(news->daemon);
    enum entente_result result =
        entente_subscribe(news->daemon, bytes_from_span(mp_buf_span(&buf)),
                          note, news, &news->subscription, error);
    ck_assert_int_eq(result == ENTENTE_OK, news->subscription != NULL);
    mp_buf_deinit(&buf);
    return result;
}

/* The client ends; what the peer heard stays until peer_free. */
static void
finish(struct news *news, struct peer *peer)
{
    entente_unsubscribe(news->subscription);
    entente_close(news->daemon);
    peer_stop(peer);
}

/* msgids count on over all connections: a hello, a subscribe, acks. */
#define HELLO(msgid) "[1," msgid ",!nil,{'log_id':'a','tip':4}]\0"
#define RESULT(msgid) "[1," msgid ",!nil,{'subscription':" msgid "}]\0"
#define SUBSCRIBED(hello, subscribe) HELLO(hello) RESULT(subscribe)
#define EVENT(seq) "{'seq':" seq ",'id':'x'}"
#define REFUSED(msgid, code)                                                   \
    "[1," msgid ",{'code':'" code "','message':'no'},!nil]\0"

/* --- what is handed out ---------------------------------------------------*/

START_TEST(news_are_handed_out_in_order)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1", "2") "[2,'events',[2,[" EVENT("3") "," EVENT(
            "4") "]]]\0"
                 "[2,'events',[9,[" EVENT("3") "]]]\0" /* other */
                                               "[2,'caught_up',[2,5]]\0"
                                               "[2,'whatever',[2,5]]\0"
                                               "[2,'progress',[2,9]]\0"
                                               "[2,'corrupt',[2,10]]\0"
                                               "[2,'events',[2,[" EVENT(
                                                   "11") "]]]\0",
        NULL};
    struct peer peer;
    struct news news = {.enough = 6};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'after':2,'party':'p'}", &error),
                     ENTENTE_OK);
    ck_assert_str_eq(news.text, ""); /* not before the first call */
    ck_assert_int_eq(entente_wait_ms(news.subscription), -1);
    ck_assert_int_ge(entente_fd(news.daemon), 0);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "e4 (3) (4) c5 p9 d10 e11 (11) -11 ");
    ck_assert_int_eq(entente_process(news.subscription, 0, &error),
                     ENTENTE_STOPPED); /* and it stays so */
    finish(&news, &peer);
    assert_heard(&peer, 0, "subscribe", 0, "{'party':'p','after':2}");
    peer_free(&peer);
}
END_TEST

/* Where nothing is asked for it is known where it began. */
START_TEST(subscription_without_after_begins_at_the_tip)
{
    static const char *const scripts[] = {SUBSCRIBED("1", "2"), NULL};
    struct peer peer;
    struct news news = {.enough = 1};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'after':!nil}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "-4 ");
    finish(&news, &peer);
    assert_heard(&peer, 0, "subscribe", 0, "{'after':4}");
    peer_free(&peer);
}
END_TEST

/* --- a connection that is lost --------------------------------------------*/

START_TEST(lost_connection_is_made_again_and_goes_on)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1",
                   "2") "[2,'events',[2,[" EVENT("3") "]]]\0"
                                                      "[2,'caught_up',[2,3]]\0",
        SUBSCRIBED("3",
                   "4") "[2,'events',[4,[" EVENT("4") "]]]\0"
                                                      "[2,'caught_up',[4,6]]\0",
        SUBSCRIBED("5", "6") "[2,'progress',[6,7]]\0", NULL};
    struct peer peer;
    struct news news = {.enough = 9};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(
        subscribe(&news, &peer, "{'after':0,'types':['note']}", &error),
        ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    /* caught_up is told once, whatever was lost */
    ck_assert_str_eq(news.text, "e3 (3) c3 -3 +3 e4 (4) p6 -6 +6 p7 ");
    finish(&news, &peer);
    assert_heard(&peer, 0, "subscribe", 0, "{'types':['note'],'after':0}");
    assert_heard(&peer, 1, "subscribe", 0, "{'types':['note'],'after':3}");
    assert_heard(&peer, 2, "subscribe", 0, "{'types':['note'],'after':6}");
    peer_free(&peer);
}
END_TEST

/* The daemon goes on behind what it knows to be acknowledged; what was handed
 * out is not handed out again. */
START_TEST(consumer_is_asked_for_by_name_and_gets_nothing_twice)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1",
                   "2") "[2,'events',[2,[" EVENT("3") "," EVENT("5") "]]]\0",
        SUBSCRIBED("3", "4") "[2,'events',[4,[" EVENT(
            "3") "]]]\0"
                 "[2,'progress',[4,4]]\0"
                 "[2,'events',[4,[" EVENT("5") "," EVENT("6") "," EVENT(
                     "8") "]]]\0",
        NULL};
    struct peer peer;
    struct news news = {.enough = 5};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(
        subscribe(&news, &peer, "{'consumer':'m','after':2}", &error),
        ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "e5 (3) (5) -5 +5 e8 (6) (8) -8 ");
    finish(&news, &peer);
    assert_heard(&peer, 0, "subscribe", 0, "{'consumer':'m','after':2}");
    assert_heard(&peer, 1, "subscribe", 0, "{'consumer':'m'}");
    peer_free(&peer);
}
END_TEST

/* A name that was new may have been stored though nobody heard of it. */
START_TEST(lost_result_of_a_new_consumer_is_no_obstacle)
{
    static const char *const scripts[] = {
        HELLO("1"),
        HELLO("3") REFUSED("4", "invalid_request") HELLO("5") RESULT("6"),
        NULL};
    struct peer peer;
    struct news news = {.enough = 1};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(
        subscribe(&news, &peer, "{'consumer':'m','after':2}", &error),
        ENTENTE_OK);
    finish(&news, &peer);
    assert_heard(&peer, 0, "subscribe", 0, "{'consumer':'m','after':2}");
    assert_heard(&peer, 1, "subscribe", 0, "{'consumer':'m','after':2}");
    assert_heard(&peer, 1, "subscribe", 1, "{'consumer':'m'}");
    peer_free(&peer);
}
END_TEST

START_TEST(known_consumer_takes_no_after)
{
    static const char *const scripts[] = {
        HELLO("1") REFUSED("2", "invalid_request"), NULL};
    struct peer peer;
    struct news news = {0};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(
        subscribe(&news, &peer, "{'consumer':'m','after':2}", &error),
        ENTENTE_REFUSED);
    ck_assert_str_eq(error.code, "invalid_request");
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

/* The daemon may not have seen the end of the old connection yet. */
START_TEST(conflict_with_oneself_passes)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1", "2"), HELLO("3") REFUSED("4", "conflict"),
        HELLO("5") REFUSED("6", "conflict"),
        SUBSCRIBED("7", "8") "[2,'caught_up',[8,4]]\0", NULL};
    struct peer peer;
    struct news news = {.enough = 4};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'consumer':'m'}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "-0 -0 +0 c4 "); /* a reason is told once */
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

/* In a loop: no descriptor, but a time after which it is to be called. */
START_TEST(wait_says_when_the_next_try_is_due)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1", "2"), HELLO("3"),
        SUBSCRIBED("5", "6") "[2,'caught_up',[6,4]]\0", NULL};
    struct peer peer;
    struct news news = {.enough = 3};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{}", &error), ENTENTE_OK);
    enum entente_result result = ENTENTE_AGAIN;
    while (entente_fd(news.daemon) >= 0) {
        data_wait(entente_fd(news.daemon));
        result = entente_process(news.subscription, 0, &error);
    }
    ck_assert_int_eq(result, ENTENTE_OK);
    ck_assert_str_eq(news.text, "-4 ");
    bool waited = false;
    while (result == ENTENTE_OK || result == ENTENTE_AGAIN) {
        int wait_ms = entente_wait_ms(news.subscription);
        ck_assert_int_le(wait_ms, 2000);
        waited |= wait_ms > 0;
        poll(NULL, 0, wait_ms < 0 ? 0 : wait_ms);
        result = entente_process(news.subscription, 0, &error);
    }
    ck_assert(waited);
    ck_assert_int_eq(result, ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "-4 +4 c4 ");
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

/* --- the end --------------------------------------------------------------*/

static const struct {
    const char *scripts[3];
    enum entente_result result;
    const char *code;
} ends[] = {
    {{SUBSCRIBED("1", "2"), "[1,3,!nil,{'log_id':'b','tip':4}]\0"},
     ENTENTE_LOST,
     "other_log"},
    {{SUBSCRIBED("1", "2"), HELLO("3") REFUSED("4", "invalid_request")},
     ENTENTE_REFUSED,
     "invalid_request"}, /* a log that was put back */
    {{SUBSCRIBED("1", "2"), HELLO("3") REFUSED("4", "forbidden")},
     ENTENTE_REFUSED,
     "forbidden"},
    {{SUBSCRIBED("1", "2") "[2,'ended',[2,{'code':'forbidden',"
                           "'message':'no role'}]]\0"},
     ENTENTE_REFUSED,
     "forbidden"},
    {{SUBSCRIBED("1", "2") "[2,'events',[2,7]]\0"}, ENTENTE_LOST, "protocol"},
    {{SUBSCRIBED("1", "2") "[2,'progress',[2,'x']]\0"},
     ENTENTE_LOST,
     "protocol"},
};

START_TEST(end_says_why)
{
    struct peer peer;
    struct news news = {0};
    struct entente_error error;
    peer_start(&peer, ends[_i].scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{}", &error), ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ends[_i].result);
    ck_assert_str_eq(error.code, ends[_i].code);
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

static const char *const bad_params[] = {
    "7", "[]", "{'after':'x'}", "{'after':-1}", "{7:1}",
};

START_TEST(params_are_one_map_with_a_position)
{
    static const char *const scripts[] = {HELLO("1"), NULL};
    struct peer peer;
    struct news news = {0};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, bad_params[_i], &error),
                     ENTENTE_INVALID);
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

START_TEST(stop_descriptor_ends_the_run)
{
    static const char *const scripts[] = {SUBSCRIBED("1", "2"), NULL};
    struct peer peer;
    struct news news = {0};
    struct entente_error error;
    int stop[2];
    ck_assert_int_eq(pipe(stop), 0);
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{}", &error), ENTENTE_OK);
    news.daemon->limits.stop_fd = stop[0];
    ck_assert_int_eq(write(stop[1], "", 1), 1);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(error.code, "stopped");
    finish(&news, &peer);
    peer_free(&peer);
    close(stop[0]);
    close(stop[1]);
}
END_TEST

/* --- acknowledging --------------------------------------------------------*/

#define STORED(msgid, position) "[1," msgid ",!nil,{'position':" position "}]\0"

/* One at a time: what comes in between is in the next. */
START_TEST(highest_position_is_acknowledged)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1", "2") "[2,'events',[2,[" EVENT(
            "3") "]]]\0"
                 "[2,'events',[2,[" EVENT(
                     "4") "]]]\0"
                          "[2,'events',[2,[" EVENT("5") "]]]\0" STORED(
                              "3", "3") "[2,'progress',[2,6]]\0" STORED("4",
                                                                        "5"),
        NULL};
    struct peer peer;
    struct news news = {.enough = 5, .acknowledges = true};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'consumer':'m'}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "e3 (3) e4 (4) e5 (5) p6 -6 ");
    ck_assert_uint_eq(entente_acked(news.subscription), 5);
    finish(&news, &peer);
    assert_heard(&peer, 0, "ack", 0, "{'consumer':'m','position':3}");
    assert_heard(&peer, 0, "ack", 1, "{'consumer':'m','position':5}");
    ck_assert_ptr_null(heard(&peer, 0, "ack", 2).data);
    peer_free(&peer);
}
END_TEST

/* A daemon that was started anew knows only of what it has sent itself. */
START_TEST(no_more_is_acknowledged_than_this_connection_was_sent)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1",
                   "2") "[2,'events',[2,[" EVENT("3") "," EVENT("5") "]]]\0",
        SUBSCRIBED("4", "5") "[2,'events',[5,[" EVENT("3") "]]]\0" STORED(
            "6", "3") "[2,'events',[5,[" EVENT("5") "]]]\0" STORED("7", "5"),
        NULL};
    struct peer peer;
    struct news news = {.enough = 4, .acknowledges = true};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'consumer':'m'}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    ck_assert_str_eq(news.text, "e5 (3) (5) -5 +5 -5 ");
    ck_assert_uint_eq(entente_acked(news.subscription), 5);
    finish(&news, &peer);
    assert_heard(&peer, 0, "ack", 0, "{'consumer':'m','position':5}");
    assert_heard(&peer, 1, "ack", 0, "{'consumer':'m','position':3}");
    assert_heard(&peer, 1, "ack", 1, "{'consumer':'m','position':5}");
    peer_free(&peer);
}
END_TEST

/* Whoever has printed and is interrupted has still printed. */
START_TEST(end_acknowledges_what_is_left)
{
    static const char *const scripts[] = {
        SUBSCRIBED("1", "2") "[2,'events',[2,[" EVENT(
            "3") "]]]\0"
                 "[2,'events',[2,[" EVENT("4") "]]]\0" STORED("3", "3"),
        NULL};
    struct peer peer;
    struct news news = {.enough = 1, .acknowledges = true};
    struct entente_error error;
    peer_start(&peer, scripts);
    ck_assert_int_eq(subscribe(&news, &peer, "{'consumer':'m'}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error), ENTENTE_STOPPED);
    finish(&news, &peer);
    assert_heard(&peer, 0, "ack", 0, "{'consumer':'m','position':3}");
    peer_free(&peer);
}
END_TEST

START_TEST(refused_ack_ends_it_but_for_want_of_room)
{
    static const char *const scripts[][2] = {
        {SUBSCRIBED("1", "2") "[2,'events',[2,[" EVENT("3") "]]]\0" REFUSED(
            "3", "storage_full") "[2,'progress',[2,6]]\0"},
        {SUBSCRIBED("1", "2") "[2,'events',[2,[" EVENT("3") "]]]\0" REFUSED(
            "3", "not_found") "[2,'progress',[2,6]]\0"},
    };
    struct peer peer;
    struct news news = {.enough = 2, .acknowledges = true};
    struct entente_error error;
    peer_start(&peer, scripts[_i]);
    ck_assert_int_eq(subscribe(&news, &peer, "{'consumer':'m'}", &error),
                     ENTENTE_OK);
    ck_assert_int_eq(entente_run(news.subscription, &error),
                     _i == 0 ? ENTENTE_STOPPED : ENTENTE_REFUSED);
    ck_assert_str_eq(news.text, _i == 0 ? "e3 (3) p6 " : "e3 (3) ");
    ck_assert_uint_eq(entente_acked(news.subscription), 0);
    finish(&news, &peer);
    peer_free(&peer);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client_subscription");
    TCase *tests = tcase_create("client_subscription");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, news_are_handed_out_in_order);
    tcase_add_test(tests, subscription_without_after_begins_at_the_tip);
    tcase_add_test(tests, lost_connection_is_made_again_and_goes_on);
    tcase_add_test(tests, consumer_is_asked_for_by_name_and_gets_nothing_twice);
    tcase_add_test(tests, lost_result_of_a_new_consumer_is_no_obstacle);
    tcase_add_test(tests, known_consumer_takes_no_after);
    tcase_add_test(tests, conflict_with_oneself_passes);
    tcase_add_test(tests, wait_says_when_the_next_try_is_due);
    tcase_add_loop_test(tests, end_says_why, 0, COUNT_OF(ends));
    tcase_add_loop_test(tests, params_are_one_map_with_a_position, 0,
                        COUNT_OF(bad_params));
    tcase_add_test(tests, stop_descriptor_ends_the_run);
    tcase_add_test(tests, highest_position_is_acknowledged);
    tcase_add_test(tests,
                   no_more_is_acknowledged_than_this_connection_was_sent);
    tcase_add_test(tests, end_acknowledges_what_is_left);
    tcase_add_loop_test(tests, refused_ack_ends_it_but_for_want_of_room, 0, 2);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
