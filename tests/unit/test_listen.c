/* SPDX-License-Identifier: MIT */
#include "daemon/listen.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/data_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void
close_listener(struct listen_socket *opened)
{
    listen_forget(opened);
    ck_assert_int_eq(close(opened->fd), 0);
}

static void
open_unix(struct listen_socket *opened, const char *path)
{
    char url[LISTEN_URL_SIZE];
    struct diag_reason reason = {""};
    snprintf(url, sizeof url, "unix:%s", path);
    ck_assert_msg(listen_open(url, opened, &reason) == 0, "%s", reason.text);
    ck_assert(opened->is_unix);
    ck_assert_int_ge(opened->fd, 0);
}

/* A connected descriptor, or -1. */
static int
connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* --- addresses ------------------------------------------------------------*/

static const char *const good_tcp[] = {"tcp://127.0.0.1:0",
                                       "tcp://127.9.9.9:0"};

START_TEST(loopback_is_listened_on)
{
    struct listen_socket opened;
    struct diag_reason reason = {""};
    ck_assert_msg(listen_open(good_tcp[_i], &opened, &reason) == 0, "%s",
                  reason.text);
    ck_assert(!opened.is_unix);
    size_t same = strlen(good_tcp[_i]) - 1;
    ck_assert_int_eq(strncmp(opened.url, good_tcp[_i], same), 0);
    ck_assert_str_ne(opened.url, good_tcp[_i]); /* the port that it got */
    close_listener(&opened);
}
END_TEST

static const char *const bad_urls[] = {
    "",
    "unix",
    "unix:",
    "unix:relative",
    "unix://",
    "tcp:127.0.0.1:0",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://:0",
    "tcp://127.0.0.1:x",
    "tcp://127.0.0.1:http",
    "tcp://127.0.0.1:0x10",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:+1",
    "tcp://127.0.0.1: 1",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:99999",
    "tcp://127.0.0.1:4294967296",
    "tcp://[]:0",
    "tcp://[127.0.0.1:0",
    "http://127.0.0.1:0",
    "127.0.0.1:0",
    "/run/entente.sock",
    /* not loopback */
    "tcp://0.0.0.0:0",
    "tcp://128.0.0.1:0",
    "tcp://10.0.0.1:0",
    "tcp://[::]:0",
    "tcp://[fe80::1]:0",
    "tcp://[::ffff:10.0.0.1]:0",
};

START_TEST(address_is_refused_with_a_reason)
{
    struct listen_socket opened = {0};
    struct diag_reason reason = {""};
    ck_assert_msg(listen_open(bad_urls[_i], &opened, &reason) < 0, "%s as %s",
                  bad_urls[_i], opened.url);
    ck_assert_int_eq(opened.fd, -1);
    ck_assert_int_ne(reason.text[0], '\0');
}
END_TEST

static const char *const open_hosts[] = {"0.0.0.0", "10.0.0.1", "[::]"};

START_TEST(open_network_is_refused_for_what_it_is)
{
    struct listen_socket opened;
    struct diag_reason reason = {""};
    char url[LISTEN_URL_SIZE];
    snprintf(url, sizeof url, "tcp://%s:0", open_hosts[_i]);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    ck_assert_msg(strstr(reason.text, "loopback") != NULL, "%s", reason.text);
}
END_TEST

/* With TLS the whole network may come; a check opens nothing. */
START_TEST(open_network_is_for_tls)
{
    struct listen_socket opened;
    struct diag_reason reason = {""};
    ck_assert_int_eq(listen_check("tls://0.0.0.0:0", &reason), 0);
    ck_assert_int_lt(listen_check("tcp://0.0.0.0:0", &reason), 0);
    ck_assert_ptr_nonnull(strstr(reason.text, "tls://"));
    ck_assert_int_eq(listen_open("tls://127.0.0.1:0", &opened, &reason), 0);
    ck_assert(opened.is_tls && !opened.is_unix);
    ck_assert_int_eq(strncmp(opened.url, "tls://127.0.0.1:", 16), 0);
    close_listener(&opened);
}
END_TEST

START_TEST(url_that_is_too_long_is_refused)
{
    struct listen_socket opened;
    struct diag_reason reason = {""};
    char url[2 * LISTEN_URL_SIZE];
    memset(url, 'a', sizeof url);
    url[sizeof url - 1] = '\0';
    memcpy(url, "tcp://", 6);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    url[LISTEN_URL_SIZE] = '\0';
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    url[LISTEN_URL_SIZE - 1] = '\0';
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    memcpy(url, "unix:/", 6);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
}
END_TEST

