/* SPDX-License-Identifier: MIT */
#include "tests/system/client_run.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/fixture.h"

#define PROGRAM_DEFAULT "build/gcc/entente"
#define EXIT_NO_PROGRAM 127 /* as a shell says it */

/* Longer than any command line here. */
#define LINE_SIZE 4096
#define WORDS_MAX 64

/* --- the command line -----------------------------------------------------*/

/* The word at `line`, ended with NUL; returns what follows it. */
static char *
word_cut(char *line)
{
    bool quoted = false;
    char *to = line;
    for (; *line != '\0' && (quoted || *line != ' '); line++) {
        if (*line == '\'')
            quoted = !quoted;
        else
            *to++ = *line;
    }
    line += *line != '\0';
    *to = '\0';
    return line;
}

static void
words_of(char *line, const char **words)
{
    size_t count = 0;
    line += strspn(line, " ");
    while (*line != '\0') {
        ck_assert_uint_lt(count + 1, WORDS_MAX);
        words[count++] = line;
        line = word_cut(line);
        line += strspn(line, " ");
    }
    words[count] = NULL;
}

/* --- running --------------------------------------------------------------*/

static _Noreturn void
child_run(const char *line, int input, int output, int errors)
{
    char url[SCRATCH_PATH_SIZE + 8], copy[LINE_SIZE];
    const char *program = getenv("ENTENTE");
    const char *words[WORDS_MAX + 1] = {program == NULL ? PROGRAM_DEFAULT
                                                        : program};
    snprintf(url, sizeof(url), "unix:%s", fixture.socket);
    snprintf(copy, sizeof(copy), "%s", line);
    words_of(copy, words + 1);
    setenv("ENTENTE_URL", url, 1);
    setenv("TZ", "UTC", 1);
    setenv("COLUMNS", "80", 1);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execv(words[0], (char *const *)words);
    dprintf(errors, "%s: %s\n", words[0], strerror(errno));
    _exit(EXIT_NO_PROGRAM);
}

pid_t
client_start(const char *line, int input, int output, int errors)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        child_run(line, input, output, errors);
    return pid;
}

int
client_await(pid_t pid)
{
    int status;
    pid_t ended;
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    ck_assert_int_eq(ended, pid);
    ck_assert_msg(WIFEXITED(status), "the client ended by status %#x",
                  (unsigned)status);
    return WEXITSTATUS(status);
}

static int
collector_open(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.directory, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* All that was written to `fd`, with a NUL behind it. */
static char *
collector_read(int fd, size_t *size)
{
    struct stat status;
    ck_assert_int_eq(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    char *bytes = calloc(1, *size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(pread(fd, bytes, *size, 0), status.st_size);
    close(fd);
    return bytes;
}

static void
run_line(struct client_run *run, const char *input, const char *line)
{
    size_t ignored;
    int in = open(input == NULL ? "/dev/null" : input, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(in, 0);
    int out = collector_open("client.out");
    int err = collector_open("client.err");
    run->status = client_await(client_start(line, in, out, err));
    close(in);
    run->output = collector_read(out, &run->output_size);
    run->errors = collector_read(err, &ignored);
    ck_assert_msg(run->status != EXIT_NO_PROGRAM, "%s", run->errors);
}

void
client_run(struct client_run *run, const char *input, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    ck_assert_int_lt(size, LINE_SIZE);
    run_line(run, input, line);
}

void
client_expect(struct client_run *run, int status, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    ck_assert_int_lt(size, LINE_SIZE);
    run_line(run, NULL, line);
    ck_assert_msg(run->status == status, "%s: status %d, not %d; it said: %s",
                  line, run->status, status, run->errors);
}

void
client_run_free(struct client_run *run)
{
    free(run->output);
    free(run->errors);
    *run = (struct client_run){0};
}

void
client_file(char *path, const char *name, const char *text, size_t size)
{
    scratch_join(path, fixture.directory, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

char *
client_ids(const struct client_run *run)
{
    char *ids = NULL;
    size_t ids_size = 0;
    FILE *text = open_memstream(&ids, &ids_size);
    ck_assert_ptr_nonnull(text);
    for (const char *line = run->output; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        json_auto_t *event = json_loadb(line, size, 0, NULL);
        const char *id = json_string_value(json_object_get(event, "id"));
        ck_assert_msg(id != NULL, "no id: %.*s", (int)size, line);
        fprintf(text, "%s%s", line == run->output ? "" : " ", id);
        line += size + (line[size] == '\n');
    }
    ck_assert_int_eq(fclose(text), 0);
    return ids;
}
