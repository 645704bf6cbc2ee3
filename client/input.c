/* SPDX-License-Identifier: MIT */
#include "client/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/interrupt.h"

#define READ_SIZE ((size_t)256 << 10)

static bool
is_standard(const char *name)
{
    return name == NULL || strcmp(name, "-") == 0;
}

bool
input_open(struct input *input, const char *name)
{
    *input = (struct input){.name = name, .fd = STDIN_FILENO};
    if (is_standard(name)) {
        input->name = "stdin";
        return true;
    }
    input->fd = open(name, O_RDONLY | O_CLOEXEC);
    return input->fd >= 0;
}

void
input_close(struct input *input)
{
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    mp_buf_deinit(&input->bytes);
}

uint64_t
input_size(const char *name)
{
    struct stat status;
    int rc =
        is_standard(name) ? fstat(STDIN_FILENO, &status) : stat(name, &status);
    return rc == 0 && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
}

/* Drop what was handed out, then read on. */
static enum input_result
read_more(struct input *input)
{
    struct mp_buf *bytes = &input->bytes;
    if (input->start > 0) {
        memmove(bytes->data, bytes->data + input->start,
                bytes->size - input->start);
        bytes->size -= input->start;
        input->start = 0;
    }
    if (bytes->size > INPUT_LINE_SIZE_MAX)
        return INPUT_TOO_LONG;
    uint8_t *room = mp_buf_reserve(bytes, READ_SIZE);
    if (room == NULL) {
        errno = ENOMEM;
        return INPUT_FAILED;
    }
    ssize_t size = read(input->fd, room, READ_SIZE);
    if (size < 0 && errno == EINTR)
        return interrupt_came() ? INPUT_INTERRUPTED : INPUT_LINE;
    if (size < 0)
        return INPUT_FAILED;
    bytes->size += (size_t)size;
    input->read_size += (uint64_t)size;
    input->ended = size == 0;
    return INPUT_LINE;
}

static bool
cut_line(struct input *input, struct span *line)
{
    const uint8_t *start = input->bytes.data + input->start;
    size_t size = input->bytes.size - input->start;
    const uint8_t *newline =
        size == input->searched
            ? NULL
            : memchr(start + input->searched, '\n', size - input->searched);
    input->searched = size;
    if (newline == NULL && !(input->ended && size > 0))
        return false;
    size_t line_size = newline != NULL ? (size_t)(newline - start) : size;
    *line = (struct span){start, line_size};
    input->start += line_size + (newline != NULL);
    input->searched = 0;
    input->line++;
    return true;
}

enum input_result
input_next(struct input *input, struct span *line)
{
    while (input->bytes.size == 0 || !cut_line(input, line)) {
        if (input->ended)
            return INPUT_END;
        enum input_result result = read_more(input);
        if (result != INPUT_LINE)
            return result;
    }
    return INPUT_LINE;
}
