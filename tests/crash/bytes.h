/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRASH_BYTES_H
#define TESTS_CRASH_BYTES_H

#include <stddef.h>
#include <stdint.h>

/*
 * A file as bytes, to be changed while no daemon runs.
 */
struct bytes {
    uint8_t *data;
    size_t size;
};

void bytes_read(struct bytes *bytes, const char *path);
void bytes_write(const struct bytes *bytes, const char *path);
void bytes_deinit(struct bytes *bytes);

/* Where `needle` is at or behind `from`; the size of all when it is not. */
size_t bytes_find(const struct bytes *bytes, size_t from, const void *needle,
                  size_t size);

#endif
