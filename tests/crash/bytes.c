/* SPDX-License-Identifier: MIT */
#include "tests/crash/bytes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
bytes_read(struct bytes *bytes, const char *path)
{
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    struct stat status;
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    bytes->size = (size_t)status.st_size;
    bytes->data = malloc(bytes->size + 1);
    ck_assert_ptr_nonnull(bytes->data);
    ck_assert_uint_eq(fread(bytes->data, 1, bytes->size, file), bytes->size);
    fclose(file);
}

void
bytes_write(const struct bytes *bytes, const char *path)
{
    FILE *file = fopen(path, "we");
    ck_assert_msg(file != NULL, "%s cannot be written", path);
    ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->size, file), bytes->size);
    ck_assert_int_eq(fclose(file), 0);
}

void
bytes_deinit(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

size_t
bytes_find(const struct bytes *bytes, size_t from, const void *needle,
           size_t size)
{
    if (from >= bytes->size)
        return bytes->size;
    const uint8_t *at =
        memmem(bytes->data + from, bytes->size - from, needle, size);
    return at == NULL ? bytes->size : (size_t)(at - bytes->data);
}
