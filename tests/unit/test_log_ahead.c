/* SPDX-License-Identifier: MIT */
/* What is ahead of a reader is asked of the disk, and nothing else; and where
 * there is nothing, nothing happens. */
#include "daemon/log_ahead.h"

#include <check.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/unit/data_fixture.h"

#define PAGE ((uint64_t)4096)
#define FILE_SIZE ((uint64_t)64 << 20)
#define JUMPS 2000

static int fd;
static uint8_t *file; /* to ask what of it is in memory */
static struct log_ahead ahead;

static bool
is_in_memory(uint64_t at)
{
    uint8_t page = 0;
    ck_assert_int_eq(mincore(file + at, PAGE, &page), 0);
    return (page & 1) != 0;
}

static void
fill(void)
{
    static const uint8_t bytes[1 << 20] = {1};
    for (uint64_t at = 0; at < FILE_SIZE; at += sizeof bytes)
        ck_assert_int_eq(pwrite(fd, bytes, sizeof bytes, (off_t)at),
                         sizeof bytes);
}

/* Nothing of the file is in memory, where it can be elsewhere: not where
 * TMPDIR is memory itself. */
static bool
drop(void)
{
    ck_assert_int_eq(fdatasync(fd), 0);
    ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    return !is_in_memory(0) && !is_in_memory(FILE_SIZE - PAGE);
}

static void
begin(void)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    data_directory(directory);
    data_join(path, directory, "file");
    fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    fill();
    file = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(file, MAP_FAILED);
    log_ahead_init(&ahead);
}

static void
end(void)
{
    log_ahead_deinit(&ahead);
    munmap(file, FILE_SIZE);
    close(fd);
}

static void
wait_for(uint64_t at)
{
    int left_ms = DATA_WAIT_MS;
    for (; !is_in_memory(at) && left_ms > 0; left_ms--)
        poll(NULL, 0, 1);
    ck_assert_msg(left_ms > 0, "what is at %llu is not in memory",
                  (unsigned long long)at);
}

START_TEST(what_is_ahead_of_a_reader_is_read)
{
    const uint64_t starts[] = {FILE_SIZE / 2 + 100, FILE_SIZE / 8,
                               FILE_SIZE / 8 + LOG_AHEAD_SIZE / 2};
    bool dropped = drop();
    for (size_t i = 0; i < 3; i++) {
        log_ahead_follow(&ahead, fd, starts[i]);
        for (uint64_t at = 0; at < LOG_AHEAD_SIZE; at += PAGE)
            wait_for((starts[i] + at) / PAGE * PAGE);
    }
    ck_assert(!dropped || !is_in_memory(0));
    ck_assert(!dropped || !is_in_memory(FILE_SIZE - PAGE));
}
END_TEST

START_TEST(what_is_beyond_the_file_does_no_harm)
{
    drop();
    log_ahead_follow(&ahead, fd, FILE_SIZE - LOG_AHEAD_SIZE / 2);
    wait_for(FILE_SIZE - PAGE);
    log_ahead_follow(&ahead, fd, FILE_SIZE - 1);
    log_ahead_follow(&ahead, fd, FILE_SIZE);
    log_ahead_follow(&ahead, fd, 2 * FILE_SIZE);
    log_ahead_follow(&ahead, fd, 0); /* it goes on */
    wait_for(0);
}
END_TEST

/* It ends in the midst of things. */
START_TEST(readers_may_be_anywhere)
{
    drop();
    for (uint64_t i = 0; i < JUMPS; i++)
        log_ahead_follow(&ahead, fd, i * i * 7919 % FILE_SIZE);
}
END_TEST

START_TEST(without_a_reader_there_is_no_thread)
{
    ck_assert(!ahead.started);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log ahead");
    TCase *tests = tcase_create("log ahead");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, what_is_ahead_of_a_reader_is_read);
    tcase_add_test(tests, what_is_beyond_the_file_does_no_harm);
    tcase_add_test(tests, readers_may_be_anywhere);
    tcase_add_test(tests, without_a_reader_there_is_no_thread);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
