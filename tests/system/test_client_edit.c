/* SPDX-License-Identifier: MIT */
/* The client's `append --edit`: a shell script is who sits at the editor. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

/* A name and a path. */
#define COMMAND_SIZE (SCRATCH_PATH_SIZE + 16)

/* Files that the editor works on stand here. */
static char drafts[SCRATCH_PATH_SIZE];

/* The editor becomes a script that gets the file as $1. */
static void
set_editor(const char *variable, const char *script)
{
    char path[SCRATCH_PATH_SIZE], command[COMMAND_SIZE];
    client_file(path, variable, script, strlen(script));
    snprintf(command, sizeof(command), "sh '%s'", path);
    setenv(variable, command, 1);
}

static void
begin(void)
{
    fixture_begin();
    unsetenv("VISUAL");
    scratch_make(drafts);
    setenv("TMPDIR", drafts, 1);
}

/* How many files are left of those that were edited. */
static size_t
draft_count(void)
{
    size_t count = 0;
    DIR *directory = opendir(drafts);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void
expect_tip(int tip)
{
    json_auto_t *stats = expect_ok(fixture.wire, "stats", "{}");
    ck_assert_int_eq(json_integer_value(json_object_get(stats, "tip")), tip);
}

#define FILL                                                                   \
    "sed -i -e 's/^type =.*/type = note/' -e 's/^partnership =.*/"             \
    "partnership = p/' -e 's/^parties =.*/parties = a; b/' "                   \
    "-e 's/^title =.*/title = T/' -e 's/^occurred =.*/occurred = 2018-06/' "   \
    "\"$1\"\n"

START_TEST(event_is_written_with_an_editor)
{
    struct client_run run;
    set_editor("EDITOR",
               "grep -q '^# what kind of event it is' \"$1\" || exit 1\n"
               "[ \"$(stat -c %a \"$1\")\" = 600 ] || exit 1\n" FILL
               "printf 'summary = One\\n .\\n two\\n' >>\"$1\"\n"
               "printf 'terms.years = 5\\n' >>\"$1\"\n");
    client_expect(&run, 0, "append --edit");
    ck_assert_ptr_nonnull(strstr(run.output, "\"seq\":1"));
    ck_assert_str_eq(run.errors, "");
    client_run_free(&run);
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'seq': 1}");
    expect_includes(event, "{'type': 'note', 'partnership': 'p', 'parties': "
                           "['a', 'b'], 'occurred': '2018-06', 'title': 'T', "
                           "'summary': 'One\\n\\ntwo', 'terms': {'years': 5}}");
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(event, "id"))),
                      36);
    ck_assert_uint_eq(draft_count(), 0);
}
END_TEST

START_TEST(options_are_filled_in)
{
    struct client_run run;
    set_editor("EDITOR", "sed -i 's/^title = Begun/& and ended/' \"$1\"\n");
    client_expect(&run, 0,
                  "append --edit --id e --type offer --partnership p "
                  "--party a --party b --occurred 2018 --title Begun "
                  "--amount 5:USD --source kind=news,url=u --term k=1 "
                  "--format text");
    ck_assert_str_eq(run.output, "e: 1 event stored at position 1\n");
    client_run_free(&run);
    expect_in(fixture.wire,
              "{'id': 'e', 'type': 'offer', 'parties': ['a', 'b'], 'title': "
              "'Begun and ended', 'amount': {'value': '5', 'currency': 'USD'}, "
              "'sources': [{'kind': 'news', 'url': 'u'}], 'terms': {'k': 1}}",
              "get", "{'seq': 1}");
}
END_TEST

