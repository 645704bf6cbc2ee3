/* SPDX-License-Identifier: MIT */
#include "daemon/block_parts.h"

#include <string.h>

#include "daemon/order.h"

/* The flags of an entry: what follows, in this order. */
enum {
    FLAG_SET = 1,    /* varint: its set less the one before */
    FLAG_A = 2,      /* varint, zigzag in another set: its a less the one
                        before, scaled */
    FLAG_A_RAW = 4,  /* instead: 8 bytes */
    FLAG_B = 8,      /* varint, zigzag: a less b; else as far as before */
    FLAG_B_RAW = 16, /* instead: 8 bytes */
    FLAG_SEQ = 32,   /* varint, zigzag: seq less the one before; else 1 */
    FLAG_VALUE = 64, /* varint: size, then bytes; else as before */
    FLAG_ALL = 127,
};

#define VARINT_SIZE_MAX 10

/* Flags, and at most five numbers beside the value. */
#define ENTRY_HEAD_SIZE_MAX (1 + 5 * VARINT_SIZE_MAX)
#define ENTRY_SIZE_MAX (ENTRY_HEAD_SIZE_MAX + TUPLE_VALUE_SIZE_MAX)

/* --- numbers --------------------------------------------------------------*/

/* Little-endian groups of seven bits, the last without the high bit. */
static uint8_t *
put_varint(uint8_t *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

/* NULL when it does not end before `end`. */
static inline const uint8_t *
get_varint(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    *number = 0;
    if (at < end && *at < 0x80) { /* most are */
        *number = *at;
        return at + 1;
    }
    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        *number |= (uint64_t)(*at & 0x7f) << shift;
        if ((*at++ & 0x80) == 0)
            return at;
    }
    return NULL;
}

static uint64_t
zigzag(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 != 0 ? UINT64_MAX : 0);
}

static uint64_t
unzigzag(uint64_t number)
{
    return number >> 1 ^ ((number & 1) != 0 ? UINT64_MAX : 0);
}

/* --- writing --------------------------------------------------------------*/

static uint8_t *
write_a(uint8_t *at, uint8_t *flags, const struct block_writing *writing,
        const struct tuple *tuple)
{
    int64_t difference =
        (int64_t)((uint64_t)tuple->a - (uint64_t)writing->last.a);
    if (difference == 0)
        return at;
    int64_t quotient = difference / writing->scale;
    if (quotient * writing->scale == difference) {
        uint64_t steps = (uint64_t)quotient;
        uint8_t *end =
            put_varint(at, *flags & FLAG_SET ? zigzag(steps) : steps);
        if (end - at <= 8) {
            *flags |= FLAG_A;
            return end;
        }
    }
    *flags |= FLAG_A_RAW;
    order_put_i64(at, tuple->a);
    return at + 8;
}

static uint8_t *
write_b(uint8_t *at, uint8_t *flags, const struct block_writing *writing,
        const struct tuple *tuple)
{
    uint64_t before = (uint64_t)writing->last.a - (uint64_t)writing->last.b;
    uint64_t distance = (uint64_t)tuple->a - (uint64_t)tuple->b;
    if (distance == before)
        return at;
    uint8_t *end = put_varint(at, zigzag(distance));
    if (end - at <= 8) {
        *flags |= FLAG_B;
        return end;
    }
    *flags |= FLAG_B_RAW;
    order_put_i64(at, tuple->b);
    return at + 8;
}

static uint8_t *
write_value(uint8_t *at, uint8_t *flags, const struct block_writing *writing,
            struct span value)
{
    if (span_equal(value, writing->last_value))
        return at;
    *flags |= FLAG_VALUE;
    at = put_varint(at, value.size);
    if (value.size > 0)
        memcpy(at, value.data, value.size);
    return at + value.size;
}

/* Returns the end of the entry. */
static uint8_t *
encode(const struct block_writing *writing, uint8_t *bytes,
       const struct tuple_entry *entry)
{
    uint8_t flags = 0, *at = bytes + 1;
    const struct tuple *tuple = &entry->tuple;
    if (tuple->set != writing->last.set) {
        flags |= FLAG_SET;
        at = put_varint(at, tuple->set - writing->last.set);
    }
    at = write_a(at, &flags, writing, tuple);
    at = write_b(at, &flags, writing, tuple);
    if (tuple->seq != writing->last.seq + 1) {
        flags |= FLAG_SEQ;
        at = put_varint(at, zigzag(tuple->seq - writing->last.seq));
    }
    at = write_value(at, &flags, writing, entry->value);
    bytes[0] = flags;
    return at;
}

