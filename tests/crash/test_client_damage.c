/* SPDX-License-Identifier: MIT */
/* The client has all that can be read of a damaged log, and says what cannot.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/bytes.h"
#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

static const char log_lines[] = "a note 2016 'title': 'The first one'\n"
                                "b note 2017 'title': 'The second one'\n"
                                "c note 2018 'title': 'The third one', "
                                "'re': 'a'\n"
                                "d note 2019 'title': 'The fourth one'\n";

/* Change a text where it is stored, in each copy of it. */
static size_t
damage_file(const char *path, const char *text)
{
    struct bytes bytes;
    size_t copies = 0;
    bytes_read(&bytes, path);
    for (size_t at = bytes_find(&bytes, 0, text, strlen(text)); at < bytes.size;
         at = bytes_find(&bytes, at, text, strlen(text))) {
        bytes.data[at] ^= 1;
        copies++;
    }
    if (copies > 0)
        bytes_write(&bytes, path);
    bytes_deinit(&bytes);
    return copies;
}

/* In every file of the log; what is made from it stays. */
static void
damage(const char *text)
{
    size_t copies = 0;
    char path[SCRATCH_PATH_SIZE];
    DIR *directory = opendir(fixture.data);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_type != DT_REG || strncmp(entry->d_name, "views", 5) == 0)
            continue;
        scratch_join(path, fixture.data, entry->d_name);
        copies += damage_file(path, text);
    }
    closedir(directory);
    ck_assert_uint_gt(copies, 0);
}

static const struct {
    const char *damaged; /* title */
    const char *line;
    const char *output; /* ids, in order */
} cases[] = {
    {"The second one", "export", "a c d"},
    {"The first one", "replay", "b c d"},
    {"The fourth one", "replay", "a b c"},
    {"The second one", "replay --reverse --limit 3", "d c a"},
    {"The second one", "search one", "a c d"},
    {"The second one", "replay --order occurred", "a c d"},
    {"The second one", "export --closed", "a c d"},
    {"The first one", "export --closed", "b c d"}, /* which c names */
    {"The first one", "export --closed --from 3", "c d"},
    {"The fourth one", "export --closed", "a b c"},
};

START_TEST(what_can_be_read_is_there)
{
    struct client_run run;
    fixture_log(log_lines);
    fixture_stop();
    damage(cases[_i].damaged);
    fixture_start();
    client_expect(&run, 1, "%s", cases[_i].line);
    const char *told = strstr(run.errors, "(corrupt)\n");
    ck_assert_msg(told != NULL, "%s", run.errors);
    ck_assert_msg(strstr(told + 1, "(corrupt)") == NULL, "told twice: %s",
                  run.errors);
    char *ids = client_ids(&run);
    ck_assert_str_eq(ids, cases[_i].output);
    free(ids);
    client_run_free(&run);
}
END_TEST

/* What is named by others and damaged is missed, and said so. */
START_TEST(form_is_whole_though_an_event_is_not)
{
    struct client_run run;
    fixture_log(log_lines);
    fixture_stop();
    damage("The second one");
    fixture_start();
    client_expect(&run, 1, "export --as timelinejs");
    json_auto_t *timeline = json_loads(run.output, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(timeline, "events")), 3);
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client damage");
    TCase *tcase = fixture_case(suite, "damage", SECONDS_MAX);
    tcase_add_loop_test(tcase, what_can_be_read_is_there, 0, COUNT(cases));
    tcase_add_test(tcase, form_is_whole_though_an_event_is_not);
    return fixture_run(suite);
}
