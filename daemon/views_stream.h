/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_STREAM_H
#define DAEMON_VIEWS_STREAM_H

#include "daemon/views_lists.h"

/*
 * A walk over lists: the events that are in every one of some sources, each of
 * which is the union of sets, in the order of their places.
 *
 * Sets of a source hold no event twice.  Sources are intersected by leaping:
 * the one that is behind seeks to where the others are, so that the walk costs
 * what the source with the fewest events costs (Demaine, Lopez-Ortiz and Munro,
 * "Adaptive set intersections, unions, and differences", SODA 2000).
 */

struct views_stream;

/* NULL without memory. */
struct views_stream *views_stream_new(void);
void views_stream_free(struct views_stream *stream);

/* Give the cursors back; as views_close_cursors. */
void views_stream_close(struct views_stream *stream);

/* Begin anew, without sources. Of lists with orders it takes `order`, and
 * VIEWS_LIST_PRECISE with those by dates. */
void views_stream_begin(struct views_stream *stream,
                        struct views_reader *reader, bool reverse,
                        enum views_list_order order,
                        const struct views_upto *upto);

/* Begin a source; lists are added to the last one. */
void views_stream_source(struct views_stream *stream);
enum views_result views_stream_add(struct views_stream *stream, uint64_t list);

/* Add all lists of a kind and number that there are. */
enum views_result views_stream_add_parts(struct views_stream *stream,
                                         enum views_list_kind kind,
                                         uint32_t number);

/* The lists of late events of a partnership, or with 0 of all, from where each
 * can have what became known after `known`. */
enum views_result views_stream_add_late(struct views_stream *stream,
                                        uint32_t partnership, int64_t known);

/* The first place at or behind `from`, and the next: VIEWS_ABSENT at the
 * end. */
enum views_result views_stream_seek(struct views_stream *stream,
                                    const struct views_place *from);
enum views_result views_stream_next(struct views_stream *stream);

/* Where it stands. */
struct views_place views_stream_place(const struct views_stream *stream);

/* Is the event there VIEWS_LIST_PRECISE's? */
bool views_stream_is_precise(const struct views_stream *stream);

#endif
