/* SPDX-License-Identifier: MIT */
#ifndef PROTO_SPAN_H
#define PROTO_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A span borrows bytes: it owns nothing and lives as long as what it points
 * into.  `data == NULL` means absent, which differs from empty.
 */
struct span {
    const uint8_t *data;
    size_t size;
};

static inline struct span
span_of(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool
span_equal(struct span a, struct span b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool
span_is(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

/* Byte order, a prefix before what it begins; as memcmp returns. */
static inline int
span_compare(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#endif
