/* SPDX-License-Identifier: MIT */
#include "tests/crash/under.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/preload/control.h"

#define PROGRAM_DEFAULT "build/gcc/entented"
#define TESTS_DEFAULT "tests"
#define COMPILER_DEFAULT "cc"

/* No leak can be looked for under a tracer, and a preloaded library comes
 * before a sanitizer's own; neither matters to other builds. */
#define SANITIZER_OPTIONS "detect_leaks=0:verify_asan_link_order=0"

static int tracer_fd = -1; /* of the daemon's tracer, where it has one */

static const char *
setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : value;
}

/* --- starting -------------------------------------------------------------*/

static void
script_write(const char *path, const char *command, va_list arguments)
{
    FILE *script = fopen(path, "we");
    ck_assert_ptr_nonnull(script);
    fprintf(script, "#!/bin/sh\nASAN_OPTIONS=%s\nexport ASAN_OPTIONS\nexec ",
            SANITIZER_OPTIONS);
    vfprintf(script, command, arguments);
    fprintf(script, " '%s' \"$@\"\n", setting("ENTENTED", PROGRAM_DEFAULT));
    ck_assert_int_eq(fclose(script), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
}

void
under_wrap(const char *command, ...)
{
    char path[SCRATCH_PATH_SIZE];
    va_list arguments;
    va_start(arguments, command);
    scratch_join(path, fixture.directory, "wrapped");
    script_write(path, command, arguments);
    va_end(arguments);
    setenv("ENTENTED", path, 1);
}

/* Run `path` where the harness runs the daemon. */
static void
process_begin(const char *path)
{
    char *program = strdup(setting("ENTENTED", PROGRAM_DEFAULT));
    struct process_options options = {
        .data = fixture.data,
        .socket = fixture.socket,
        .tcp = true,
    };
    setenv("ENTENTED", path, 1);
    fixture.daemon = process_start(&options);
    setenv("ENTENTED", program, 1);
    free(program);
}

/* A handle on the tracer, as its end is what its output waits for. */
static void
tracer_find(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status",
             (int)process_pid(fixture.daemon));
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    char line[256];
    int tracer = 0;
    while (fgets(line, sizeof(line), status) != NULL)
        (void)sscanf(line, "TracerPid: %d", &tracer);
    fclose(status);
    if (tracer > 0)
        tracer_fd = (int)syscall(SYS_pidfd_open, tracer, 0);
}

static bool
start(const char *command, va_list arguments)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.directory, "under");
    script_write(path, command, arguments);
    process_begin(path);
    if (!process_await_ready(fixture.daemon))
        return false;
    tracer_find();
    return true;
}

bool
under_try(const char *command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    bool ready = start(command, arguments);
    va_end(arguments);
    return ready;
}

void
under_start(const char *command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    bool ready = start(command, arguments);
    va_end(arguments);
    if (!ready) {
        char *output = process_output(fixture.daemon);
        ck_abort_msg("the daemon does not serve under \"%s\"; said: %s",
                     command, output);
    }
    ck_assert_msg(strncmp(command, UNDER_STRACE, strlen(UNDER_STRACE)) != 0 ||
                      tracer_fd >= 0,
                  "strace does not trace the daemon; is ptrace forbidden?");
    fixture.wire = wire_open_unix(fixture.socket);
}

/* --- ending ---------------------------------------------------------------*/

static void
tracer_await_end(void)
{
    if (tracer_fd < 0)
        return;
    struct pollfd end = {.fd = tracer_fd, .events = POLLIN};
    int rc;
    do
        rc = poll(&end, 1, PROCESS_PATIENCE_MS);
    while (rc < 0 && errno == EINTR);
    ck_assert_msg(rc == 1, "the tracer did not end in time");
    close(tracer_fd);
    tracer_fd = -1;
}

int
under_await_end(void)
{
    int status = process_await_end(fixture.daemon);
    tracer_await_end();
    wire_close(fixture.wire);
    fixture.wire = NULL;
    process_free(fixture.daemon);
    fixture.daemon = NULL;
    return status;
}

void
under_expect_exit(int status)
{
    process_await_end(fixture.daemon);
    char *output = process_output(fixture.daemon);
    int ended = under_await_end();
    ck_assert_msg(WIFEXITED(ended) && WEXITSTATUS(ended) == status,
                  "the daemon ended with status %#x; it said: %s",
                  (unsigned)ended, output);
    free(output);
}

void
under_stop(void)
{
    process_signal(fixture.daemon, SIGTERM);
    under_expect_exit(EXIT_SUCCESS);
}

/* --- preloaded libraries --------------------------------------------------*/

void
under_compile(char library[SCRATCH_PATH_SIZE], const char *name)
{
    char compile[UNDER_COMMAND_SIZE];
    snprintf(compile, sizeof(compile), "%s.so", name);
    scratch_join(library, fixture.directory, compile);
    snprintf(compile, sizeof(compile),
             "%s -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Werror -shared -fPIC -I. "
             "-o '%s' '%s/crash/preload/%s'*.c -pthread",
             setting("CC", COMPILER_DEFAULT), library,
             setting("ENTENTE_TESTS", TESTS_DEFAULT), name);
    /* NOLINTNEXTLINE(cert-env33-c): nothing of it comes from outside */
    ck_assert_msg(system(compile) == 0, "cannot be compiled: %s", compile);
}

void
under_preload_always(const char *library)
{
    if (library == NULL) {
        unsetenv("LD_PRELOAD");
        return;
    }
    setenv("ASAN_OPTIONS", SANITIZER_OPTIONS, 1);
    setenv("LD_PRELOAD", library, 1);
}

void
under_preload(char command[UNDER_COMMAND_SIZE], const char *name)
{
    char library[SCRATCH_PATH_SIZE];
    under_compile(library, name);
    int size =
        snprintf(command, UNDER_COMMAND_SIZE, "env LD_PRELOAD='%s'", library);
    ck_assert_uint_lt((size_t)size, UNDER_COMMAND_SIZE);
}

void *
under_control(size_t size)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.directory, "control");
    (void)unlink(path); /* what is mapped of an earlier one stays */
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(memory != MAP_FAILED);
    close(fd);
    setenv(CONTROL_VARIABLE, path, 1);
    return memory;
}
