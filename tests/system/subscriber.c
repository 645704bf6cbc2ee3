/* SPDX-License-Identifier: MIT */
#include "tests/system/subscriber.h"

#include <check.h>
#include <stdarg.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/json_text.h"

void
subscriber_begin(struct wire *wire, uint32_t msgid, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    json_auto_t *arguments = json_vformat(format, values);
    va_end(values);
    wire_queue(wire, msgid, "subscribe", arguments);
    wire_flush(wire);
    json_auto_t *answer = wire_answer(wire, msgid);
    json_auto_t *expected = json_pack("[i, I, n, {s:I}]", 1, (json_int_t)msgid,
                                      "subscription", (json_int_t)msgid);
    expect_same_json(answer, expected, "subscribe");
}

json_t *
subscriber_value(struct wire *wire, uint32_t msgid, const char *name)
{
    json_auto_t *message = wire_message(wire);
    const json_t *parts = json_array_get(message, 2);
    const char *method = json_string_value(json_array_get(message, 1));
    char *text = json_dumps(message, JSON_COMPACT);
    ck_assert_msg(json_array_size(message) == 3 && method != NULL &&
                      strcmp(method, name) == 0 &&
                      json_integer_value(json_array_get(message, 0)) == 2 &&
                      json_array_size(parts) == 2 &&
                      json_integer_value(json_array_get(parts, 0)) == msgid,
                  "not \"%s\" of %u: %.500s", name, msgid, text);
    free(text);
    return json_incref(json_array_get(parts, 1));
}

json_int_t
subscriber_position(struct wire *wire, uint32_t msgid, const char *name)
{
    json_auto_t *value = subscriber_value(wire, msgid, name);
    ck_assert(json_is_integer(value));
    return json_integer_value(value);
}

void
subscriber_expect(struct wire *wire, uint32_t msgid, const char *ids)
{
    json_auto_t *expected = json_of(ids);
    json_auto_t *got = json_array();
    while (json_array_size(got) < json_array_size(expected)) {
        json_auto_t *events = subscriber_value(wire, msgid, "events");
        json_auto_t *more = expect_ids(events);
        ck_assert_uint_gt(json_array_size(more), 0);
        json_array_extend(got, more);
    }
    expect_same_json(got, expected, ids);
}

void
subscriber_caught_up(struct wire *wire, uint32_t msgid, json_int_t position)
{
    ck_assert_int_eq(subscriber_position(wire, msgid, "caught_up"), position);
}

void
subscriber_cancel(struct wire *wire, uint32_t msgid)
{
    json_auto_t *cancel =
        json_pack("[i, s, [I]]", 2, "cancel", (json_int_t)msgid);
    wire_send_value(wire, cancel);
}

void
subscriber_silent(struct wire *wire)
{
    json_auto_t *none = json_object();
    json_auto_t *answer = wire_call(wire, "ping", none);
    expect_includes(json_array_get(answer, 3), "'pong'");
}
