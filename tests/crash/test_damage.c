/* SPDX-License-Identifier: MIT */
/* Damage to stored events is told, by `corrupt`, of those events alone: never
 * wrong bytes, never a crash, never an event less in silence. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/bytes.h"
#include "tests/crash/check_data.h"
#include "tests/crash/check_log.h"
#include "tests/crash/dice.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define SECONDS_MAX 50
#define EVENTS 48
#define ROUNDS 24
#define PAGE 7 /* small, so that there are ends of pages around damage */
#define CHECKSUM_SIZE ((size_t)8)    /* in front of each stored event */
#define ANSWER_HEAD_SIZE ((size_t)4) /* [1, 1, nil, in front of a result */

/* What is stored, while it is sound. */
static struct bytes events[EVENTS]; /* as they are stored */
static json_t *sound[EVENTS];
static struct bytes file;
static char path[SCRATCH_PATH_SIZE];

/* --- a sound log ----------------------------------------------------------*/

/* Of many sizes, so that some have pages of their own. */
static void
append_events(void)
{
    json_t *list = json_array();
    for (int i = 0; i < EVENTS; i++)
        json_array_append_new(
            list,
            json_format("{'id': 'event%d', 'type': 'note', 'partnership': "
                        "'p%d', 'parties': ['a'], 'occurred': '19%02d', "
                        "'title': 'The event of number %d', 'summary': "
                        "{'$repeat': ['x', %d]}}",
                        i, i, i, i, 1 + (i * i * 7) % 5000));
    json_auto_t *arguments = json_pack("{s:o}", "events", list);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

static void
remember_event(int index)
{
    json_auto_t *arguments = json_format("{'seq': %d}", index + 1);
    wire_queue(fixture.wire, 1, "get", arguments);
    wire_flush(fixture.wire);
    json_auto_t *answer = wire_answer(fixture.wire, 1);
    sound[index] = json_incref(json_array_get(answer, 3));
    size_t size;
    const uint8_t *message = wire_message_bytes(fixture.wire, &size);
    ck_assert_uint_gt(size, ANSWER_HEAD_SIZE);
    events[index].size = size - ANSWER_HEAD_SIZE;
    events[index].data = malloc(events[index].size);
    memcpy(events[index].data, message + ANSWER_HEAD_SIZE, events[index].size);
}

static void
begin(void)
{
    dice_begin();
    fixture_begin();
    append_events();
    for (int i = 0; i < EVENTS; i++)
        remember_event(i);
    /* the page of the views that a state needs is there too */
    expect_done(fixture.wire, "state", "{'partnership': 'p0'}");
    fixture_stop();
    scratch_join(path, fixture.data, "log.mdb");
    bytes_read(&file, path);
}

static void
end(void)
{
    fixture_end();
    bytes_deinit(&file);
    for (int i = 0; i < EVENTS; i++) {
        bytes_deinit(&events[i]);
        json_decref(sound[i]);
    }
}

/* --- damage ---------------------------------------------------------------*/

/* Flip a bit of the event, checksum included, in each copy that is in the file:
 * LMDB leaves old pages behind. */
static void
flip(struct bytes *damaged, int index, size_t bit)
{
    const struct bytes *event = &events[index];
    size_t copies = 0;
    size_t at = bytes_find(&file, 0, event->data, event->size);
    for (; at < file.size;
         at = bytes_find(&file, at + 1, event->data, event->size)) {
        damaged->data[at - CHECKSUM_SIZE + bit / 8] ^= (uint8_t)(1 << bit % 8);
        copies++;
    }
    ck_assert_msg(copies > 0, "event %d is not in log.mdb byte for byte",
                  index);
}

static size_t
bits_of(int index)
{
    return 8 * (CHECKSUM_SIZE + events[index].size);
}

/* Damage these events, each at a random bit of its byte `at`, or of any. */
#define ANYWHERE ((size_t)-1)
static void
write_damaged(const bool damaged[EVENTS], size_t at)
{
    struct bytes copy = {.data = malloc(file.size), .size = file.size};
    memcpy(copy.data, file.data, file.size);
    for (int i = 0; i < EVENTS; i++)
        if (damaged[i])
            flip(&copy, i,
                 at == ANYWHERE ? dice_below(bits_of(i))
                                : 8 * at + dice_below(8));
    bytes_write(&copy, path);
    bytes_deinit(&copy);
}

static void
start_damaged(const bool damaged[EVENTS])
{
    write_damaged(damaged, ANYWHERE);
    fixture_start();
}

static void
check_corrupt(const json_t *error, int index, const char *asked)
{
    expect_includes(error, "{'code': 'corrupt'}");
    json_int_t seq = json_integer_value(json_object_get(error, "seq"));
    ck_assert_msg(seq == index + 1,
                  "%s: event %lld is told of where event %d is damaged", asked,
                  (long long)seq, index + 1);
}

/* --- what is seen of it ---------------------------------------------------*/

static void
check_get(const bool damaged[EVENTS], int index, const char *by)
{
    json_auto_t *arguments = strcmp(by, "seq") == 0
                                 ? json_format("{'seq': %d}", index + 1)
                                 : json_format("{'id': 'event%d'}", index);
    json_auto_t *answer = wire_call(fixture.wire, "get", arguments);
    if (damaged[index])
        check_corrupt(json_array_get(answer, 2), index, by);
    else
        expect_same_json(json_array_get(answer, 3), sound[index], by);
}

/* The events of one page or stream are those from `*next` on; an error ends it
 * where the next is damaged.  Its cursor, a new reference. */
static json_t *
check_piece(const bool damaged[EVENTS], const json_t *list,
            const json_t *answer, int *next)
{
    for (size_t i = 0; i < json_array_size(list); i++, (*next)++) {
        ck_assert_int_lt(*next, EVENTS);
        ck_assert_msg(!damaged[*next], "event %d is shown", *next + 1);
        expect_same_json(json_array_get(list, i), sound[*next], "replay");
    }
    const json_t *error = json_array_get(answer, 2);
    if (json_is_null(error))
        return json_incref(
            json_object_get(json_array_get(answer, 3), "cursor"));
    ck_assert_int_lt(*next, EVENTS);
    char *text = json_dumps(error, JSON_COMPACT);
    ck_assert_msg(damaged[*next], "event %d is sound: %s", *next + 1, text);
    free(text);
    check_corrupt(error, (*next)++, "replay");
    return json_incref(json_object_get(error, "cursor"));
}

/* A cursor may be missing behind the last event alone. */
static bool
goes_on(json_t *arguments, json_t *cursor, int next)
{
    json_object_set(arguments, "cursor", cursor);
    bool more = json_is_string(cursor);
    ck_assert_msg(more || next == EVENTS, "nothing leads behind event %d",
                  next);
    json_decref(cursor);
    return more;
}

static void
check_pages(const bool damaged[EVENTS])
{
    json_auto_t *arguments = json_format("{'limit': %d}", PAGE);
    int next = 0;
    json_t *cursor;
    do {
        json_auto_t *answer = wire_call(fixture.wire, "replay", arguments);
        cursor = check_piece(
            damaged, json_object_get(json_array_get(answer, 3), "events"),
            answer, &next);
    } while (goes_on(arguments, cursor, next));
    ck_assert_int_eq(next, EVENTS);
}

/* A damaged event is told of; the cursor that leads on, borrowed. */
static json_t *
note_told(const bool damaged[EVENTS], bool told[EVENTS], const json_t *error)
{
    expect_includes(error, "{'code': 'corrupt'}");
    json_int_t seq = json_integer_value(json_object_get(error, "seq"));
    ck_assert_int_ge(seq, 1);
    ck_assert_int_le(seq, EVENTS);
    ck_assert_msg(damaged[seq - 1], "event %lld is sound", (long long)seq);
    told[seq - 1] = true;
    return json_object_get(error, "cursor");
}

static int
check_shown(const bool damaged[EVENTS], const json_t *list, int next)
{
    for (size_t i = 0; i < json_array_size(list); i++, next++) {
        while (next < EVENTS && damaged[next])
            next++;
        ck_assert_msg(next < EVENTS, "more events than there are");
        if (next < EVENTS)
            expect_same_json(json_array_get(list, i), sound[next], "replay");
    }
    return next;
}

/* By dates a damaged event may be told of before the first page, as it may
 * have no place; but the sound ones are all shown, in order, and the others
 * all told of. */
static void
check_pages_by_date(const bool damaged[EVENTS])
{
    bool told[EVENTS] = {false};
    json_auto_t *arguments =
        json_format("{'order': 'occurred', 'limit': %d}", PAGE);
    int next = 0;
    bool more = true;
    for (int pages = 0; more; pages++) {
        ck_assert_msg(pages <= 3 * EVENTS, "pages without end");
        json_auto_t *answer = wire_call(fixture.wire, "replay", arguments);
        const json_t *error = json_array_get(answer, 2);
        const json_t *page = json_array_get(answer, 3);
        json_t *cursor = json_is_null(error) ? json_object_get(page, "cursor")
                                             : note_told(damaged, told, error);
        next = check_shown(damaged, json_object_get(page, "events"), next);
        more = json_is_string(cursor);
        json_object_set(arguments, "cursor", cursor);
    }
    for (int i = 0; i < EVENTS; i++)
        ck_assert_msg(told[i] == damaged[i] && (damaged[i] || i < next),
                      "nothing is told of event %d", i + 1);
}

/* One stream: its events, and the answer that ends it; both new references. */
static json_t *
stream(const json_t *arguments, json_t **answer_out)
{
    json_t *all = json_array();
    wire_queue(fixture.wire, 1, "replay", arguments);
    wire_flush(fixture.wire);
    json_t *message = wire_message(fixture.wire);
    while (json_integer_value(json_array_get(message, 0)) == 2) {
        const json_t *params = json_array_get(message, 2);
        json_array_extend(all, json_array_get(params, 1));
        json_decref(message);
        message = wire_message(fixture.wire);
    }
    *answer_out = message;
    return all;
}

static void
check_streams(const bool damaged[EVENTS])
{
    json_auto_t *arguments = json_of("{'stream': true}");
    int next = 0;
    json_t *cursor;
    do {
        json_auto_t *answer = NULL;
        json_auto_t *list = stream(arguments, &answer);
        cursor = check_piece(damaged, list, answer, &next);
    } while (goes_on(arguments, cursor, next));
    ck_assert_int_eq(next, EVENTS);
}

/* Each event is the only one of its partnership. */
static void
check_states(const bool damaged[EVENTS])
{
    for (int i = 0; i < EVENTS; i++) {
        json_auto_t *arguments = json_format("{'partnership': 'p%d'}", i);
        json_auto_t *answer = wire_call(fixture.wire, "state", arguments);
        const json_t *error = json_array_get(answer, 2);
        if (damaged[i])
            expect_error_in(answer, "corrupt");
        else
            ck_assert_msg(json_is_null(error), "the state of p%d is refused",
                          i);
    }
}

static void
check_damage(const bool damaged[EVENTS])
{
    for (int i = 0; i < EVENTS; i++) {
        check_get(damaged, i, "seq");
        check_get(damaged, i, "id");
    }
    check_pages(damaged);
    check_pages_by_date(damaged);
    check_streams(damaged);
    check_states(damaged);
    ck_assert_int_eq(check_log_store("another", CHECK_LOG_NEW), EVENTS + 1);
}

/* Back to what it was, views included. */
static void
restore(void)
{
    char views[SCRATCH_PATH_SIZE];
    scratch_join(views, fixture.data, "views.mdb");
    fixture_stop();
    bytes_write(&file, path);
    (void)unlink(views);
    fixture_start();
    fixture_stop();
}

START_TEST(flipped_bits_are_told_of_and_nothing_else_is_touched)
{
    size_t flips = 0;
    for (int round = 0; round < ROUNDS; round++) {
        bool damaged[EVENTS] = {false};
        for (int i = 0; i < EVENTS - 1; i++)
            damaged[i] = dice_below(3) == 0;
        for (int i = 0; i < EVENTS; i++)
            flips += damaged[i];
        start_damaged(damaged);
        check_damage(damaged);
        restore();
    }
    printf("%zu bits flipped, all told of\n", flips);
}
END_TEST

/* The views are compared with the last event, and made anew when it differs:
 * from a log in which it is damaged. */
START_TEST(flipped_bit_in_the_last_event_is_told_of)
{
    for (int round = 0; round < ROUNDS / 4; round++) {
        bool damaged[EVENTS] = {[EVENTS - 1] = true};
        start_damaged(damaged);
        check_get(damaged, EVENTS - 1, "seq");
        for (int i = 0; i < EVENTS - 1; i++) {
            check_get(damaged, i, "seq");
            check_get(damaged, i, "id");
        }
        check_pages(damaged);
        check_streams(damaged);
        ck_assert_int_eq(check_log_store("another", CHECK_LOG_NEW), EVENTS + 1);
        restore();
    }
}
END_TEST

/* It is no part of the answer. */
START_TEST(damage_behind_the_limit_of_a_stream_is_not_met)
{
    bool damaged[EVENTS] = {[PAGE] = true};
    json_auto_t *arguments = json_format("{'stream': true, 'limit': %d}", PAGE);
    start_damaged(damaged);
    json_auto_t *answer = NULL;
    json_auto_t *list = stream(arguments, &answer);
    ck_assert_uint_eq(json_array_size(list), PAGE);
    ck_assert(json_is_null(json_array_get(answer, 2)));
}
END_TEST

/* Views that are made anew from a damaged log hide no damage. */
START_TEST(damage_stays_known_when_the_views_are_made_anew)
{
    char views[SCRATCH_PATH_SIZE];
    scratch_join(views, fixture.data, "views.mdb");
    bool damaged[EVENTS] = {[3] = true, [4] = true, [20] = true};
    ck_assert_int_eq(unlink(views), 0);
    start_damaged(damaged);
    for (int i = 0; i < EVENTS; i++)
        check_get(damaged, i, "seq");
    check_pages(damaged);
    check_streams(damaged);
    fixture_stop();
    fixture_start();
    check_pages(damaged);
    ck_assert_int_eq(check_log_store("another", CHECK_LOG_NEW), EVENTS + 1);
}
END_TEST

/* --- every byte -----------------------------------------------------------*/

/* Small events, which are tried at each of their bytes, checksum included. */
static const int tried[] = {0, 1, 2, 27, 38};
#define TRIED (sizeof(tried) / sizeof(tried[0]))

/* How many tests share the bytes: each has its time. */
#define SHARES 4

/* Those that have a byte `at`; how many. */
static int
choose(bool damaged[EVENTS], size_t at)
{
    int count = 0;
    for (size_t i = 0; i < TRIED; i++) {
        damaged[tried[i]] = at < CHECKSUM_SIZE + events[tried[i]].size;
        count += damaged[tried[i]];
    }
    return count;
}

static void
check_offline(const bool damaged[EVENTS], int count)
{
    char *report, line[64];
    ck_assert_int_eq(check_data_run(fixture.data, "", &report), 1);
    ck_assert_msg(check_data_findings(report) == count, "not %d findings:\n%s",
                  count, report);
    for (int i = 0; i < EVENTS; i++) {
        snprintf(line, sizeof(line), "position %d", i + 1);
        const char *found = strstr(report, line);
        bool told = found != NULL &&
                    (found[strlen(line)] == ',' || found[strlen(line)] == ':' ||
                     found[strlen(line)] == ' ');
        ck_assert_msg(told || !damaged[i], "%s is missing:\n%s", line, report);
    }
    snprintf(line, sizeof(line), "%d sound, %d damaged, 0 missing",
             EVENTS - count, count);
    ck_assert_msg(strstr(report, line) != NULL, "no \"%s\":\n%s", line, report);
    free(report);
}

/* The check tells of each, and a daemon, whose views were made before, of each
 * that it is asked for. */
START_TEST(flipped_bit_in_any_byte_is_told_of)
{
    int count;
    bool damaged[EVENTS] = {false};
    struct bytes views;
    char views_path[SCRATCH_PATH_SIZE];
    scratch_join(views_path, fixture.data, "views.mdb");
    bytes_read(&views, views_path);
    for (size_t at = (size_t)_i; (count = choose(damaged, at)) > 0;
         at += SHARES) {
        write_damaged(damaged, at);
        check_offline(damaged, count);
        fixture_start();
        for (int i = 0; i < EVENTS; i++)
            check_get(damaged, i, "seq");
        check_pages(damaged);
        check_pages_by_date(damaged);
        check_streams(damaged);
        check_states(damaged);
        fixture_kill(); /* so that views which we put there are believed */
        bytes_write(&views, views_path);
    }
    bytes_deinit(&views);
    bytes_write(&file, path);
    check_data_expect(fixture.data, 0, "no findings");
    fixture_start();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("damage");
    TCase *tests = tcase_create("damage");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, SECONDS_MAX);
    tcase_add_test(tests, flipped_bits_are_told_of_and_nothing_else_is_touched);
    tcase_add_test(tests, flipped_bit_in_the_last_event_is_told_of);
    tcase_add_test(tests, damage_behind_the_limit_of_a_stream_is_not_met);
    tcase_add_test(tests, damage_stays_known_when_the_views_are_made_anew);
    tcase_add_loop_test(tests, flipped_bit_in_any_byte_is_told_of, 0, SHARES);
    suite_add_tcase(suite, tests);
    return fixture_run(suite);
}
