/* SPDX-License-Identifier: MIT */
#include "proto/rpc.h"

#include <assert.h>

/* Lead byte of a str with its length in one byte: most titles. */
#define LEAD_STR_8 0xd9

/* What the number in a header counts. */
enum scan_unit {
    SCAN_BYTES = 0, /* of the body, or there is no number */
    SCAN_VALUES = 1,
    SCAN_PAIRS = 2, /* two values each */
    SCAN_NEVER,     /* 0xc1 is no header at all */
};

/*
 * What a lead byte announces.  The number stands in `number_size` bytes
 * behind it, or within it: lead & mask.  `body` is the part of the body whose
 * size the lead byte settles: a number's bytes, an ext's type.
 */
struct scan_format {
    uint8_t number_size;
    uint8_t mask;
    uint8_t body;
    uint8_t unit;
};

static const struct scan_format scan_formats[256] = {
    [0x00 ... 0x7f] = {0, 0, 0, SCAN_BYTES},
    [0x80 ... 0x8f] = {0, 0x0f, 0, SCAN_PAIRS},
    [0x90 ... 0x9f] = {0, 0x0f, 0, SCAN_VALUES},
    [0xa0 ... 0xbf] = {0, 0x1f, 0, SCAN_BYTES},
    [0xc0] = {0, 0, 0, SCAN_BYTES},
    [0xc1] = {0, 0, 0, SCAN_NEVER},
    [0xc2 ... 0xc3] = {0, 0, 0, SCAN_BYTES},
    [0xc4] = {1, 0, 0, SCAN_BYTES},
    [0xc5] = {2, 0, 0, SCAN_BYTES},
    [0xc6] = {4, 0, 0, SCAN_BYTES},
    [0xc7] = {1, 0, 1, SCAN_BYTES},
    [0xc8] = {2, 0, 1, SCAN_BYTES},
    [0xc9] = {4, 0, 1, SCAN_BYTES},
    [0xca] = {0, 0, 4, SCAN_BYTES},
    [0xcb] = {0, 0, 8, SCAN_BYTES},
    [0xcc] = {0, 0, 1, SCAN_BYTES},
    [0xcd] = {0, 0, 2, SCAN_BYTES},
    [0xce] = {0, 0, 4, SCAN_BYTES},
    [0xcf] = {0, 0, 8, SCAN_BYTES},
    [0xd0] = {0, 0, 1, SCAN_BYTES},
    [0xd1] = {0, 0, 2, SCAN_BYTES},
    [0xd2] = {0, 0, 4, SCAN_BYTES},
    [0xd3] = {0, 0, 8, SCAN_BYTES},
    [0xd4] = {0, 0, 1 + 1, SCAN_BYTES},
    [0xd5] = {0, 0, 1 + 2, SCAN_BYTES},
    [0xd6] = {0, 0, 1 + 4, SCAN_BYTES},
    [0xd7] = {0, 0, 1 + 8, SCAN_BYTES},
    [0xd8] = {0, 0, 1 + 16, SCAN_BYTES},
    [0xd9] = {1, 0, 0, SCAN_BYTES},
    [0xda] = {2, 0, 0, SCAN_BYTES},
    [0xdb] = {4, 0, 0, SCAN_BYTES},
    [0xdc] = {2, 0, 0, SCAN_VALUES},
    [0xdd] = {4, 0, 0, SCAN_VALUES},
    [0xde] = {2, 0, 0, SCAN_PAIRS},
    [0xdf] = {4, 0, 0, SCAN_PAIRS},
    [0xe0 ... 0xff] = {0, 0, 0, SCAN_BYTES},
};

/* A complete header taken apart. */
struct scan_value {
    uint64_t header; /* bytes */
    uint64_t body;   /* bytes behind the header */
    uint64_t count;  /* values within it */
    bool container;
};

void
rpc_scanner_init(struct rpc_scanner *scanner, size_t size_max,
                 uint32_t depth_max)
{
    assert(size_max > 0 && depth_max <= RPC_DEPTH_MAX);
    /* left[] is written before it is read; clearing it would cost more than
     * scanning a short message does. */
    scanner->size_max = size_max;
    scanner->depth_max = depth_max;
    scanner->size = 0;
    scanner->body = 0;
    scanner->depth = 0;
    scanner->header_size = 0;
    scanner->left_sum = 1; /* the message itself */
}

static struct scan_value
scan_read(const uint8_t *header)
{
    const struct scan_format *format = &scan_formats[header[0]];
    uint64_t number = header[0] & format->mask;
    for (uint8_t i = 0; i < format->number_size; i++)
        number = number << 8 | header[1 + i];

    struct scan_value value = {
        .header = 1u + format->number_size,
        .body = format->body,
        .container = format->unit != SCAN_BYTES,
    };
    if (value.container)
        value.count = number * format->unit;
    else
        value.body += number;
    return value;
}

/* --- where the bytes are all there ----------------------------------------*/

/*
 * Take the value at `at` apart if its header and body end by `end`.  The
 * branches name what events are made of; the table knows the rest.
 */
static inline bool
scan_whole(const uint8_t *at, const uint8_t *end, struct scan_value *value)
{
    size_t left = (size_t)(end - at);
    uint8_t lead = *at;

    *value = (struct scan_value){.header = 1};
    if ((lead & 0xe0) == 0xa0) { /* fixstr */
        value->body = lead & 0x1f;
    } else if (lead == LEAD_STR_8 && left >= 2) {
        value->header = 2;
        value->body = at[1];
    } else if (lead >= 0x80 && lead < 0xa0) { /* fixmap, fixarray */
        value->container = true;
        value->count = (uint64_t)(lead & 0x0f) << (lead < 0x90);
    } else if (lead >= 0x80 && lead < 0xe0) {
        const struct scan_format *format = &scan_formats[lead];
        if (format->unit == SCAN_NEVER || left <= format->number_size)
            return false;
        *value = scan_read(at);
    }
    return value->header + value->body <= left;
}