/* Near the end of the block it is tried elsewhere first. */
bool
block_write_entry(struct block_writing *writing,
                  const struct tuple_entry *entry)
{
    uint8_t bytes[ENTRY_SIZE_MAX];
    size_t room = writing->limit - (size_t)(writing->at - writing->block);
    bool fits = room >= ENTRY_HEAD_SIZE_MAX + entry->value.size;
    uint8_t *to = fits ? writing->at : bytes;
    size_t size = (size_t)(encode(writing, to, entry) - to);
    if (size > room)
        return false;
    if (!fits)
        /* cppcheck-suppress uninitvar; encode has filled it */
        memcpy(writing->at, bytes, size);
    writing->at += size;
    if (writing->at[-(ptrdiff_t)size] & FLAG_VALUE)
        writing->last_value =
            (struct span){writing->at - entry->value.size, entry->value.size};
    writing->last = entry->tuple;
    writing->count++;
    return true;
}

void
block_zone_write(uint8_t *block, const struct block_zone *zone)
{
    order_put_i64(block + BLOCK_HEAD_ZONE, zone->t);
    order_put_i64(block + BLOCK_HEAD_ZONE + 8, zone->k);
    order_put_u64(block + BLOCK_HEAD_ZONE + 16, zone->seq);
}

size_t
block_write_head(struct block_writing *writing, const struct block_zone *zone)
{
    uint8_t *head = writing->block;
    block_put_u16(head + BLOCK_HEAD_COUNT, writing->count);
    block_put_u16(head + BLOCK_HEAD_VALUE,
                  writing->last_value.size == 0
                      ? 0
                      : (size_t)(writing->last_value.data - head));
    block_put_u16(head + BLOCK_HEAD_VALUE_SIZE, writing->last_value.size);
    order_put_u32(head + BLOCK_HEAD_SCALE, (uint32_t)writing->scale);
    block_zone_write(head, zone);
    tuple_write(head + BLOCK_HEAD_LAST, &writing->last);
    return (size_t)(writing->at - head);
}

static uint64_t
divisor(uint64_t one, uint64_t other)
{
    while (other != 0) {
        uint64_t rest = one % other;
        one = other;
        other = rest;
    }
    return one;
}

/* Entries that are looked at for it: about what a block holds. */
#define SCALE_ENTRIES_MAX ((size_t)256)

static bool
is_finite(int64_t number)
{
    return number != INT64_MIN && number != INT64_MAX;
}

/* Of the differences of finite numbers; 1 where it would be too large. */
static int64_t
find_scale(const struct tuple_entry *entries, size_t count)
{
    uint64_t scale = 0;
    count = count < SCALE_ENTRIES_MAX ? count : SCALE_ENTRIES_MAX;
    for (size_t i = 1; i < count && scale != 1; i++) {
        int64_t before = entries[i - 1].tuple.a, a = entries[i].tuple.a;
        uint64_t difference = a > before ? (uint64_t)a - (uint64_t)before
                                         : (uint64_t)before - (uint64_t)a;
        if (is_finite(before) && is_finite(a) &&
            (scale == 0 || difference % scale != 0))
            scale = divisor(difference, scale);
    }
    return scale == 0 || scale > UINT32_MAX ? 1 : (int64_t)scale;
}

size_t
/* NOLINTNEXTLINE(readability-non-const-parameter): write_entry writes it */
block_write(uint8_t block[BLOCK_SIZE_MAX], size_t limit,
            const struct tuple *key, const struct block_zone *zone,
            const struct tuple_entry *entries, size_t count, size_t *taken)
{
    struct block_writing writing = {.block = block,
                                    .at = block + BLOCK_HEAD_SIZE,
                                    .limit = limit,
                                    .scale = find_scale(entries, count),
                                    .last = *key};
    while (writing.count < count &&
           block_write_entry(&writing, &entries[writing.count]))
        continue;
    *taken = writing.count;
    return block_write_head(&writing, zone);
}

size_t
block_append(uint8_t block[BLOCK_SIZE_MAX], size_t *size,
             const struct block_zone *zone, const struct tuple_entry *entries,
             size_t count)
{
    struct block_writing writing = {
        .block = block,
        .at = block + *size,
        .limit = BLOCK_SIZE_MAX,
        .scale = order_get_u32(block + BLOCK_HEAD_SCALE),
        .last = tuple_read(block + BLOCK_HEAD_LAST),
        .count = block_get_u16(block + BLOCK_HEAD_COUNT)};
    size_t before = writing.count;
    struct block_zone all = *zone, old;
    writing.last_value =
        (struct span){block + block_get_u16(block + BLOCK_HEAD_VALUE),
                      block_get_u16(block + BLOCK_HEAD_VALUE_SIZE)};
    while (writing.count - before < count &&
           block_write_entry(&writing, &entries[writing.count - before]))
        continue;
    if (writing.count == before)
        return 0;
    if (block_zone_read((struct span){block, *size}, &old))
        block_zone_add(&all, &old);
    *size = block_write_head(&writing, &all);
    return writing.count - before;
}

/* --- reading --------------------------------------------------------------*/

/* Can the head be one of these bytes?  Whoever appends trusts it. */
static bool
has_head(struct span block)
{
    if (block.size < BLOCK_HEAD_SIZE || block.size > BLOCK_SIZE_MAX)
        return false;
    size_t value = block_get_u16(block.data + BLOCK_HEAD_VALUE);
    size_t value_size = block_get_u16(block.data + BLOCK_HEAD_VALUE_SIZE);
    return block_get_u16(block.data + BLOCK_HEAD_COUNT) <=
               block.size - BLOCK_HEAD_SIZE &&
           value + value_size <= block.size &&
           value_size <= TUPLE_VALUE_SIZE_MAX &&
           order_get_u32(block.data + BLOCK_HEAD_SCALE) != 0;
}

