/* SPDX-License-Identifier: MIT */
/* Values that several answers of the model are made of. */
#include "tests/model/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/edtf.h"

#define MS_PER_DAY 86400000
#define MILLION 1000000
#define DECIMALS 6
/* 128 bits in decimal, a sign, a point and the NUL. */
#define MONEY_SIZE 48

json_t *
model_moment(int64_t moment_ms)
{
    if (moment_ms == EDTF_PLUS_INFINITY)
        return json_null();
    char text[EDTF_FORMAT_SIZE];
    edtf_format(moment_ms, text);
    return json_string(text);
}

json_t *
model_lag_days(const struct model_event *event)
{
    if (event->k == EDTF_PLUS_INFINITY)
        return json_null();
    if (event->k < event->t)
        return json_integer(0);
    /* Two moments of the whole range are further apart than 64 bits. */
    __int128 lag_ms = (__int128)event->k - event->t;
    return json_integer((json_int_t)(lag_ms / MS_PER_DAY));
}

/* --- sorted maps and arrays -----------------------------------------------*/

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *
model_sorted(json_t *map)
{
    size_t count = json_object_size(map);
    const char **keys = calloc(count + 1, sizeof(*keys));
    assert(keys != NULL);
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value)
    {
        keys[i++] = key;
    }
    qsort(keys, count, sizeof(keys[0]), compare_texts);
    json_t *sorted = json_object();
    for (i = 0; i < count; i++)
        json_object_set(sorted, keys[i], json_object_get(map, keys[i]));
    free(keys);
    return sorted;
}

void
model_join(json_t *sorted, const char *text)
{
    size_t i = 0;
    while (i < json_array_size(sorted)) {
        int order = strcmp(json_string_value(json_array_get(sorted, i)), text);
        if (order == 0)
            return;
        if (order > 0)
            break;
        i++;
    }
    json_array_insert_new(sorted, i, json_string(text));
}

/* --- money ----------------------------------------------------------------*/

/* In millionths. */
static __int128
money_of(const json_t *value)
{
    if (json_is_integer(value))
        return (__int128)json_integer_value(value) * MILLION;
    const char *at = json_string_value(value);
    bool negative = *at == '-';
    __int128 money = 0;
    int decimals = -1; /* before the point */
    for (at += negative; *at != '\0'; at++) {
        if (*at == '.') {
            decimals = 0;
            continue;
        }
        money = money * 10 + (*at - '0');
        if (decimals >= 0)
            decimals++;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < DECIMALS; i++)
        money *= 10;
    return negative ? -money : money;
}

static json_t *
money_text(__int128 money)
{
    char text[MONEY_SIZE];
    char *at = text + sizeof(text) - 1;
    *at = '\0';
    __int128 rest = money < 0 ? -money : money;
    bool shown = false; /* a decimal that is needed was met */
    for (int i = 0; i < DECIMALS; i++, rest /= 10) {
        shown = shown || rest % 10 != 0;
        if (shown)
            *--at = (char)('0' + (int)(rest % 10));
    }
    if (shown)
        *--at = '.';
    do
        *--at = (char)('0' + (int)(rest % 10));
    while ((rest /= 10) != 0);
    if (money < 0)
        *--at = '-';
    return json_string(at);
}

static const struct {
    const char *type;
    const char *kind;
} default_kinds[] = {
    {"offer", "offered"},       {"agreement", "committed"},
    {"amendment", "committed"}, {"investment", "invested"},
    {"settlement", "paid"},
};

static const char *
kind_of(const struct model_event *event, const json_t *amount)
{
    const char *kind = json_string_value(json_object_get(amount, "kind"));
    if (kind != NULL)
        return kind;
    for (size_t i = 0; i < sizeof(default_kinds) / sizeof(default_kinds[0]);
         i++) {
        if (strcmp(event->type, default_kinds[i].type) == 0)
            return default_kinds[i].kind;
    }
    return "estimate";
}

/* The sum of one kind and currency; true when there was any. */
static bool
sum_of(const struct model *model, const size_t *indexes, size_t count,
       const char *kind, const char *currency, __int128 *sum)
{
    bool any = false;
    *sum = 0;
    for (size_t i = 0; i < count; i++) {
        const struct model_event *event = &model->events[indexes[i]];
        const json_t *amount = json_object_get(event->json, "amount");
        if (amount == NULL || strcmp(kind_of(event, amount), kind) != 0 ||
            strcmp(json_string_value(json_object_get(amount, "currency")),
                   currency) != 0)
            continue;
        *sum += money_of(json_object_get(amount, "value"));
        any = true;
    }
    return any;
}

json_t *
model_totals(const struct model *model, const size_t *indexes, size_t count)
{
    json_auto_t *kinds = json_array();
    json_auto_t *currencies = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct model_event *event = &model->events[indexes[i]];
        const json_t *amount = json_object_get(event->json, "amount");
        if (amount == NULL)
            continue;
        model_join(kinds, kind_of(event, amount));
        model_join(currencies,
                   json_string_value(json_object_get(amount, "currency")));
    }
    json_t *totals = json_object();
    for (size_t i = 0; i < json_array_size(kinds); i++) {
        const char *kind = json_string_value(json_array_get(kinds, i));
        json_t *of_kind = json_object();
        for (size_t j = 0; j < json_array_size(currencies); j++) {
            const char *currency =
                json_string_value(json_array_get(currencies, j));
            __int128 sum;
            if (sum_of(model, indexes, count, kind, currency, &sum))
                json_object_set_new(of_kind, currency, money_text(sum));
        }
        json_object_set_new(totals, kind, of_kind);
    }
    return totals;
}
