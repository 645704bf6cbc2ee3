/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/note.h"

#define PATH_SIZE ((size_t)512)
#define FILE_SIZE ((off_t)256 << 20)
#define PAGE_SIZE ((size_t)4096)
#define BATCH_SIZE (NOTE_BATCH * NOTE_SIZE)
#define ECHO_SIZE ((size_t)400)
#define COPY_SIZE ((size_t)256 << 10)

/* --- the disk -------------------------------------------------------------*/

static void
write_at(int fd, const void *bytes, size_t size, off_t at)
{
    if (pwrite(fd, bytes, size, at) != (ssize_t)size)
        fail("pwrite: %s", strerror(errno));
}

/* Flushes per second, each of so many bytes. */
static double
flush_rate(int fd, size_t size, double seconds, struct series *us)
{
    static const uint8_t bytes[BATCH_SIZE] = {1};
    double start = clock_us(), end = start + seconds * 1e6, now = start;
    for (off_t at = 0; now < end; at += (off_t)size) {
        if (at + (off_t)size > FILE_SIZE)
            at = 0;
        write_at(fd, bytes, size, at);
        if (fdatasync(fd) != 0)
            fail("fdatasync: %s", strerror(errno));
        series_add(us, clock_us() - now);
        now = clock_us();
    }
    return (double)us->count / ((now - start) / 1e6);
}

void
limits_flush(struct scores *scores, const char *scratch, double seconds)
{
    static const uint8_t zeros[BATCH_SIZE];
    struct series single = {0}, batch = {0};
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/flushed", scratch);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fail("%s: %s", path, strerror(errno));
    for (off_t at = 0; at < FILE_SIZE; at += (off_t)sizeof(zeros))
        write_at(fd, zeros, sizeof(zeros), at);
    if (fsync(fd) != 0)
        fail("fsync: %s", strerror(errno));
    scores_add(scores, ROW_W1, SYSTEM_MACHINE,
               flush_rate(fd, PAGE_SIZE, seconds, &single));
    scores_add(scores, ROW_W1_P50, SYSTEM_MACHINE, series_at(&single, 0.5));
    scores_add(scores, ROW_W1_P99, SYSTEM_MACHINE, series_at(&single, 0.99));
    scores_add(scores, ROW_W4, SYSTEM_MACHINE,
               NOTE_BATCH * flush_rate(fd, BATCH_SIZE, seconds, &batch));
    scores_add(scores, ROW_W4_P99, SYSTEM_MACHINE, series_at(&batch, 0.99));
    series_deinit(&single);
    series_deinit(&batch);
    close(fd);
    unlink(path);
}

/* --- the socket -----------------------------------------------------------*/

static void
pass(int from, int to, uint8_t bytes[ECHO_SIZE])
{
    if (recv(from, bytes, ECHO_SIZE, MSG_WAITALL) != (ssize_t)ECHO_SIZE ||
        send(to, bytes, ECHO_SIZE, MSG_NOSIGNAL) != (ssize_t)ECHO_SIZE)
        _exit(EXIT_SUCCESS); /* the other side has ended */
}

void
limits_echo(struct scores *scores, double seconds)
{
    uint8_t bytes[ECHO_SIZE] = {0};
    struct series us = {0};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        fail("socketpair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        fail("fork: %s", strerror(errno));
    if (pid == 0) {
        close(ends[0]);
        for (;;)
            pass(ends[1], ends[1], bytes);
    }
    close(ends[1]);
    double start = clock_us(), end = start + seconds * 1e6, now = start;
    while (now < end) {
        if (send(ends[0], bytes, sizeof(bytes), MSG_NOSIGNAL) < 0 ||
            recv(ends[0], bytes, sizeof(bytes), MSG_WAITALL) < 0)
            fail("echo: %s", strerror(errno));
        series_add(&us, clock_us() - now);
        now = clock_us();
    }
    close(ends[0]);
    (void)waitpid(pid, NULL, 0);
    double rate = (double)us.count / ((now - start) / 1e6);
    scores_add(scores, ROW_W6_AT, SYSTEM_MACHINE, rate);
    scores_add(scores, ROW_W6_SINCE, SYSTEM_MACHINE, rate);
    scores_add(scores, ROW_W6_AT_P99, SYSTEM_MACHINE, series_at(&us, 0.99));
    scores_add(scores, ROW_W6_SINCE_P99, SYSTEM_MACHINE, series_at(&us, 0.99));
    series_deinit(&us);
}

/* --- LMDB -----------------------------------------------------------------*/

static void
must(int rc)
{
    if (rc != 0)
        fail("limits: %s", mdb_strerror(rc));
}

/* All pages of a file, in order: one byte of each of a new map, and all bytes
 * by read(2). */
static void
scan_pages(struct scores *scores, const char *environment)
{
    static uint8_t copy[COPY_SIZE];
    char path[PATH_SIZE];
    struct stat status;
    snprintf(path, sizeof(path), "%s/data.mdb", environment);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        fail("%s: %s", path, strerror(errno));
    size_t size = (size_t)status.st_size;
    const volatile uint8_t *map =
        mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        fail("%s: %s", path, strerror(errno));
    double pages = (double)size / (double)PAGE_SIZE, start = clock_us();
    while (read(fd, copy, sizeof(copy)) > 0)
        ;
    double between = clock_us();
    for (size_t at = 0; at < size; at += PAGE_SIZE)
        (void)map[at];
    scores_add(scores, ROW_W5_MAPPED, SYSTEM_MACHINE,
               pages / ((clock_us() - between) / 1e6));
    scores_add(scores, ROW_W5_COPIED, SYSTEM_MACHINE,
               pages / ((between - start) / 1e6));
    munmap((void *)(uintptr_t)map, size);
    close(fd);
}

void
limits_scan(struct scores *scores, const char *environment)
{
    uint8_t read = 0;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t count = 0;
    must(mdb_env_create(&env));
    must(mdb_env_open(env, environment, MDB_RDONLY, 0));
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    must(mdb_dbi_open(txn, NULL, 0, &dbi));
    must(mdb_cursor_open(txn, dbi, &cursor));
    double start = clock_us();
    for (; mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0; count++) {
        for (size_t i = 0; i < value.mv_size; i++)
            read |= ((const uint8_t *)value.mv_data)[i];
    }
    if (read == 0)
        fail("limits: events of zeros");
    scores_add(scores, ROW_W5, SYSTEM_MACHINE,
               (double)count / ((clock_us() - start) / 1e6));
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    scan_pages(scores, environment);
}
