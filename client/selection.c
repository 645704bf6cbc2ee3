/* SPDX-License-Identifier: MIT */
#include "client/selection.h"

#include <string.h>

#include "client/complain.h"
#include "proto/model.h"

const char *const selection_orders[] = {"recorded", "occurred", "disclosed",
                                        NULL};

const struct arg_spec selection_specs[] = {
    SELECTION_FILTERS,
    SELECTION_RANGE,
    SELECTION_ORDER,
    {0},
};

/* --- options --------------------------------------------------------------*/

static bool
is_recorded_order(const struct args *args)
{
    const char *order = args_text(args, "order");
    return order == NULL || strcmp(order, selection_orders[0]) == 0;
}

/* A bare year is a position only where positions are the order. */
static bool
put_bound(struct params *params, const struct client *client,
          const struct args *args, const char *name)
{
    char date[DATES_SIZE], fault[ARGS_FAULT_SIZE];
    const char *text = args_text(args, name);
    if (text == NULL)
        return true;
    if (is_recorded_order(args)) {
        params_moment(params, name, text);
        return true;
    }
    if (!args_date(args, name, text, date, fault)) {
        (void)client_usage(client, "--%s", fault);
        return false;
    }
    params_text(params, name, date);
    return true;
}

static bool
put_superseded(struct params *params, const struct client *client,
               const struct args *args)
{
    bool with = args_has(args, "superseded");
    bool without = args_has(args, "no-superseded");
    if (with && without) {
        (void)client_usage(client, "--superseded or --no-superseded, not both");
        return false;
    }
    if (with || without)
        params_bool(params, "superseded", with);
    return true;
}

static void
put_types(struct params *params, const struct args *args)
{
    size_t count = args_count(args, "type");
    if (count == 0)
        return;
    mp_put_text(&params->buf, "types");
    mp_put_array(&params->buf, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        mp_put_text(&params->buf, args_nth(args, "type", i));
    params->count++;
}

static bool
add_options(struct wanted *wanted, const struct args *args, const char *name,
            enum wanted_place place)
{
    size_t count = args_count(args, name);
    for (size_t i = 0; i < count; i++)
        if (!wanted_add(wanted, place, args_nth(args, name, i)))
            return false;
    return true;
}

static bool
add_operands(struct wanted *wanted, const struct args *args)
{
    for (size_t i = 0; i < args->operand_count; i++)
        if (!wanted_add(wanted, WANTED_ANYWHERE, args->operands[i]))
            return false;
    return true;
}

enum client_status
selection_init(struct selection *selection, const struct client *client,
               const struct args *args)
{
    *selection = (struct selection){.limit = args_number(args, "limit", 0)};
    struct params *params = &selection->params;
    params_init(params);
    params_option(params, "order", args, "order");
    params_option(params, "partnership", args, "partnership");
    params_option(params, "party", args, "party");
    put_types(params, args);
    params_flag(params, args, "reverse");
    selection->forward = is_recorded_order(args) && !args_has(args, "reverse");
    if (!put_bound(params, client, args, "from") ||
        !put_bound(params, client, args, "to") ||
        !put_superseded(params, client, args) ||
        !params_as_of(params, client, args))
        return CLIENT_USAGE;
    struct wanted *wanted = &selection->wanted;
    if (!add_options(wanted, args, "person", WANTED_PERSON) ||
        !add_options(wanted, args, "source", WANTED_SOURCE) ||
        !add_operands(wanted, args)) {
        complain("no memory");
        return CLIENT_REFUSED;
    }
    if (selection->limit > 0 && wanted->count == 0)
        params_number(params, "limit", selection->limit);
    return CLIENT_DONE;
}

void
selection_deinit(struct selection *selection)
{
    params_deinit(&selection->params);
    wanted_deinit(&selection->wanted);
    id_set_deinit(&selection->told);
}

/* --- walking --------------------------------------------------------------*/

struct walk {
    struct client *client;
    struct selection *selection;
    bool (*on_event)(void *context, struct span event);
    void *context;
    uint64_t count;
    uint64_t seen;        /* position of the last event, wanted or not */
    struct mp_buf params; /* of what is left, but for a cursor */
};

static bool
take_event(void *context, struct entente_bytes bytes)
{
    struct walk *walk = context;
    struct span event = {bytes.data, bytes.size};
    walk->seen = mp_get_uint(event, "seq");
    if (!wanted_is(&walk->selection->wanted, event))
        return client_go_on(walk->client);
    walk->count++;
    return walk->on_event(walk->context, event) &&
           walk->count != walk->selection->limit && client_go_on(walk->client);
}

bool
selection_is_damage(struct selection *selection, struct client *client,
                    enum entente_result result,
                    const struct entente_error *error)
{
    if (result != ENTENTE_REFUSED ||
        strcmp(error->code, model_errors[MODEL_CORRUPT].code) != 0)
        return false;
    struct entente_bytes map = entente_error_map(client->daemon);
    struct span seq = mp_get((struct span){map.data, map.size}, "seq");
    bool told = id_set_has(&selection->told, seq);
    bool noted = told || id_set_add(&selection->told, seq);
    (void)noted; /* without memory it is told again */
    selection->damaged = true;
    if (!told) {
        output_flush(&client->out);
        (void)client_fail(result, error);
    }
    return true;
}

/* What stands behind the damage that was answered, or nothing. */
static void
copy_cursor(struct mp_buf *cursor, const struct client *client)
{
    struct entente_bytes map = entente_error_map(client->daemon);
    struct span behind =
        mp_get_str((struct span){map.data, map.size}, "cursor");
    mp_buf_clear(cursor);
    mp_buf_append(cursor, behind.data, behind.size);
}

static enum client_status
fail(const struct walk *walk, enum entente_result result,
     const struct entente_error *error)
{
    output_flush(&walk->client->out);
    enum client_status status = client_fail(result, error);
    if (walk->count > 0)
        remark("the replay ended early, after %llu events",
               (unsigned long long)walk->count);
    return status;
}

/* In the order of the log, the walk may begin again behind what it has. */
static void
begin_behind(struct walk *walk)
{
    struct mp_buf params = {0};
    struct mp_reader reader = mp_reader(mp_buf_span(&walk->params));
    uint32_t count = mp_map(&reader), kept = 0;
    size_t mark = mp_open_map(&params);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        const uint8_t *start = reader.at;
        bool left_out = span_is(mp_str(&reader), "from");
        (void)mp_value(&reader);
        if (left_out)
            continue;
        mp_put_raw(&params, (struct span){start, (size_t)(reader.at - start)});
        kept++;
    }
    mp_put_text(&params, "from");
    mp_put_uint(&params, walk->seen + 1);
    mp_close(&params, mark, kept + 1);
    mp_buf_deinit(&walk->params);
    walk->params = params;
}

