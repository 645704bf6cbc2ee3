/* SPDX-License-Identifier: MIT */
#include "tests/system/model_log.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proto/edtf.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"
#include "tests/system/object.h"

#define BATCH_MAX 20
#define PAGE_MAX ((size_t)1000)
#define ZONE_CHUNK_SIZE ((size_t)1 << 16)
/* Of no other request: nothing else is on its way while the log grows. */
#define MSGID 1
/* Of each side of a difference; an event may be long. */
#define SHOWN_MAX 1500

static uint64_t
seed_of_environment(void)
{
    const char *text = getenv("ENTENTE_SEED");
    uint32_t seed = 0;
    if (text != NULL)
        return strtoull(text, NULL, 10);
    ck_assert_int_eq(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
    return seed;
}

void
model_log_init(struct model_log *log)
{
    *log = (struct model_log){.seed = seed_of_environment()};
    printf("ENTENTE_SEED=%" PRIu64 "\n", log->seed);
    fflush(stdout);
    random_log_init(&log->dice, log->seed);
    random_log_init(&log->asked, ~log->seed);
    log->model = model_new();
    ck_assert(msgpack_zone_init(&log->zone, ZONE_CHUNK_SIZE));
}

void
model_log_deinit(struct model_log *log)
{
    free(log->stored);
    msgpack_zone_destroy(&log->zone);
    model_free(log->model);
    random_log_deinit(&log->dice);
    random_log_deinit(&log->asked);
}

/* --- growing --------------------------------------------------------------*/

static void
append_batch(struct model_log *log, struct wire *wire, size_t count,
             json_t *(*add)(struct random_log *))
{
    json_t *events = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(events, add(&log->dice));
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(wire, "append", arguments));
}

/* A stored event is {seq, rev, recorded, ...as submitted}, with an id. */
static void
check_stored(const struct model_log *log, json_t *stored, size_t index)
{
    json_t *submitted = json_array_get(log->dice.events, index);
    json_auto_t *rest = json_copy(stored);
    ck_assert_uint_eq((size_t)json_integer_value(json_object_get(rest, "seq")),
                      index + 1);
    json_object_del(rest, "seq");
    json_object_del(rest, "rev");
    json_object_del(rest, "recorded");
    if (json_object_get(submitted, "id") == NULL)
        json_object_del(rest, "id");
    expect_same_json(rest, submitted, "stored otherwise than submitted");
}

/* Take the next event of the log. */
static void
take_event(struct model_log *log, const msgpack_object *event)
{
    size_t index = log->model->count;
    json_auto_t *json = json_of_msgpack(event);
    check_stored(log, json, index);
    log->stored = realloc(log->stored, (index + 1) * sizeof(log->stored[0]));
    ck_assert_ptr_nonnull(log->stored);
    log->stored[index] = object_copy(event, &log->zone);
    model_add(log->model, json);
}

/* Read back what the model has not; false where nothing came. */
static bool
take_page(struct model_log *log, struct wire *wire)
{
    json_auto_t *arguments = json_format("{'from': %zu, 'limit': %zu}",
                                         log->model->count + 1, PAGE_MAX);
    wire_queue(wire, MSGID, "replay", arguments);
    wire_flush(wire);
    const msgpack_object *events =
        object_get(object_at(wire_object(wire), 3), "events");
    for (uint32_t i = 0; i < object_count(events); i++)
        take_event(log, object_at(events, i));
    return object_count(events) > 0;
}

static void
take_all(struct model_log *log, struct wire *wire)
{
    size_t tip = json_array_size(log->dice.events);
    while (log->model->count < tip)
        ck_assert(take_page(log, wire));
    ck_assert_uint_eq(log->model->count, tip);
}

void
model_log_grow(struct model_log *log, struct wire *wire, size_t count)
{
    for (size_t left = count; left > 0;) {
        size_t size = 1 + random_below(&log->dice, BATCH_MAX);
        size = size < left ? size : left;
        append_batch(log, wire, size, random_log_add);
        left -= size;
    }
    take_all(log, wire);
}

void
model_log_grow_mass(struct model_log *log, struct wire *wire, size_t count)
{
    for (size_t left = count; left > 0;) {
        size_t size = left < PAGE_MAX ? left : PAGE_MAX;
        append_batch(log, wire, size, random_log_add_mass);
        left -= size;
    }
    log->massive = true;
    take_all(log, wire);
}

