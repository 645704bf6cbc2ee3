/* SPDX-License-Identifier: MIT */
#include "daemon/recent.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/random_fixture.h"

/* Few names, so that they meet again; entries beyond several growths. */
#define ID_COUNT 700u
#define PARTNERSHIP_COUNT 9u
#define POSITION_MAX 60000u
#define OPERATION_COUNT 60000

/* All that was ever added, of which first .. end - 1 count. */
struct naive {
    uint64_t first, end;
    uint16_t ids[POSITION_MAX], partnerships[POSITION_MAX];
    uint64_t revs[POSITION_MAX];
};

static struct span
name(char buffer[32], const char *prefix, uint64_t number)
{
    snprintf(buffer, 32, "%s%" PRIu64, prefix, number);
    return span_of(buffer);
}

/* The newest position that holds it, or 0. */
static uint64_t
newest(const struct naive *naive, const uint16_t *names, uint16_t wanted)
{
    for (uint64_t seq = naive->end; seq > naive->first; seq--)
        if (names[seq - 1] == wanted)
            return seq - 1;
    return 0;
}

static void
compare(const struct recent *recent, const struct naive *naive, uint64_t *dice)
{
    char text[32];
    uint16_t id = (uint16_t)random_below(dice, ID_COUNT);
    uint16_t home = (uint16_t)random_below(dice, PARTNERSHIP_COUNT);
    const struct recent_entry *entry =
        recent_find_id(recent, name(text, "id", id));
    ck_assert_uint_eq(recent_count(recent), naive->end - naive->first);
    ck_assert_uint_eq(entry == NULL ? 0 : entry->seq,
                      newest(naive, naive->ids, id));
    if (entry != NULL)
        ck_assert_uint_eq(entry->rev, naive->revs[entry->seq]);
    entry = recent_find_partnership(recent, name(text, "p", home));
    ck_assert_uint_eq(entry == NULL ? 0 : entry->seq,
                      newest(naive, naive->partnerships, home));
}

static void
add(struct recent *recent, struct naive *naive, uint64_t *dice)
{
    char id[32], home[32];
    uint64_t seq = naive->end++;
    naive->ids[seq] = (uint16_t)random_below(dice, ID_COUNT);
    naive->partnerships[seq] = (uint16_t)random_below(dice, PARTNERSHIP_COUNT);
    naive->revs[seq] = random_next(dice);
    ck_assert_int_eq(recent_add(recent, naive->revs[seq], MODEL_NOTE,
                                name(id, "id", naive->ids[seq]),
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
    static struct naive naive = {.first = 1, .end = 1};
    struct recent recent;
    uint64_t dice = random_seed("recent");
    recent_init(&recent, 1);
    for (int i = 0; i < OPERATION_COUNT && naive.end < POSITION_MAX; i++) {
        uint64_t throw = random_below(&dice, 1000);
        if (throw < 3)
            forget_upto(&recent, &naive, some_position(&naive, &dice));
        else if (throw < 6)
            forget_above(&recent, &naive, some_position(&naive, &dice));
        else
            add(&recent, &naive, &dice);
        compare(&recent, &naive, &dice);
    }
    recent_deinit(&recent);
}
END_TEST

START_TEST(recent_keeps_what_was_added)
{
    struct recent recent;
    recent_init(&recent, 41);
    ck_assert_ptr_null(recent_find_id(&recent, span_of("a")));
    ck_assert_ptr_null(recent_find_partnership(&recent, span_of("p")));
    ck_assert_int_eq(
        recent_add(&recent, 7, MODEL_OFFER, span_of("a"), span_of("p")), 0);
    const struct recent_entry *entry = recent_find_id(&recent, span_of("a"));
    ck_assert_ptr_nonnull(entry);
    ck_assert_uint_eq(entry->seq, 41);
    ck_assert_uint_eq(entry->rev, 7);
    ck_assert_int_eq(entry->type, MODEL_OFFER);
    ck_assert(span_is(
        (struct span){entry->partnership, entry->partnership_size}, "p"));
    ck_assert_ptr_eq(recent_find_partnership(&recent, span_of("p")), entry);
    ck_assert_ptr_null(recent_find_id(&recent, span_of("p")));
    recent_deinit(&recent);
}
END_TEST

START_TEST(recent_takes_the_longest_names)
{
    struct recent recent;
    uint8_t letters[MODEL_ID_SIZE_MAX];
    memset(letters, 'x', sizeof letters);
    struct span longest = {letters, sizeof letters};
    struct span shorter = {letters, sizeof letters - 1};
    recent_init(&recent, 1);
    ck_assert_int_eq(recent_add(&recent, 1, MODEL_NOTE, longest, longest), 0);
    ck_assert_ptr_nonnull(recent_find_id(&recent, longest));
    ck_assert_ptr_nonnull(recent_find_partnership(&recent, longest));
    ck_assert_ptr_null(recent_find_id(&recent, shorter));
    ck_assert_ptr_null(recent_find_partnership(&recent, shorter));
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
    tcase_add_test(tests, recent_keeps_what_was_added);
    tcase_add_test(tests, recent_takes_the_longest_names);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
