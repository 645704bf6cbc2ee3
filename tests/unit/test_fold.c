/* SPDX-License-Identifier: MIT */
#include "daemon/fold.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/fold_list.h"
#include "daemon/order.h"
#include "proto/edtf.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define NOW INT64_C(1000)

static void
apply(struct fold *fold, const struct fold_op *op)
{
    ck_assert_int_eq(fold_apply(fold, op), 0);
}

/* --- what the types do ----------------------------------------------------*/

#define STEPS_MAX 8

/* A step is the event at that position, from 1; a root of 0 is its own. */
struct step {
    enum model_type type;
    uint64_t re_root;
    uint64_t root;
};

/* Roots of what is open, in order; "2:5,6" is root 2 with amendments 5, 6. */
static const struct effect_case {
    const char *name;
    struct step steps[STEPS_MAX];
    int count;
    const char *agreements, *offers, *disputes;
} effects[] = {
    {"contact", {{MODEL_CONTACT, 0, 0}}, 1, "", "", ""},
    {"offer", {{MODEL_OFFER, 0, 0}}, 1, "", "1", ""},
    {"counter-offer leaves the first open",
     {{MODEL_OFFER, 0, 0}, {MODEL_OFFER, 1, 0}},
     2,
     "",
     "1 2",
     ""},
    {"acceptance closes the offer",
     {{MODEL_OFFER, 0, 0}, {MODEL_OFFER, 0, 0}, {MODEL_ACCEPTANCE, 1, 0}},
     3,
     "",
     "2",
     ""},
    {"rejection closes the offer",
     {{MODEL_OFFER, 0, 0}, {MODEL_OFFER, 0, 0}, {MODEL_REJECTION, 2, 0}},
     3,
     "",
     "1",
     ""},
    {"withdrawal closes an offer",
     {{MODEL_OFFER, 0, 0}, {MODEL_DISPUTE, 0, 0}, {MODEL_WITHDRAWAL, 1, 0}},
     3,
     "",
     "",
     "2"},
    {"withdrawal closes a dispute",
     {{MODEL_OFFER, 0, 0}, {MODEL_DISPUTE, 0, 0}, {MODEL_WITHDRAWAL, 2, 0}},
     3,
     "",
     "1",
     ""},
    {"acceptance leaves a dispute",
     {{MODEL_DISPUTE, 0, 0}, {MODEL_ACCEPTANCE, 1, 0}},
     2,
     "",
     "",
     "1"},
    {"settlement closes the dispute",
     {{MODEL_DISPUTE, 0, 0}, {MODEL_DISPUTE, 0, 0}, {MODEL_SETTLEMENT, 1, 0}},
     3,
     "",
     "",
     "2"},
    {"settlement leaves an offer",
     {{MODEL_OFFER, 0, 0}, {MODEL_SETTLEMENT, 1, 0}},
     2,
     "",
     "1",
     ""},
    {"agreement without re",
     {{MODEL_OFFER, 0, 0}, {MODEL_AGREEMENT, 0, 0}},
     2,
     "2",
     "1",
     ""},
    {"agreement closes the offer that it names",
     {{MODEL_OFFER, 0, 0}, {MODEL_OFFER, 0, 0}, {MODEL_AGREEMENT, 1, 0}},
     3,
     "3",
     "2",
     ""},
    {"agreement that names an agreement leaves it",
     {{MODEL_AGREEMENT, 0, 0}, {MODEL_AGREEMENT, 1, 0}},
     2,
     "1 2",
     "",
     ""},
    {"amendment",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_AMENDMENT, 1, 0},
      {MODEL_AMENDMENT, 1, 0}},
     3,
     "1:2,3",
     "",
     ""},
    {"amendment of what is not there",
     {{MODEL_OFFER, 0, 0}, {MODEL_AMENDMENT, 1, 0}, {MODEL_AMENDMENT, 9, 0}},
     3,
     "",
     "1",
     ""},
    {"amendment does not move its agreement",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_AGREEMENT, 0, 0},
      {MODEL_AMENDMENT, 1, 0}},
     3,
     "1:3 2",
     "",
     ""},
    {"termination of one",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_AGREEMENT, 0, 0},
      {MODEL_TERMINATION, 1, 0}},
     3,
     "2",
     "",
     ""},
    {"termination of all",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_AGREEMENT, 0, 0},
      {MODEL_OFFER, 0, 0},
      {MODEL_TERMINATION, 0, 0},
      {MODEL_AGREEMENT, 0, 0}},
     5,
     "5",
     "3",
     ""},
    {"amendment of what was terminated",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_TERMINATION, 0, 0},
      {MODEL_AMENDMENT, 1, 0}},
     3,
     "",
     "",
     ""},
    {"closing twice",
     {{MODEL_OFFER, 0, 0}, {MODEL_ACCEPTANCE, 1, 0}, {MODEL_REJECTION, 1, 0}},
     3,
     "",
     "",
     ""},
    {"an offer under the same root goes to the end",
     {{MODEL_OFFER, 0, 0}, {MODEL_OFFER, 0, 0}, {MODEL_OFFER, 0, 1}},
     3,
     "",
     "2 1",
     ""},
    {"a dispute under the same root goes to the end",
     {{MODEL_DISPUTE, 0, 0}, {MODEL_DISPUTE, 0, 0}, {MODEL_DISPUTE, 0, 1}},
     3,
     "",
     "",
     "2 1"},
    {"an agreement under the same root goes to the end, without amendments",
     {{MODEL_AGREEMENT, 0, 0},
      {MODEL_AMENDMENT, 1, 0},
      {MODEL_AGREEMENT, 0, 0},
      {MODEL_AGREEMENT, 0, 1}},
     4,
     "3 1",
     "",
     ""},
    {"lists know roots apart",
     {{MODEL_AGREEMENT, 0, 0}, {MODEL_OFFER, 0, 1}, {MODEL_DISPUTE, 0, 1}},
     3,
     "1",
     "1",
     "1"},
    {"re-opened after it was closed",
     {{MODEL_OFFER, 0, 0}, {MODEL_ACCEPTANCE, 1, 0}, {MODEL_OFFER, 0, 1}},
     3,
     "",
     "1",
     ""},
    {"others are only counted",
     {{MODEL_OFFER, 0, 0},
      {MODEL_RETRACTION, 1, 0},
      {MODEL_NOTE, 1, 0},
      {MODEL_INVESTMENT, 1, 0},
      {MODEL_MILESTONE, 1, 0},
      {MODEL_COURT_REVELATION, 1, 0},
      {MODEL_MEETING, 1, 0}},
     7,
     "",
     "1",
     ""},
};

