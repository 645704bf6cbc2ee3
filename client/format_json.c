/* SPDX-License-Identifier: MIT */
#include "client/output.h"

#include "client/json.h"

/*
 * json: one document, a list as an array with an item a line.
 * jsonl: one compact value a line.
 */

static void
write_value(struct output *out, struct span value, enum json_style style)
{
    mp_buf_clear(&out->line);
    json_put(&out->line, value, style);
    output_write(out, mp_buf_span(&out->line));
}

static void
begin_array(struct output *out)
{
    output_put(out, "[");
}

static void
put_item(struct output *out, struct span value)
{
    output_put(out, out->count == 0 ? "\n" : ",\n");
    write_value(out, value, JSON_COMPACT);
}

static void
end_array(struct output *out)
{
    output_put(out, out->count == 0 ? "]\n" : "\n]\n");
}

static void
put_document(struct output *out, struct span value)
{
    write_value(out, value, JSON_PRETTY);
    output_put(out, "\n");
}

static void
put_line(struct output *out, struct span value)
{
    write_value(out, value, JSON_COMPACT);
    output_put(out, "\n");
}

const struct format format_json = {
    .name = "json",
    .begin = begin_array,
    .item = put_item,
    .end = end_array,
    .document = put_document,
};

const struct format format_jsonl = {
    .name = "jsonl",
    .item = put_line,
    .document = put_line,
};
