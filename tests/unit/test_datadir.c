/* SPDX-License-Identifier: MIT */
#include "daemon/datadir.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/data_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static mode_t
mode_of(const char *directory, const char *name)
{
    char path[DATA_PATH_SIZE];
    struct stat status;
    data_join(path, directory, name);
    ck_assert_msg(stat(path, &status) == 0, "%s", path);
    return status.st_mode & 07777;
}

/* --- opening --------------------------------------------------------------*/

static const mode_t umasks[] = {0000, 0022, 0027, 0077};

START_TEST(directory_is_made_for_us_alone_whatever_the_umask)
{
    char parent[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(parent);
    data_join(path, parent, "a/b/data");
    mode_t before = umask(umasks[_i]);
    int rc = datadir_open(&datadir, path, &reason);
    umask(before);
    ck_assert_msg(rc == 0, "%s", reason.text);
    ck_assert_uint_eq(mode_of(path, "."), 0700);
    ck_assert_uint_eq(mode_of(path, "entented.lock"), 0600);
    datadir_close(&datadir);
}
END_TEST

/* All that a daemon makes, not only the directory. */
START_TEST(files_are_made_for_us_alone_whatever_the_umask)
{
    static const char *const names[] = {"log.mdb",        "log.mdb-lock",
                                        "log.id",         "views.mdb",
                                        "views.mdb-lock", "views.state"};
    struct data data = {0};
    data_directory(data.path);
    mode_t before = umask(umasks[_i]);
    data_open(&data);
    umask(before);
    for (int i = 0; i < COUNT_OF(names); i++)
        ck_assert_msg((mode_of(data.path, names[i]) & 0177) == 0, "%s: %o",
                      names[i], mode_of(data.path, names[i]));
    data_close(&data);
}
END_TEST

START_TEST(directory_that_exists_is_taken_as_it_is)
{
    char path[DATA_PATH_SIZE], slashed[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(path);
    data_join(slashed, path, "");
    ck_assert_int_eq(datadir_open(&datadir, slashed, &reason), 0);
    ck_assert(datadir_has(&datadir, "entented.lock"));
    ck_assert(!datadir_has(&datadir, "nothing"));
    ck_assert_int_eq(datadir_sync(&datadir), 0);
    datadir_close(&datadir);
}
END_TEST

START_TEST(file_of_a_directory_has_its_path)
{
    char path[DATA_PATH_SIZE], want[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(path);
    ck_assert_int_eq(datadir_open(&datadir, path, &reason), 0);
    char *file = datadir_file(&datadir, "log.mdb");
    data_join(want, path, "log.mdb");
    ck_assert_str_eq(file, want);
    free(file);
    datadir_close(&datadir);
}
END_TEST

/* --- refusals -------------------------------------------------------------*/

START_TEST(file_in_the_place_of_the_directory_is_refused)
{
    char parent[DATA_PATH_SIZE], path[DATA_PATH_SIZE], below[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(parent);
    data_join(path, parent, "file");
    data_join(below, path, "data");
    data_write(path, "x", 1);
    ck_assert_int_lt(datadir_open(&datadir, path, &reason), 0);
    ck_assert_ptr_nonnull(strstr(reason.text, path));
    ck_assert_int_lt(datadir_open(&datadir, below, &reason), 0);
}
END_TEST

START_TEST(path_that_is_empty_is_refused)
{
    struct datadir datadir;
    struct diag_reason reason = {""};
    ck_assert_int_lt(datadir_open(&datadir, "", &reason), 0);
    ck_assert_int_ne(reason.text[0], '\0');
}
END_TEST

/* A link could make us lock, and so create, what is somebody else's. */
START_TEST(lock_file_that_is_a_link_is_refused)
{
    char path[DATA_PATH_SIZE], lock[DATA_PATH_SIZE], target[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(path);
    data_join(lock, path, "entented.lock");
    data_join(target, path, "elsewhere");
    ck_assert_int_eq(symlink(target, lock), 0);
    ck_assert_int_lt(datadir_open(&datadir, path, &reason), 0);
    ck_assert_int_ne(access(target, F_OK), 0);
}
END_TEST

/* --- the lock -------------------------------------------------------------*/

START_TEST(second_open_is_refused_in_the_same_process)
{
    char path[DATA_PATH_SIZE];
    struct datadir first, second;
    struct diag_reason reason = {""};
    data_directory(path);
    ck_assert_int_eq(datadir_open(&first, path, &reason), 0);
    ck_assert_int_eq(datadir_open(&second, path, &reason), -EBUSY);
    ck_assert_ptr_nonnull(strstr(reason.text, "another entented"));
    datadir_close(&first);
    ck_assert_int_eq(datadir_open(&second, path, &reason), 0);
    datadir_close(&second);
}
END_TEST

/* What datadir_open returns in a process of its own. */
static int
open_elsewhere(const char *path)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct datadir datadir;
        struct diag_reason reason = {""};
        _exit(-datadir_open(&datadir, path, &reason));
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

START_TEST(second_open_is_refused_in_another_process)
{
    char path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(path);
    ck_assert_int_eq(datadir_open(&datadir, path, &reason), 0);
    ck_assert_int_eq(open_elsewhere(path), -EBUSY);
    datadir_close(&datadir);
    ck_assert_int_eq(open_elsewhere(path), 0);
}
END_TEST

START_TEST(refused_open_leaves_the_lock_alone)
{
    char path[DATA_PATH_SIZE];
    struct datadir first, second;
    struct diag_reason reason = {""};
    data_directory(path);
    ck_assert_int_eq(datadir_open(&first, path, &reason), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(datadir_open(&second, path, &reason), -EBUSY);
    ck_assert_int_eq(open_elsewhere(path), -EBUSY);
    datadir_close(&first);
}
END_TEST

/* LMDB's lock files protect nothing; to remove them lets nobody in. */
START_TEST(lock_holds_without_the_files_of_lmdb)
{
    static const char *const names[] = {"log.mdb-lock", "views.mdb-lock"};
    struct data data = {0};
    struct datadir second;
    struct diag_reason reason = {""};
    char path[DATA_PATH_SIZE];
    data_directory(data.path);
    data_open(&data);
    for (int i = 0; i < COUNT_OF(names); i++) {
        data_join(path, data.path, names[i]);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_eq(datadir_open(&second, data.path, &reason), -EBUSY);
    data_close(&data);
}
END_TEST

START_TEST(closing_what_is_closed_does_nothing)
{
    char path[DATA_PATH_SIZE];
    struct datadir datadir;
    struct diag_reason reason = {""};
    data_directory(path);
    ck_assert_int_eq(datadir_open(&datadir, path, &reason), 0);
    datadir_close(&datadir);
    datadir_close(&datadir);
    ck_assert_int_eq(datadir.lock_fd, -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("datadir");
    TCase *tests = tcase_create("datadir");
    tcase_add_loop_test(tests,
                        directory_is_made_for_us_alone_whatever_the_umask, 0,
                        COUNT_OF(umasks));
    tcase_add_loop_test(tests, files_are_made_for_us_alone_whatever_the_umask,
                        0, COUNT_OF(umasks));
    tcase_add_test(tests, directory_that_exists_is_taken_as_it_is);
    tcase_add_test(tests, file_of_a_directory_has_its_path);
    tcase_add_test(tests, file_in_the_place_of_the_directory_is_refused);
    tcase_add_test(tests, path_that_is_empty_is_refused);
    tcase_add_test(tests, lock_file_that_is_a_link_is_refused);
    tcase_add_test(tests, second_open_is_refused_in_the_same_process);
    tcase_add_test(tests, second_open_is_refused_in_another_process);
    tcase_add_test(tests, refused_open_leaves_the_lock_alone);
    tcase_add_test(tests, lock_holds_without_the_files_of_lmdb);
    tcase_add_test(tests, closing_what_is_closed_does_nothing);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