/*
 * Take whole values in place until the message is done (true), or until one
 * is not whole or breaks a limit: those are left to scan_byte, which finds
 * out what is wrong.
 *
 * `slack` is what may still come beyond the one byte of each value that was
 * announced: size_max - size - left_sum.
 */
static bool
scan_values(struct rpc_scanner *scanner, const uint8_t **at_inout,
            const uint8_t *end)
{
    const uint8_t *at = *at_inout;
    uint64_t slack = scanner->size_max - scanner->size - scanner->left_sum;
    uint32_t depth = scanner->depth;
    uint64_t left = depth == 0 ? 1 : scanner->left[depth - 1];
    struct scan_value value;

    while (at < end && left > 0 && scan_whole(at, end, &value)) {
        uint64_t size = value.header + value.body;
        if (size - 1 + value.count > slack ||
            (value.container && depth == scanner->depth_max))
            break;
        slack -= size - 1 + value.count;
        at += size;
        left--;
        if (value.count > 0) {
            if (depth > 0)
                scanner->left[depth - 1] = left;
            left = value.count;
            depth++;
        }
        while (left == 0 && depth > 0) {
            depth--;
            left = depth == 0 ? 0 : scanner->left[depth - 1];
        }
    }
    scanner->size += (size_t)(at - *at_inout);
    scanner->left_sum = scanner->size_max - scanner->size - slack;
    scanner->depth = depth;
    if (depth > 0)
        scanner->left[depth - 1] = left;
    *at_inout = at;
    return left == 0;
}

/* --- byte by byte ---------------------------------------------------------*/

/* A value has ended; true when the message has with it. */
static bool
scan_ended(struct rpc_scanner *scanner)
{
    while (scanner->depth > 0 && scanner->left[scanner->depth - 1] == 0)
        scanner->depth--;
    return scanner->depth == 0;
}

/* Can `more` bytes still come beside all that was announced? */
static bool
scan_fits(const struct rpc_scanner *scanner, uint64_t more)
{
    uint64_t known = scanner->size + scanner->left_sum;
    return known <= scanner->size_max && more <= scanner->size_max - known;
}

/* A lead byte: refuse what it alone gives away. */
static enum rpc_scan_result
scan_lead(struct rpc_scanner *scanner)
{
    const struct scan_format *format = &scan_formats[scanner->header[0]];
    if (format->unit == SCAN_NEVER)
        return RPC_SCAN_MALFORMED;
    if (format->unit != SCAN_BYTES && scanner->depth == scanner->depth_max)
        return RPC_SCAN_TOO_DEEP;
    scanner->left_sum--;
    if (scanner->depth > 0)
        scanner->left[scanner->depth - 1]--;
    return scan_fits(scanner, (uint64_t)format->number_size + format->body)
               ? RPC_SCAN_MORE
               : RPC_SCAN_TOO_LARGE;
}

/* A header is complete: its body or its values are to come. */
static enum rpc_scan_result
scan_header(struct rpc_scanner *scanner)
{
    struct scan_value value = scan_read(scanner->header);
    scanner->header_size = 0;
    if (!scan_fits(scanner, value.body + value.count))
        return RPC_SCAN_TOO_LARGE;
    scanner->body = value.body;
    scanner->left_sum += value.count;
    if (value.count > 0)
        scanner->left[scanner->depth++] = value.count;
    if (value.count > 0 || value.body > 0)
        return RPC_SCAN_MORE;
    return scan_ended(scanner) ? RPC_SCAN_DONE : RPC_SCAN_MORE;
}

static enum rpc_scan_result
scan_byte(struct rpc_scanner *scanner, uint8_t byte)
{
    scanner->size++;
    scanner->header[scanner->header_size++] = byte;
    if (scanner->header_size == 1) {
        enum rpc_scan_result result = scan_lead(scanner);
        if (result != RPC_SCAN_MORE)
            return result;
    }
    const struct scan_format *format = &scan_formats[scanner->header[0]];
    if (scanner->header_size <= format->number_size)
        return RPC_SCAN_MORE;
    return scan_header(scanner);
}

/* Pass over what has come of a body; true when the message ends with it. */
static bool
scan_body(struct rpc_scanner *scanner, const uint8_t **at, const uint8_t *end)
{
    size_t left = (size_t)(end - *at);
    size_t size = scanner->body < left ? (size_t)scanner->body : left;
    *at += size;
    scanner->size += size;
    scanner->body -= size;
    return scanner->body == 0 && scan_ended(scanner);
}

enum rpc_scan_result
rpc_scan(struct rpc_scanner *scanner, struct span bytes, size_t *consumed)
{
    enum rpc_scan_result result = RPC_SCAN_MORE;
    *consumed = 0;
    if (bytes.size == 0)
        return result;
    const uint8_t *at = bytes.data;
    const uint8_t *end = bytes.data + bytes.size;
    while (at < end && result == RPC_SCAN_MORE) {
        bool done = false;
        if (scanner->body > 0)
            done = scan_body(scanner, &at, end);
        else if (scanner->header_size == 0)
            done = scan_values(scanner, &at, end);
        if (done)
            result = RPC_SCAN_DONE;
        else if (at < end && scanner->body == 0)
            result = scan_byte(scanner, *at++);
    }
    *consumed = (size_t)(at - bytes.data);
    return result;
}
