/* SPDX-License-Identifier: MIT */
#include "client/describe.h"

#include "client/text_forms.h"
#include "client/words.h"
#include "proto/model.h"

static struct span
field(struct span event, enum model_field which)
{
    return mp_get(event, model_fields[which].key);
}

void
describe_date(struct mp_buf *buf, struct span event)
{
    words_date(buf, mp_get_str(event, model_fields[MODEL_FIELD_OCCURRED].key));
}

static void
put_list(struct mp_buf *buf, struct span list)
{
    if (list.data == NULL || text_count_of(list) == 0)
        return;
    words_put(buf, "\n");
    text_plain_value(buf, list);
}

static void
put_quote(struct mp_buf *buf, struct span quote)
{
    struct span by = mp_get_str(quote, "by");
    if (quote.data == NULL)
        return;
    words_put(buf, "\n\"");
    text_plain_value(buf, mp_get(quote, "text"));
    words_put(buf, "\"");
    if (by.data != NULL) {
        words_put(buf, " - ");
        mp_buf_append(buf, by.data, by.size);
    }
}

void
describe_event(struct mp_buf *buf, struct span event)
{
    struct span amount = field(event, MODEL_FIELD_AMOUNT);
    struct span summary =
        mp_get_str(event, model_fields[MODEL_FIELD_SUMMARY].key);
    describe_date(buf, event);
    put_list(buf, field(event, MODEL_FIELD_PARTIES));
    put_list(buf, field(event, MODEL_FIELD_PEOPLE));
    if (amount.data != NULL) {
        words_put(buf, "\n");
        text_amount(buf, amount);
    }
    if (summary.data != NULL) {
        words_put(buf, "\n");
        mp_buf_append(buf, summary.data, summary.size);
    }
    put_quote(buf, field(event, MODEL_FIELD_QUOTE));
}

uint32_t
describe_sources(struct span event, struct mp_reader *sources)
{
    struct span list = field(event, MODEL_FIELD_SOURCES);
    *sources = mp_reader(list);
    return list.data != NULL ? mp_array(sources) : 0;
}

/* Nothing that a browser would run, and nothing that ends an attribute. */
static bool
is_web(struct span url)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < url.size; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || url.data[i] == '"' ||
            url.data[i] == '<' || url.data[i] == '>')
            return false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (url.size > strlen(schemes[i]) &&
            memcmp(url.data, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

bool
describe_source(struct mp_reader *sources, uint32_t *left, struct span *name,
                struct span *url)
{
    static const char *const names[] = {"title", "cite", "publisher", "url",
                                        "kind"};
    if (*left == 0 || sources->failed)
        return false;
    --*left;
    struct span source = mp_value(sources);
    *url = mp_get_str(source, "url");
    if (url->data != NULL && !is_web(*url))
        *url = (struct span){NULL, 0};
    *name = span_of("");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && name->size == 0;
         i++)
        *name = mp_get_str(source, names[i]);
    return true;
}
