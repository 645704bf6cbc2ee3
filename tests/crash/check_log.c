/* SPDX-License-Identifier: MIT */
#include "tests/crash/check_log.h"

#include <check.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

json_t *
check_log_events(void)
{
    json_t *all = json_array();
    json_auto_t *arguments = json_object();
    bool more = true;
    while (more) {
        json_auto_t *page = expect_ok_json(fixture.wire, "replay", arguments);
        json_array_extend(all, json_object_get(page, "events"));
        json_t *cursor = json_object_get(page, "cursor");
        more = !json_is_null(cursor);
        json_object_set(arguments, "cursor", cursor);
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *event = json_array_get(all, i);
        ck_assert_int_eq(json_integer_value(json_object_get(event, "seq")),
                         (json_int_t)i + 1);
    }
    json_auto_t *hello = expect_ok(fixture.wire, "hello", "{}");
    ck_assert_int_eq(json_integer_value(json_object_get(hello, "tip")),
                     (json_int_t)json_array_size(all));
    return all;
}

json_int_t
check_log(void)
{
    json_auto_t *all = check_log_events();
    return (json_int_t)json_array_size(all);
}

/* --- events ---------------------------------------------------------------*/

json_t *
check_log_event(const char *id)
{
    return json_format("{'id': '%s', 'type': 'note', 'partnership': 'p', "
                       "'parties': ['a'], 'occurred': '2017', 'title': 't'}",
                       id);
}

json_t *
check_log_send(const char *id)
{
    json_auto_t *arguments =
        json_pack("{s:[o]}", "events", check_log_event(id));
    json_t *message = NULL;
    wire_queue(fixture.wire, 1, "append", arguments);
    wire_flush(fixture.wire);
    enum wire_event event = wire_read(fixture.wire, WIRE_PATIENCE_MS, &message);
    ck_assert_msg(event != WIRE_SILENCE, "neither answered nor closed");
    return event == WIRE_MESSAGE ? message : NULL;
}

json_int_t
check_log_acknowledged(const json_t *answer)
{
    if (answer == NULL || !json_is_null(json_array_get(answer, 2)))
        return 0;
    return json_integer_value(
        json_object_get(json_array_get(answer, 3), "first"));
}

json_int_t
check_log_store(const char *id, enum check_log_novelty wanted)
{
    json_auto_t *arguments =
        json_pack("{s:[o]}", "events", check_log_event(id));
    json_auto_t *result = expect_ok_json(fixture.wire, "append", arguments);
    const json_t *entry = json_array_get(json_object_get(result, "events"), 0);
    if (wanted != CHECK_LOG_EITHER)
        ck_assert_msg(json_is_true(json_object_get(entry, "duplicate")) ==
                          (wanted == CHECK_LOG_AGAIN),
                      "%s was answered as the other of new and duplicate", id);
    return json_integer_value(json_object_get(entry, "seq"));
}
