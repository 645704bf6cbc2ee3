/* SPDX-License-Identifier: MIT */
#include "daemon/recent.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"

/* Few partnerships, so that they meet again; ids that are not held are free
 * to come again; entries beyond several growths. */
#define ID_COUNT 40000u
#define PARTNERSHIP_COUNT 9u
#define POSITION_MAX 60000u
#define OPERATION_COUNT 60000

/* All that was ever added, of which first .. end - 1 count. */
struct naive {
    uint64_t first, end;
    uint16_t ids[POSITION_MAX], partnerships[POSITION_MAX];
    uint64_t revs[POSITION_MAX];
    uint64_t newest[ID_COUNT]; /* position of each, if it is still held */
};

static struct span
name(char buffer[32], const char *prefix, uint64_t number)
{
    snprintf(buffer, 32, "%s%" PRIu64, prefix, number);
    return span_of(buffer);
}

/* Looks a position's id up, as the writer does in the event. */
static bool
has_id(void *context, uint64_t seq, struct span id)
{
    const struct naive *naive = context;
    char text[32];
    return span_equal(name(text, "id", naive->ids[seq]), id);
}

static uint64_t
position_of(const struct naive *naive, uint64_t id)
{
    uint64_t seq = naive->newest[id];
    return seq >= naive->first && seq < naive->end && naive->ids[seq] == id
               ? seq
               : 0;
}

/* The newest position of a partnership, or 0. */
static uint64_t
newest_of(const struct naive *naive, uint16_t partnership)
{
    for (uint64_t seq = naive->end; seq > naive->first; seq--)
        if (naive->partnerships[seq - 1] == partnership)
            return seq - 1;
    return 0;
}

static void
compare(const struct recent *recent, struct naive *naive, uint64_t *dice)
{
    char text[32];
    uint64_t id = random_below(dice, ID_COUNT), rev = 0;
    uint16_t home = (uint16_t)random_below(dice, PARTNERSHIP_COUNT);
    ck_assert_uint_eq(recent_count(recent), naive->end - naive->first);
    ck_assert_uint_eq(
        recent_find_id(recent, name(text, "id", id), has_id, naive),
        position_of(naive, id));
    uint64_t newest = newest_of(naive, home);
    ck_assert_int_eq(
        recent_find_partnership(recent, name(text, "p", home), &rev),
        newest != 0);
    if (newest != 0)
        ck_assert_uint_eq(rev, naive->revs[newest]);
}

static void
add(struct recent *recent, struct naive *naive, uint64_t *dice)
{
    char id[32], home[32];
    uint64_t seq = naive->end, number = random_below(dice, ID_COUNT);
    while (position_of(naive, number) != 0)
        number = (number + 1) % ID_COUNT;
    naive->ids[seq] = (uint16_t)number;
    naive->newest[number] = seq;
    naive->partnerships[seq] = (uint16_t)random_below(dice, PARTNERSHIP_COUNT);
    naive->revs[seq] = random_next(dice);
    naive->end++;
    ck_assert_int_eq(recent_add(recent, naive->revs[seq],
                                name(id, "id", number),
                                name(home, "p", naive->partnerships[seq])),
                     0);
}

/* A position at the ends, beyond them, or between. */
static uint64_t
some_position(const struct naive *naive, uint64_t *dice)
{
    uint64_t low = naive->first > 3 ? naive->first - 3 : 0;
    return low + random_below(dice, naive->end - low + 3);
}

static void
confirm(struct recent *recent, uint64_t *confirmed, uint64_t seq)
{
    recent_confirm(recent, seq);
    *confirmed = seq > *confirmed ? seq : *confirmed;
}

static void
forget_upto(struct recent *recent, struct naive *naive, uint64_t seq)
{
    recent_forget_upto(recent, seq);
    uint64_t first = seq + 1 < naive->end ? seq + 1 : naive->end;
    naive->first = first > naive->first ? first : naive->first;
}

static void
forget_above(struct recent *recent, struct naive *naive, uint64_t seq)
{
    recent_forget_above(recent, seq);
    uint64_t end = seq + 1 > naive->first ? seq + 1 : naive->first;
    naive->end = end < naive->end ? end : naive->end;
}

START_TEST(recent_does_what_a_list_does)
{
    static struct naive naive;
    struct recent recent;
    uint64_t dice = random_seed("recent"), confirmed = 0;
    naive = (struct naive){.first = 1, .end = 1};
    recent_init(&recent, 1);
    for (int i = 0; i < OPERATION_COUNT && naive.end < POSITION_MAX; i++) {
        uint64_t throw = random_below(&dice, 1000);
        uint64_t position = some_position(&naive, &dice);
        if (throw < 3)
            forget_upto(&recent, &naive, position);
        else if (throw < 6 && position >= confirmed)
            forget_above(&recent, &naive, position);
        else if (throw < 9 && position < naive.end)
            confirm(&recent, &confirmed, position);
        else
            add(&recent, &naive, &dice);
        compare(&recent, &naive, &dice);
    }
    recent_deinit(&recent);
}
END_TEST

