/* SPDX-License-Identifier: MIT */
#include "client/params.h"

#include <stdlib.h>

#include "client/dates.h"

void
params_init(struct params *params)
{
    *params = (struct params){0};
    params->mark = mp_open_map(&params->buf);
}

void
params_deinit(struct params *params)
{
    mp_buf_deinit(&params->buf);
}

struct span
params_span(struct params *params)
{
    mp_close(&params->buf, params->mark, params->count);
    return mp_buf_span(&params->buf);
}

static void
put_key(struct params *params, const char *key)
{
    mp_put_text(&params->buf, key);
    params->count++;
}

void
params_text(struct params *params, const char *key, const char *text)
{
    put_key(params, key);
    mp_put_text(&params->buf, text);
}

void
params_str(struct params *params, const char *key, struct span text)
{
    put_key(params, key);
    mp_put_str(&params->buf, text);
}

void
params_bool(struct params *params, const char *key, bool truth)
{
    put_key(params, key);
    mp_put_bool(&params->buf, truth);
}

void
params_value(struct params *params, const char *key, struct span value)
{
    put_key(params, key);
    mp_put_raw(&params->buf, value);
}

void
params_number(struct params *params, const char *key, uint64_t number)
{
    put_key(params, key);
    mp_put_uint(&params->buf, number);
}

void
params_moment(struct params *params, const char *key, const char *text)
{
    if (args_is_position(text))
        params_number(params, key, strtoull(text, NULL, 10));
    else
        params_text(params, key, text);
}

void
params_option(struct params *params, const char *key, const struct args *args,
              const char *name)
{
    const char *text = args_text(args, name);
    if (text != NULL)
        params_text(params, key, text);
}

void
params_flag(struct params *params, const struct args *args, const char *name)
{
    if (args_has(args, name))
        params_bool(params, name, true);
}

/* The day that the daemon takes when no --at is given: the present one, UTC. */
static void
put_present_day(const struct args *args, char date[DATES_SIZE])
{
    struct tm utc;
    if (gmtime_r(&args->now.tv_sec, &utc) == NULL ||
        strftime(date, DATES_SIZE, "%Y-%m-%d", &utc) == 0)
        date[0] = '\0';
}

bool
params_as_of_at(struct params *params, const struct client *client,
                const struct args *args, const char *at)
{
    const char *known = args_text(args, "known");
    const char *recorded = args_text(args, "recorded");
    char present[DATES_SIZE]; /* outlives `at`, which may point to it */
    if (args_has(args, "then")) {
        if (known != NULL) {
            (void)client_usage(client, "--then means --known is --at; give "
                                       "--then or --known");
            return false;
        }
        put_present_day(args, present);
        at = at != NULL ? at : present;
        known = at;
    }
    if (at != NULL)
        params_text(params, "at", at);
    if (known != NULL)
        params_text(params, "known", known);
    if (recorded != NULL)
        params_moment(params, "recorded", recorded);
    return true;
}

bool
params_as_of(struct params *params, const struct client *client,
             const struct args *args)
{
    return params_as_of_at(params, client, args, args_text(args, "at"));
}
