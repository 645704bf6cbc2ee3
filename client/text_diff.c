/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <errno.h>

#include "client/pairs.h"
#include "client/table.h"
#include "client/words.h"

/* What changed between two dates: first the events, then what they did. */

#define INDENT ((size_t)2)

/* A list of events or entries: a mark and the date, then what it is. */
static const struct table_column columns[] = {{"", 26, false}, {"", 0, false}};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* A section that is being written; it begins with its first line. */
struct section {
    struct output *out;
    const char *name;
    struct table *table; /* of entries; else NULL */
    bool begun;
    struct span kind; /* money: of the sums that are compared */
};

static void
section_begin(struct section *section)
{
    if (!section->begun)
        text_section(section->out, section->name);
    section->begun = true;
}

/* --- one value ------------------------------------------------------------*/

static void
put_side(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    if (value.data == NULL || mp_peek(&reader) == MP_NIL)
        words_put(buf, "none");
    else if (mp_get(value, "currency").data != NULL)
        text_amount(buf, value);
    else
        text_plain_value(buf, value);
}

/* "a -> b"; false where both read the same. */
static bool
put_change(struct mp_buf *buf, struct span before, struct span after)
{
    struct mp_buf old = {0}, new = {0};
    put_side(&old, before);
    put_side(&new, after);
    bool differ = !span_equal(mp_buf_span(&old), mp_buf_span(&new));
    mp_buf_append(buf, old.data, old.size);
    words_put(buf, " -> ");
    mp_buf_append(buf, new.data, new.size);
    mp_buf_deinit(&old);
    mp_buf_deinit(&new);
    return differ;
}

static void
write_term(void *context, const struct pair *pair)
{
    struct section *section = context;
    struct mp_buf text = {0};
    if (put_change(&text, pair->before, pair->after)) {
        section_begin(section);
        text_labelled_span(section->out, INDENT, pair->key, mp_buf_span(&text));
    }
    mp_buf_deinit(&text);
}

/* --- money ----------------------------------------------------------------*/

static void
put_sum(struct mp_buf *buf, struct span currency, struct span sum)
{
    struct mp_reader reader = mp_reader(sum);
    if (sum.data == NULL) {
        words_put(buf, "none");
        return;
    }
    mp_buf_append(buf, currency.data, currency.size);
    words_put(buf, " ");
    words_decimal(buf, mp_str(&reader));
}