/* The kernel's limit, with its NUL. */
START_TEST(path_may_be_as_long_as_a_path_of_a_socket)
{
    struct sockaddr_un address;
    char directory[DATA_PATH_SIZE], path[sizeof address.sun_path + 1];
    char url[LISTEN_URL_SIZE];
    struct listen_socket opened;
    struct diag_reason reason = {""};
    data_directory(directory);
    int size = snprintf(path, sizeof path, "%s/", directory);
    memset(path + size, 'a', sizeof path - (size_t)size);
    path[sizeof path - 1] = '\0';
    snprintf(url, sizeof url, "unix:%s", path);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    path[sizeof path - 2] = '\0';
    open_unix(&opened, path);
    close_listener(&opened);
}
END_TEST

START_TEST(port_that_is_taken_is_refused)
{
    struct listen_socket first, second;
    struct diag_reason reason = {""};
    ck_assert_int_eq(listen_open("tcp://127.0.0.1:0", &first, &reason), 0);
    ck_assert_int_lt(listen_open(first.url, &second, &reason), 0);
    ck_assert_int_eq(second.fd, -1);
    close_listener(&first);
}
END_TEST

/* --- Unix sockets ---------------------------------------------------------*/

static const mode_t umasks[] = {0000, 0022, 0077};

START_TEST(unix_socket_is_open_to_our_group)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    struct listen_socket opened;
    struct stat status;
    data_directory(directory);
    data_join(path, directory, "s");
    mode_t before = umask(umasks[_i]);
    open_unix(&opened, path);
    umask(before);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_uint_eq(status.st_mode & 07777, 0660);
    ck_assert_str_eq(opened.path, path);
    ck_assert_int_ne(fcntl(opened.fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(opened.fd, F_GETFL) & O_NONBLOCK, 0);
    close_listener(&opened);
    ck_assert_int_ne(stat(path, &status), 0);
}
END_TEST

/* Left over by a daemon that died. */
START_TEST(stale_socket_is_taken_over)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    struct listen_socket first, second;
    data_directory(directory);
    data_join(path, directory, "s");
    open_unix(&first, path);
    ck_assert_int_eq(close(first.fd), 0);
    ck_assert_int_eq(connect_unix(path), -1);
    open_unix(&second, path);
    int client = connect_unix(path);
    ck_assert_int_ge(client, 0);
    close(client);
    close_listener(&second);
}
END_TEST

/* ... and is not removed by the one that was refused. */
START_TEST(live_socket_is_refused_and_lives_on)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    char url[LISTEN_URL_SIZE];
    struct listen_socket first, second;
    struct diag_reason reason = {""};
    data_directory(directory);
    data_join(path, directory, "s");
    open_unix(&first, path);
    snprintf(url, sizeof url, "unix:%s", path);
    ck_assert_int_lt(listen_open(url, &second, &reason), 0);
    ck_assert_int_eq(second.fd, -1);
    listen_forget(&second);
    int client = connect_unix(path);
    ck_assert_int_ge(client, 0);
    close(client);
    close_listener(&first);
}
END_TEST

START_TEST(file_in_the_place_of_a_socket_is_left_alone)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    char url[LISTEN_URL_SIZE];
    struct listen_socket opened;
    struct diag_reason reason = {""};
    struct stat status;
    data_directory(directory);
    data_join(path, directory, "s");
    data_write(path, "precious", 8);
    snprintf(url, sizeof url, "unix:%s", path);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, 8);
}
END_TEST

START_TEST(directory_that_is_missing_is_refused)
{
    char directory[DATA_PATH_SIZE], url[LISTEN_URL_SIZE];
    struct listen_socket opened;
    struct diag_reason reason = {""};
    data_directory(directory);
    snprintf(url, sizeof url, "unix:%s/none/s", directory);
    ck_assert_int_lt(listen_open(url, &opened, &reason), 0);
    ck_assert_int_eq(opened.fd, -1);
    ck_assert_ptr_nonnull(strstr(reason.text, directory));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("listen");
    TCase *tests = tcase_create("listen");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, loopback_is_listened_on, 0, COUNT_OF(good_tcp));
    tcase_add_loop_test(tests, address_is_refused_with_a_reason, 0,
                        COUNT_OF(bad_urls));
    tcase_add_loop_test(tests, open_network_is_refused_for_what_it_is, 0,
                        COUNT_OF(open_hosts));
    tcase_add_test(tests, open_network_is_for_tls);
    tcase_add_test(tests, url_that_is_too_long_is_refused);
    tcase_add_test(tests, path_may_be_as_long_as_a_path_of_a_socket);
    tcase_add_test(tests, port_that_is_taken_is_refused);
    tcase_add_loop_test(tests, unix_socket_is_open_to_our_group, 0,
                        COUNT_OF(umasks));
    tcase_add_test(tests, stale_socket_is_taken_over);
    tcase_add_test(tests, live_socket_is_refused_and_lives_on);
    tcase_add_test(tests, file_in_the_place_of_a_socket_is_left_alone);
    tcase_add_test(tests, directory_that_is_missing_is_refused);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
