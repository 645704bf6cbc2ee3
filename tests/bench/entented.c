/* SPDX-License-Identifier: MIT */
#include "tests/bench/entented.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/fail.h"

#define LINE_SIZE 256
#define EXIT_NO_PROGRAM 127 /* as a shell says it */
#define KIB_PER_MIB 1024.0

static void
join(char path[ENTENTED_PATH_SIZE], const char *directory, const char *name,
     const char *suffix)
{
    int size =
        snprintf(path, ENTENTED_PATH_SIZE, "%s/%s%s", directory, name, suffix);
    if (size < 0 || (size_t)size >= ENTENTED_PATH_SIZE)
        fail("%s is too long a directory; set BENCH_DIR", directory);
}

void
entented_init(struct entented *daemon, const char *scratch, const char *name)
{
    *daemon = (struct entented){.said_fd = -1};
    join(daemon->data, scratch, name, "");
    join(daemon->socket, scratch, name, ".socket");
}

/* --- running --------------------------------------------------------------*/

static _Noreturn void
child_run(const struct entented *daemon, int said_fd)
{
    char url[ENTENTED_PATH_SIZE + sizeof("unix:")];
    const char *program = getenv("ENTENTED");
    snprintf(url, sizeof(url), "unix:%s", daemon->socket);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (program != NULL && dup2(said_fd, STDERR_FILENO) >= 0)
        execl(program, program, "--data", daemon->data, "--listen", url,
              (char *)NULL);
    _exit(EXIT_NO_PROGRAM);
}

/* Up to `ready`. What it says afterwards stays in the pipe, which holds more
 * than a daemon that is well ever says. */
static void
await_ready(struct entented *daemon)
{
    char line[LINE_SIZE];
    size_t size = 0;
    while (size < sizeof(line) - 1) {
        ssize_t got = read(daemon->said_fd, line + size, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            fail("the daemon ended before it was ready; is ENTENTED right?");
        if (line[size++] != '\n')
            continue;
        line[size - 1] = '\0';
        if (strcmp(line, "ready") == 0)
            return;
        size = 0;
    }
    fail("the daemon says too much: %.*s", (int)size, line);
}

void
entented_start(struct entented *daemon)
{
    int said[2];
    if (pipe2(said, O_CLOEXEC) != 0)
        fail("pipe2: %s", strerror(errno));
    fflush(stdout);
    daemon->pid = fork();
    if (daemon->pid < 0)
        fail("fork: %s", strerror(errno));
    if (daemon->pid == 0)
        child_run(daemon, said[1]);
    close(said[1]);
    daemon->said_fd = said[0];
    await_ready(daemon);
}

void
entented_stop(struct entented *daemon)
{
    int status;
    kill(daemon->pid, SIGTERM);
    while (waitpid(daemon->pid, &status, 0) < 0) {
        if (errno != EINTR)
            fail("waitpid: %s", strerror(errno));
    }
    if (status != 0)
        fail("the daemon did not end well: wait status %d", status);
    close(daemon->said_fd);
    daemon->pid = 0;
    daemon->said_fd = -1;
}

void
entented_remove_views(const struct entented *daemon)
{
    char path[ENTENTED_PATH_SIZE];
    join(path, daemon->data, "views.mdb", "");
    if (unlink(path) != 0)
        fail("%s: %s", path, strerror(errno));
    join(path, daemon->data, "views.mdb", "-lock");
    if (unlink(path) != 0 && errno != ENOENT)
        fail("%s: %s", path, strerror(errno));
}

/* --- asking ---------------------------------------------------------------*/

struct link *
entented_link(const struct entented *daemon)
{
    return link_open(daemon->socket);
}

static bool
is_row(const char *line, const char *name)
{
    return strncmp(line, name, strlen(name)) == 0;
}

struct entented_memory
entented_memory(const struct entented *daemon)
{
    char text[LINE_SIZE];
    struct entented_memory memory = {0, 0};
    snprintf(text, sizeof(text), "/proc/%d/status", (int)daemon->pid);
    FILE *file = fopen(text, "re");
    if (file == NULL)
        fail("%s: %s", text, strerror(errno));
    while (fgets(text, sizeof(text), file) != NULL) {
        if (is_row(text, "VmHWM:"))
            memory.resident_peak =
                (double)strtol(text + strlen("VmHWM:"), NULL, 10) / KIB_PER_MIB;
        else if (is_row(text, "RssAnon:"))
            memory.own = (double)strtol(text + strlen("RssAnon:"), NULL, 10) /
                         KIB_PER_MIB;
    }
    fclose(file);
    return memory;
}

uint64_t
entented_tip(struct link *link)
{
    static const uint8_t nothing[] = {0x80}; /* an empty map */
    return mp_get_uint(
        link_call(link, "hello", (struct span){nothing, sizeof(nothing)}),
        "tip");
}