static void
describe(const struct fold_list *list, char text[200])
{
    size_t at = 0, count = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->size; i++) {
        const struct fold_entry *entry = &list->entries[i];
        if (entry->gone)
            continue;
        at += (size_t)snprintf(text + at, 200 - at, "%s%d", at > 0 ? " " : "",
                               (int)entry->root);
        for (uint32_t k = 0; k < entry->amendment_count; k++)
            at +=
                (size_t)snprintf(text + at, 200 - at, "%c%d",
                                 k == 0 ? ':' : ',', (int)entry->amendments[k]);
        count++;
    }
    ck_assert_uint_eq(list->count, count);
}

START_TEST(fold_type_has_its_effect)
{
    const struct effect_case *row = &effects[_i];
    struct fold fold = {0};
    char text[200];
    for (int i = 0; i < row->count; i++) {
        uint64_t seq = (uint64_t)i + 1;
        uint64_t root = row->steps[i].root;
        apply(&fold, &(struct fold_op){.seq = seq,
                                       .root = root != 0 ? root : seq,
                                       .re_root = row->steps[i].re_root,
                                       .type = row->steps[i].type});
    }
    describe(&fold.agreements, text);
    ck_assert_msg(strcmp(text, row->agreements) == 0, "%s: agreements %s",
                  row->name, text);
    describe(&fold.offers, text);
    ck_assert_msg(strcmp(text, row->offers) == 0, "%s: offers %s", row->name,
                  text);
    describe(&fold.disputes, text);
    ck_assert_msg(strcmp(text, row->disputes) == 0, "%s: disputes %s",
                  row->name, text);
    ck_assert_uint_eq(fold.events, (uint64_t)row->count);
    ck_assert_uint_eq(fold.first, 1);
    ck_assert_uint_eq(fold.last, (uint64_t)row->count);
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_counts_every_type)
{
    struct fold fold = {0};
    uint64_t seq = 0;
    for (uint32_t type = 0; type < FOLD_USER_TYPE_BASE + 40; type++)
        for (uint32_t i = 0; i <= type % 3; i++) {
            seq++;
            apply(&fold,
                  &(struct fold_op){.seq = seq, .root = seq, .type = type});
        }
    ck_assert_uint_eq(fold.count_size, FOLD_USER_TYPE_BASE + 40);
    for (uint32_t type = 0; type < FOLD_USER_TYPE_BASE + 40; type++) {
        ck_assert_uint_eq(fold.counts[type].type, type);
        ck_assert_uint_eq(fold.counts[type].count, type % 3 + 1);
    }
    ck_assert_uint_eq(fold_count_of(&fold, MODEL_CONTACT), 1);
    ck_assert_uint_eq(fold_count_of(&fold, MODEL_OFFER), MODEL_OFFER % 3 + 1);
    ck_assert_uint_eq(fold.events, seq);
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_joins_each_party_once)
{
    struct fold fold = {0};
    uint8_t numbers[4 * 40];
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 40; i++)
            order_put_u32(numbers + 4 * (size_t)i, 10 * round + i);
        apply(&fold, &(struct fold_op){.seq = round + 1,
                                       .root = round + 1,
                                       .type = MODEL_NOTE,
                                       .party_count = 40,
                                       .parties = numbers});
    }
    ck_assert_uint_eq(fold.party_size, 60);
    for (uint32_t i = 0; i < 60; i++)
        ck_assert_uint_eq(fold.parties[i].number, i);
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_adds_amounts_by_kind_and_currency)
{
    struct fold fold = {0};
    const event_money large = (event_money)1 << 100;
    const struct {
        enum model_amount_kind kind;
        uint32_t currency;
        event_money amount;
    } rows[] = {
        {MODEL_PAID, 1, 5},
        {MODEL_PAID, 2, 7},
        {MODEL_OFFERED, 1, -9},
        {MODEL_PAID, 1, -5},
        {MODEL_PAID, 2, large},
        {MODEL_ESTIMATE, 0xffffff, 1},
        {MODEL_ESTIMATE, 0xffffff, 2},
        {MODEL_OFFERED, 1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        apply(&fold, &(struct fold_op){.seq = i + 1,
                                       .root = i + 1,
                                       .type = MODEL_NOTE,
                                       .has_amount = true,
                                       .amount_kind = rows[i].kind,
                                       .currency = rows[i].currency,
                                       .amount = rows[i].amount});
    apply(&fold, &(struct fold_op){.seq = 9, .root = 9, .type = MODEL_NOTE});
    ck_assert_uint_eq(fold.total_size, 4);
    const event_money sums[] = {0, 7 + large, -10, 3};
    const uint32_t currencies[] = {1, 2, 1, 0xffffff};
    for (size_t i = 0; i < 4; i++) {
        ck_assert(fold.totals[i].sum == sums[i]);
        ck_assert_uint_eq(fold.totals[i].currency, currencies[i]);
    }
    fold_deinit(&fold);
}
END_TEST

/* --- where an agreement stands --------------------------------------------*/

#define NEVER EDTF_MINUS_INFINITY
#define EVER EDTF_PLUS_INFINITY

static const struct {
    int64_t start, end, at;
    enum fold_status status;
} statuses[] = {
    {NEVER, EVER, 0, FOLD_IN_FORCE},
    {NEVER, EVER, EVER, FOLD_IN_FORCE},
    {NEVER, EVER, NEVER, FOLD_IN_FORCE},
    {10, EVER, 9, FOLD_PENDING},
    {10, EVER, 10, FOLD_IN_FORCE},
    {10, EVER, EVER, FOLD_IN_FORCE},
    {10, EVER, NEVER, FOLD_PENDING},
    {NEVER, 20, 20, FOLD_IN_FORCE},
    {NEVER, 20, 21, FOLD_EXPIRED},
    {NEVER, 20, EVER, FOLD_EXPIRED},
    {NEVER, 20, NEVER, FOLD_IN_FORCE},
    {10, 20, 9, FOLD_PENDING},
    {10, 20, 15, FOLD_IN_FORCE},
    {10, 20, 21, FOLD_EXPIRED},
    {EVER, EVER, EVER - 1, FOLD_PENDING},
    {EVER, EVER, EVER, FOLD_IN_FORCE},
    {EVER - 1, EVER, EVER - 1, FOLD_IN_FORCE},
    {NEVER + 1, EVER, NEVER, FOLD_PENDING},
};

START_TEST(fold_status_is_that_of_the_moment)
{
    struct fold_entry entry = {.effective_start = statuses[_i].start,
                               .effective_end = statuses[_i].end};
    ck_assert_int_eq(fold_status_at(&entry, statuses[_i].at),
                     statuses[_i].status);
}
END_TEST

START_TEST(fold_amendment_sets_effective_only_where_it_says_so)
{
    struct fold fold = {0};
    apply(&fold, &(struct fold_op){.seq = 1,
                                   .root = 1,
                                   .type = MODEL_AGREEMENT,
                                   .sets_effective = true,
                                   .effective_start = 10,
                                   .effective_end = 20});
    struct fold_op amendment = {.seq = 2,
                                .root = 2,
                                .re_root = 1,
                                .type = MODEL_AMENDMENT,
                                .effective_start = 1,
                                .effective_end = 2};
    apply(&fold, &amendment);
    const struct fold_entry *entry = fold_list_find(&fold.agreements, 1);
    ck_assert_int_eq(entry->effective_start, 10);
    ck_assert_int_eq(entry->effective_end, 20);
    amendment.sets_effective = true;
    apply(&fold, &amendment);
    ck_assert_int_eq(entry->effective_start, 1);
    ck_assert_int_eq(entry->effective_end, 2);
    ck_assert_uint_eq(entry->seq, 1);
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_agreement_without_effective_is_always_in_force)
{
    struct fold fold = {0};
    apply(&fold,
          &(struct fold_op){.seq = 1, .root = 1, .type = MODEL_AGREEMENT});
    ck_assert_uint_eq(fold_in_force(&fold, NEVER), 1);
    ck_assert_uint_eq(fold_in_force(&fold, EVER), 1);
    fold_deinit(&fold);
}
END_TEST

/* --- stage ----------------------------------------------------------------*/

/* Each event changes the stage, or lets a lower one stand. */
static const struct {
    struct fold_op op;
    const char *stage;
} stages[] = {
    {{.type = MODEL_NOTE}, "noted"},
    {{.type = MODEL_CONTACT}, "contact"},
    {{.type = MODEL_MEETING}, "talks"},
    {{.type = MODEL_CONTACT}, "talks"},
    {{.type = MODEL_OFFER}, "negotiating"},
    {{.type = MODEL_REJECTION, .re_root = 5}, "talks"},
    {{.type = MODEL_AGREEMENT,
      .sets_effective = true,
      .effective_start = NOW + 1,
      .effective_end = EVER},
     "negotiating"},
    {{.type = MODEL_TERMINATION}, "ended"},
    {{.type = MODEL_AGREEMENT,
      .sets_effective = true,
      .effective_start = 0,
      .effective_end = NOW - 1},
     "ended"},
    {{.type = MODEL_OFFER}, "negotiating"},
    {{.type = MODEL_AGREEMENT,
      .sets_effective = true,
      .effective_start = NOW,
      .effective_end = NOW},
     "active"},
    {{.type = MODEL_OFFER}, "active"},
    {{.type = MODEL_DISPUTE}, "active"},
    {{.type = MODEL_TERMINATION, .re_root = 11}, "negotiating"},
};

START_TEST(fold_stage_is_the_first_that_holds)
{
    struct fold fold = {0};
    ck_assert_str_eq(fold_stage(&fold, NOW), "none");
    for (int i = 0; i < COUNT_OF(stages); i++) {
        struct fold_op op = stages[i].op;
        op.seq = op.root = (uint64_t)i + 1;
        apply(&fold, &op);
        ck_assert_msg(strcmp(fold_stage(&fold, NOW), stages[i].stage) == 0,
                      "step %d: %s", i + 1, fold_stage(&fold, NOW));
    }
    fold_deinit(&fold);
}
END_TEST

START_TEST(fold_stage_moves_with_the_moment)
{
    struct fold fold = {0};
    apply(&fold, &(struct fold_op){.seq = 1,
                                   .root = 1,
                                   .type = MODEL_AGREEMENT,
                                   .sets_effective = true,
                                   .effective_start = 10,
                                   .effective_end = 20});
    ck_assert_str_eq(fold_stage(&fold, 9), "negotiating");
    ck_assert_str_eq(fold_stage(&fold, 10), "active");
    ck_assert_str_eq(fold_stage(&fold, 20), "active");
    ck_assert_str_eq(fold_stage(&fold, 21), "ended");
    ck_assert_str_eq(fold_stage(&fold, EVER), "ended");
    fold_deinit(&fold);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fold");
    TCase *tests = tcase_create("fold");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, fold_type_has_its_effect, 0, COUNT_OF(effects));
    tcase_add_test(tests, fold_counts_every_type);
    tcase_add_test(tests, fold_joins_each_party_once);
    tcase_add_test(tests, fold_adds_amounts_by_kind_and_currency);
    tcase_add_loop_test(tests, fold_status_is_that_of_the_moment, 0,
                        COUNT_OF(statuses));
    tcase_add_test(tests, fold_amendment_sets_effective_only_where_it_says_so);
    tcase_add_test(tests, fold_agreement_without_effective_is_always_in_force);
    tcase_add_test(tests, fold_stage_is_the_first_that_holds);
    tcase_add_test(tests, fold_stage_moves_with_the_moment);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
