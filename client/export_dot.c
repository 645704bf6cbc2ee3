/* SPDX-License-Identifier: MIT */
#include "client/export.h"

#include "client/complain.h"
#include "client/id_set.h"
#include "client/params.h"
#include "client/text.h"
#include "client/words.h"

/*
 * The DOT language: https://graphviz.org/doc/info/lang.html
 *
 * Parties and agreements are nodes; who made one stands at its edges.  The
 * agreements of a partnership stand together.
 */

/* Columns of a title before it goes on below. */
#define TITLE_WIDTH 28

/* A page of partnerships: the most that the daemon gives. */
#define PAGE_SIZE 1000

struct dot {
    struct client *client;
    const struct args *args;
    uint64_t tip;         /* all that is asked is asked of this log */
    struct id_set slugs;  /* of partnerships with something in force */
    struct mp_buf events; /* agreements of a partnership, copied */
    struct mp_buf text;
    bool headed; /* nothing was wrong with the question */
    bool begun;  /* the partnership's own frame */
};

/* --- the language ---------------------------------------------------------*/

/* Within one, a backslash begins an escape and an ampersand an entity. */
static void
put_characters(struct mp_buf *buf, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = (char)text.data[i];
        if (byte == '"' || byte == '\\')
            words_put(buf, "\\");
        if (byte == '&')
            words_put(buf, "&amp;");
        else if (byte == '\n')
            words_put(buf, "\\n");
        else
            mp_buf_append(buf, &byte, 1);
    }
}

void
export_dot_string(struct mp_buf *buf, struct span text)
{
    words_put(buf, "\"");
    put_characters(buf, text);
    words_put(buf, "\"");
}

/* What it is, and its name, since parties and agreements may share one. */
static void
put_node(struct mp_buf *buf, const char *kind, struct span name)
{
    words_put(buf, "\"");
    words_put(buf, kind);
    words_put(buf, " ");
    put_characters(buf, name);
    words_put(buf, "\"");
}

static void
put_label(struct mp_buf *buf, struct span agreement)
{
    struct mp_buf label = {0}, title = {0};
    struct span line;
    text_put_clean(&title, mp_get_str(agreement, "title"), false);
    struct span rest = mp_buf_span(&title);
    while (text_wrap(&rest, TITLE_WIDTH, &line)) {
        mp_buf_append(&label, line.data, line.size);
        words_put(&label, "\n");
    }
    words_date(&label, mp_get_str(agreement, "occurred"));
    words_put(buf, " [shape=box, label=");
    export_dot_string(buf, mp_buf_span(&label));
    words_put(buf, "];\n");
    buf->failed |= label.failed || title.failed;
    mp_buf_deinit(&label);
    mp_buf_deinit(&title);
}

/* --- what is asked --------------------------------------------------------*/

/* The dates of the question, and its log as it was at the beginning. */
static bool
put_as_of(const struct dot *dot, struct params *params)
{
    if (!params_as_of(params, dot->client, dot->args))
        return false;
    if (!args_has(dot->args, "recorded"))
        params_number(params, "recorded", dot->tip);
    return true;
}

static enum client_status
add_page(void *context, struct span page)
{
    struct dot *dot = context;
    struct mp_reader rows = mp_reader(mp_get(page, "partnerships"));
    uint32_t count = mp_array(&rows);
    for (uint32_t i = 0; i < count && !rows.failed; i++) {
        struct span row = mp_value(&rows);
        if (mp_get_uint(row, "agreements") > 0 &&
            !id_set_add(&dot->slugs, mp_get_str(row, "partnership"))) {
            complain("no memory");
            return CLIENT_REFUSED;
        }
    }
    return CLIENT_DONE;
}

static enum client_status
find_partnerships(struct dot *dot)
{
    const char *one = args_text(dot->args, "partnership");
    enum client_status status = CLIENT_USAGE;
    struct params params;
    if (one != NULL)
        return id_set_add(&dot->slugs, span_of(one)) ? CLIENT_DONE
                                                     : CLIENT_REFUSED;
    params_init(&params);
    params_option(&params, "party", dot->args, "party");
    params_number(&params, "limit", PAGE_SIZE);
    if (put_as_of(dot, &params))
        status = client_pages(dot->client, "portfolio", params_span(&params),
                              add_page, dot);
    params_deinit(&params);
    return status;
}

static bool
has_party(struct span parties, const char *party)
{
    struct mp_reader reader = mp_reader(parties);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        if (span_is(mp_str(&reader), party))
            return true;
    return false;
}

/* --- what is drawn --------------------------------------------------------*/

static void
draw_frame(struct dot *dot, struct span slug)
{
    if (dot->begun)
        return;
    dot->begun = true;
    words_put(&dot->text, "    subgraph ");
    put_node(&dot->text, "cluster", slug);
    words_put(&dot->text, " {\n        label=");
    export_dot_string(&dot->text, slug);
    words_put(&dot->text, ";\n");
}

