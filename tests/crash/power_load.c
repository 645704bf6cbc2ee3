/* SPDX-License-Identifier: MIT */
#include "tests/crash/power_load.h"

#include <check.h>
#include <msgpack.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/crash/preload/control.h"
#include "tests/crash/under.h"
#include "tests/system/expect.h"
#include "tests/system/json_text.h"

#define EVENTS_MAX ((size_t)4000)
#define CONNECTIONS 3
#define REQUESTS 3 /* at once, on each connection */
#define BATCH_MAX 6
#define BATCH_LONG 24
#define PARTNERSHIPS 5
#define PART_LARGE 4000
#define PARTS_LARGE 25 /* an event that fills many pages */
#define LARGE 4        /* of them, so that the journal is used again */
#define IDLE_MS 300

/* A journal that is small enough to be used again and again. */
const char *const power_options[] = {"--journal-size", "1M", NULL};

/* --- what is sent ---------------------------------------------------------*/

/* Sizes from a few bytes to some pages, most of them small. */
static unsigned
size_of(unsigned id)
{
    static const unsigned sizes[] = {1,   60,  200, 350, 480, 900,
                                     120, 350, 350, 520, 350, 3000};
    return sizes[id % (sizeof(sizes) / sizeof(sizes[0]))];
}

static json_t *
event_make(unsigned id, unsigned size, unsigned parts)
{
    return json_format("{'id': 'e%u', 'type': 'note', 'partnership': 'p%u', "
                       "'parties': ['a', 'b'], 'occurred': '%u-0%u', "
                       "'title': 'event %u', "
                       "'ext': {'filler': {'$many': [{'$repeat': ['x', %u]}, "
                       "%u]}}}",
                       id, id % PARTNERSHIPS, 1990 + id % 30, 1 + id % 9, id,
                       size, parts);
}

static json_t *
batch_make(struct power_load *load, unsigned count)
{
    json_t *events = json_array();
    for (unsigned i = 0; i < count; i++) {
        unsigned id = load->next_id++;
        json_array_append_new(events, event_make(id, size_of(id), 1));
    }
    return json_pack("{s:o}", "events", events);
}

/* --- what is answered -----------------------------------------------------*/

static void
remember(struct power_load *load, uint64_t seq, json_t *event)
{
    const char *partnership =
        json_string_value(json_object_get(event, "partnership"));
    ck_assert_uint_gt(seq, 0);
    ck_assert_uint_lt(seq, EVENTS_MAX);
    json_decref(load->events[seq - 1]);
    load->events[seq - 1] = json_incref(event);
    load->noted[seq] = strcmp(partnership, POWER_PARTNERSHIP) == 0;
    load->tip = seq > load->tip ? seq : load->tip;
}

static void
remember_all(struct power_load *load, const json_t *arguments,
             const json_t *answer)
{
    ck_assert_msg(json_is_null(json_array_get(answer, 2)), "refused: %s",
                  json_string_value(
                      json_object_get(json_array_get(answer, 2), "message")));
    const json_t *stored = json_object_get(json_array_get(answer, 3), "events");
    const json_t *sent = json_object_get(arguments, "events");
    ck_assert_uint_eq(json_array_size(stored), json_array_size(sent));
    for (size_t i = 0; i < json_array_size(sent); i++) {
        json_int_t seq = json_integer_value(
            json_object_get(json_array_get(stored, i), "seq"));
        remember(load, (uint64_t)seq, json_array_get(sent, i));
    }
}

/* --- appending ------------------------------------------------------------*/

static void
append(struct power_load *load, json_t *arguments)
{
    json_auto_t *answer = wire_call(fixture.wire, "append", arguments);
    remember_all(load, arguments, answer);
    json_decref(arguments);
}

static void
append_large(struct power_load *load)
{
    unsigned id = load->next_id++;
    append(load, json_pack("{s:[o]}", "events",
                           event_make(id, PART_LARGE, PARTS_LARGE)));
}

/* An event that is there already; it is acknowledged again. */
static void
append_again(struct power_load *load)
{
    uint64_t seq = 1 + load->next_id % load->tip;
    if (load->events[seq - 1] != NULL)
        append(load, json_pack("{s:[O]}", "events", load->events[seq - 1]));
}

/* Many requests at once, so that they share flushes. */
static void
append_together(struct power_load *load)
{
    struct wire *wires[CONNECTIONS];
    json_t *requests[CONNECTIONS][REQUESTS];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        wires[i] = wire_open_unix(fixture.socket);
        for (unsigned j = 0; j < REQUESTS; j++) {
            requests[i][j] = batch_make(load, 1 + load->next_id % BATCH_MAX);
            wire_queue(wires[i], j, "append", requests[i][j]);
        }
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        wire_flush(wires[i]);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        for (unsigned j = 0; j < REQUESTS; j++) {
            json_auto_t *answer = wire_answer(wires[i], j);
            remember_all(load, requests[i][j], answer);
            json_decref(requests[i][j]);
        }
        wire_close(wires[i]);
    }
}

void
power_load_append(struct power_load *load, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < 8; i++)
            append(load, batch_make(load, 1));
        append_together(load);
        append(load, batch_make(load, BATCH_LONG));
        append_again(load);
        /* needs views that have caught up */
        expect_done(fixture.wire, "timeline",
                    "{'partnership': '" POWER_PARTNERSHIP "'}");
        append_together(load);
        append_again(load);
    }
    for (unsigned i = 0; i < LARGE; i++)
        append_large(load);
}

void
power_load_idle(void)
{
    (void)poll(NULL, 0, IDLE_MS);
}

void
power_boot(unsigned boot)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", boot);
    setenv(CONTROL_BOOT_VARIABLE, number, 1);
}