/* A window that slides along uses the same room again. */
START_TEST(tables_do_not_grow_with_what_is_forgotten)
{
    char id[32], home[32];
    struct recent recent;
    recent_init(&recent, 1);
    for (uint64_t seq = 1; seq <= 100000; seq++) {
        ck_assert_int_eq(
            recent_add(&recent, 1, name(id, "id", seq), name(home, "p", seq)),
            0);
        recent_confirm(&recent, seq);
        if (seq > 100)
            recent_forget_upto(&recent, seq - 100);
    }
    ck_assert_uint_eq(recent_count(&recent), 100);
    ck_assert_uint_le(recent.id_capacity, 1024);
    ck_assert_uint_le(recent.home_capacity, 1024);
    ck_assert_uint_le(recent.undo_capacity, 1024);
    recent_deinit(&recent);
}
END_TEST

static bool
is_anything(void *context, uint64_t seq, struct span id)
{
    (void)context;
    (void)seq;
    (void)id;
    return true;
}

START_TEST(recent_keeps_what_was_added)
{
    struct recent recent;
    uint64_t rev = 0;
    recent_init(&recent, 41);
    recent_confirm(&recent, 40); /* of nothing */
    recent_confirm(&recent, 50);
    ck_assert_uint_eq(recent_find_id(&recent, span_of("a"), is_anything, NULL),
                      0);
    ck_assert(!recent_find_partnership(&recent, span_of("p"), &rev));
    ck_assert_int_eq(recent_add(&recent, 7, span_of("a"), span_of("p")), 0);
    ck_assert_uint_eq(recent_find_id(&recent, span_of("a"), is_anything, NULL),
                      41);
    ck_assert(recent_find_partnership(&recent, span_of("p"), &rev));
    ck_assert_uint_eq(rev, 7);
    ck_assert(!recent_find_partnership(&recent, span_of("a"), &rev));
    recent_deinit(&recent);
}
END_TEST

static bool
is_nothing(void *context, uint64_t seq, struct span id)
{
    return !is_anything(context, seq, id);
}

/* The same hash is not the same id: the event has the word. */
START_TEST(id_is_confirmed_by_its_event)
{
    struct recent recent;
    recent_init(&recent, 1);
    ck_assert_int_eq(recent_add(&recent, 1, span_of("a"), span_of("p")), 0);
    ck_assert_uint_eq(recent_find_id(&recent, span_of("a"), is_nothing, NULL),
                      0);
    recent_deinit(&recent);
}
END_TEST

/* A partnership that is taken back is at its revision of before. */
START_TEST(what_is_taken_back_leaves_what_was_before)
{
    struct recent recent;
    uint64_t rev = 0;
    recent_init(&recent, 1);
    ck_assert_int_eq(recent_add(&recent, 1, span_of("a"), span_of("p")), 0);
    ck_assert_int_eq(recent_add(&recent, 2, span_of("b"), span_of("p")), 0);
    ck_assert_int_eq(recent_add(&recent, 1, span_of("c"), span_of("q")), 0);
    recent_forget_above(&recent, 1);
    ck_assert(recent_find_partnership(&recent, span_of("p"), &rev));
    ck_assert_uint_eq(rev, 1);
    ck_assert(!recent_find_partnership(&recent, span_of("q"), &rev));
    ck_assert_uint_eq(recent_find_id(&recent, span_of("b"), is_anything, NULL),
                      0);
    recent_deinit(&recent);
}
END_TEST

START_TEST(recent_takes_the_longest_names)
{
    struct recent recent;
    uint64_t rev = 0;
    uint8_t letters[MODEL_ID_SIZE_MAX];
    memset(letters, 'x', sizeof letters);
    struct span longest = {letters, sizeof letters};
    struct span shorter = {letters, sizeof letters - 1};
    recent_init(&recent, 1);
    ck_assert_int_eq(recent_add(&recent, 1, longest, longest), 0);
    ck_assert_uint_eq(recent_find_id(&recent, longest, is_anything, NULL), 1);
    ck_assert(recent_find_partnership(&recent, longest, &rev));
    ck_assert_uint_eq(recent_find_id(&recent, shorter, is_anything, NULL), 0);
    ck_assert(!recent_find_partnership(&recent, shorter, &rev));
    recent_deinit(&recent);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("recent");
    TCase *tests = tcase_create("recent");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, recent_does_what_a_list_does);
    tcase_add_test(tests, tables_do_not_grow_with_what_is_forgotten);
    tcase_add_test(tests, recent_keeps_what_was_added);
    tcase_add_test(tests, id_is_confirmed_by_its_event);
    tcase_add_test(tests, what_is_taken_back_leaves_what_was_before);
    tcase_add_test(tests, recent_takes_the_longest_names);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
