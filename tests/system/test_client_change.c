/* SPDX-License-Identifier: MIT */
/* The client corrects and retracts. */
#include <check.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/client_run.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60

/* More than is said on a terminal here. */
#define SAID_SIZE 4096

static const char one[] =
    "a agreement 2017 'people': ['Ada'], 'amount': {'value': 5, 'currency': "
    "'USD'}, 'terms': {'scope': 'x', 'n': 1}, 'disclosed': '2018', 'sources': "
    "[{'kind': 'news'}]\n";

/* The event at a position, whose ids are fresh: without id and recorded. */
static void
expect_event(int seq, const char *expected)
{
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'seq': %d}", seq);
    json_object_del(event, "recorded");
    json_object_del(event, "id");
    expect_same(event, expected);
}

static void
expect_said(const struct client_run *run, const char *part)
{
    ck_assert_msg(strstr(run->errors, part) != NULL, "%s", run->errors);
}

/* --- correct --------------------------------------------------------------*/

START_TEST(correction_takes_over_the_rest)
{
    struct client_run run;
    fixture_log(one);
    client_expect(&run, 0,
                  "correct a --set occurred=2019-06 --set amount.value=7.5 "
                  "--set terms.n= --set parties=a;b;c --set sources[1].url=u "
                  "--set 'summary=It was more.'");
    ck_assert_ptr_nonnull(
        strstr(run.output, "\"seq\":2,\"rev\":2,\"duplicate\":false}\n"));
    client_run_free(&run);
    expect_event(2,
                 "{'seq': 2, 'rev': 2, 'type': 'agreement', 'partnership': "
                 "'p', 'parties': ['a', 'b', 'c'], 'occurred': '2019-06', "
                 "'title': 'a', 'people': ['Ada'], 'amount': {'value': '7.5', "
                 "'currency': 'USD'}, 'terms': {'scope': 'x'}, 'disclosed': "
                 "'2018', 'sources': [{'kind': 'news'}, {'url': 'u'}], "
                 "'corrects': 'a', 'summary': 'It was more.'}");
    expect_in(fixture.wire,
              "{'events': 1, 'totals': {'committed': {'USD': "
              "'7.5'}}}",
              "state", "{'partnership': 'p'}");
}
END_TEST

/* A correction of a correction names that, and what it answers stays. */
START_TEST(correction_can_be_corrected)
{
    struct client_run run;
    fixture_log("o offer 2016\na acceptance 2017 're': 'o'\n");
    client_expect(&run, 0, "correct a --set occurred=2018 --id b");
    client_run_free(&run);
    client_expect(&run, 0, "correct b --set people=Ada --id c --format text");
    ck_assert_str_eq(run.output, "c: 1 event stored at position 4\n");
    ck_assert_str_eq(run.errors, "");
    client_run_free(&run);
    expect_event(4, "{'seq': 4, 'rev': 4, 'type': 'acceptance', "
                    "'partnership': 'p', 'parties': ['a', 'b'], 'occurred': "
                    "'2018', 'title': 'a', 're': 'o', 'corrects': 'b', "
                    "'people': ['Ada']}");
}
END_TEST

static const struct {
    const char *line;
    int status;
    const char *said;
} refusals[] = {
    {"correct a", 2, "needs --set FIELD=VALUE"},
    {"correct --set title=T", 2, "needs ID"},
    {"correct a --set titel=T", 2,
     "--set titel: is no field of an event; did you mean title?"},
    {"correct a --set title", 2, "--set title: must be FIELD=VALUE"},
    {"correct a --set id=b", 2, "--set: id is not to be set"},
    {"correct a --set corrects=b", 2, "--set: corrects is not to be set"},
    {"correct a --set occurred=2019-13", 2, "--set occurred: not a date"},
    {"correct a --set title=", 1, "title: title is missing"},
    {"correct a --set amount.currency=usd", 1,
     "amount.currency: \"usd\" is "
     "not a currency"},
    {"correct a --set title=a", 1, "a says that already; nothing was stored"},
    {"correct a --set amount={\"currency\":\"USD\",\"value\":5}", 1,
     "a says that already"},
    {"correct nowhere --set title=T", 4, "nowhere"},
    {"correct a --set re=nowhere", 1, "unknown_reference"},
    {"retract a", 2, "needs --why TEXT"},
    {"retract a --why x --set re=b", 2, "--set: re is not to be set"},
    {"retract a --why x --set type=note", 2, "--set: type is not to be set"},
    {"retract nowhere --why x", 4, "nowhere"},
    {"retract a --why x --occurred never", 2, "--occurred: not a date"},
};

START_TEST(wrong_change_is_told_and_stores_nothing)
{
    struct client_run run;
    fixture_log(one);
    client_expect(&run, refusals[_i].status, "%s", refusals[_i].line);
    expect_said(&run, refusals[_i].said);
    ck_assert_str_eq(run.output, "");
    client_run_free(&run);
    expect_in(fixture.wire, "{'tip': 1}", "stats", "{}");
}
END_TEST

/* --- retract --------------------------------------------------------------*/

START_TEST(retraction_has_sensible_defaults)
{
    struct client_run run;
    fixture_log(one);
    client_expect(&run, 0, "retract a --why 'It never was.' --occurred 2020");
    client_run_free(&run);
    expect_event(2, "{'seq': 2, 'rev': 2, 'type': 'retraction', "
                    "'partnership': 'p', 'parties': ['a', 'b'], 'occurred': "
                    "'2020', 'title': 'Retraction: a', 'summary': 'It never "
                    "was.', 're': 'a'}");
    expect_in(fixture.wire, "{'agreements': []}", "state",
              "{'partnership': 'p'}");
}
END_TEST

