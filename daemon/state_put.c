/* SPDX-License-Identifier: MIT */
#include "daemon/state_put.h"

#include <stdlib.h>

#include "daemon/order.h"
#include "daemon/terms.h"
#include "proto/rpc.h"

/* One answer being written; the first failure stays. */
struct writing {
    struct mp_buf *buf;
    const struct state_answer *answer;
    enum state_put_result result;
    uint64_t corrupt;
};

static bool
read_event(struct writing *writing, uint64_t seq, struct event *event)
{
    struct span bytes;
    if (writing->result == STATE_PUT_OK &&
        writing->buf->size > RPC_MESSAGE_SIZE_MAX)
        writing->result = STATE_PUT_LARGE;
    if (writing->result != STATE_PUT_OK)
        return false;
    if (log_read(writing->answer->service->log_reader, seq, &bytes) == LOG_OK &&
        event_read(bytes, event))
        return true;
    writing->result = STATE_PUT_CORRUPT;
    writing->corrupt = seq;
    return false;
}

static struct span
slug_of(struct writing *writing, enum views_name_kind kind, uint32_t number)
{
    struct span slug = {0};
    if (views_slug(writing->answer->service->views_reader, kind, number,
                   &slug) != VIEWS_OK &&
        writing->result == STATE_PUT_OK)
        writing->result = STATE_PUT_FAILED;
    return slug;
}

static void
put_id(struct writing *writing, uint64_t seq)
{
    struct event event;
    if (seq == 0)
        mp_put_nil(writing->buf);
    else if (read_event(writing, seq, &event))
        mp_put_str(writing->buf, event.fields[MODEL_FIELD_ID]);
}

static void
put_key_str(struct mp_buf *buf, const char *key, struct span text)
{
    mp_put_text(buf, key);
    mp_put_str(buf, text);
}

/* --- sorted maps ----------------------------------------------------------*/

struct named_number {
    struct span name;
    uint64_t number;
};

static int
compare_named(const void *left, const void *right)
{
    const struct named_number *a = left, *b = right;
    return span_compare(a->name, b->name);
}

static struct named_number *
new_named(struct writing *writing, size_t count)
{
    struct named_number *named = calloc(count + 1, sizeof *named);
    if (named == NULL && writing->result == STATE_PUT_OK)
        writing->result = STATE_PUT_FAILED;
    return named;
}

static void
put_counts(struct writing *writing)
{
    const struct fold *fold = &writing->answer->folding->fold;
    struct named_number *named = new_named(writing, fold->count_size);
    if (named == NULL)
        return;
    for (size_t i = 0; i < fold->count_size; i++) {
        uint32_t type = fold->counts[i].type;
        named[i].number = fold->counts[i].count;
        named[i].name =
            type < FOLD_USER_TYPE_BASE
                ? span_of(model_types[type].name)
                : slug_of(writing, VIEWS_USER_TYPE, type - FOLD_USER_TYPE_BASE);
    }
    qsort(named, fold->count_size, sizeof *named, compare_named);
    mp_put_map(writing->buf, (uint32_t)fold->count_size);
    for (size_t i = 0; i < fold->count_size; i++) {
        mp_put_str(writing->buf, named[i].name);
        mp_put_uint(writing->buf, named[i].number);
    }
    free(named);
}

static void
put_parties(struct writing *writing)
{
    const struct fold *fold = &writing->answer->folding->fold;
    struct named_number *named = new_named(writing, fold->party_size);
    if (named == NULL)
        return;
    for (size_t i = 0; i < fold->party_size; i++)
        named[i].name = slug_of(writing, VIEWS_PARTY, fold->parties[i].number);
    qsort(named, fold->party_size, sizeof *named, compare_named);
    mp_put_array(writing->buf, (uint32_t)fold->party_size);
    for (size_t i = 0; i < fold->party_size; i++)
        mp_put_str(writing->buf, named[i].name);
    free(named);
}

/* --- totals ---------------------------------------------------------------*/

static int
compare_totals(const void *left, const void *right)
{
    const struct fold_total *a = left, *b = right;
    int order = span_compare(span_of(model_amount_kinds[a->kind]),
                             span_of(model_amount_kinds[b->kind]));
    return order != 0
               ? order
               : (a->currency > b->currency) - (a->currency < b->currency);
}

static void
put_total(struct mp_buf *buf, const struct fold_total *total)
{
    char money[EVENT_MONEY_SIZE];
    uint8_t currency[3] = {(uint8_t)(total->currency >> 16),
                           (uint8_t)(total->currency >> 8),
                           (uint8_t)total->currency};
    size_t size = event_money_format(total->sum, money);
    mp_put_str(buf, (struct span){currency, sizeof currency});
    mp_put_str(buf, (struct span){(const uint8_t *)money, size});
}

