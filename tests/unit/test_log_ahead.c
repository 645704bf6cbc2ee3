/* SPDX-License-Identifier: MIT */
/* What is ahead of a reader gets mapped, and nothing else; and where there is
 * nothing, nothing happens. */
#include "daemon/log_ahead.h"

#include <check.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/unit/data_fixture.h"

#define PAGE ((size_t)4096)
#define FILE_SIZE ((size_t)16 << 20)
#define JUMPS 2000

static uint8_t *file;
static struct log_ahead ahead;

static void
begin(void)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    data_directory(directory);
    data_join(path, directory, "file");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)FILE_SIZE), 0);
    /* There is room behind the file, as LMDB's map has it. */
    file = mmap(NULL, 2 * FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(file, MAP_FAILED);
    close(fd);
    log_ahead_init(&ahead);
}

static void
end(void)
{
    log_ahead_deinit(&ahead);
    munmap(file, 2 * FILE_SIZE);
}

/* Is the page that holds a byte of the file mapped? */
static bool
is_mapped(size_t at)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    off_t place = (off_t)((uintptr_t)(file + at) / PAGE * sizeof entry);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &entry, sizeof entry, place), sizeof entry);
    close(fd);
    return entry >> 63 != 0;
}

static void
wait_for(size_t at)
{
    int left_ms = DATA_WAIT_MS;
    for (; !is_mapped(at) && left_ms > 0; left_ms--)
        poll(NULL, 0, 1);
    ck_assert_msg(left_ms > 0, "what is at %zu is not mapped", at);
}

static void
follow(size_t at)
{
    log_ahead_follow(&ahead, (uintptr_t)file + at);
}

START_TEST(what_is_ahead_of_a_reader_is_mapped)
{
    const size_t starts[] = {3 * FILE_SIZE / 8 + 100, FILE_SIZE / 8,
                             FILE_SIZE / 8 + LOG_AHEAD_STEP};
    for (size_t i = 0; i < 3; i++) {
        follow(starts[i]);
        wait_for(starts[i] + LOG_AHEAD_SIZE - PAGE);
        wait_for(starts[i]);
    }
    ck_assert(!is_mapped(0));
    ck_assert(!is_mapped(FILE_SIZE - PAGE));
}
END_TEST

/* Who was faster is met further on. */
START_TEST(what_an_overtaker_maps_is_left_to_it)
{
    const size_t place = 3 * LOG_AHEAD_SIZE / 2;
    follow(0);
    wait_for(LOG_AHEAD_SIZE - PAGE);
    follow(place);
    for (size_t at = LOG_AHEAD_STEP; at < LOG_AHEAD_SIZE; at += PAGE)
        wait_for(place + at);
    ck_assert(!is_mapped(place + LOG_AHEAD_STEP / 2));
}
END_TEST

START_TEST(what_is_beyond_the_file_does_no_harm)
{
    follow(FILE_SIZE - LOG_AHEAD_SIZE / 2);
    wait_for(FILE_SIZE - LOG_AHEAD_SIZE / 2);
    follow(FILE_SIZE - 1);
    follow(FILE_SIZE);
    follow(2 * FILE_SIZE);
    follow(0); /* it goes on */
    wait_for(0);
}
END_TEST

/* A reader goes through what is mapped, so that less and less is looked at, and
 * on into what is not: wherever it stops there, all that is ahead gets mapped.
 */
START_TEST(what_was_passed_over_is_mapped_after_all)
{
    const size_t mapped = FILE_SIZE / 4, step = 16 * PAGE;
    for (size_t at = 0; at < mapped; at += PAGE)
        ck_assert_int_eq(*(const volatile uint8_t *)(file + at), 0);
    for (size_t at = 0; at <= FILE_SIZE - LOG_AHEAD_SIZE; at += step) {
        follow(at);
        poll(NULL, 0, 1);
        if (at >= FILE_SIZE / 2 && at / step % 4 == 0)
            for (size_t k = 0; k < LOG_AHEAD_SIZE; k += step)
                wait_for(at + k);
    }
}
END_TEST

/* It ends in the midst of things. */
START_TEST(readers_may_be_anywhere)
{
    for (size_t i = 0; i < JUMPS; i++)
        follow(i * i * 7919 % FILE_SIZE);
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
    tcase_add_test(tests, what_is_ahead_of_a_reader_is_mapped);
    tcase_add_test(tests, what_an_overtaker_maps_is_left_to_it);
    tcase_add_test(tests, what_is_beyond_the_file_does_no_harm);
    tcase_add_test(tests, what_was_passed_over_is_mapped_after_all);
    tcase_add_test(tests, readers_may_be_anywhere);
    tcase_add_test(tests, without_a_reader_there_is_no_thread);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