/* TZ is UTC here, so the user's day is the daemon's. */
START_TEST(retraction_is_of_today)
{
    struct client_run run;
    fixture_log(one);
    client_expect(&run, 0,
                  "retract a --why x --id r --title No "
                  "--set sources[0].cite=p.3");
    client_run_free(&run);
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'id': 'r'}");
    const char *occurred =
        json_string_value(json_object_get(event, "occurred"));
    time_t recorded_s =
        json_integer_value(json_object_get(event, "recorded")) / 1000;
    char day[16], day_before[16];
    time_t before_s = recorded_s - 60; /* midnight may have come between */
    strftime(day, sizeof(day), "%Y-%m-%d", gmtime(&recorded_s));
    strftime(day_before, sizeof(day_before), "%Y-%m-%d", gmtime(&before_s));
    ck_assert_msg(strcmp(occurred, day) == 0 ||
                      strcmp(occurred, day_before) == 0,
                  "%s", occurred);
    expect_includes(event, "{'title': 'No', 'sources': [{'cite': 'p.3'}]}");
}
END_TEST

START_TEST(title_of_a_retraction_fits)
{
    struct client_run run;
    fixture_log("a note 2017 'title': {'$repeat': ['\xc3\xa9', 128]}\n");
    client_expect(&run, 0, "retract a --why x");
    client_run_free(&run);
    json_auto_t *event = expect_ok(fixture.wire, "get", "{'seq': 2}");
    const char *title = json_string_value(json_object_get(event, "title"));
    /* 12 bytes before, 3 behind, and characters of two bytes between */
    ck_assert_uint_eq(strlen(title), 12 + 240 + 3);
    ck_assert_ptr_nonnull(strstr(title, "\xc3\xa9..."));
}
END_TEST

/* --- what is superseded ---------------------------------------------------*/

static const char superseded[] = "a note 2017\nb note 2018 'corrects': 'a', "
                                 "'title': 'Better'\n";

START_TEST(superseded_event_is_changed_by_force_only)
{
    struct client_run run;
    const char *line =
        _i == 0 ? "correct a --set title=T" : "retract a --why x";
    fixture_log(superseded);
    client_expect(&run, 1, "%s", line);
    expect_said(&run, "entente: a was corrected by b (2018, Better)\n");
    expect_said(&run, "nothing was stored");
    client_run_free(&run);
    expect_in(fixture.wire, "{'tip': 2}", "stats", "{}");
    client_expect(&run, 0, "%s --force", line);
    expect_said(&run, "a was corrected by b");
    client_run_free(&run);
    expect_in(fixture.wire, "{'tip': 3}", "stats", "{}");
}
END_TEST

START_TEST(retracted_event_is_told_as_such)
{
    struct client_run run;
    fixture_log("a note 2017\nb retraction 2018 're': 'a'\n");
    client_expect(&run, 1, "correct a --set title=T");
    expect_said(&run, "a was retracted by b (2018, b)");
    client_run_free(&run);
    /* retracted itself, it does not stand in the way any more */
    fixture_log("c retraction 2019 're': 'b'\n");
    client_expect(&run, 0, "correct a --set title=T");
    client_run_free(&run);
}
END_TEST

static const struct {
    const char *answer;
    int status, tip;
} answers[] = {
    {"y\n", 0, 3}, {"Yes\n", 0, 3}, {"n\n", 1, 2},
    {"\n", 1, 2},  {"\x04", 1, 2}, /* the end of the input */
};

/* Read from a terminal until this has been said. */
static void
await_said(int terminal, char said[SAID_SIZE], const char *part)
{
    size_t size = strlen(said);
    while (strstr(said, part) == NULL) {
        ssize_t more = read(terminal, said + size, SAID_SIZE - 1 - size);
        ck_assert_msg(more > 0, "it said: %s", said);
        size += (size_t)more;
        said[size] = '\0';
    }
}

START_TEST(person_at_a_terminal_is_asked)
{
    int terminal, line;
    char said[SAID_SIZE] = "";
    fixture_log(superseded);
    ck_assert_int_eq(openpty(&terminal, &line, NULL, NULL, NULL), 0);
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = client_start("correct a --set title=T", line, output, line);
    await_said(terminal, said, "Go on all the same? [y/N] ");
    ck_assert_ptr_nonnull(strstr(said, "a was corrected by b (2018, Better)"));
    size_t size = strlen(answers[_i].answer);
    ck_assert_int_eq(write(terminal, answers[_i].answer, size), (ssize_t)size);
    ck_assert_int_eq(client_await(pid), answers[_i].status);
    expect_in(fixture.wire, answers[_i].tip == 3 ? "{'tip': 3}" : "{'tip': 2}",
              "stats", "{}");
    close(output);
    close(line);
    close(terminal);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client change");
    TCase *tcase = fixture_case(suite, "change", SECONDS_MAX);
    tcase_add_test(tcase, correction_takes_over_the_rest);
    tcase_add_test(tcase, correction_can_be_corrected);
    tcase_add_loop_test(tcase, wrong_change_is_told_and_stores_nothing, 0,
                        COUNT(refusals));
    tcase_add_test(tcase, retraction_has_sensible_defaults);
    tcase_add_test(tcase, retraction_is_of_today);
    tcase_add_test(tcase, title_of_a_retraction_fits);
    tcase_add_loop_test(tcase, superseded_event_is_changed_by_force_only, 0, 2);
    tcase_add_test(tcase, retracted_event_is_told_as_such);
    tcase_add_loop_test(tcase, person_at_a_terminal_is_asked, 0,
                        COUNT(answers));
    return fixture_run(suite);
}
