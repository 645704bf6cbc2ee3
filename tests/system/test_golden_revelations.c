/* SPDX-License-Identifier: MIT */
/* The golden answers of `revelations`, in the three fields that they show. */
#include "tests/system/corpus.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define SECONDS_MAX 60

/* The three fields of each revelation that the golden file has. */
static json_t *
shown(const json_t *revelations)
{
    json_t *all = json_array();
    for (size_t i = 0; i < json_array_size(revelations); i++) {
        const json_t *item = json_array_get(revelations, i);
        json_array_append_new(
            all, json_pack("{s:O, s:O, s:O}", "id", json_object_get(item, "id"),
                           "discloses", json_object_get(item, "discloses"),
                           "longest_lag_days",
                           json_object_get(item, "longest_lag_days")));
    }
    return all;
}

START_TEST(revelations_are_golden)
{
    corpus_append(fixture.wire);
    json_auto_t *golden = corpus_golden("revelations");
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *line = json_array_get(golden, i);
        json_auto_t *result = expect_ok_json(fixture.wire, "revelations",
                                             json_object_get(line, "params"));
        json_auto_t *actual = shown(json_object_get(result, "revelations"));
        expect_same_json(actual, json_object_get(line, "revelations"), "");
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("golden revelations");
    TCase *tests = fixture_case(suite, "answers", SECONDS_MAX);
    tcase_add_test(tests, revelations_are_golden);
    return fixture_run(suite);
}
