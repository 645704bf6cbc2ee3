/* SPDX-License-Identifier: MIT */
#include "proto/model.h"

#include <check.h>
#include <stdlib.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- tables ---------------------------------------------------------------*/

START_TEST(each_type_is_found_by_its_name)
{
    enum model_type type = (enum model_type)_i;
    ck_assert_int_eq(model_type_find(span_of(model_types[type].name)), type);
    ck_assert_ptr_nonnull(model_types[type].effect);
}
END_TEST

START_TEST(each_field_is_found_by_its_key)
{
    enum model_field field = (enum model_field)_i;
    ck_assert_int_eq(model_field_find(span_of(model_fields[field].key)), field);
    ck_assert_ptr_nonnull(model_fields[field].help);
}
END_TEST

START_TEST(each_error_has_its_own_code)
{
    for (int other = 0; other < _i; other++)
        ck_assert_str_ne(model_errors[_i].code, model_errors[other].code);
    ck_assert_ptr_nonnull(model_errors[_i].remedy);
}
END_TEST

/* Spot checks against EVENTS.md, so that a row that moved is noticed. */
START_TEST(rows_say_what_events_md_says)
{
    ck_assert_str_eq(model_types[MODEL_RETRACTION].name, "retraction");
    ck_assert(model_types[MODEL_RETRACTION].re_needed);
    ck_assert(!model_types[MODEL_TERMINATION].re_needed);
    ck_assert(model_types[MODEL_TERMINATION].re_local);
    ck_assert(!model_types[MODEL_OFFER].re_local);
    ck_assert_uint_eq(model_types[MODEL_WITHDRAWAL].re_targets,
                      MODEL_RE_OFFER | MODEL_RE_DISPUTE);
    ck_assert_int_eq(model_types[MODEL_SETTLEMENT].amount_kind, MODEL_PAID);
    ck_assert_int_eq(model_types[MODEL_USER_TYPE].amount_kind, MODEL_ESTIMATE);
    ck_assert(!model_types[MODEL_USER_TYPE].re_needed);
    ck_assert_str_eq(model_amount_kinds[MODEL_PAID], "paid");
    ck_assert_str_eq(model_certainties[MODEL_REPORTED], "reported");
    ck_assert_str_eq(model_errors[MODEL_INTERNAL].code, "internal");
    ck_assert_str_eq(model_errors[MODEL_TOO_LARGE].code, "too_large");
}
END_TEST

START_TEST(three_types_are_special_targets)
{
    for (int type = 0; type < MODEL_TYPE_COUNT; type++) {
        uint32_t wanted = type == MODEL_OFFER       ? MODEL_RE_OFFER
                          : type == MODEL_AGREEMENT ? MODEL_RE_AGREEMENT
                          : type == MODEL_DISPUTE   ? MODEL_RE_DISPUTE
                                                    : 0;
        ck_assert_uint_eq(model_type_target((enum model_type)type), wanted);
    }
    ck_assert_uint_eq(model_type_target(MODEL_TYPE_COUNT), 0);
}
END_TEST

static const struct {
    const char *name;
    enum model_type type;
} names[] = {
    {"x-a", MODEL_USER_TYPE},
    {"x--", MODEL_USER_TYPE},
    {"x-0123456789012345678901234567-9", MODEL_USER_TYPE},   /* 30 */
    {"x-0123456789012345678901234567-90", MODEL_TYPE_COUNT}, /* 31 */
    {"x-", MODEL_TYPE_COUNT},
    {"x", MODEL_TYPE_COUNT},
    {"x-A", MODEL_TYPE_COUNT},
    {"x-a_b", MODEL_TYPE_COUNT},
    {"X-a", MODEL_TYPE_COUNT},
    {"", MODEL_TYPE_COUNT},
    {"Offer", MODEL_TYPE_COUNT},
    {"offers", MODEL_TYPE_COUNT},
    {"offe", MODEL_TYPE_COUNT},
};

START_TEST(model_type_find_decides_each_name)
{
    ck_assert_msg(model_type_find(span_of(names[_i].name)) == names[_i].type,
                  "%s", names[_i].name);
}
END_TEST

START_TEST(no_field_has_a_wrong_key)
{
    ck_assert_int_eq(model_field_find(span_of("Title")), MODEL_FIELD_COUNT);
    ck_assert_int_eq(model_field_find(span_of("titl")), MODEL_FIELD_COUNT);
    ck_assert_int_eq(model_field_find(span_of("")), MODEL_FIELD_COUNT);
    ck_assert_int_eq(model_field_find((struct span){0}), MODEL_FIELD_COUNT);
    ck_assert_int_eq(model_field_find(span_of("seq")), MODEL_FIELD_COUNT);
}
END_TEST

/* --- nearest name ---------------------------------------------------------*/

static const char *const choices[] = {"offer", "order", "statement", "note"};

static const struct {
    const char *wrong;
    const char *nearest;
} guesses[] = {
    {"offer", "offer"},
    {"ofer", "offer"},
    {"offfer", "offer"},
    {"stattement", "statement"},
    {"statemnet", "statement"},
    {"NOTE", NULL},
    {"nope", "note"},
    {"ower", "offer"}, /* ties with order */
    {"note-", "note"},
    {"zzzz", NULL},
    {"zz", NULL},
    {"", NULL},
    {"orxer", "order"},
    {"statementstatement", "statement"},
};

START_TEST(model_nearest_guesses)
{
    const char *nearest = model_nearest(span_of(guesses[_i].wrong), choices, 4);
    ck_assert_msg((nearest == NULL) == (guesses[_i].nearest == NULL), "%s",
                  guesses[_i].wrong);
    if (nearest != NULL)
        ck_assert_str_eq(nearest, guesses[_i].nearest);
}
END_TEST

START_TEST(model_nearest_gives_up_on_long_names)
{
    char wrong[66];
    memset(wrong, 'a', sizeof(wrong));
    wrong[65] = '\0';
    const char *const longest[] = {wrong + 1}; /* 64 bytes */
    struct span name = {(const uint8_t *)wrong, 64};
    ck_assert_ptr_eq(model_nearest(name, longest, 1), longest[0]);
    name.size = 65;
    ck_assert_ptr_null(model_nearest(name, longest, 1));
    const char *const too_long[] = {wrong};
    name.size = 64;
    ck_assert_ptr_null(model_nearest(name, too_long, 1));
    ck_assert_ptr_null(model_nearest(name, longest, 0));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("model");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, each_type_is_found_by_its_name, 0,
                        MODEL_USER_TYPE);
    tcase_add_loop_test(tables, each_field_is_found_by_its_key, 0,
                        MODEL_FIELD_COUNT);
    tcase_add_loop_test(tables, each_error_has_its_own_code, 0,
                        MODEL_ERROR_COUNT);
    tcase_add_test(tables, rows_say_what_events_md_says);
    tcase_add_test(tables, three_types_are_special_targets);
    tcase_add_loop_test(tables, model_type_find_decides_each_name, 0,
                        COUNT_OF(names));
    tcase_add_test(tables, no_field_has_a_wrong_key);
    suite_add_tcase(suite, tables);

    TCase *nearest = tcase_create("nearest");
    tcase_add_loop_test(nearest, model_nearest_guesses, 0, COUNT_OF(guesses));
    tcase_add_test(nearest, model_nearest_gives_up_on_long_names);
    suite_add_tcase(suite, nearest);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
