/* SPDX-License-Identifier: MIT */
#include "tests/system/process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_DEFAULT "build/gcc/entented"
#define URL_SIZE 128
#define ARGUMENTS_MAX 64    /* more than any test gives */
#define EXIT_NO_PROGRAM 127 /* as a shell says it */

struct process {
    pid_t pid;
    bool ended;
    int status;
    int output_fd;
    pthread_t collector;
    pthread_mutex_t lock;    /* guards the rest */
    pthread_cond_t progress; /* output grew or ended */
    char *output;            /* always ends in NUL */
    size_t output_size;
    bool output_ended;
};

/* --- collecting what it says ----------------------------------------------*/

static void
output_add(struct process *process, const char *bytes, size_t size)
{
    pthread_mutex_lock(&process->lock);
    char *grown = realloc(process->output, process->output_size + size + 1);
    ck_assert_ptr_nonnull(grown);
    memcpy(grown + process->output_size, bytes, size);
    process->output = grown;
    process->output_size += size;
    grown[process->output_size] = '\0';
    pthread_cond_broadcast(&process->progress);
    pthread_mutex_unlock(&process->lock);
}

static void *
output_collect(void *argument)
{
    struct process *process = argument;
    char bytes[4096];
    ssize_t size;
    while ((size = read(process->output_fd, bytes, sizeof(bytes))) != 0) {
        if (size > 0)
            output_add(process, bytes, (size_t)size);
        else if (errno != EINTR)
            break;
    }
    pthread_mutex_lock(&process->lock);
    process->output_ended = true;
    pthread_cond_broadcast(&process->progress);
    pthread_mutex_unlock(&process->lock);
    return NULL;
}

/* --- starting -------------------------------------------------------------*/

/* What is executed; made before the fork, as a child of several threads may
 * not even ask for memory. */
struct command {
    char unix_url[URL_SIZE];
    const char *arguments[ARGUMENTS_MAX];
};

static void
command_make(struct command *command, const struct process_options *options)
{
    const char *program = getenv("ENTENTED");
    *command = (struct command){
        .arguments = {program == NULL ? PROGRAM_DEFAULT : program, "--data",
                      options->data},
    };
    size_t count = 3;
    if (options->socket != NULL) {
        snprintf(command->unix_url, sizeof(command->unix_url), "unix:%s",
                 options->socket);
        command->arguments[count++] = "--listen";
        command->arguments[count++] = command->unix_url;
    }
    if (options->tcp) {
        command->arguments[count++] = "--listen";
        command->arguments[count++] = "tcp://127.0.0.1:0";
    }
    for (size_t i = 0; options->more != NULL && options->more[i] != NULL; i++)
        if (count + 1 < ARGUMENTS_MAX)
            command->arguments[count++] = options->more[i];
}

static _Noreturn void
child_run(const struct command *command, bool mask_open, int output_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mask_open)
        umask(0);
    dup2(output_fd, STDERR_FILENO);
    execv(command->arguments[0], (char *const *)command->arguments);
    dprintf(STDERR_FILENO, "%s: %s\n", command->arguments[0], strerror(errno));
    _exit(EXIT_NO_PROGRAM);
}

struct process *
process_start(const struct process_options *options)
{
    struct process *process = calloc(1, sizeof(*process));
    ck_assert_ptr_nonnull(process);
    process->output = strdup("");
    pthread_mutex_init(&process->lock, NULL);
    pthread_cond_init(&process->progress, NULL);

    int ends[2];
    struct command command;
    command_make(&command, options);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    /* The child of a fork can hang in a lock that another thread had; this one
     * does no more than is said in child_run before it is another program. */
    /* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork) */
    pid_t pid = vfork();
    if (pid == 0)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
        child_run(&command, options->mask_open, ends[1]);
    ck_assert_int_gt(pid, 0);
    process->pid = pid;
    close(ends[1]);
    process->output_fd = ends[0];
    ck_assert_int_eq(
        pthread_create(&process->collector, NULL, output_collect, process), 0);
    return process;
}

