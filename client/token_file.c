/* SPDX-License-Identifier: MIT */
#include "client/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/complain.h"

/* As many lines as there may be tokens, and as many again that say nothing. */
#define FILE_SIZE_MAX ((size_t)2 * TOKEN_COUNT_MAX * TOKEN_LINE_SIZE)

static bool
fail(const char *path, int error)
{
    complain("%s: %s", path, strerror(error));
    return false;
}

/* --- the configuration ----------------------------------------------------*/

static int
on_pair(void *context, const char *section, const char *key, const char *value)
{
    char **path = context;
    if (strcmp(section, "access") == 0 && strcmp(key, "tokens") == 0 &&
        *path == NULL)
        *path = strdup(value);
    return 1;
}

char *
token_file_configured(const char *config)
{
    char *path = NULL;
    (void)ini_parse(config, on_pair, &path); /* the daemon tells its faults */
    return path;
}

/* --- reading --------------------------------------------------------------*/

/* The directory stays while files in it are replaced. */
static bool
open_directory(struct token_file *file, bool change)
{
    char *copy = strdup(file->path);
    if (copy == NULL)
        return fail(file->path, ENOMEM);
    file->directory_fd =
        open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    free(copy);
    if (file->directory_fd < 0)
        return fail(file->path, error);
    if (change && flock(file->directory_fd, LOCK_EX) != 0)
        return fail(file->path, errno);
    return true;
}

static bool
read_all(struct token_file *file, int fd)
{
    ssize_t size = 0;
    file->text = calloc(1, FILE_SIZE_MAX + 1);
    if (file->text == NULL)
        return fail(file->path, ENOMEM);
    while (file->size < FILE_SIZE_MAX &&
           (size = read(fd, file->text + file->size,
                        FILE_SIZE_MAX - file->size)) > 0)
        file->size += (size_t)size;
    if (size < 0)
        return fail(file->path, errno);
    return file->size < FILE_SIZE_MAX || fail(file->path, EFBIG);
}

bool
token_file_open(struct token_file *file, const char *path, bool change)
{
    *file = (struct token_file){.path = path, .directory_fd = -1};
    if (!open_directory(file, change))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        file->text = strdup("");
        return file->text != NULL || fail(path, ENOMEM);
    }
    if (fd < 0)
        return fail(path, errno);
    bool good = read_all(file, fd);
    close(fd);
    return good;
}

void
token_file_close(struct token_file *file)
{
    if (file->directory_fd >= 0)
        close(file->directory_fd);
    free(file->text);
    *file = (struct token_file){.directory_fd = -1};
}

bool
token_file_walk(const struct token_file *file,
                bool (*on_token)(void *context, const struct token *token,
                                 struct span line),
                void *context)
{
    struct span rest = {(const uint8_t *)file->text, file->size};
    for (size_t number = 1; rest.size > 0; number++) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        struct span line = {rest.data, end == NULL ? rest.size
                                                   : (size_t)(end - rest.data)};
        size_t whole = line.size + (end != NULL);
        struct token token;
        if (!token_line_is_empty(line)) {
            const char *wrong = token_line_read(line, &token);
            if (wrong != NULL) {
                complain("%s:%zu: %s", file->path, number, wrong);
                return false;
            }
            if (!on_token(context, &token, (struct span){rest.data, whole}))
                return false;
        }
        rest.data += whole;
        rest.size -= whole;
    }
    return true;
}

/* --- writing --------------------------------------------------------------*/

/* The daemon reads it: as the file that is replaced, or by the group of the
 * directory. */
static bool
set_owner(const struct token_file *file, int fd)
{
    struct stat old, directory;
    if (stat(file->path, &old) == 0)
        return fchown(fd, old.st_uid, old.st_gid) == 0 &&
               fchmod(fd, old.st_mode & 0640) == 0;
    if (errno != ENOENT || fstat(file->directory_fd, &directory) != 0)
        return false;
    /* Only root can give it to a group that it is not in. */
    bool given = fchown(fd, (uid_t)-1, directory.st_gid) == 0;
    return fchmod(fd, given ? 0640 : 0600) == 0;
}

static bool
write_all(int fd, struct span text)
{
    while (text.size > 0) {
        ssize_t size = write(fd, text.data, text.size);
        if (size < 0 && errno != EINTR)
            return false;
        if (size > 0) {
            text.data += size;
            text.size -= (size_t)size;
        }
    }
    return fsync(fd) == 0;
}

bool
token_file_replace(const struct token_file *file, struct span text)
{
    char *name = NULL;
    if (asprintf(&name, "%s.XXXXXX", file->path) < 0)
        return fail(file->path, ENOMEM);
    int fd = mkostemp(name, O_CLOEXEC); /* 0600 */
    bool good = fd >= 0 && set_owner(file, fd) && write_all(fd, text) &&
                rename(name, file->path) == 0 && fsync(file->directory_fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (!good && fd >= 0)
        unlink(name);
    free(name);
    return good || fail(file->path, error);
}