/* Of sorted totals: how many at the front are of one kind. */
static size_t
same_kind(const struct fold_total *totals, size_t count)
{
    size_t same = 0;
    while (same < count && totals[same].kind == totals[0].kind)
        same++;
    return same;
}

void
state_put_totals(struct mp_buf *buf, const struct fold *fold)
{
    size_t count = fold->total_size;
    struct fold_total *totals = calloc(count + 1, sizeof *totals);
    if (totals == NULL) {
        buf->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        totals[i] = fold->totals[i];
    qsort(totals, count, sizeof *totals, compare_totals);
    uint32_t kinds = 0;
    for (size_t i = 0; i < count; i += same_kind(totals + i, count - i))
        kinds++;
    mp_put_map(buf, kinds);
    for (size_t i = 0; i < count;) {
        size_t same = same_kind(totals + i, count - i);
        mp_put_text(buf, model_amount_kinds[totals[i].kind]);
        mp_put_map(buf, (uint32_t)same);
        for (size_t end = i + same; i < end; i++)
            put_total(buf, &totals[i]);
    }
    free(totals);
}

/* --- agreements -----------------------------------------------------------*/

/* What an agreement says now: its own terms and those of its amendments. */
static struct span
gather_terms(struct writing *writing, const struct fold_entry *entry,
             const struct event *agreement, struct terms *terms)
{
    struct span effective = agreement->effective_text;
    terms_merge(terms, agreement->fields[MODEL_FIELD_TERMS], false);
    for (uint32_t i = 0; i < entry->amendment_count; i++) {
        struct event amendment;
        if (!read_event(writing, entry->amendments[i], &amendment))
            break;
        terms_merge(terms, amendment.fields[MODEL_FIELD_TERMS], true);
        if (amendment.has_effective)
            effective = amendment.effective_nil ? (struct span){0}
                                                : amendment.effective_text;
    }
    terms_settle(terms);
    return effective;
}

static void
put_agreement(struct writing *writing, const struct fold_entry *entry,
              struct terms *in_force)
{
    struct mp_buf *buf = writing->buf;
    struct terms terms = {0};
    struct event event;
    if (!read_event(writing, entry->seq, &event))
        return;
    bool pending = fold_status_at(entry, writing->answer->folding->asof.at) ==
                   FOLD_PENDING;
    struct span effective = gather_terms(writing, entry, &event, &terms);
    mp_put_map(buf, 6);
    put_key_str(buf, "id", event.fields[MODEL_FIELD_ID]);
    put_key_str(buf, "title", event.fields[MODEL_FIELD_TITLE]);
    put_key_str(buf, "occurred", event.fields[MODEL_FIELD_OCCURRED]);
    mp_put_text(buf, "effective");
    if (effective.data != NULL)
        mp_put_str(buf, effective);
    else
        mp_put_nil(buf);
    mp_put_text(buf, "terms");
    terms_put(buf, &terms);
    put_key_str(buf, "status", span_of(pending ? "pending" : "in_force"));
    if (!pending)
        terms_merge_all(in_force, &terms);
    buf->failed |= terms.failed;
    terms_deinit(&terms);
}

static void
put_agreements(struct writing *writing, struct terms *in_force)
{
    const struct fold_list *list = &writing->answer->folding->fold.agreements;
    size_t mark = mp_open_array(writing->buf);
    uint32_t count = 0;
    for (size_t i = 0; i < list->size; i++) {
        const struct fold_entry *entry = &list->entries[i];
        if (entry->gone ||
            fold_status_at(entry, writing->answer->folding->asof.at) ==
                FOLD_EXPIRED)
            continue;
        put_agreement(writing, entry, in_force);
        count++;
    }
    mp_close(writing->buf, mark, count);
}

/* --- offers and disputes --------------------------------------------------*/

/* As submitted, with the kind at the end where it was missing. */
static void
put_amount(struct mp_buf *buf, const struct event *event)
{
    struct span amount = event->fields[MODEL_FIELD_AMOUNT];
    if (amount.data == NULL) {
        mp_put_nil(buf);
        return;
    }
    if (event->amount_kind_given) {
        mp_put_raw(buf, amount);
        return;
    }
    struct mp_reader reader = mp_reader(amount);
    mp_put_map(buf, mp_map(&reader) + 1);
    mp_put_raw(buf, (struct span){reader.at, (size_t)(reader.end - reader.at)});
    put_key_str(buf, "kind", span_of(model_amount_kinds[event->amount_kind]));
}

static void
put_entry(struct writing *writing, const struct fold_entry *entry,
          bool with_amount)
{
    struct mp_buf *buf = writing->buf;
    struct event event;
    if (!read_event(writing, entry->seq, &event))
        return;
    mp_put_map(buf, with_amount ? 4 : 3);
    put_key_str(buf, "id", event.fields[MODEL_FIELD_ID]);
    put_key_str(buf, "title", event.fields[MODEL_FIELD_TITLE]);
    put_key_str(buf, "occurred", event.fields[MODEL_FIELD_OCCURRED]);
    if (with_amount) {
        mp_put_text(buf, "amount");
        put_amount(buf, &event);
    }
}

static void
put_list(struct writing *writing, const struct fold_list *list,
         bool with_amount)
{
    mp_put_array(writing->buf, (uint32_t)list->count);
    for (size_t i = 0; i < list->size; i++)
        if (!list->entries[i].gone)
            put_entry(writing, &list->entries[i], with_amount);
}

/* --- the whole ------------------------------------------------------------*/

static void
put_head(struct writing *writing)
{
    struct mp_buf *buf = writing->buf;
    const struct folding *folding = writing->answer->folding;
    put_key_str(buf, "partnership", writing->answer->partnership);
    mp_put_text(buf, "at");
    asof_put_moment(buf, folding->asof.at);
    mp_put_text(buf, "known");
    asof_put_moment(buf, folding->asof.known);
    mp_put_text(buf, "position");
    mp_put_uint(buf, folding->asof.seq);
}

static void
put_stage(struct writing *writing)
{
    struct mp_buf *buf = writing->buf;
    const struct folding *folding = writing->answer->folding;
    put_key_str(buf, "stage",
                span_of(fold_stage(&folding->fold, folding->asof.at)));
}

static void
put_extent(struct writing *writing)
{
    struct mp_buf *buf = writing->buf;
    const struct fold *fold = &writing->answer->folding->fold;
    mp_put_text(buf, "disputed");
    mp_put_bool(buf, fold->disputes.count > 0);
    mp_put_text(buf, "events");
    mp_put_uint(buf, fold->events);
    mp_put_text(buf, "first");
    put_id(writing, fold->first);
    mp_put_text(buf, "last");
    put_id(writing, fold->last);
    mp_put_text(buf, "counts");
    put_counts(writing);
    mp_put_text(buf, "parties");
    put_parties(writing);
}

static void
put_open(struct writing *writing, struct terms *in_force)
{
    struct mp_buf *buf = writing->buf;
    const struct fold *fold = &writing->answer->folding->fold;
    mp_put_text(buf, "agreements");
    put_agreements(writing, in_force);
    mp_put_text(buf, "offers");
    put_list(writing, &fold->offers, true);
    mp_put_text(buf, "disputes");
    put_list(writing, &fold->disputes, false);
    mp_put_text(buf, "totals");
    state_put_totals(buf, fold);
    terms_settle(in_force);
    mp_put_text(buf, "terms");
    terms_put(buf, in_force);
    buf->failed |= in_force->failed;
}

static void
put_unknown(struct writing *writing)
{
    struct mp_buf *buf = writing->buf;
    const struct folding *folding = writing->answer->folding;
    mp_put_text(buf, "possible");
    mp_put_array(buf, (uint32_t)folding->possible_count);
    for (size_t i = 0; i < folding->possible_count; i++)
        put_id(writing, folding->possible[i].seq);
    mp_put_text(buf, "undisclosed");
    mp_put_uint(buf, folding->undisclosed);
}

static enum state_put_result
outcome(const struct writing *writing, uint64_t *corrupt)
{
    *corrupt = writing->corrupt;
    if (writing->result == STATE_PUT_OK && writing->buf->failed)
        return STATE_PUT_FAILED;
    return writing->result;
}

enum state_put_result
state_put(struct mp_buf *buf, const struct state_answer *answer,
          uint64_t *corrupt)
{
    struct writing writing = {.buf = buf, .answer = answer};
    struct terms in_force = {0};
    mp_put_map(buf, 18);
    put_head(&writing);
    put_stage(&writing);
    put_extent(&writing);
    put_open(&writing, &in_force);
    put_unknown(&writing);
    terms_deinit(&in_force);
    return outcome(&writing, corrupt);
}

enum state_put_result
state_put_compared(struct mp_buf *buf, const struct state_answer *answer,
                   uint64_t *corrupt)
{
    struct writing writing = {.buf = buf, .answer = answer};
    struct terms in_force = {0};
    mp_put_map(buf, 7);
    put_stage(&writing);
    mp_put_text(buf, "disputed");
    mp_put_bool(buf, answer->folding->fold.disputes.count > 0);
    put_open(&writing, &in_force);
    terms_deinit(&in_force);
    return outcome(&writing, corrupt);
}

void
state_put_answer(struct job *job, struct mp_buf *out,
                 enum state_put_result result, uint64_t corrupt,
                 const struct mp_buf *buf)
{
    switch (result) {
    case STATE_PUT_OK:
    case STATE_PUT_LARGE: /* which job_answer says */
        job_answer(job, out, buf);
        break;
    case STATE_PUT_CORRUPT:
        job_corrupt(job, out, corrupt);
        break;
    case STATE_PUT_FAILED:
        job_views_error(job, out, VIEWS_FULL);
        break;
    }
}