/* --- beginning ------------------------------------------------------------*/

static void
begin(struct power_load *load, const char *const *names, size_t name_count,
      enum record_forget forget)
{
    *load = (struct power_load){
        .events = calloc(EVENTS_MAX, sizeof(void *)),
        .noted = calloc(EVENTS_MAX, sizeof(load->noted[0])),
    };
    ck_assert(load->events != NULL && load->noted != NULL);
    char boots[SCRATCH_PATH_SIZE], recorder[SCRATCH_PATH_SIZE];
    under_compile(boots, "boot");
    under_compile(recorder, "record");
    snprintf(load->preloaded, sizeof(load->preloaded), "%s:%s", boots,
             recorder);
    load->tape = power_tape_new(fixture.data, names, name_count, forget);
}

void
power_load_begin(struct power_load *load, enum record_forget forget)
{
    ck_assert_int_eq(mkdir(fixture.data, 0700), 0);
    begin(load, NULL, 0, forget);
}

void
power_load_resume(struct power_load *load, const struct power_load *before,
                  const struct power_state *base, uint64_t acked)
{
    const char *names[POWER_FILES_MAX];
    for (size_t i = 0; i < base->file_count; i++)
        names[i] = base->files[i].name;
    power_state_write(base, fixture.data);
    begin(load, names, base->file_count, RECORD_FORGET_NOTHING);
    load->base = base;
    load->next_id = before->next_id;
    power_load_start(load);
    json_auto_t *hello = expect_ok(fixture.wire, "hello", "{}");
    load->found = (uint64_t)json_integer_value(json_object_get(hello, "tip"));
    ck_assert_uint_le(load->found, before->tip);
    ck_assert_uint_ge(load->found, acked);
    for (uint64_t seq = 1; seq <= load->found; seq++)
        remember(load, seq, before->events[seq - 1]);
}

void
power_load_start(const struct power_load *load)
{
    under_preload_always(load->preloaded);
    fixture_start_with(power_options);
    under_preload_always(NULL);
}

/* --- ending ---------------------------------------------------------------*/

void
power_load_kill(struct power_load *load)
{
    power_tape_hold(load->tape);
    fixture_kill();
    power_tape_let_go(load->tape);
}

size_t
power_question(uint8_t question[POWER_QUESTION_SIZE], uint64_t seq)
{
    size_t size;
    json_auto_t *arguments = json_pack("{s:I}", "seq", (json_int_t)seq);
    void *bytes = wire_request_bytes((uint32_t)seq, "get", arguments, &size);
    ck_assert_uint_le(size, POWER_QUESTION_SIZE);
    memcpy(question, bytes, size);
    free(bytes);
    return size;
}

static void
ask_for_all(struct power_load *load)
{
    load->answers = calloc(load->tip, sizeof(load->answers[0]));
    ck_assert_ptr_nonnull(load->answers);
    for (uint64_t seq = 1; seq <= load->tip; seq++) {
        uint8_t question[POWER_QUESTION_SIZE];
        wire_send(fixture.wire, question, power_question(question, seq));
        const msgpack_object *answer = wire_object(fixture.wire);
        ck_assert(answer->via.array.ptr[2].type == MSGPACK_OBJECT_NIL);
        struct power_answer *kept = &load->answers[seq - 1];
        const void *bytes = wire_message_bytes(fixture.wire, &kept->size);
        kept->bytes = malloc(kept->size);
        ck_assert_ptr_nonnull(kept->bytes);
        memcpy(kept->bytes, bytes, kept->size);
        load->noted[seq] += load->noted[seq - 1];
    }
}

static const struct power_file *
find_file(const struct power_state *state, const char *name)
{
    for (size_t i = 0; i < state->file_count; i++)
        if (strcmp(state->files[i].name, name) == 0)
            return &state->files[i];
    return NULL;
}

/* Nothing was written that the recorder did not see. */
static void
check_trace(const struct power_load *load)
{
    struct power_disk *disk = power_disk_new(&load->trace, load->base);
    struct power_state seen = {0}, real = {0};
    power_disk_advance(disk, load->trace.count);
    power_disk_see(disk, &seen);
    power_state_read(&real, fixture.data);
    ck_assert_uint_eq(seen.file_count, real.file_count);
    for (size_t i = 0; i < real.file_count; i++) {
        const struct power_file *file = &real.files[i];
        const struct power_file *known = find_file(&seen, file->name);
        ck_assert_msg(known != NULL, "%s was not recorded", file->name);
        ck_assert_msg(known->size == file->size &&
                          memcmp(known->bytes, file->bytes, file->size) == 0,
                      "%s is not what was recorded", file->name);
        ck_assert_msg(known->mtime == file->mtime,
                      "%s was written at another time", file->name);
    }
    power_state_deinit(&seen);
    power_state_deinit(&real);
    power_disk_free(disk);
}

void
power_load_end(struct power_load *load)
{
    ask_for_all(load);
    fixture_stop();
    power_trace_read(&load->trace, load->tape);
    check_trace(load);
    ck_assert_uint_eq(power_trace_acked(&load->trace, load->trace.count),
                      load->tip);
}

void
power_load_deinit(struct power_load *load)
{
    for (size_t i = 0; i < EVENTS_MAX; i++)
        json_decref(load->events[i]);
    for (uint64_t i = 0; load->answers != NULL && i < load->tip; i++)
        free(load->answers[i].bytes);
    free(load->events);
    free(load->noted);
    free(load->answers);
    power_trace_deinit(&load->trace);
    munmap(load->tape, RECORD_TAPE_SIZE);
    *load = (struct power_load){0};
}