bool
model_log_same_event(const struct model_log *log, const json_t *event,
                     const msgpack_object *actual)
{
    json_int_t seq = json_integer_value(json_object_get(event, "seq"));
    return msgpack_object_equal(log->stored[seq - 1], *actual);
}

/* --- questions ------------------------------------------------------------*/

int64_t
model_log_moment(const char *text)
{
    struct edtf date;
    struct edtf_fault fault;
    ck_assert_msg(edtf_parse(span_of(text), &date, &fault), "%s", text);
    return date.end_hi;
}

static int64_t
ask_date(struct model_log *log, json_t *arguments, const char *key)
{
    const char *date =
        random_chance(&log->asked, 10) ? "../.." : random_date(&log->asked);
    json_object_set_new(arguments, key, json_string(date));
    return model_log_moment(date);
}

int64_t
model_log_random_recorded(struct model_log *log)
{
    const struct model *model = log->model;
    const struct model_event *event =
        &model->events[random_below(&log->asked, model->count)];
    /* One earlier is the gap between two batches, or within none. */
    return event->recorded_ms - random_chance(&log->asked, 50);
}

static uint64_t
ask_recorded_date(struct model_log *log, json_t *arguments)
{
    const struct model *model = log->model;
    int64_t moment = model_log_random_recorded(log);
    json_object_set_new(arguments, "recorded", model_moment(moment));
    uint64_t position = 0;
    while (position < model->count &&
           model->events[position].recorded_ms <= moment)
        position++;
    return position;
}

static uint64_t
ask_recorded(struct model_log *log, json_t *arguments)
{
    size_t tip = log->model->count;
    if (random_chance(&log->asked, 20))
        return ask_recorded_date(log, arguments);
    size_t position = random_below(&log->asked, tip + 5);
    json_object_set_new(arguments, "recorded",
                        json_integer((json_int_t)position));
    return position < tip ? position : tip;
}

void
model_log_ask_asof(struct model_log *log, json_t *arguments,
                   struct model_asof *asof)
{
    *asof = (struct model_asof){
        .known = EDTF_PLUS_INFINITY,
        .position = log->model->count,
    };
    asof->at = ask_date(log, arguments, "at");
    if (random_chance(&log->asked, 60))
        asof->known = ask_date(log, arguments, "known");
    if (random_chance(&log->asked, 50))
        asof->position = ask_recorded(log, arguments);
}

/* --- answers --------------------------------------------------------------*/

/* The first item in which two arrays differ; false where an item is missing. */
static bool
narrow(const json_t **actual, const json_t **expected)
{
    size_t i = 0;
    while (i < json_array_size(*actual) && i < json_array_size(*expected) &&
           json_same(json_array_get(*actual, i), json_array_get(*expected, i)))
        i++;
    *actual = json_array_get(*actual, i);
    *expected = json_array_get(*expected, i);
    fprintf(stderr, "  at index %zu\n", i);
    return *actual != NULL && *expected != NULL;
}

static void
show_value(const char *who, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    fprintf(stderr, "  %s: %.*s\n", who, SHOWN_MAX,
            text == NULL ? "(absent)" : text);
    free(text);
}

/* The keys under which two answers differ, to read a long answer by. */
static void
show_difference(const json_t *actual, const json_t *expected)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)expected, key, value)
    {
        const json_t *wanted = value;
        const json_t *got = json_object_get(actual, key);
        if (got != NULL && json_same(got, wanted))
            continue;
        fprintf(stderr, "%s\n", key);
        while (json_is_array(got) && json_is_array(wanted)) {
            if (!narrow(&got, &wanted))
                break;
        }
        show_value("model ", wanted);
        show_value("daemon", got);
    }
}

void
model_log_compare(const struct model_log *log, const char *method,
                  const json_t *arguments, const json_t *actual,
                  const json_t *expected)
{
    if (json_same_answer(actual, expected))
        return;
    show_difference(actual, expected);
    char *asked = json_dumps(arguments, JSON_COMPACT);
    ck_abort_msg("ENTENTE_SEED=%" PRIu64 ": %s %s differs from the model",
                 log->seed, method, asked);
}