bool
block_zone_read(struct span block, struct block_zone *zone)
{
    if (!has_head(block))
        return false;
    const uint8_t *at = block.data + BLOCK_HEAD_ZONE;
    zone->t = order_get_i64(at);
    zone->k = order_get_i64(at + 8);
    zone->seq = order_get_u64(at + 16);
    return true;
}

bool
block_last(struct span block, struct tuple *last)
{
    if (!has_head(block))
        return false;
    *last = tuple_read(block.data + BLOCK_HEAD_LAST);
    return true;
}

size_t
block_count(struct span block)
{
    return has_head(block) ? block_get_u16(block.data + BLOCK_HEAD_COUNT) : 0;
}

/* NULL when fewer than eight bytes are left. */
static const uint8_t *
read_raw(const uint8_t *at, const uint8_t *end, int64_t *number)
{
    if (at == NULL || end - at < 8)
        return NULL;
    *number = order_get_i64(at);
    return at + 8;
}

static const uint8_t *
read_a(const uint8_t *at, const uint8_t *end, uint8_t flags, uint64_t scale,
       struct tuple *tuple)
{
    uint64_t number = 0;
    if (flags & FLAG_A_RAW)
        return read_raw(at, end, &tuple->a);
    if ((flags & FLAG_A) == 0)
        return at;
    at = get_varint(at, end, &number);
    if (flags & FLAG_SET)
        number = unzigzag(number);
    tuple->a = (int64_t)((uint64_t)tuple->a + number * scale);
    return at;
}

/* `distance` is how far b was from a in the entry before. */
static const uint8_t *
read_b(const uint8_t *at, const uint8_t *end, uint8_t flags, uint64_t distance,
       struct tuple *tuple)
{
    uint64_t number;
    if (at == NULL)
        return NULL;
    if (flags & FLAG_B_RAW)
        return read_raw(at, end, &tuple->b);
    if (flags & FLAG_B) {
        at = get_varint(at, end, &number);
        distance = unzigzag(number);
    }
    tuple->b = (int64_t)((uint64_t)tuple->a - distance);
    return at;
}

static const uint8_t *
read_value(const uint8_t *at, const uint8_t *end, struct span *value)
{
    uint64_t size;
    at = get_varint(at, end, &size);
    if (at == NULL || size > (uint64_t)(end - at) ||
        size > TUPLE_VALUE_SIZE_MAX)
        return NULL;
    *value = (struct span){at, size};
    return at + size;
}

const uint8_t *
block_read_entry(const uint8_t *at, const uint8_t *end, uint64_t scale,
                 struct tuple_entry *entry)
{
    struct tuple *tuple = &entry->tuple;
    uint64_t distance = (uint64_t)tuple->a - (uint64_t)tuple->b, number = 0;
    uint8_t flags = *at++;
    if (flags & ~FLAG_ALL)
        return NULL;
    if (flags & FLAG_SET) {
        at = get_varint(at, end, &number);
        tuple->set += number;
    }
    if (at != NULL)
        at = read_a(at, end, flags, scale, tuple);
    at = read_b(at, end, flags, distance, tuple);
    number = zigzag(1);
    if (at != NULL && flags & FLAG_SEQ)
        at = get_varint(at, end, &number);
    tuple->seq += unzigzag(number);
    if (at != NULL && flags & FLAG_VALUE)
        at = read_value(at, end, &entry->value);
    return at;
}

bool
block_read_begin(struct block_reading *reading, struct span block,
                 const struct tuple *key)
{
    if (!has_head(block))
        return false;
    const uint8_t *head = block.data;
    *reading =
        (struct block_reading){.at = head + BLOCK_HEAD_SIZE,
                               .end = head + block.size,
                               .scale = order_get_u32(head + BLOCK_HEAD_SCALE),
                               .left = block_get_u16(head + BLOCK_HEAD_COUNT),
                               .entry = {.tuple = *key}};
    return reading->left > 0 || reading->at == reading->end;
}

bool
block_read_next(struct block_reading *reading)
{
    if (reading->at == reading->end)
        return false;
    reading->at = block_read_entry(reading->at, reading->end, reading->scale,
                                   &reading->entry);
    reading->left--;
    return reading->at != NULL &&
           (reading->left > 0 || reading->at == reading->end);
}

bool
block_read(struct span block, const struct tuple *key,
           struct tuple_entry *entries, size_t *count)
{
    struct block_reading reading;
    size_t read = 0;
    if (!block_read_begin(&reading, block, key))
        return false;
    while (reading.left > 0) {
        if (!block_read_next(&reading))
            return false;
        entries[read++] = reading.entry;
    }
    *count = read;
    return true;
}
