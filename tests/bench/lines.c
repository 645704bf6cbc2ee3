/* SPDX-License-Identifier: MIT */
#include "tests/bench/lines.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "proto/mp.h"

static void
write_text(FILE *file, struct span text)
{
    putc('"', file);
    for (size_t i = 0; i < text.size; i++) {
        int c = text.data[i];
        assert(c >= ' ' && c < 0x7f);
        if (c == '"' || c == '\\')
            putc('\\', file);
        putc(c, file);
    }
    putc('"', file);
}

/* Recursive: a generated event is at most three deep. */
static void
write_value(FILE *file, struct mp_reader *reader)
{
    struct mp_token token = mp_next(reader);
    bool map = token.kind == MP_MAP;
    switch (token.kind) {
    case MP_NIL:
        fputs("null", file);
        break;
    case MP_BOOL:
        fputs(token.truth ? "true" : "false", file);
        break;
    case MP_INT:
        fprintf(file, "%s%" PRIu64, token.negative ? "-" : "", token.magnitude);
        break;
    case MP_STR:
        write_text(file, token.body);
        break;
    case MP_ARRAY:
    case MP_MAP:
        putc(map ? '{' : '[', file);
        for (uint32_t i = 0; i < token.count; i++) {
            if (i > 0)
                putc(',', file);
            if (map) {
                write_value(file, reader);
                putc(':', file);
            }
            write_value(file, reader);
        }
        putc(map ? '}' : ']', file);
        break;
    case MP_FLOAT:
    case MP_BIN:
    case MP_EXT:
        abort(); /* generated events have none of these */
    }
}

void
lines_write(FILE *file, struct span event)
{
    struct mp_reader reader = mp_reader(event);
    write_value(file, &reader);
    assert(!reader.failed);
    putc('\n', file);
}
