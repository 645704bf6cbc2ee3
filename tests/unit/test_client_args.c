/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/args.h"
#include "client/commands.h"
#include "client/event_options.h"
#include "client/json.h"

static const char *const colours[] = {"red", "blue", NULL};

static const struct arg_spec globals[] = {
    {"verbose", ARG_FLAG, false, NULL, "", NULL},
    {0},
};

static const struct arg_spec specs[] = {
    {"text", ARG_TEXT, true, "TEXT", "", NULL},
    {"date", ARG_DATE, false, "DATE", "", NULL},
    {"moment", ARG_MOMENT, false, "DATE|N", "", NULL},
    {"count", ARG_COUNT, false, "N", "", NULL},
    {"colour", ARG_CHOICE, false, "NAME", "", colours},
    {0},
};

static char fault[ARGS_FAULT_SIZE];

#define WORDS_MAX 32

/* Parse words that are separated by a space. */
static bool
parse(struct args *args, const struct arg_spec *table, const char *line)
{
    static char copy[512];
    char *argv[WORDS_MAX];
    int count = 0, used = 0;
    ck_assert_uint_lt(strlen(line), sizeof(copy));
    memcpy(copy, line, strlen(line) + 1);
    for (char *word = strtok(copy, " "); word != NULL && count < WORDS_MAX;
         word = strtok(NULL, " "))
        argv[count++] = word;
    *args = (struct args){0};
    fault[0] = '\0';
    return args_parse(args, globals, table, count, argv, false, &used, fault);
}

START_TEST(options_and_operands_mix)
{
    struct args args;
    ck_assert(parse(&args, specs, "a --text=x b --text y --verbose - -- --c"));
    ck_assert_uint_eq(args.operand_count, 4);
    ck_assert_str_eq(args.operands[0], "a");
    ck_assert_str_eq(args.operands[1], "b");
    ck_assert_str_eq(args.operands[2], "-");
    ck_assert_str_eq(args.operands[3], "--c");
    ck_assert_uint_eq(args_count(&args, "text"), 2);
    ck_assert_str_eq(args_nth(&args, "text", 0), "x");
    ck_assert_str_eq(args_nth(&args, "text", 1), "y");
    ck_assert_str_eq(args_text(&args, "text"), "y");
    ck_assert(args_has(&args, "verbose"));
    ck_assert_ptr_null(args_text(&args, "date"));
    args_deinit(&args);
}
END_TEST

START_TEST(reading_stops_before_the_command)
{
    char first[] = "--verbose", command[] = "state", last[] = "--text";
    char *argv[] = {first, command, last};
    struct args args = {0};
    int used = 0;
    ck_assert(args_parse(&args, globals, NULL, 3, argv, true, &used, fault));
    ck_assert_int_eq(used, 1);
    ck_assert(args_has(&args, "verbose"));
    args_deinit(&args);
}
END_TEST

static const struct {
    const char *line;
    const char *fault; /* a part of it */
} bad_lines[] = {
    {"--textt x", "did you mean --text?"},
    {"--zzzzzzzzzzzzzz", "no option --zzzzzzzzzzzzzz"},
    {"-x", "no option -x"},
    {"--text", "--text needs TEXT"},
    {"--verbose=1", "takes no value"},
    {"--count 0", "from 1 on"},
    {"--count x", "from 1 on"},
    {"--count 99999999999999999999", "from 1 on"},
    {"--moment 99999999999999999999", "from 0 on"},
    {"--colour green", "red, blue"},
    {"--date 2017-02-29", "2017-02-29\n          ^"},
    {"--date tomorrow", "--date: not a date"},
    {"--date=", "--date: not a date"},
};

START_TEST(wrong_line_is_told)
{
    struct args args;
    const char *line = bad_lines[_i].line;
    ck_assert_msg(!parse(&args, specs, line), "%s", line);
    ck_assert_msg(strstr(fault, bad_lines[_i].fault) != NULL, "%s: %s", line,
                  fault);
    args_deinit(&args);
}
END_TEST

START_TEST(moment_is_a_position_or_a_date)
{
    struct args args;
    ck_assert(parse(&args, specs, "--moment 2017 --date 2017"));
    ck_assert(args_is_position(args_text(&args, "moment")));
    args_deinit(&args);
    ck_assert(parse(&args, specs, "--moment 2017-08"));
    ck_assert(!args_is_position(args_text(&args, "moment")));
    args_deinit(&args);
    ck_assert(!args_is_position(""));
}
END_TEST

/* --- an event from options ------------------------------------------------*/

static const struct arg_spec event_specs[] = {EVENT_OPTIONS, {0}};

#define NEEDED                                                                 \
    "--id e --type note --partnership p --party a --occurred 2017 --title t "

static const struct {
    const char *line;
    const char *json; /* the event, behind what is needed */
} event_lines[] = {
    {"--party b --person x --person y",
     "\"parties\":[\"a\",\"b\"],\"people\":[\"x\",\"y\"],\"occurred\":\"2017\","
     "\"title\":\"t\"}"},
    {"--amount 5:USD", "\"amount\":{\"value\":\"5\",\"currency\":\"USD\"}}"},
    {"--amount 1.5:USD:paid",
     "\"amount\":{\"value\":\"1.5\",\"currency\":\"USD\",\"kind\":\"paid\"}}"},
    {"--term a=1 --term b=x --term c={\"d\":[true]} --term effective=2019",
     "\"terms\":{\"a\":1,\"b\":\"x\",\"c\":{\"d\":[true]},\"effective\":"
     "\"2019\"}}"},
    {"--term effective=null", "\"terms\":{\"effective\":null}}"},
    {"--source kind=court,title=A,B,url=http://x?a=1,b=2 --source cite=4:24",
     "\"sources\":[{\"kind\":\"court\",\"title\":\"A,B\",\"url\":"
     "\"http://x?a=1,b=2\"},{\"cite\":\"4:24\"}]}"},
    {"--quote q --quote-by w", "\"quote\":{\"text\":\"q\",\"by\":\"w\"}}"},
    {"--disclosed-by d --re r --corrects c --certainty alleged",
     "\"disclosed_by\":\"d\",\"title\":\"t\",\"re\":\"r\",\"corrects\":\"c\","
     "\"certainty\":\"alleged\"}"},
    {"--ext k=v", "\"ext\":{\"k\":\"v\"}}"},
};

