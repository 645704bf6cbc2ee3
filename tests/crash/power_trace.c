/* SPDX-License-Identifier: MIT */
#include "tests/crash/power_trace.h"

#include <check.h>
#include <msgpack.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/crash/under.h"

/* --- the tape -------------------------------------------------------------*/

static void
add_inode(struct record_tape *tape, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;
    scratch_join(path, tape->directory, name);
    ck_assert_msg(stat(path, &status) == 0, "%s is not there", path);
    ck_assert_uint_lt(tape->file_count, RECORD_FILES_MAX);
    tape->inodes[tape->file_count++] = status.st_ino;
}

struct record_tape *
power_tape_new(const char *directory, const char *const *names,
               size_t name_count, enum record_forget forget)
{
    struct record_tape *tape = under_control(RECORD_TAPE_SIZE);
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    ck_assert_int_eq(pthread_mutex_init(&tape->lock, &shared), 0);
    pthread_mutexattr_destroy(&shared);
    int size =
        snprintf(tape->directory, sizeof(tape->directory), "%s", directory);
    ck_assert_uint_lt((size_t)size, sizeof(tape->directory));
    tape->forget = forget;
    for (size_t i = 0; i < name_count; i++)
        add_inode(tape, names[i]);
    return tape;
}

/* A write that waits for the disk is outside of the lock for as long as the
 * disk takes; no event tells of its end. */
#define HOLD_TRIES 60000
#define HOLD_TRY_MS 1

void
power_tape_hold(struct record_tape *tape)
{
    for (int tries = 0; tries < HOLD_TRIES; tries++) {
        pthread_mutex_lock(&tape->lock);
        if (tape->waiting == 0)
            return;
        pthread_mutex_unlock(&tape->lock);
        (void)poll(NULL, 0, HOLD_TRY_MS);
    }
    ck_abort_msg("a write of the daemon does not end");
}

void
power_tape_let_go(struct record_tape *tape)
{
    pthread_mutex_unlock(&tape->lock);
}

size_t
power_tape_count(struct record_tape *tape)
{
    pthread_mutex_lock(&tape->lock);
    size_t count = tape->count;
    pthread_mutex_unlock(&tape->lock);
    return count;
}

/* --- acknowledgements -----------------------------------------------------*/

static uint64_t
number_in(const msgpack_object *map, const char *key)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.type == MSGPACK_OBJECT_STR &&
            pair->key.via.str.size == strlen(key) &&
            memcmp(pair->key.via.str.ptr, key, strlen(key)) == 0 &&
            pair->val.type == MSGPACK_OBJECT_POSITIVE_INTEGER)
            return pair->val.via.u64;
    }
    return 0;
}

/* Of all answers only those to appends say `first` and `last`. */
static void
add_if_ack(struct power_trace *trace, const msgpack_object *message,
           size_t entry)
{
    if (message->type != MSGPACK_OBJECT_ARRAY || message->via.array.size != 4)
        return;
    const msgpack_object *parts = message->via.array.ptr;
    if (parts[2].type != MSGPACK_OBJECT_NIL ||
        parts[3].type != MSGPACK_OBJECT_MAP ||
        number_in(&parts[3], "first") == 0)
        return;
    trace->acks =
        realloc(trace->acks, (trace->ack_count + 1) * sizeof(trace->acks[0]));
    ck_assert_ptr_nonnull(trace->acks);
    trace->acks[trace->ack_count++] = (struct power_ack){
        .entry = entry,
        .msgid = (uint32_t)parts[1].via.u64,
        .last = number_in(&parts[3], "last"),
    };
}

/* Answers of one connection; the others' come in between. */
static void
read_connection(struct power_trace *trace, uint32_t connection)
{
    msgpack_unpacker unpacker;
    msgpack_unpacked message;
    ck_assert(msgpack_unpacker_init(&unpacker, 65536));
    msgpack_unpacked_init(&message);
    for (size_t i = 0; i < trace->count; i++) {
        const struct record_entry *entry = trace->entries[i];
        if (entry->kind != RECORD_SENT || entry->file != connection)
            continue;
        ck_assert(msgpack_unpacker_reserve_buffer(&unpacker, entry->size));
        memcpy(msgpack_unpacker_buffer(&unpacker), power_trace_bytes(entry),
               entry->size);
        msgpack_unpacker_buffer_consumed(&unpacker, entry->size);
        while (msgpack_unpacker_next(&unpacker, &message) ==
               MSGPACK_UNPACK_SUCCESS)
            add_if_ack(trace, &message.data, i);
    }
    msgpack_unpacked_destroy(&message);
    msgpack_unpacker_destroy(&unpacker);
}

static int
ack_compare(const void *left, const void *right)
{
    size_t a = ((const struct power_ack *)left)->entry;
    size_t b = ((const struct power_ack *)right)->entry;
    return a < b ? -1 : a > b;
}

/* --- reading --------------------------------------------------------------*/

void
power_trace_read(struct power_trace *trace, const struct record_tape *tape)
{
    *trace = (struct power_trace){.count = tape->count};
    trace->entries = calloc(tape->count, sizeof(void *));
    ck_assert_ptr_nonnull(trace->entries);
    const char *at = (const char *)tape->first;
    for (size_t i = 0; i < trace->count; i++) {
        trace->entries[i] = (const struct record_entry *)(const void *)at;
        at += sizeof(*trace->entries[i]) + trace->entries[i]->kept;
    }
    for (uint32_t i = 1; i <= tape->connections; i++)
        read_connection(trace, i);
    if (trace->ack_count > 0)
        qsort(trace->acks, trace->ack_count, sizeof(trace->acks[0]),
              ack_compare);
}

void
power_trace_deinit(struct power_trace *trace)
{
    free(trace->entries);
    free(trace->acks);
    *trace = (struct power_trace){0};
}

const uint8_t *
power_trace_bytes(const struct record_entry *entry)
{
    return (const uint8_t *)(entry + 1);
}

const struct record_names *
power_trace_names(const struct record_entry *entry)
{
    return (const struct record_names *)(const void *)(entry + 1);
}

uint64_t
power_trace_acked(const struct power_trace *trace, size_t end)
{
    uint64_t last = 0;
    for (size_t i = 0; i < trace->ack_count; i++)
        if (trace->acks[i].entry < end && trace->acks[i].last > last)
            last = trace->acks[i].last;
    return last;
}
