/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_INPUT_H
#define CLIENT_INPUT_H

#include "proto/mp.h"

/* Lines of a file or of standard input, with their numbers. */

/* One line is one event; what is longer than a message cannot be sent. */
#define INPUT_LINE_SIZE_MAX ((size_t)16 << 20)

enum input_result {
    INPUT_LINE,
    INPUT_END,
    INPUT_TOO_LONG,    /* a line over INPUT_LINE_SIZE_MAX */
    INPUT_INTERRUPTED, /* by a signal */
    INPUT_FAILED,      /* errno says why */
};

struct input {
    const char *name; /* for messages; borrows */
    int fd;
    struct mp_buf bytes;
    size_t start;       /* of the next line in `bytes` */
    size_t searched;    /* so far there is no newline behind `start` */
    size_t line;        /* number of the line read last, from 1 */
    uint64_t read_size; /* bytes read so far */
    bool ended;
};

/* `name` is a path, "-" or NULL for standard input. False: errno. */
bool input_open(struct input *input, const char *name)
    __attribute__((warn_unused_result));
void input_close(struct input *input);

/* How many bytes the file has, 0 where that is not known. */
uint64_t input_size(const char *name);

/* The next line without its newline; it borrows until the next call. */
enum input_result input_next(struct input *input, struct span *line);

#endif
