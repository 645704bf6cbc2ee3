/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The event model a second time: EVENTS.md, sections 4 to 6, straight from
 * the text, to compare the daemon with.
 *
 * Every event is in memory and every answer looks at all of them.  Nothing
 * here is fast, nothing is shared with the daemon but the bounds of dates
 * (proto/edtf).  It trusts its input: events come from a daemon's log.
 */

/* No event, where an index is wanted. */
#define MODEL_NONE SIZE_MAX

struct model_event {
    json_t *json; /* as stored */
    const char *id;
    const char *type;
    const char *partnership; /* what model_partnership gives */
    bool is_retraction;
    int64_t recorded_ms;
    int64_t t;        /* takes effect */
    int64_t start_lo; /* possible from */
    int64_t k;        /* known from */
    size_t re;        /* indexes, or MODEL_NONE */
    size_t corrects;
    size_t disclosed_by;
    size_t root; /* the event that its chain of corrections began with */
};

/* events[seq - 1] is the event at position seq. */
struct model {
    struct model_event *events;
    size_t count;
    json_t *partnerships; /* their slugs, in byte order */
};

/* What a question is asked with.  EDTF_PLUS_INFINITY stands for itself. */
struct model_asof {
    int64_t at;
    int64_t known;
    uint64_t position; /* at most the tip */
};

struct model *model_new(void);
void model_free(struct model *model);

/* Take the next event of the log, as stored. */
void model_add(struct model *model, json_t *json);

/* The index of an id, or MODEL_NONE. */
size_t model_find(const struct model *model, const char *id);

/* The one text that stands for this slug in all its events, or NULL. */
const char *model_partnership(const struct model *model, const char *slug);

/* True when any event at all is of that partnership, or names that party. */
bool model_has_partnership(const struct model *model, const char *slug);
bool model_has_party(const struct model *model, const char *slug);

bool model_names_party(const struct model_event *event, const char *slug);

/* --- section 4: what counts -----------------------------------------------*/

/*
 * Which events are live under (K, S): a new array of model->count truths,
 * which the caller frees.
 */
bool *model_live(const struct model *model, int64_t known, uint64_t position);

/*
 * Indexes of the happened events, of one partnership or of all (NULL), in
 * fold order; with `possible` the possible ones too.  The caller frees the
 * array.
 */
size_t *model_happened(const struct model *model, const char *partnership,
                       const struct model_asof *asof, bool possible,
                       size_t *count_out);

/* Put indexes into fold order. */
void model_sort(const struct model *model, size_t *indexes, size_t count);

/* Whole days from t to k, as JSON: 0 where k < t, null where k is infinite. */
json_t *model_lag_days(const struct model_event *event);

/* --- sections 5 and 6: answers, new references ----------------------------*/

/* Of a partnership that the log has seen. */
json_t *model_state(const struct model *model, const char *partnership,
                    const struct model_asof *asof);

/* {events, lag_days}, all of it. */
json_t *model_timeline(const struct model *model, const char *partnership,
                       const struct model_asof *asof, bool possible);

/* [{event, lag_days}]; a NULL partnership means all. */
json_t *model_gap(const struct model *model, const char *partnership,
                  const struct model_asof *asof);

/* [{partnership, stage, ...}]; a NULL party means any. */
json_t *model_portfolio(const struct model *model, const char *party,
                        const struct model_asof *asof);

json_t *model_party(const struct model *model, const char *party,
                    const struct model_asof *asof);

json_t *model_diff(const struct model *model, const char *partnership,
                   const struct model_asof *before,
                   const struct model_asof *after);

/* [{id, seq, ...}]; a NULL partnership means all. */
json_t *model_revelations(const struct model *model, const char *partnership);

enum model_order {
    MODEL_ORDER_RECORDED,
    MODEL_ORDER_OCCURRED,
    MODEL_ORDER_DISCLOSED,
};

/* NULL where nothing is asked. */
struct model_replay {
    enum model_order order;
    const char *partnership;
    const char *party;
    const json_t *types; /* an array of str */
    int64_t from;        /* positions, or moments in the other two orders */
    int64_t to;
    struct model_asof asof;
    bool superseded;
    bool reverse;
};

/* The events, all of them. */
json_t *model_replay(const struct model *model,
                     const struct model_replay *asked);

/* --- shared by the answers ------------------------------------------------*/

/* RFC 3339, or null for infinity. */
json_t *model_moment(int64_t moment_ms);

/* A copy of a map with its keys in byte order. */
json_t *model_sorted(json_t *map);

/* An array of strings with one more where it is not yet, in byte order. */
void model_join(json_t *sorted, const char *text);

/* totals of the events given, as the state has them. */
json_t *model_totals(const struct model *model, const size_t *indexes,
                     size_t count);

#endif