enum stream_end {
    STREAM_WHOLE,
    STREAM_DAMAGE, /* it goes on by the cursor, where there is one */
    STREAM_LOST,   /* it can go on behind walk->seen */
    STREAM_FAILED,
};

/* One stream: to the end, or to an event that is damaged, or as long as the
 * connection holds. */
static enum stream_end
stream(struct walk *walk, struct span params, struct mp_buf *cursor,
       enum client_status *status)
{
    struct entente_error error;
    struct client *client = walk->client;
    uint64_t seen = walk->seen;
    enum entente_result result = entente_replay(
        client->daemon, (struct entente_bytes){params.data, params.size},
        take_event, walk, &error);
    if (selection_is_damage(walk->selection, client, result, &error)) {
        copy_cursor(cursor, client);
        return STREAM_DAMAGE;
    }
    if (result == ENTENTE_OK)
        return STREAM_WHOLE;
    if (result == ENTENTE_LOST && walk->selection->forward && walk->seen > seen)
        return STREAM_LOST;
    *status = fail(walk, result, &error);
    return STREAM_FAILED;
}

/* Each round but the last has seen something more: it ends. */
static enum client_status
walk_all(struct walk *walk)
{
    struct mp_buf params = {0}, cursor = {0};
    enum client_status status = CLIENT_DONE;
    bool more = true;
    while (more) {
        struct span behind = {cursor.size > 0 ? cursor.data : NULL,
                              cursor.size};
        client_page_params(&params, mp_buf_span(&walk->params), behind);
        switch (stream(walk, mp_buf_span(&params), &cursor, &status)) {
        case STREAM_DAMAGE:
            more = cursor.size > 0;
            break;
        case STREAM_LOST:
            begin_behind(walk);
            break;
        case STREAM_WHOLE:
        case STREAM_FAILED:
            more = false;
            break;
        }
        more = more && client_go_on(walk->client);
    }
    mp_buf_deinit(&params);
    mp_buf_deinit(&cursor);
    return status;
}

enum client_status
selection_walk(struct selection *selection, struct client *client,
               bool (*on_event)(void *context, struct span event),
               void *context)
{
    struct walk walk = {.client = client,
                        .selection = selection,
                        .on_event = on_event,
                        .context = context};
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    mp_put_raw(&walk.params, params_span(&selection->params));
    status = walk_all(&walk);
    mp_buf_deinit(&walk.params);
    return status;
}

static bool
write_event(void *context, struct span event)
{
    struct client *client = context;
    output_item(&client->out, SUBJECT_REPLAY, event);
    return true;
}

enum client_status
selection_run(struct client *client, const struct args *args)
{
    struct selection selection;
    enum client_status status = selection_init(&selection, client, args);
    if (status == CLIENT_DONE)
        status = selection_walk(&selection, client, write_event, client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_REPLAY);
    if (status == CLIENT_DONE && selection.damaged)
        status = CLIENT_REFUSED;
    selection_deinit(&selection);
    return status;
}
