/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include <stdio.h>

#include "client/text.h"
#include "client/words.h"
#include "proto/model.h"

/* Events one by one, as they come: a line each, whatever the next ones are.
 * Columns are as wide as usual and give way to what is longer. */

#define POSITION_WIDTH 6
#define DATE_WIDTH 12
#define TYPE_WIDTH 11

static void
write_part(struct output *out, enum style style, struct span text, size_t width)
{
    struct mp_buf clean = {0};
    text_put_clean(&clean, text, false);
    if (style != STYLE_PLAIN)
        output_style(out, style);
    output_write(out, mp_buf_span(&clean));
    if (style != STYLE_PLAIN)
        output_style(out, STYLE_PLAIN);
    for (size_t used = text_width(mp_buf_span(&clean)); used < width; used++)
        output_put(out, " ");
    mp_buf_deinit(&clean);
}

static void
write_position(struct output *out, struct span event)
{
    char text[24];
    snprintf(text, sizeof(text), "%*llu", POSITION_WIDTH,
             (unsigned long long)mp_get_uint(event, "seq"));
    write_part(out, STYLE_FAINT, span_of(text), POSITION_WIDTH);
}

static void
write_date(struct output *out, struct span event)
{
    struct mp_buf date = {0};
    words_date(&date, mp_get_str(event, "occurred"));
    write_part(out, STYLE_PLAIN, mp_buf_span(&date), DATE_WIDTH);
    mp_buf_deinit(&date);
}

static void
write_value(struct output *out, enum style style, const char *before,
            struct span value, const char *after)
{
    struct mp_buf text = {0};
    if (value.data == NULL)
        return;
    words_put(&text, before);
    text_plain_value(&text, value);
    words_put(&text, after);
    write_part(out, style, mp_buf_span(&text), 0);
    mp_buf_deinit(&text);
}

static void
write_amount(struct output *out, struct span amount)
{
    struct mp_buf text = {0};
    if (amount.data == NULL)
        return;
    words_put(&text, "  ");
    text_amount(&text, amount);
    write_part(out, STYLE_GOOD, mp_buf_span(&text), 0);
    mp_buf_deinit(&text);
}

static void
write_certainty(struct output *out, struct span event)
{
    struct span certainty = mp_get_str(event, "certainty");
    if (span_is(certainty, model_certainties[MODEL_ALLEGED]) ||
        span_is(certainty, model_certainties[MODEL_DISPUTED]))
        write_value(out, STYLE_BAD, "  ", mp_get(event, "certainty"), "");
}

void
text_watch_item(struct output *out, struct span event)
{
    write_position(out, event);
    output_put(out, "  ");
    write_date(out, event);
    output_put(out, "  ");
    write_part(out, STYLE_PLAIN, mp_get_str(event, "type"), TYPE_WIDTH);
    output_put(out, "  ");
    write_part(out, STYLE_STRONG, mp_get_str(event, "title"), 0);
    write_amount(out, mp_get(event, "amount"));
    write_value(out, STYLE_PLAIN, "  (", mp_get(event, "parties"), ")");
    write_certainty(out, event);
    write_value(out, STYLE_FAINT, "  ", mp_get(event, "id"), "");
    output_put(out, "\n");
}
