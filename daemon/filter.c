/* SPDX-License-Identifier: MIT */
#include "daemon/filter.h"

#include "proto/event.h"

static struct span
keep(struct filter *filter, const struct arg_value *arg, size_t start)
{
    if (!arg->given)
        return (struct span){0};
    return (struct span){filter->text.data + start, arg->bytes.size};
}

bool
filter_init(struct filter *filter, const struct args *args)
{
    const struct arg_value *partnership = &args->values[ARG_PARTNERSHIP];
    const struct arg_value *party = &args->values[ARG_PARTY];
    const struct arg_value *types = &args->values[ARG_TYPES];
    *filter = (struct filter){0};
    if (!partnership->given && !party->given && !types->given)
        return true;
    mp_buf_append(&filter->text, partnership->bytes.data,
                  partnership->bytes.size);
    mp_buf_append(&filter->text, party->bytes.data, party->bytes.size);
    mp_buf_append(&filter->text, types->bytes.data, types->bytes.size);
    if (filter->text.failed)
        return false;
    size_t start = partnership->bytes.size;
    filter->partnership = keep(filter, partnership, 0);
    filter->party = keep(filter, party, start);
    filter->types = keep(filter, types, start + party->bytes.size);
    return true;
}

void
filter_deinit(struct filter *filter)
{
    mp_buf_deinit(&filter->text);
}

bool
filter_is_empty(const struct filter *filter)
{
    return filter->partnership.data == NULL && filter->party.data == NULL &&
           filter->types.data == NULL;
}

/* Is `text` one of the str in an array? */
static bool
array_has(struct span array, struct span text)
{
    struct mp_reader reader = mp_reader(array);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        if (span_equal(mp_str(&reader), text) && !reader.failed)
            return true;
    return false;
}

bool
filter_matches(const struct filter *filter, struct span event)
{
    if (filter->partnership.data != NULL &&
        !span_equal(mp_get_str(event, "partnership"), filter->partnership))
        return false;
    if (filter->types.data != NULL &&
        !array_has(filter->types, mp_get_str(event, "type")))
        return false;
    return filter->party.data == NULL ||
           array_has(mp_get(event, "parties"), filter->party);
}
