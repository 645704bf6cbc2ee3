/* SPDX-License-Identifier: MIT */
#include "daemon/views_stream.h"

#include <stdlib.h>
#include <string.h>

/* Partnership, party and types. */
#define STREAM_SOURCES_MAX 3u

/* One set. */
struct member {
    struct blocks_iter iter;
    uint64_t set;
    struct tuple start; /* nothing before it is wanted */
    bool ended;
};

/* The union of some members that follow each other. */
struct source {
    size_t first, count;
    struct member *nearest; /* NULL at the end */
    struct member *second;  /* the nearest but one, or NULL */
};

struct views_stream {
    struct views_reader *reader;
    bool reverse;
    enum views_list_order order;
    struct block_zone upto;
    struct source sources[STREAM_SOURCES_MAX];
    size_t source_count;
    struct member *members; /* their memory is kept */
    size_t count, capacity;
};

/* --- members --------------------------------------------------------------*/

static const struct tuple *
here(const struct member *member)
{
    return &blocks_here(&member->iter)->tuple;
}

/* The order of two places in the direction of the walk. */
static int
compare(const struct views_stream *stream, const struct tuple *one,
        const struct tuple *other)
{
    struct tuple left = *one, right = *other;
    left.set = right.set = 0;
    int order = tuple_compare(&left, &right);
    return stream->reverse ? -order : order;
}

static enum views_result
arrive(struct member *member, int rc)
{
    member->ended =
        rc == MDB_NOTFOUND || (rc == 0 && here(member)->set != member->set);
    return member->ended ? VIEWS_OK : views_outcome(rc);
}

static enum views_result
member_seek(const struct views_stream *stream, struct member *member,
            const struct tuple *to)
{
    struct tuple from =
        compare(stream, to, &member->start) < 0 ? member->start : *to;
    from.set = member->set;
    return arrive(member, blocks_seek(&member->iter, &from));
}

static struct member *
new_member(struct views_stream *stream)
{
    if (stream->count == stream->capacity) {
        size_t capacity = stream->capacity == 0 ? 8 : 2 * stream->capacity;
        struct member *members =
            reallocarray(stream->members, capacity, sizeof *members);
        if (members == NULL)
            return NULL;
        memset(members + stream->capacity, 0,
               (capacity - stream->capacity) * sizeof *members);
        stream->members = members;
        stream->capacity = capacity;
    }
    struct member *member = &stream->members[stream->count];
    struct views_file *file = stream->reader->file;
    member->iter.reverse = stream->reverse;
    member->iter.upto = stream->upto;
    member->ended = false;
    member->start =
        stream->reverse
            ? (struct tuple){.a = INT64_MAX, .b = INT64_MAX, .seq = UINT64_MAX}
            : TUPLE_FIRST;
    if (blocks_open(&member->iter, stream->reader->txn,
                    file->dbs[VIEWS_DB_LISTS]) != 0)
        return NULL;
    stream->count++;
    stream->sources[stream->source_count - 1].count++;
    return member;
}

/* --- sources --------------------------------------------------------------*/

/* Which of the members is nearest, and which comes then. */
static void
choose(struct views_stream *stream, struct source *source)
{
    source->nearest = source->second = NULL;
    for (size_t i = 0; i < source->count; i++) {
        struct member *member = &stream->members[source->first + i];
        if (member->ended)
            continue;
        if (source->nearest == NULL ||
            compare(stream, here(member), here(source->nearest)) < 0) {
            source->second = source->nearest;
            source->nearest = member;
        } else if (source->second == NULL ||
                   compare(stream, here(member), here(source->second)) < 0) {
            source->second = member;
        }
    }
}

static enum views_result
source_next(struct views_stream *stream, struct source *source)
{
    struct member *member = source->nearest;
    enum views_result result = arrive(member, blocks_next(&member->iter));
    if (result == VIEWS_OK &&
        (member->ended ||
         (source->second != NULL &&
          compare(stream, here(member), here(source->second)) > 0)))
        choose(stream, source);
    return result;
}

/* To the first place at or behind `to`; members that are there stay. */
static enum views_result
source_seek(struct views_stream *stream, struct source *source,
            const struct tuple *to, bool all)
{
    enum views_result result = VIEWS_OK;
    for (size_t i = 0; i < source->count && result == VIEWS_OK; i++) {
        struct member *member = &stream->members[source->first + i];
        if (all || (!member->ended && compare(stream, here(member), to) < 0))
            result = member_seek(stream, member, to);
    }
    if (result == VIEWS_OK)
        choose(stream, source);
    return result;
}

/* --- the stream -----------------------------------------------------------*/

/* On to the first place that all sources have. */
static enum views_result
align(struct views_stream *stream)
{
    size_t agreeing = 0, i = 0;
    struct tuple goal = {0};
    enum views_result result = VIEWS_OK;
    while (agreeing < stream->source_count && result == VIEWS_OK) {
        struct source *source = &stream->sources[i++ % stream->source_count];
        if (agreeing > 0 && source->nearest != NULL &&
            compare(stream, here(source->nearest), &goal) < 0)
            result = source_seek(stream, source, &goal, false);
        if (result == VIEWS_OK && source->nearest == NULL)
            return VIEWS_ABSENT;
        if (agreeing > 0 && result == VIEWS_OK &&
            compare(stream, here(source->nearest), &goal) == 0) {
            agreeing++;
        } else if (result == VIEWS_OK) {
            goal = *here(source->nearest);
            agreeing = 1;
        }
    }
    return result;
}

