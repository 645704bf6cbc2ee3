/* SPDX-License-Identifier: MIT */
#include "tests/system/fixture.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/expect.h"
#include "tests/system/json_text.h"

struct fixture fixture;

/* --- the daemon -----------------------------------------------------------*/

void
fixture_begin_stopped(void)
{
    scratch_make(fixture.directory);
    scratch_join(fixture.data, fixture.directory, "data");
    scratch_join(fixture.socket, fixture.directory, "socket");
}

void
fixture_begin(void)
{
    fixture_begin_stopped();
    fixture_start();
}

void
fixture_start(void)
{
    fixture_start_with(NULL);
}

void
fixture_start_with(const char *const *more)
{
    struct process_options options = {
        .data = fixture.data,
        .socket = fixture.socket,
        .tcp = true,
        .more = more,
    };
    fixture.daemon = process_start(&options);
    if (!process_await_ready(fixture.daemon)) {
        char *output = process_output(fixture.daemon);
        ck_abort_msg("the daemon does not serve; it said: %s", output);
    }
    fixture.wire = wire_open_unix(fixture.socket);
}

/* Let go of a daemon that has ended. */
static void
forget(void)
{
    wire_close(fixture.wire);
    fixture.wire = NULL;
    process_free(fixture.daemon);
    fixture.daemon = NULL;
}

void
fixture_stop(void)
{
    process_signal(fixture.daemon, SIGTERM);
    int status = process_await_end(fixture.daemon);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char *output = process_output(fixture.daemon);
        ck_abort_msg("the daemon ended with status %#x; it said: %s",
                     (unsigned)status, output);
    }
    forget();
}

void
fixture_kill(void)
{
    process_signal(fixture.daemon, SIGKILL);
    process_await_end(fixture.daemon);
    forget();
}

void
fixture_end(void)
{
    if (fixture.daemon != NULL)
        fixture_stop();
}

/* --- events ---------------------------------------------------------------*/

json_t *
fixture_event(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_t *event = json_vformat(format, list);
    va_end(list);
    json_auto_t *arguments = json_pack("{s:[o]}", "events", event);
    json_auto_t *result = expect_ok_json(fixture.wire, "append", arguments);
    return json_incref(json_array_get(json_object_get(result, "events"), 0));
}

static json_t *
event_of_line(const char *line, int size)
{
    char id[128];
    char type[64];
    char occurred[160];
    int used = 0;
    char *text = strndup(line, (size_t)size);
    int count = sscanf(text, " %127s %63s %159s %n", id, type, occurred, &used);
    ck_assert_msg(count == 3, "not an event: %s", text);
    json_t *event =
        json_format("{'id': '%s', 'type': '%s', 'partnership': 'p', "
                    "'parties': ['a', 'b'], 'occurred': '%s', 'title': '%s'}",
                    id, type, occurred, id);
    json_auto_t *rest = json_format("{%s}", text + used);
    json_object_update(event, rest);
    free(text);
    return event;
}

json_t *
fixture_events_of(const char *lines)
{
    json_t *events = json_array();
    while (*lines != '\0') {
        int size = (int)strcspn(lines, "\n");
        if (size > 0)
            json_array_append_new(events, event_of_line(lines, size));
        lines += size;
        lines += *lines == '\n';
    }
    return events;
}

void
fixture_log(const char *lines)
{
    json_auto_t *arguments =
        json_pack("{s:o}", "events", fixture_events_of(lines));
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

/* --- running --------------------------------------------------------------*/

TCase *
fixture_case(Suite *suite, const char *name, int seconds)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_set_timeout(tests, seconds);
    suite_add_tcase(suite, tests);
    return tests;
}

int
fixture_run(Suite *suite)
{
    scratch_root_make();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    scratch_root_remove();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