static void
draw_edges(struct mp_buf *edges, struct span id, struct span parties)
{
    struct mp_reader reader = mp_reader(parties);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        struct span party = mp_str(&reader);
        words_put(edges, "    ");
        put_node(edges, "party", party);
        words_put(edges, " [label=");
        export_dot_string(edges, party);
        words_put(edges, "];\n    ");
        put_node(edges, "party", party);
        words_put(edges, " -- ");
        put_node(edges, "agreement", id);
        words_put(edges, ";\n");
    }
}

/* `agreement` is of the state; who made it only its event knows. */
static enum client_status
draw_agreement(struct dot *dot, struct span slug, struct span agreement,
               struct mp_buf *edges)
{
    struct params params;
    struct span event, id = mp_get_str(agreement, "id");
    const char *party = args_text(dot->args, "party");
    params_init(&params);
    params_value(&params, "id", mp_get(agreement, "id"));
    enum client_status status =
        client_call(dot->client, "get", params_span(&params), &event);
    params_deinit(&params);
    if (status != CLIENT_DONE)
        return status;
    struct span parties = mp_get(event, "parties");
    if (party != NULL && !has_party(parties, party))
        return CLIENT_DONE;
    draw_frame(dot, slug);
    words_put(&dot->text, "        ");
    put_node(&dot->text, "agreement", id);
    put_label(&dot->text, agreement);
    draw_edges(edges, id, parties);
    return CLIENT_DONE;
}

static enum client_status
draw_agreements(struct dot *dot, struct span slug, struct mp_buf *edges)
{
    enum client_status status = CLIENT_DONE;
    struct mp_reader reader = mp_reader(mp_buf_span(&dot->events));
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed && status == CLIENT_DONE;
         i++) {
        struct span agreement = mp_value(&reader);
        if (span_is(mp_get_str(agreement, "status"), "in_force"))
            status = draw_agreement(dot, slug, agreement, edges);
    }
    return status;
}

static void
draw_head(struct dot *dot)
{
    struct mp_buf title = {0}, head = {0};
    const char *at = args_text(dot->args, "at");
    const char *known = args_text(dot->args, "known");
    if (dot->headed)
        return;
    dot->headed = true;
    known = args_has(dot->args, "then") ? at : known;
    words_put(&title, "Agreements in force");
    if (at != NULL) {
        words_put(&title, " as of ");
        words_date(&title, span_of(at));
    }
    if (known != NULL) {
        words_put(&title, ", by what was public on ");
        words_date(&title, span_of(known));
    }
    words_put(&head, "graph entente {\n    graph [labelloc=t, label=");
    export_dot_string(&head, mp_buf_span(&title));
    words_put(&head, "];\n    node [shape=ellipse];\n");
    output_write(&dot->client->out, mp_buf_span(&head));
    mp_buf_deinit(&title);
    mp_buf_deinit(&head);
}

static enum client_status
draw_partnership(struct dot *dot, struct span slug)
{
    struct params params;
    struct mp_buf edges = {0};
    struct span state;
    enum client_status status = CLIENT_USAGE;
    params_init(&params);
    params_str(&params, "partnership", slug);
    if (put_as_of(dot, &params))
        status =
            client_call(dot->client, "state", params_span(&params), &state);
    params_deinit(&params);
    if (status != CLIENT_DONE)
        return status;
    mp_buf_clear(&dot->text);
    mp_buf_clear(&dot->events);
    mp_put_raw(&dot->events, mp_get(state, "agreements"));
    dot->begun = false;
    status = draw_agreements(dot, slug, &edges);
    if (dot->begun)
        words_put(&dot->text, "    }\n");
    draw_head(dot);
    output_write(&dot->client->out, mp_buf_span(&dot->text));
    output_write(&dot->client->out, mp_buf_span(&edges));
    mp_buf_deinit(&edges);
    return status;
}

static enum client_status
draw(struct dot *dot)
{
    size_t at = 0;
    struct span slug;
    enum client_status status = find_partnerships(dot);
    if (status != CLIENT_DONE)
        return status;
    while (status == CLIENT_DONE && client_go_on(dot->client) &&
           id_set_next(&dot->slugs, &at, &slug))
        status = draw_partnership(dot, slug);
    if (status != CLIENT_DONE)
        return status;
    draw_head(dot);
    output_put(&dot->client->out, "}\n");
    return status;
}

enum client_status
export_dot(struct client *client, const struct args *args)
{
    struct dot dot = {.client = client, .args = args};
    struct span hello;
    enum client_status status =
        client_call(client, "hello", span_of("\x80"), &hello);
    if (status != CLIENT_DONE)
        return status;
    dot.tip = mp_get_uint(hello, "tip");
    status = draw(&dot);
    id_set_deinit(&dot.slugs);
    mp_buf_deinit(&dot.events);
    mp_buf_deinit(&dot.text);
    return status;
}