/* Each kind of fault comes once, on top, and is gone with the next round. */
START_TEST(fault_is_shown_on_top_until_it_is_gone)
{
    struct client_run run;
    set_editor("EDITOR",
               "seen=$(sed -n 's/^#! //p' \"$1\")\n"
               "[ \"$(head -c 3 \"$1\")\" = '#! ' ] || [ -z \"$seen\" ] || "
               "exit 1\n"
               "case $seen in\n"
               "'') echo 'titel = T' >>\"$1\" ;;\n"
               "*'titel: is no field'*) sed -i /^titel/d \"$1\"\n" FILL
               "  sed -i 's/^occurred =.*/occurred = 2018-13/' \"$1\" ;;\n"
               "*'occurred: not a date'*)\n"
               "  sed -i -e 's/^occurred =.*/occurred = 2018/' "
               "-e 's/^parties =.*/parties = A/' \"$1\" ;;\n"
               "*'parties[0]: \"A\" is not a slug'*)\n"
               "  sed -i -e 's/^parties =.*/parties = a/' "
               "-e 's/^re =.*/re = nowhere/' \"$1\" ;;\n"
               "*'re names \"nowhere\"'*) sed -i 's/^re =.*/re =/' \"$1\" ;;\n"
               "*) exit 1 ;;\n"
               "esac\n");
    client_expect(&run, 0, "append --edit");
    client_run_free(&run);
    expect_in(fixture.wire, "{'occurred': '2018', 'parties': ['a']}", "get",
              "{'seq': 1}");
    expect_tip(1);
    ck_assert_uint_eq(draft_count(), 0);
}
END_TEST

static const struct {
    const char *script, *said;
    size_t kept; /* files */
} ends[] = {
    {"true\n", "nothing was stored", 0},
    {": >\"$1\"\n", "nothing was stored", 0},
    {"sed -i 's/^title =.*/title =/; s/^# the.*//' \"$1\"\n",
     "nothing was stored", 0},
    /* a fault, and then it is left as it is */
    {"grep -q '^#!' \"$1\" || echo 'title = T' >>\"$1\"\n",
     "nothing was stored", 0},
    {"echo 'title = T' >>\"$1\"; exit 3\n", "failed", 1},
    {"rm \"$1\"\n", "No such file", 1},
    /* somebody who never gets it right, nor gives up */
    {"echo >>\"$1\"; echo 'title = T' >>\"$1\"\n", "type: type is missing", 1},
};

START_TEST(nothing_is_stored_of_what_is_not_finished)
{
    struct client_run run;
    set_editor("EDITOR", ends[_i].script);
    client_expect(&run, 1, "append --edit");
    ck_assert_msg(strstr(run.errors, ends[_i].said) != NULL, "%s", run.errors);
    ck_assert_int_eq(strstr(run.errors, "what you wrote is kept in ") != NULL,
                     ends[_i].kept > 0);
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
    expect_tip(0);
    ck_assert_uint_le(draft_count(), ends[_i].kept);
}
END_TEST

START_TEST(visual_comes_before_editor)
{
    struct client_run run;
    set_editor("VISUAL", FILL);
    set_editor("EDITOR", "exit 1\n");
    client_expect(&run, 0, "append --edit");
    client_run_free(&run);
    expect_tip(1);
}
END_TEST

START_TEST(daemon_is_looked_for_before_anything_is_written)
{
    struct client_run run;
    set_editor("EDITOR", FILL);
    client_expect(&run, 3, "--socket unix:/nowhere append --edit");
    ck_assert_uint_eq(draft_count(), 0);
    client_run_free(&run);
    client_expect(&run, 2, "append --edit --dry-run");
    client_run_free(&run);
    client_expect(&run, 2, "append --edit --from csv");
    client_run_free(&run);
    client_expect(&run, 2, "append --edit FILE");
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client edit");
    TCase *tcase = tcase_create("edit");
    tcase_set_timeout(tcase, SECONDS_MAX);
    tcase_add_checked_fixture(tcase, begin, fixture_end);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, event_is_written_with_an_editor);
    tcase_add_test(tcase, options_are_filled_in);
    tcase_add_test(tcase, fault_is_shown_on_top_until_it_is_gone);
    tcase_add_loop_test(tcase, nothing_is_stored_of_what_is_not_finished, 0,
                        COUNT(ends));
    tcase_add_test(tcase, visual_comes_before_editor);
    tcase_add_test(tcase, daemon_is_looked_for_before_anything_is_written);
    return fixture_run(suite);
}