void
process_free(struct process *process)
{
    if (process == NULL)
        return;
    if (!process->ended) {
        kill(process->pid, SIGKILL);
        process_await_end(process);
    }
    pthread_join(process->collector, NULL);
    close(process->output_fd);
    pthread_cond_destroy(&process->progress);
    pthread_mutex_destroy(&process->lock);
    free(process->output);
    free(process);
}

/* --- waiting --------------------------------------------------------------*/

static struct timespec
deadline(void)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += PROCESS_PATIENCE_MS / 1000;
    return moment;
}

/* How many lines of what was said end with `word`. */
static int
times_said(const char *output, const char *word)
{
    int times = 0;
    for (const char *at = strstr(output, word); at != NULL;
         at = strstr(at + 1, word))
        times += at[strlen(word)] == '\n';
    return times;
}

/* Until it was said so often, or nothing more will be. */
static bool
await_said(struct process *process, const char *word, int times)
{
    struct timespec end = deadline();
    int rc = 0;
    pthread_mutex_lock(&process->lock);
    while (times_said(process->output, word) < times &&
           !process->output_ended && rc == 0)
        rc = pthread_cond_timedwait(&process->progress, &process->lock, &end);
    bool said = times_said(process->output, word) >= times;
    pthread_mutex_unlock(&process->lock);
    ck_assert_msg(rc == 0, "the daemon did not say \"%s\" in time but: %s",
                  word, process->output);
    return said;
}

bool
process_await_ready(struct process *process)
{
    return await_said(process, "ready", 1);
}

void
process_await_line(struct process *process, const char *end, int times)
{
    ck_assert_msg(await_said(process, end, times), "it never said \"%s\": %s",
                  end, process->output);
}

/* Whoever has ended may have said something that the collector is yet to read.
 */
static void
await_output_end(struct process *process)
{
    struct timespec end = deadline();
    int rc = 0;
    pthread_mutex_lock(&process->lock);
    while (!process->output_ended && rc == 0)
        rc = pthread_cond_timedwait(&process->progress, &process->lock, &end);
    pthread_mutex_unlock(&process->lock);
    ck_assert_msg(rc == 0, "somebody else has the daemon's standard error");
}

int
process_await_end(struct process *process)
{
    if (process->ended)
        return process->status;
    int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    ck_assert_int_ge(fd, 0);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int rc;
    do
        rc = poll(&end, 1, PROCESS_PATIENCE_MS);
    while (rc < 0 && errno == EINTR);
    close(fd);
    ck_assert_msg(rc == 1, "the daemon did not end in time");
    ck_assert_int_eq(waitpid(process->pid, &process->status, 0), process->pid);
    await_output_end(process);
    process->ended = true;
    return process->status;
}

void
process_signal(struct process *process, int number)
{
    ck_assert(!process->ended);
    ck_assert_int_eq(kill(process->pid, number), 0);
}

/* --- asking ---------------------------------------------------------------*/

pid_t
process_pid(const struct process *process)
{
    return process->pid;
}

static uint16_t
port_behind(struct process *process, const char *said)
{
    char *output = process_output(process);
    const char *at = strstr(output, said);
    ck_assert_msg(at != NULL, "no port in: %s", output);
    unsigned long port = strtoul(at + strlen(said), NULL, 10);
    free(output);
    ck_assert_uint_gt(port, 0);
    ck_assert_uint_le(port, UINT16_MAX);
    return (uint16_t)port;
}

uint16_t
process_port(struct process *process)
{
    return port_behind(process, "listening on tcp://127.0.0.1:");
}

uint16_t
process_tls_port(struct process *process)
{
    return port_behind(process, "listening on tls://127.0.0.1:");
}

char *
process_output(struct process *process)
{
    pthread_mutex_lock(&process->lock);
    char *copy = strdup(process->output);
    pthread_mutex_unlock(&process->lock);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

long
process_peak_kib(const struct process *process)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
    FILE *status = fopen(path, "re");
    ck_assert_ptr_nonnull(status);
    char line[256];
    long peak = 0;
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "VmHWM:", strlen("VmHWM:")) == 0)
            peak = strtol(line + strlen("VmHWM:"), NULL, 10);
    }
    fclose(status);
    ck_assert_int_gt(peak, 0);
    return peak;
}
