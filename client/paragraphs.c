/* SPDX-License-Identifier: MIT */
#include "client/text_forms.h"

#include "client/json.h"
#include "client/text.h"
#include "client/words.h"

/* Room between a label and its text. */
#define LABEL_GAP 2
/* Labels of a list line up unless one is longer than that. */
#define LABEL_WIDTH 14
/* However deep the indent, so much is left for the text. */
#define PARAGRAPH_WIDTH_MIN 20

static void
write_spaces(struct output *out, size_t count)
{
    for (; count > 0; count--)
        output_put(out, " ");
}

static void
write_styled(struct output *out, enum style style, struct span text)
{
    if (style != STYLE_PLAIN)
        output_style(out, style);
    output_write(out, text);
    if (style != STYLE_PLAIN)
        output_style(out, STYLE_PLAIN);
}

void
text_heading(struct output *out, enum style style, struct span text)
{
    text_paragraph(out, 0, style, text);
}

/* Lines of `text`, the first where the cursor is, which is `indent`. */
static void
write_wrapped(struct output *out, size_t indent, enum style style,
              struct span text)
{
    size_t width = indent + PARAGRAPH_WIDTH_MIN < out->width
                       ? out->width - indent
                       : PARAGRAPH_WIDTH_MIN;
    struct mp_buf clean = {0};
    text_put_clean(&clean, text, true);
    struct span rest = mp_buf_span(&clean), line;
    for (bool first = true; text_wrap(&rest, width, &line); first = false) {
        if (!first && line.size > 0)
            write_spaces(out, indent);
        write_styled(out, style, line);
        output_put(out, "\n");
    }
    mp_buf_deinit(&clean);
}

void
text_paragraph(struct output *out, size_t indent, enum style style,
               struct span text)
{
    write_spaces(out, indent);
    write_wrapped(out, indent, style, text);
}

void
text_labelled(struct output *out, size_t indent, const char *label,
              struct span text)
{
    text_labelled_span(out, indent, span_of(label), text);
}

void
text_labelled_span(struct output *out, size_t indent, struct span label,
                   struct span text)
{
    struct mp_buf clean = {0};
    text_put_clean(&clean, label, false);
    size_t width = text_width(mp_buf_span(&clean));
    size_t column = width > LABEL_WIDTH ? width : LABEL_WIDTH;
    write_spaces(out, indent);
    write_styled(out, STYLE_FAINT, mp_buf_span(&clean));
    write_spaces(out, column - width + LABEL_GAP);
    if (text.size == 0)
        output_put(out, "\n");
    write_wrapped(out, indent + column + LABEL_GAP, STYLE_PLAIN, text);
    mp_buf_deinit(&clean);
}

/* --- values ---------------------------------------------------------------*/

static bool
is_plain_list(struct mp_reader reader, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        if (mp_peek(&reader) != MP_STR)
            return false;
        (void)mp_value(&reader);
    }
    return true;
}

static void
put_list(struct mp_buf *buf, struct mp_reader *reader, uint32_t count)
{
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct span text = mp_str(reader);
        if (i > 0)
            words_put(buf, ", ");
        mp_buf_append(buf, text.data, text.size);
    }
}

void
text_plain_value(struct mp_buf *buf, struct span value)
{
    struct mp_reader reader = mp_reader(value);
    enum mp_kind kind = mp_peek(&reader);
    if (kind == MP_STR) {
        struct span text = mp_str(&reader);
        mp_buf_append(buf, text.data, text.size);
        return;
    }
    if (kind == MP_ARRAY) {
        uint32_t count = mp_array(&reader);
        if (is_plain_list(reader, count)) {
            put_list(buf, &reader, count);
            return;
        }
    }
    json_put(buf, value, JSON_COMPACT);
}

void
text_amount(struct mp_buf *buf, struct span amount)
{
    struct mp_buf number = {0};
    struct span currency = mp_get_str(amount, "currency");
    struct span kind = mp_get_str(amount, "kind");
    text_plain_value(&number, mp_get(amount, "value"));
    mp_buf_append(buf, currency.data, currency.size);
    words_put(buf, " ");
    words_decimal(buf, mp_buf_span(&number));
    if (kind.data != NULL) {
        words_put(buf, " ");
        mp_buf_append(buf, kind.data, kind.size);
    }
    mp_buf_deinit(&number);
}

void
text_map(struct output *out, size_t indent, struct span map)
{
    struct mp_buf label = {0}, text = {0};
    struct mp_reader reader = mp_reader(map);
    uint32_t count = mp_map(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        mp_buf_clear(&label);
        mp_buf_clear(&text);
        text_plain_value(&label, mp_value(&reader));
        text_plain_value(&text, mp_value(&reader));
        text_labelled_span(out, indent, mp_buf_span(&label),
                           mp_buf_span(&text));
    }
    mp_buf_deinit(&label);
    mp_buf_deinit(&text);
}
