/* SPDX-License-Identifier: MIT */
/* The client finds events by words: `search`, --person and --source. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/client_run.h"
#include "tests/system/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

static const char log_lines[] =
    "a note 2017-08 'title': 'The \xc3\x89mile Call', 'people': ['Ada L.', "
    "'Bo']\n"
    "b meeting 2016 'partnership': 'q', 'people': ['ada m.'], 'sources': "
    "[{'kind': 'court', 'url': 'https://example.org/b'}]\n"
    "c note 2018 'parties': ['a'], 'summary': 'Of the call\\nnothing is "
    "known.', 'sources': [{'title': 'Gazette'}]\n"
    "d retraction 2019 're': 'a', 'title': 'No call'\n";

static const struct {
    const char *line;
    const char *ids; /* of what is shown, in order */
} cases[] = {
    {"search call", "a c d"},
    {"search CALL", "a c d"},
    {"search '\xc3\xa9mile call'", "a"},
    {"search 'call nothing'", "c"},
    {"search ada", "a b"},
    {"search ada bo", "a"},
    {"search gazette", "c"},
    {"search example.org/B", "b"},
    {"search nowhere", ""},
    {"search a", "a b c d"},
    /* with the options of replay */
    {"search call --type note", "a c"},
    {"search call --type note --type retraction", "a c d"},
    {"search ada --partnership q", "b"},
    {"search call --party b", "a d"},
    {"search ada --order occurred", "b"},
    {"search ada --order occurred --superseded", "b a"},
    {"search call --no-superseded", "c d"},
    {"search call --reverse", "d c a"},
    {"search call --limit 2", "a c"},
    {"search call --limit 1 --reverse", "d"},
    {"search call --at 2017", "a"},
    {"search call --from 2", "c d"},
    {"search call --person bo", "a"},
    {"search ada --source COURT", "b"},
    /* the filters elsewhere */
    {"replay --person ada", "a b"},
    {"replay --person ada --person bo", "a"},
    {"replay --source gazette", "c"},
    {"replay --source gazette --person ada", ""},
    {"replay --limit 2", "a b"},
};

START_TEST(events_are_found)
{
    struct client_run run;
    fixture_log(log_lines);
    client_expect(&run, 0, "%s", cases[_i].line);
    char *ids = client_ids(&run);
    ck_assert_msg(strcmp(ids, cases[_i].ids) == 0, "%s: \"%s\", not \"%s\"",
                  cases[_i].line, ids, cases[_i].ids);
    free(ids);
    client_run_free(&run);
}
END_TEST

START_TEST(search_wants_a_text)
{
    struct client_run run;
    client_expect(&run, 2, "search --type note");
    ck_assert_ptr_nonnull(strstr(run.errors, "needs TEXT..."));
    client_run_free(&run);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client search");
    TCase *tcase = fixture_case(suite, "search", SECONDS_MAX);
    tcase_add_loop_test(tcase, events_are_found, 0, COUNT(cases));
    tcase_add_test(tcase, search_wants_a_text);
    return fixture_run(suite);
}
