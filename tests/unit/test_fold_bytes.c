/* SPDX-License-Identifier: MIT */
#include "daemon/fold_bytes.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/order.h"
#include "tests/unit/random_fixture.h"

/* Enough for every type, and for lists that were squeezed. */
#define OPS ((uint64_t)500)

static uint64_t state; /* each test is a process of its own */

static uint64_t
dice(uint64_t limit)
{
    return random_below(&state, limit);
}

/* Parties, roots and currencies from small ranges, so that they meet again. */
static int
apply_random(struct fold *fold, uint64_t seq)
{
    uint8_t parties[8];
    order_put_u32(parties, (uint32_t)dice(5) + 1);
    order_put_u32(parties + 4, (uint32_t)dice(50) + 10);
    struct fold_op op = {
        .seq = seq,
        .root = dice(2) != 0 ? seq : dice(seq) + 1,
        .re_root = dice(3) == 0 ? 0 : dice(seq) + 1,
        .type = (uint32_t)dice(MODEL_TYPE_COUNT + 3),
        .has_amount = dice(2) != 0,
        .amount_kind = (enum model_amount_kind)dice(MODEL_AMOUNT_KIND_COUNT),
        .currency = (uint32_t)dice(3) + 0x555344,
        .amount = (event_money)dice(1000000) - 500000,
        .sets_effective = dice(3) == 0,
        .effective_start =
            dice(4) == 0 ? EDTF_MINUS_INFINITY : (int64_t)dice(2000) - 1000,
        .effective_end = dice(2) != 0 ? EDTF_PLUS_INFINITY : 5000,
        .party_count = 2,
        .parties = parties,
    };
    if (op.type == MODEL_USER_TYPE)
        op.type = FOLD_USER_TYPE_BASE + 7;
    if (op.type == MODEL_TERMINATION && dice(8) != 0)
        op.type = MODEL_AMENDMENT; /* else hardly any agreement stands */
    return fold_apply(fold, &op);
}

static void
make(struct fold *fold, uint64_t ops)
{
    *fold = (struct fold){0};
    for (uint64_t seq = 1; seq <= ops; seq++)
        ck_assert_int_eq(apply_random(fold, seq), 0);
}

static struct span
saved(struct mp_buf *buf, const struct fold *fold)
{
    mp_buf_clear(buf);
    fold_save(buf, fold);
    ck_assert(!buf->failed);
    return mp_buf_span(buf);
}

START_TEST(fold_that_was_loaded_says_the_same)
{
    struct mp_buf first = {0}, second = {0};
    struct fold fold, loaded = {0};
    state = random_seed("fold_bytes");
    make(&fold, dice(OPS));
    struct span bytes = saved(&first, &fold);
    ck_assert_int_eq(fold_load(&loaded, bytes), 0);
    ck_assert(span_equal(bytes, saved(&second, &loaded)));
    ck_assert_str_eq(fold_stage(&fold, 0), fold_stage(&loaded, 0));
    ck_assert_uint_eq(fold_in_force(&fold, 0), fold_in_force(&loaded, 0));
    fold_deinit(&fold);
    fold_deinit(&loaded);
    mp_buf_deinit(&first);
    mp_buf_deinit(&second);
}
END_TEST

/* A checkpoint is where folding goes on from, not where it ends. */
START_TEST(folding_goes_on_from_what_was_loaded)
{
    struct mp_buf buf = {0}, second = {0};
    struct fold fold, loaded = {0};
    state = random_seed("fold_bytes");
    make(&fold, OPS);
    ck_assert_int_eq(fold_load(&loaded, saved(&buf, &fold)), 0);
    uint64_t before = state;
    for (uint64_t seq = OPS + 1; seq <= 2 * OPS; seq++)
        ck_assert_int_eq(apply_random(&fold, seq), 0);
    state = before;
    for (uint64_t seq = OPS + 1; seq <= 2 * OPS; seq++)
        ck_assert_int_eq(apply_random(&loaded, seq), 0);
    saved(&buf, &fold);
    ck_assert(span_equal(mp_buf_span(&buf), saved(&second, &loaded)));
    fold_deinit(&fold);
    fold_deinit(&loaded);
    mp_buf_deinit(&buf);
    mp_buf_deinit(&second);
}
END_TEST

START_TEST(bytes_that_end_early_or_late_are_refused)
{
    struct mp_buf buf = {0};
    struct fold fold;
    state = random_seed("fold_bytes");
    make(&fold, 100);
    struct span bytes = saved(&buf, &fold);
    for (size_t size = 0; size < bytes.size; size++) {
        struct fold loaded = {0};
        ck_assert_int_eq(fold_load(&loaded, (struct span){bytes.data, size}),
                         -EINVAL);
        fold_deinit(&loaded);
    }
    mp_buf_append(&buf, "", 1);
    struct fold loaded = {0};
    ck_assert_int_eq(fold_load(&loaded, mp_buf_span(&buf)), -EINVAL);
    fold_deinit(&loaded);
    fold_deinit(&fold);
    mp_buf_deinit(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fold_bytes");
    TCase *tcase = tcase_create("fold_bytes");
    tcase_add_loop_test(tcase, fold_that_was_loaded_says_the_same, 0, 20);
    tcase_add_test(tcase, folding_goes_on_from_what_was_loaded);
    tcase_add_test(tcase, bytes_that_end_early_or_late_are_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
