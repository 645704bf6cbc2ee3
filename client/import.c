/* SPDX-License-Identifier: MIT */
#include "client/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/batch.h"
#include "client/check.h"
#include "client/complain.h"
#include "client/csv_events.h"
#include "client/event_lines.h"
#include "client/input.h"
#include "client/interrupt.h"
#include "client/progress.h"
#include "proto/rpc.h"

/* How many events a batch has when nobody says. */
#define IMPORT_BATCH_COUNT 1000

/* Of a message, what is not events: its own arrays, names and counts. */
#define MESSAGE_FRAME_SIZE ((size_t)256)

struct import {
    struct client *client;
    bool (*read_line)(struct span line, struct mp_buf *events,
                      struct json_fault *fault); /* NULL: csv */
    struct csv_events csv;
    bool atomic;
    bool dry_run;
    struct batch batch;
    struct check check; /* --dry-run */
    struct progress progress;
    uint64_t bytes_before; /* of the files that are done */
    struct mp_buf event;   /* of the line that is being read */
};

/* --- one line -------------------------------------------------------------*/

/* A check goes on and reports all that is wrong; an import ends. */
static enum client_status
bad_line(struct import *import, struct place place,
         const struct json_fault *fault)
{
    progress_clear(&import->progress);
    if (fault->column > 0)
        remark("%s:%zu:%zu: %s", place.file, place.line, fault->column,
               fault->reason);
    else
        remark("%s:%zu: %s", place.file, place.line, fault->reason);
    if (!import->dry_run)
        return CLIENT_REFUSED;
    import->check.faulty++;
    return CLIENT_DONE;
}

static enum client_status
no_room(struct import *import, struct place place)
{
    progress_clear(&import->progress);
    remark("%s:%zu: an atomic append has at most %u events and %zu bytes; this "
           "has more",
           place.file, place.line, import->batch.count_max,
           import->batch.size_max);
    return CLIENT_REFUSED;
}

static enum client_status
add_event(struct import *import, struct place place)
{
    struct span event = mp_buf_span(&import->event);
    if (import->dry_run)
        return check_event(&import->check, import->client, event, place);
    if (!batch_has_room(&import->batch, event.size)) {
        if (import->atomic)
            return no_room(import, place);
        enum client_status status = batch_send(&import->batch, import->client);
        if (status != CLIENT_DONE)
            return status;
    }
    if (batch_add(&import->batch, event, place))
        return CLIENT_DONE;
    complain("no memory");
    return CLIENT_REFUSED;
}

static enum client_status
import_record(struct import *import, const struct input *input,
              struct span line)
{
    struct json_fault fault;
    struct mp_buf event = {0};
    struct csv_events *csv = &import->csv;
    enum csv_events_result result =
        csv_events_line(csv, line, input->line, &event, &fault);
    struct place place = {input->name, csv->line};
    enum client_status status = CLIENT_DONE;
    if (result == CSV_EVENTS_EVENT)
        status = event_line_prepare(mp_buf_span(&event), &import->event, &fault)
                     ? add_event(import, place)
                     : bad_line(import, place, &fault);
    else if (result == CSV_EVENTS_FAULT)
        status = bad_line(import, place, &fault);
    mp_buf_deinit(&event);
    /* with the names wrong nothing that follows means anything */
    if (result == CSV_EVENTS_FAULT && csv->columns == NULL)
        return CLIENT_REFUSED;
    return status;
}

static enum client_status
import_line(struct import *import, const struct input *input, struct span line)
{
    struct json_fault fault;
    struct place place = {input->name, input->line};
    mp_buf_clear(&import->event);
    if (import->read_line == NULL)
        return import_record(import, input, line);
    if (event_line_is_blank(line))
        return CLIENT_DONE;
    if (import->read_line(line, &import->event, &fault))
        return add_event(import, place);
    return bad_line(import, place, &fault);
}

/* --- one file -------------------------------------------------------------*/

/* A quotation mark may be open. */
static enum client_status
end_of_records(struct import *import, const struct input *input)
{
    struct json_fault fault;
    struct place place = {input->name, import->csv.line};
    bool whole = csv_events_end(&import->csv, &fault);
    csv_events_reset(&import->csv);
    return whole ? CLIENT_DONE : bad_line(import, place, &fault);
}