enum views_result
views_stream_seek(struct views_stream *stream, const struct views_place *from)
{
    struct tuple to = {.a = from->t, .b = from->start_lo, .seq = from->seq};
    enum views_result result =
        stream->source_count == 0 ? VIEWS_ABSENT : VIEWS_OK;
    for (size_t i = 0; i < stream->source_count && result == VIEWS_OK; i++)
        result = source_seek(stream, &stream->sources[i], &to, true);
    return result == VIEWS_OK ? align(stream) : result;
}

enum views_result
views_stream_next(struct views_stream *stream)
{
    enum views_result result = source_next(stream, &stream->sources[0]);
    return result == VIEWS_OK ? align(stream) : result;
}

struct views_place
views_stream_place(const struct views_stream *stream)
{
    const struct tuple *tuple = here(stream->sources[0].nearest);
    return (struct views_place){
        .t = tuple->a, .start_lo = tuple->b, .seq = tuple->seq};
}

bool
views_stream_is_precise(const struct views_stream *stream)
{
    uint64_t set = stream->sources[0].nearest->set;
    return views_list_kind(set) >= VIEWS_LIST_OF_ALL &&
           views_list_order(set) == VIEWS_LIST_PRECISE;
}

/* --- its sources ----------------------------------------------------------*/

struct views_stream *
views_stream_new(void)
{
    return calloc(1, sizeof(struct views_stream));
}

void
views_stream_close(struct views_stream *stream)
{
    for (size_t i = 0; stream != NULL && i < stream->capacity; i++)
        blocks_close(&stream->members[i].iter);
}

void
views_stream_free(struct views_stream *stream)
{
    for (size_t i = 0; stream != NULL && i < stream->capacity; i++)
        blocks_release(&stream->members[i].iter);
    if (stream != NULL)
        free(stream->members);
    free(stream);
}

void
views_stream_begin(struct views_stream *stream, struct views_reader *reader,
                   bool reverse, enum views_list_order order,
                   const struct views_upto *upto)
{
    stream->reader = reader;
    stream->reverse = reverse;
    stream->order = order;
    stream->upto = BLOCKS_EVERYTHING;
    if (upto != NULL)
        stream->upto = (struct block_zone){upto->t, upto->k, upto->seq};
    stream->source_count = 0;
    stream->count = 0;
}

void
views_stream_source(struct views_stream *stream)
{
    stream->sources[stream->source_count++] =
        (struct source){.first = stream->count};
}

static enum views_result
add_set(struct views_stream *stream, uint64_t set)
{
    struct member *member = new_member(stream);
    if (member == NULL)
        return VIEWS_FULL;
    member->set = set;
    return VIEWS_OK;
}

enum views_result
views_stream_add(struct views_stream *stream, uint64_t list)
{
    enum views_result result = VIEWS_OK;
    if (views_list_kind(list) < VIEWS_LIST_OF_ALL)
        return add_set(stream, list);
    if (stream->order != VIEWS_LIST_RECORDED)
        result = add_set(stream, list + VIEWS_LIST_PRECISE);
    return result == VIEWS_OK ? add_set(stream, list + stream->order) : result;
}

/* The first part from `part` on that a kind and number have. */
static enum views_result
next_part(struct views_stream *stream, enum views_list_kind kind,
          uint32_t number, uint32_t part, uint32_t *found)
{
    struct views_iter *parts = &stream->reader->parts;
    struct tuple from = TUPLE_FIRST;
    from.set = views_list(kind, number, part);
    enum views_result result =
        views_iter_open(stream->reader, parts, VIEWS_DB_LISTS);
    if (result == VIEWS_OK)
        result = views_outcome(blocks_seek(&parts->iter, &from));
    if (result != VIEWS_OK)
        return result;
    uint64_t set = blocks_here(&parts->iter)->tuple.set;
    *found = views_list_part(set);
    return set < views_list(kind, number + 1, 0) ? VIEWS_OK : VIEWS_ABSENT;
}

enum views_result
views_stream_add_parts(struct views_stream *stream, enum views_list_kind kind,
                       uint32_t number)
{
    uint32_t part = 0;
    enum views_result result;
    while ((result = next_part(stream, kind, number, part, &part)) ==
           VIEWS_OK) {
        result = views_stream_add(stream, views_list(kind, number, part));
        if (result != VIEWS_OK || part++ == VIEWS_PART_MAX)
            break;
    }
    return result == VIEWS_ABSENT ? VIEWS_OK : result;
}

enum views_result
views_stream_add_late(struct views_stream *stream, uint32_t partnership,
                      int64_t known)
{
    size_t first = stream->count;
    enum views_result result =
        views_stream_add_parts(stream, VIEWS_LIST_LATE, partnership);
    for (size_t i = first; i < stream->count; i++) {
        struct member *member = &stream->members[i];
        member->start.a = views_late_first(views_list_part(member->set), known);
        member->start.b = INT64_MIN;
        member->start.seq = 0;
    }
    return result;
}