START_TEST(event_is_made_of_options)
{
    struct args args;
    struct client client = {.command = "append"};
    struct mp_buf event = {0}, text = {0};
    char line[400];
    snprintf(line, sizeof(line), "%s%s", NEEDED, event_lines[_i].line);
    ck_assert_msg(parse(&args, event_specs, line), "%s", fault);
    ck_assert(event_options_given(&args));
    ck_assert_int_eq(
        event_options_put(&client, &args, EVENT_OPTIONS_WHOLE, &event),
        CLIENT_DONE);
    json_put(&text, mp_buf_span(&event), JSON_COMPACT);
    mp_buf_append(&text, "", 1);
    ck_assert_msg(strstr((const char *)text.data, event_lines[_i].json) != NULL,
                  "%s", (const char *)text.data);
    mp_buf_deinit(&event);
    mp_buf_deinit(&text);
    args_deinit(&args);
}
END_TEST

static const char *const bad_events[] = {
    "--type note",
    NEEDED "--amount 5",
    NEEDED "--term x",
    NEEDED "--term =x",
    NEEDED "--term effective=2019-13",
    NEEDED "--source a",
    NEEDED "--source colour=red",
    NEEDED "--quote-by w",
};

START_TEST(event_that_cannot_be_made_is_wrong_usage)
{
    struct args args;
    struct client client = {.command = "append"};
    struct mp_buf event = {0};
    ck_assert(parse(&args, event_specs, bad_events[_i]));
    ck_assert_int_eq(
        event_options_put(&client, &args, EVENT_OPTIONS_WHOLE, &event),
        CLIENT_USAGE);
    mp_buf_deinit(&event);
    args_deinit(&args);
}
END_TEST

START_TEST(begun_event_has_what_is_there)
{
    struct args args;
    struct client client = {.command = "append"};
    struct mp_buf event = {0};
    ck_assert(parse(&args, event_specs, "--title T"));
    ck_assert_int_eq(
        event_options_put(&client, &args, EVENT_OPTIONS_BEGUN, &event),
        CLIENT_DONE);
    ck_assert(span_is(mp_get_str(mp_buf_span(&event), "title"), "T"));
    ck_assert_ptr_null(mp_get(mp_buf_span(&event), "id").data);
    mp_buf_deinit(&event);
    args_deinit(&args);
}
END_TEST

START_TEST(event_without_id_gets_a_new_one)
{
    struct args args;
    struct client client = {.command = "append"};
    struct mp_buf event = {0};
    ck_assert(parse(&args, event_specs, strstr(NEEDED, "--type")));
    ck_assert_int_eq(
        event_options_put(&client, &args, EVENT_OPTIONS_WHOLE, &event),
        CLIENT_DONE);
    ck_assert_uint_eq(mp_get_str(mp_buf_span(&event), "id").size, 36);
    mp_buf_deinit(&event);
    args_deinit(&args);
}
END_TEST

/* --- the table of commands ------------------------------------------------*/

START_TEST(every_command_is_found_and_whole)
{
    for (const struct command *const *at = commands; *at != NULL; at++) {
        ck_assert_ptr_eq(command_find((*at)->name), *at);
        ck_assert_ptr_nonnull((*at)->run);
        ck_assert_ptr_nonnull((*at)->piped);
        ck_assert_uint_le((*at)->operand_min, (*at)->operand_max);
    }
    ck_assert_ptr_null(command_find("stat"));
    ck_assert_str_eq(command_nearest("stat"), "state");
}
END_TEST

START_TEST(every_format_is_found_by_its_name)
{
    for (const char *const *name = format_names; *name != NULL; name++)
        ck_assert_str_eq(format_find(*name)->name, *name);
    ck_assert_ptr_null(format_find("xml"));
}
END_TEST

#define COUNT(cases) (sizeof(cases) / sizeof((cases)[0]))

static Suite *
args_suite(void)
{
    Suite *suite = suite_create("client_args");
    TCase *tc = tcase_create("client_args");
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, options_and_operands_mix);
    tcase_add_test(tc, reading_stops_before_the_command);
    tcase_add_loop_test(tc, wrong_line_is_told, 0, COUNT(bad_lines));
    tcase_add_test(tc, moment_is_a_position_or_a_date);
    tcase_add_loop_test(tc, event_is_made_of_options, 0, COUNT(event_lines));
    tcase_add_loop_test(tc, event_that_cannot_be_made_is_wrong_usage, 0,
                        COUNT(bad_events));
    tcase_add_test(tc, event_without_id_gets_a_new_one);
    tcase_add_test(tc, begun_event_has_what_is_there);
    tcase_add_test(tc, every_command_is_found_and_whole);
    tcase_add_test(tc, every_format_is_found_by_its_name);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(args_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
