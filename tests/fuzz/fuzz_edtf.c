/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "proto/edtf.h"

/*
 * Whatever the bytes: edtf_parse keeps what its header promises, an interval
 * has the bounds of its two sides, and edtf_format writes moments that read
 * back.
 */

/* The moments whose year is written with four digits: -9999 to 9999. */
#define READABLE_MIN ((int64_t)-377705116800000)
#define READABLE_MAX ((int64_t)253402300799999)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct edtf
parse_valid(struct span text)
{
    struct edtf date = {0};
    struct edtf_fault fault = {0};
    bool ok = edtf_parse(text, &date, &fault);
    assert(ok);
    assert(fault.reason == NULL);
    return date;
}

static void
check_moment(int64_t moment)
{
    char text[EDTF_FORMAT_SIZE];
    if (moment == EDTF_MINUS_INFINITY || moment == EDTF_PLUS_INFINITY)
        return;
    size_t size = edtf_format(moment, text);
    assert(size < EDTF_FORMAT_SIZE && size == strlen(text));
    if (moment < READABLE_MIN || moment > READABLE_MAX)
        return;
    struct edtf date = parse_valid((struct span){(uint8_t *)text, size});
    assert(date.start_lo == moment && date.end_hi == moment);
}

static void
check_sides(struct span text, const struct edtf *date)
{
    const uint8_t *slash = memchr(text.data, '/', text.size);
    assert(date->is_interval == (slash != NULL));
    if (slash == NULL) {
        assert(date->start_lo == date->end_lo);
        assert(date->start_hi == date->end_hi);
        return;
    }
    struct span a = {text.data, (size_t)(slash - text.data)};
    struct span b = {slash + 1, text.size - a.size - 1};
    if (a.size > 0 && !span_is(a, "..")) {
        struct edtf start = parse_valid(a);
        assert(!start.is_interval);
        assert(start.start_lo == date->start_lo);
        assert(start.start_hi == date->start_hi);
    }
    if (b.size > 0 && !span_is(b, "..")) {
        struct edtf end = parse_valid(b);
        assert(!end.is_interval);
        assert(end.end_lo == date->end_lo);
        assert(end.end_hi == date->end_hi);
    }
}

static void
check_date(struct span text, const struct edtf *date)
{
    assert(date->start_lo <= date->start_hi);
    assert(date->end_lo <= date->end_hi);
    assert(date->start_lo <= date->end_hi);
    int64_t certain = edtf_certain(date);
    assert(certain >= date->start_lo);
    assert(certain == date->start_hi || certain == date->end_hi);
    check_sides(text, date);
    check_moment(date->start_lo);
    check_moment(date->start_hi);
    check_moment(date->end_lo);
    check_moment(date->end_hi);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {data, size};
    struct edtf date = {0};
    struct edtf_fault fault = {0};
    if (edtf_parse(text, &date, &fault)) {
        assert(size > 0 && size <= EDTF_TEXT_MAX && fault.reason == NULL);
        check_date(text, &date);
    } else {
        assert(fault.offset <= size && fault.offset <= EDTF_TEXT_MAX);
        assert(fault.reason != NULL && fault.reason[0] != '\0');
    }
    return 0;
}
