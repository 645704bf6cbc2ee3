/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_JOURNAL_FIXTURE_H
#define TESTS_UNIT_JOURNAL_FIXTURE_H

#include "tests/unit/stored_fixture.h"

#include <signal.h>
#include <sys/wait.h>

/*
 * A journal as a killed daemon leaves it, and its bytes: read as
 * daemon/log_journal.h describes them and by nothing of the daemon's, so that a
 * change of the format is seen.
 */

#define JOURNAL_NAME "log.journal"
#define JOURNAL_BLOCK ((size_t)4096)
#define JOURNAL_HEAD_SIZE ((size_t)76)
#define JOURNAL_SECRET_AT ((size_t)60)
#define JOURNAL_GROUP_HEAD_SIZE ((size_t)64)
#define JOURNAL_SECTOR ((size_t)512)
#define JOURNAL_MAGIC UINT64_C(0x656e74656e74650a)

/* --- a daemon that is killed ----------------------------------------------*/

/* Appends to an open log; what it does is in the journal alone when the log's
 * process is killed behind it. */
typedef void journal_fill_fn(struct log *log);

/* The other process: it tells the moments when its log is open and when it is
 * filled, and waits for its end. */
static inline void
journal_child(const char *directory, const struct log_options *options,
              journal_fill_fn *fill, int in, int out)
{
    struct data data = {0};
    struct diag_reason reason = {""};
    char byte = 'o';
    if (datadir_open(&data.datadir, directory, &reason) != 0 ||
        log_open(&data.datadir, options, &data.log, &reason) != 0) {
        fprintf(stderr, "%s\n", reason.text);
        _exit(EXIT_FAILURE);
    }
    if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
        _exit(EXIT_FAILURE);
    fill(data.log);
    if (write(out, &byte, 1) != 1)
        _exit(EXIT_FAILURE);
    for (;;)
        pause();
}

/*
 * Let another process open the log and fill it, and kill it.  Nothing gets from
 * the journal into log.mdb meanwhile: a transaction of ours is in the way.
 */
static inline void
journal_leave(const char *directory, const struct log_options *options,
              journal_fill_fn *fill)
{
    int to[2], from[2], status;
    char byte;
    struct stored_raw raw;
    ck_assert_int_eq(pipe(to), 0);
    ck_assert_int_eq(pipe(from), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(to[1]);
        close(from[0]);
        journal_child(directory, options, fill, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    ck_assert_msg(read(from[0], &byte, 1) == 1, "the log is not opened");
    stored_raw_open(&raw, directory, "log.mdb", "log");
    ck_assert_int_eq(write(to[1], &byte, 1), 1);
    ck_assert_msg(read(from[0], &byte, 1) == 1, "the log is not filled");
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    mdb_txn_abort(raw.txn);
    mdb_env_close(raw.env);
    close(to[1]);
    close(from[0]);
}

/* --- a directory of files -------------------------------------------------*/

static inline void
journal_copy_directory(const char *from, char to[DATA_PATH_SIZE])
{
    static const char *const names[] = {"log.mdb", "log.id", JOURNAL_NAME};
    data_directory(to);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char source[DATA_PATH_SIZE], target[DATA_PATH_SIZE];
        data_join(source, from, names[i]);
        data_join(target, to, names[i]);
        if (access(source, F_OK) == 0)
            data_copy(source, target);
    }
}

/* --- bytes ----------------------------------------------------------------*/

/* A journal's file in memory. */
struct journal_bytes {
    uint8_t *data;
    size_t size;
};

static inline struct journal_bytes
journal_read(const char *directory)
{
    char path[DATA_PATH_SIZE];
    data_join(path, directory, JOURNAL_NAME);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    struct journal_bytes bytes = {.size = (size_t)ftell(file)};
    rewind(file);
    bytes.data = malloc(bytes.size);
    ck_assert_ptr_nonnull(bytes.data);
    ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
    ck_assert_int_eq(fclose(file), 0);
    return bytes;
}

static inline void
journal_write(const char *directory, const struct journal_bytes *bytes)
{
    char path[DATA_PATH_SIZE];
    data_join(path, directory, JOURNAL_NAME);
    data_write(path, bytes->data, bytes->size);
}

static inline uint64_t
journal_number(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* A group that begins there, whole or not. */
struct journal_group {
    size_t offset, size; /* without what fills its last block */
    uint64_t generation, number, first;
    uint32_t events, consumers;
};

/* The next one in the order of the file, at `*offset` or behind it, which moves
 * on. */
static inline bool
journal_next(const struct journal_bytes *bytes, size_t *offset,
             struct journal_group *group)
{
    for (size_t at = *offset; at < bytes->size; at += JOURNAL_BLOCK) {
        const uint8_t *head = bytes->data + at;
        if (journal_number(head, 8) != JOURNAL_MAGIC)
            continue;
        *group = (struct journal_group){
            .offset = at,
            .size =
                JOURNAL_GROUP_HEAD_SIZE + (size_t)journal_number(head + 40, 8),
            .generation = journal_number(head + 8, 8),
            .number = journal_number(head + 16, 8),
            .first = journal_number(head + 24, 8),
            .events = (uint32_t)journal_number(head + 32, 4),
            .consumers = (uint32_t)journal_number(head + 36, 4),
        };
        *offset = at + JOURNAL_BLOCK;
        return true;
    }
    return false;
}

/* The group of this number, of the latest generation that has one. */
static inline struct journal_group
journal_group(const struct journal_bytes *bytes, uint64_t number)
{
    struct journal_group group, found = {0};
    size_t offset = JOURNAL_BLOCK;
    while (journal_next(bytes, &offset, &group))
        if (group.number == number && group.generation >= found.generation)
            found = group;
    ck_assert_msg(found.offset != 0, "the journal has no group %llu",
                  (unsigned long long)number);
    return found;
}

#endif
