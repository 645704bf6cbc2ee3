/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_DATA_FIXTURE_H
#define TESTS_UNIT_DATA_FIXTURE_H

#include "daemon/views.h"

#include <check.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Real data directories for the tests of what keeps data: one root a program
 * under $TMPDIR or /tmp, which goes when the program ends, whatever became of
 * its tests; one directory a test in it.
 */

/* Longest path that a test makes; sun_path is the narrow place. */
#define DATA_PATH_SIZE ((size_t)108)

/* How long a test waits for what has to come. */
#define DATA_WAIT_MS 30000

/* Random tests take longer than Check's four seconds under a sanitizer. */
#define DATA_TIMEOUT_S 120

static char data_root[DATA_PATH_SIZE];

static inline void
data_join(char path[DATA_PATH_SIZE], const char *directory, const char *name)
{
    int size = snprintf(path, DATA_PATH_SIZE, "%s/%s", directory, name);
    ck_assert_msg(size > 0 && (size_t)size < DATA_PATH_SIZE,
                  "%s is too long a directory; set TMPDIR", directory);
}

static inline void
data_directory(char path[DATA_PATH_SIZE])
{
    data_join(path, data_root, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

static inline int
data_remove_entry(const char *path, const struct stat *status, int kind,
                  struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Run a suite in a root of its own; returns what main returns. */
static inline int
data_run(Suite *suite)
{
    const char *parent = getenv("TMPDIR");
    snprintf(data_root, sizeof data_root, "%s/entente-XXXXXX",
             parent == NULL ? "/tmp" : parent);
    if (mkdtemp(data_root) == NULL) {
        perror(data_root);
        return EXIT_FAILURE;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    (void)nftw(data_root, data_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The files of a directory that is not open, for tests that damage them. */
static inline void
data_copy(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert_ptr_nonnull(in);
    ck_assert_ptr_nonnull(out);
    char bytes[65536];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, in)) > 0;)
        ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(in), 0);
    ck_assert_int_eq(fclose(out), 0);
}

static inline void
data_write(const char *path, const void *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

/* What a daemon has open. */
struct data {
    char path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct log *log;
    struct log_reader *log_reader;
    struct views *views;
    struct views_reader *views_reader;
};

/* A journal as small as they come, so that a test need not wait for it. */
#define DATA_LOG_OPTIONS                                                       \
    ((struct log_options){.journal_size = LOG_JOURNAL_SIZE_MIN})

/* The directory and the log in it; `data->path` says where. */
static inline void
data_open_log(struct data *data)
{
    struct diag_reason reason = {""};
    ck_assert_msg(datadir_open(&data->datadir, data->path, &reason) == 0, "%s",
                  reason.text);
    ck_assert_msg(
        log_open(&data->datadir, &DATA_LOG_OPTIONS, &data->log, &reason) == 0,
        "%s", reason.text);
    data->log_reader = log_reader_new(data->log);
    ck_assert_ptr_nonnull(data->log_reader);
}

/* The views too, as they are. */
static inline void
data_open_views(struct data *data)
{
    struct diag_reason reason = {""};
    ck_assert_msg(
        views_open(&data->datadir, data->log, &data->views, &reason) == 0, "%s",
        reason.text);
    data->views_reader = views_reader_new(data->views);
    ck_assert_ptr_nonnull(data->views_reader);
}

static inline void
data_open(struct data *data)
{
    data_open_log(data);
    data_open_views(data);
}

/* Bring the views to the log's tip, `limit` events a time. */
static inline void
data_apply(struct data *data, size_t limit)
{
    size_t applied = 1;
    while (applied > 0)
        ck_assert_int_eq(
            views_apply(data->views, data->log_reader, limit, &applied),
            VIEWS_OK);
    ck_assert_uint_eq(views_position(data->views), log_tip(data->log));
}

static inline void
data_read_begin(struct data *data)
{
    ck_assert_int_eq(log_read_begin(data->log_reader), LOG_OK);
    ck_assert_int_eq(views_read_begin(data->views_reader), VIEWS_OK);
}

static inline void
data_read_end(struct data *data)
{
    views_read_end(data->views_reader);
    log_read_end(data->log_reader);
}

static inline void
data_close(struct data *data)
{
    views_reader_free(data->views_reader);
    views_close(data->views);
    log_reader_free(data->log_reader);
    log_close(data->log);
    datadir_close(&data->datadir);
    data->views_reader = NULL;
    data->views = NULL;
    data->log_reader = NULL;
    data->log = NULL;
}

/* Wait until a descriptor has something to read. */
static inline void
data_wait(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&waiting, 1, DATA_WAIT_MS), 1);
}

#endif
