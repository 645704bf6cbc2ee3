/* SPDX-License-Identifier: MIT */
#include "daemon/fold_list.h"

#include <check.h>
#include <stdlib.h>

static void
apply(struct fold *fold, const struct fold_op *op)
{
    ck_assert_int_eq(fold_apply(fold, op), 0);
}

/* --- long histories -------------------------------------------------------*/

#define OFFER_COUNT 100000u
#define OFFERS_OPEN 7u

/* The offer that was opened OFFERS_OPEN before closes each time. */
START_TEST(fold_of_many_closed_offers_stays_small_and_in_order)
{
    struct fold fold = {0};
    uint64_t seq = 0, oldest = 1;
    for (uint32_t i = 0; i < OFFER_COUNT; i++) {
        seq++;
        apply(&fold,
              &(struct fold_op){.seq = seq, .root = seq, .type = MODEL_OFFER});
        if (fold.offers.count <= OFFERS_OPEN)
            continue;
        seq++;
        apply(&fold, &(struct fold_op){.seq = seq,
                                       .root = seq,
                                       .re_root = oldest,
                                       .type = MODEL_REJECTION});
        oldest += oldest <= OFFERS_OPEN ? 1 : 2;
    }
    ck_assert_uint_eq(fold.offers.count, OFFERS_OPEN);
    ck_assert_uint_lt(fold.offers.capacity, 200);
    uint64_t before = 0;
    for (size_t i = 0; i < fold.offers.size; i++) {
        const struct fold_entry *entry = &fold.offers.entries[i];
        if (entry->gone)
            continue;
        ck_assert_uint_gt(entry->root, before);
        ck_assert_ptr_eq(fold_list_find(&fold.offers, entry->root), entry);
        before = entry->root;
    }
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_keeps_amendments_through_squeezing)
{
    struct fold fold = {0};
    apply(&fold,
          &(struct fold_op){.seq = 1, .root = 1, .type = MODEL_AGREEMENT});
    for (uint64_t seq = 2; seq < 1000; seq += 3) {
        apply(&fold, &(struct fold_op){
                         .seq = seq, .root = seq, .type = MODEL_AGREEMENT});
        apply(&fold, &(struct fold_op){.seq = seq + 1,
                                       .root = seq + 1,
                                       .re_root = 1,
                                       .type = MODEL_AMENDMENT});
        apply(&fold, &(struct fold_op){.seq = seq + 2,
                                       .root = seq + 2,
                                       .re_root = seq,
                                       .type = MODEL_TERMINATION});
    }
    const struct fold_entry *entry = fold_list_find(&fold.agreements, 1);
    ck_assert_uint_eq(fold.agreements.count, 1);
    ck_assert_ptr_nonnull(entry);
    ck_assert_uint_eq(entry->amendment_count, 333);
    for (uint32_t i = 0; i < entry->amendment_count; i++)
        ck_assert_uint_eq(entry->amendments[i], 3 * i + 3);
    fold_deinit(&fold);
}
END_TEST

/* --- the lists by themselves ----------------------------------------------*/

START_TEST(fold_list_forgets_what_is_removed_or_cleared)
{
    struct fold_list list = {0};
    fold_list_remove(&list, 1);
    fold_list_clear(&list);
    ck_assert_ptr_null(fold_list_find(&list, 1));
    for (uint64_t root = 1; root <= 10; root++) {
        struct fold_entry *entry = fold_list_set(&list, root);
        ck_assert_ptr_nonnull(entry);
        ck_assert_int_eq(fold_entry_amend(entry, 100 + root), 0);
    }
    fold_list_remove(&list, 4);
    ck_assert_uint_eq(list.count, 9);
    ck_assert_ptr_null(fold_list_find(&list, 4));
    ck_assert_uint_eq(fold_list_find(&list, 10)->amendments[0], 110);
    fold_list_clear(&list);
    ck_assert_uint_eq(list.count, 0);
    ck_assert_ptr_null(fold_list_find(&list, 10));
    ck_assert_uint_eq(fold_list_set(&list, 10)->amendment_count, 0);
    ck_assert_uint_eq(list.count, 1);
    fold_list_deinit(&list);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fold_list");
    TCase *tests = tcase_create("fold_list");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fold_of_many_closed_offers_stays_small_and_in_order);
    tcase_add_test(tests, fold_keeps_amendments_through_squeezing);
    tcase_add_test(tests, fold_list_forgets_what_is_removed_or_cleared);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