static void
write_sum(void *context, const struct pair *pair)
{
    struct section *section = context;
    struct mp_buf text = {0};
    if (span_equal(pair->before, pair->after))
        return;
    put_sum(&text, pair->key, pair->before);
    words_put(&text, " -> ");
    put_sum(&text, pair->key, pair->after);
    section_begin(section);
    text_labelled_span(section->out, INDENT, section->kind, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_kind(void *context, const struct pair *pair)
{
    struct section *section = context;
    section->kind = pair->key;
    if (!pairs_walk(pair->before, pair->after, PAIRS_BY_KEY, write_sum,
                    section))
        section->out->error = ENOMEM;
}

/* --- agreements, offers, disputes -----------------------------------------*/

/* One key of an entry that is there on both sides. */
static void
put_key(void *context, const struct pair *pair)
{
    struct section *section = context;
    struct mp_buf text = {0};
    if (span_is(pair->key, "terms")) {
        if (!pairs_walk(pair->before, pair->after, PAIRS_BY_KEY, put_key,
                        section))
            section->out->error = ENOMEM;
        return;
    }
    mp_buf_append(&text, pair->key.data, pair->key.size);
    words_put(&text, ": ");
    if (put_change(&text, pair->before, pair->after))
        table_put(section->table, 1, STYLE_WARN, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_entry(void *context, const struct pair *pair)
{
    struct section *section = context;
    if (span_equal(pair->before, pair->after))
        return;
    section_begin(section);
    if (pair->before.data == NULL) {
        text_mention(section->table, STYLE_GOOD, "+ ", pair->after);
    } else if (pair->after.data == NULL) {
        text_mention(section->table, STYLE_BAD, "- ", pair->before);
    } else {
        text_mention(section->table, STYLE_WARN, "~ ", pair->after);
        if (!pairs_walk(pair->before, pair->after, PAIRS_BY_KEY, put_key,
                        section))
            section->out->error = ENOMEM;
    }
    table_row(section->table, section->out);
}

/* --- what happened --------------------------------------------------------*/

static void
write_events(struct output *out, struct span events, enum style style,
             const char *mark, const char *what)
{
    struct mp_buf text = {0};
    struct mp_reader reader = mp_reader(events);
    uint32_t count = mp_array(&reader);
    struct table *table = count > 0 ? table_new(columns, COLUMN_COUNT) : NULL;
    if (table == NULL)
        return;
    output_put(out, "\n");
    words_count(&text, count, "event");
    words_put(&text, what);
    text_heading(out, STYLE_STRONG, mp_buf_span(&text));
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        text_mention(table, style, mark, mp_value(&reader));
        table_row(table, out);
    }
    table_end(table, out);
    table_free(table);
    mp_buf_deinit(&text);
}

/* --- the whole ------------------------------------------------------------*/

static void
write_side(struct output *out, struct span diff, const char *side)
{
    struct mp_buf text = {0};
    text_put_as_of(&text, mp_get(diff, side));
    text_labelled(out, 0, side, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

static void
write_stage(struct output *out, struct span changed)
{
    struct mp_buf text = {0};
    struct span stage = mp_get(changed, "stage");
    struct span disputed = mp_get(changed, "disputed");
    if (stage.data != NULL || disputed.data != NULL)
        text_section(out, "Stage");
    if (stage.data != NULL) {
        (void)put_change(&text, mp_get(stage, "before"),
                         mp_get(stage, "after"));
        text_paragraph(out, INDENT, STYLE_PLAIN, mp_buf_span(&text));
    }
    if (disputed.data != NULL)
        text_paragraph(out, INDENT, STYLE_BAD,
                       span_of(text_is_true(disputed, "after")
                                   ? "not disputed -> disputed"
                                   : "disputed -> not disputed"));
    mp_buf_deinit(&text);
}

/* One row per list or map of `changed`. */
static const struct {
    const char *key;
    const char *name;
    enum pairs_by by;
    void (*visit)(void *context, const struct pair *pair);
} parts[] = {
    {"agreements", "Agreements", PAIRS_BY_ID, write_entry},
    {"offers", "Offers", PAIRS_BY_ID, write_entry},
    {"disputes", "Disputes", PAIRS_BY_ID, write_entry},
    {"terms", "Terms in force", PAIRS_BY_KEY, write_term},
    {"totals", "Money", PAIRS_BY_KEY, write_kind},
};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static void
write_part(struct output *out, size_t part, struct span change)
{
    struct section section = {.out = out, .name = parts[part].name};
    section.table = table_new(columns, COLUMN_COUNT);
    if (section.table == NULL ||
        !pairs_walk(mp_get(change, "before"), mp_get(change, "after"),
                    parts[part].by, parts[part].visit, &section))
        out->error = ENOMEM;
    else
        table_end(section.table, out);
    if (!section.begun) { /* what differs is not in the text */
        section_begin(&section);
        text_paragraph(out, INDENT, STYLE_PLAIN,
                       span_of("the same, in another order or notation"));
    }
    table_free(section.table);
}

void
text_diff(struct output *out, struct span diff)
{
    struct span changed = mp_get(diff, "changed");
    struct span added = mp_get(diff, "added");
    struct span removed = mp_get(diff, "removed");
    text_heading(out, STYLE_STRONG, mp_get_str(diff, "partnership"));
    write_side(out, diff, "before");
    write_side(out, diff, "after");
    write_events(out, added, STYLE_GOOD, "+ ", " added");
    write_events(out, removed, STYLE_BAD, "- ", " removed");
    write_stage(out, changed);
    for (size_t i = 0; i < PART_COUNT; i++) {
        struct span change = mp_get(changed, parts[i].key);
        if (change.data != NULL)
            write_part(out, i, change);
    }
    if (text_count_of(added) + text_count_of(removed) +
            text_count_of(changed) ==
        0)
        text_section(out, "Nothing changed.");
}