static enum client_status
end_of_input(struct import *import, const struct input *input,
             enum input_result result)
{
    switch (result) {
    case INPUT_LINE:
    case INPUT_END:
        return end_of_records(import, input);
    case INPUT_INTERRUPTED:
        return CLIENT_INTERRUPTED;
    case INPUT_TOO_LONG:
        progress_clear(&import->progress);
        remark("%s:%zu: the line is longer than %zu bytes", input->name,
               input->line + 1, INPUT_LINE_SIZE_MAX);
        return CLIENT_REFUSED;
    case INPUT_FAILED:
        break;
    }
    complain("%s: %s", input->name, strerror(errno));
    return CLIENT_REFUSED;
}

static enum client_status
import_input(struct import *import, struct input *input)
{
    const struct batch *batch = &import->batch;
    struct span line;
    enum input_result result;
    while ((result = input_next(input, &line)) == INPUT_LINE) {
        enum client_status status = import_line(import, input, line);
        if (status != CLIENT_DONE)
            return status;
        if (interrupt_came())
            return CLIENT_INTERRUPTED;
        progress_update(&import->progress,
                        import->bytes_before + input->read_size,
                        batch->stored + batch->duplicates + batch->count);
    }
    import->bytes_before += input->read_size;
    return end_of_input(import, input, result);
}

/* --- all of them ----------------------------------------------------------*/

static enum client_status
import_file(struct import *import, struct input *input, const char *name)
{
    if (input_open(input, name))
        return import_input(import, input);
    progress_clear(&import->progress);
    complain("%s: %s", name, strerror(errno));
    return CLIENT_REFUSED;
}

/* The names stay in use until the last batch is sent; all are in argv. */
static enum client_status
import_files(struct import *import, const struct args *args)
{
    enum client_status status = CLIENT_DONE;
    size_t count = args->operand_count > 0 ? args->operand_count : 1;
    for (size_t i = 0; i < count && status == CLIENT_DONE; i++) {
        struct input input;
        const char *name = args->operand_count > 0 ? args->operands[i] : NULL;
        status = import_file(import, &input, name);
        input_close(&input);
    }
    if (status == CLIENT_DONE && !import->dry_run)
        status = batch_send(&import->batch, import->client);
    return status;
}

static uint64_t
total_size(const struct args *args)
{
    uint64_t total = args->operand_count == 0 ? input_size(NULL) : 0;
    for (size_t i = 0; i < args->operand_count; i++) {
        uint64_t size = input_size(args->operands[i]);
        if (size == 0)
            return 0; /* of a pipe nobody knows how much is left */
        total += size;
    }
    return total;
}

static enum client_status
end(struct import *import, enum client_status status)
{
    struct mp_buf text = {0};
    struct output *out = &import->client->out;
    progress_clear(&import->progress);
    if (import->dry_run)
        return check_end(&import->check, import->client, status);
    batch_sum(&import->batch, &text);
    if (status == CLIENT_INTERRUPTED)
        complain("interrupted");
    if (status != CLIENT_DONE)
        remark("so far: %.*s", (int)text.size, (const char *)text.data);
    else
        output_end(out, SUBJECT_STORED);
    if (status == CLIENT_DONE && out->format == &format_text) {
        mp_buf_append(&text, "\n", 1);
        output_write(out, mp_buf_span(&text));
    }
    mp_buf_deinit(&text);
    return status;
}

const char *const import_forms[] = {"jsonl", "csv", "cloudevents", NULL};

static bool (*reader_of(const char *form))(struct span, struct mp_buf *,
                                           struct json_fault *)
{
    if (form != NULL && strcmp(form, "csv") == 0)
        return NULL;
    return form != NULL && strcmp(form, "cloudevents") == 0
               ? event_line_read_cloudevent
               : event_line_read;
}

enum client_status
import_lines(struct client *client, const struct args *args)
{
    struct import import = {.client = client,
                            .read_line = reader_of(args_text(args, "from")),
                            .atomic = args_has(args, "atomic"),
                            .dry_run = args_has(args, "dry-run")};
    uint64_t count = args_number(args, "batch", IMPORT_BATCH_COUNT);
    if (count > MODEL_BATCH_MAX)
        return client_usage(client, "--batch: at most %u", MODEL_BATCH_MAX);
    if (import.atomic)
        batch_init(&import.batch, MODEL_BATCH_MAX,
                   RPC_MESSAGE_SIZE_MAX - MESSAGE_FRAME_SIZE);
    else
        batch_init(&import.batch, (uint32_t)count, IMPORT_BATCH_SIZE);
    progress_init(&import.progress, total_size(args));
    import.batch.progress = &import.progress;
    enum client_status status = import_files(&import, args);
    status = end(&import, status);
    csv_events_reset(&import.csv);
    batch_deinit(&import.batch);
    mp_buf_deinit(&import.event);
    return status;
}
