/* SPDX-License-Identifier: MIT */
#include "client/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/complain.h"

#define SUFFIX ".txt"

static bool
fail(const char *what)
{
    complain("%s: %s", what, strerror(errno));
    return false;
}

static const char *
value_of(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* --- the file -------------------------------------------------------------*/

static bool
write_all(int fd, struct span text)
{
    while (text.size > 0) {
        ssize_t size = write(fd, text.data, text.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return false;
        text = (struct span){text.data + size, text.size - (size_t)size};
    }
    return true;
}

/* The same file each time, so that an editor knows where it was. */
static bool
write_file(struct editor *editor, struct span text)
{
    int fd;
    if (editor->path[0] == '\0') {
        const char *directory = value_of("TMPDIR");
        int size =
            snprintf(editor->path, EDITOR_PATH_SIZE, "%s/entente-XXXXXX" SUFFIX,
                     directory != NULL ? directory : "/tmp");
        errno = ENAMETOOLONG;
        fd = (size_t)size < EDITOR_PATH_SIZE
                 ? mkostemps(editor->path, (int)strlen(SUFFIX), O_CLOEXEC)
                 : -1;
    } else {
        fd = open(editor->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    }
    if (fd < 0) {
        bool good = fail(editor->path);
        editor->path[0] = '\0';
        return good;
    }
    bool good = write_all(fd, text);
    good = close(fd) == 0 && good;
    return good || fail(editor->path);
}

static bool
read_file(const struct editor *editor, struct mp_buf *edited)
{
    int fd = open(editor->path, O_RDONLY | O_CLOEXEC);
    ssize_t size = -1;
    if (fd < 0)
        return fail(editor->path);
    while (edited->size <= EDITOR_TEXT_SIZE_MAX) {
        uint8_t *room = mp_buf_reserve(edited, BUFSIZ);
        errno = ENOMEM;
        size = room != NULL ? read(fd, room, BUFSIZ) : -1;
        if (size <= 0 && !(size < 0 && errno == EINTR))
            break;
        edited->size += size > 0 ? (size_t)size : 0;
    }
    if (size > 0)
        errno = EFBIG;
    close(fd);
    return size == 0 || fail(editor->path);
}

void
editor_forget(struct editor *editor)
{
    if (editor->path[0] != '\0')
        (void)unlink(editor->path);
    editor->path[0] = '\0';
}

/* --- the editor -----------------------------------------------------------*/

static const char *
command(void)
{
    const char *visual = value_of("VISUAL"), *plain = value_of("EDITOR");
    return visual != NULL ? visual : plain != NULL ? plain : "vi";
}

/* The shell takes it apart: EDITOR may have arguments. */
static _Noreturn void
exec_editor(const char *path)
{
    char line[EDITOR_PATH_SIZE];
    int size = snprintf(line, sizeof(line), "%s \"$@\"", command());
    if ((size_t)size < sizeof(line))
        execl("/bin/sh", "sh", "-c", line, command(), path, (char *)NULL);
    _exit(127); /* as a shell says it */
}

/* As system() does it: what the terminal sends is for the editor. */
static int
run_command(const char *path)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    int status = -1;
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(SIGINT, &standard, NULL);
        sigaction(SIGQUIT, &standard, NULL);
        sigaction(SIGPIPE, &standard, NULL);
        exec_editor(path);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    return status;
}

bool
editor_run(struct editor *editor, struct span text, struct mp_buf *edited)
{
    if (!write_file(editor, text))
        return false;
    int status = run_command(editor->path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        complain("the editor \"%s\" failed", command());
        return false;
    }
    return read_file(editor, edited);
}
