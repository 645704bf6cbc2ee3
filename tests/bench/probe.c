/* SPDX-License-Identifier: MIT */
#include "tests/bench/probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/fail.h"

#define CAPACITY_FIRST 16
#define TEXT_SIZE 64

/* --- making ---------------------------------------------------------------*/

void
probe_list_deinit(struct probe_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mp_buf_deinit(&list->probes[i].params);
        latency_deinit(&list->probes[i].latency);
    }
    free(list->probes);
    *list = (struct probe_list){0};
}

void
probe_put_arguments(struct mp_buf *out, const struct probe_argument *arguments)
{
    uint32_t count = 0;
    size_t map = mp_open_map(out);
    for (const struct probe_argument *at = arguments; at->key != NULL; at++) {
        mp_put_text(out, at->key);
        if (at->text != NULL) {
            mp_put_text(out, at->text);
        } else if (at->number != 0) {
            mp_put_uint(out, at->number);
        } else if (at->only != NULL) {
            mp_put_array(out, 1);
            mp_put_text(out, at->only);
        } else {
            mp_put_bool(out, at->truth);
        }
        count++;
    }
    mp_close(out, map, count);
}

void
probe_add(struct probe_list *list, const struct probe *probe,
          const struct probe_argument *arguments)
{
    if (list->count == list->capacity) {
        size_t capacity =
            list->capacity == 0 ? CAPACITY_FIRST : list->capacity * 2;
        struct probe *probes =
            realloc(list->probes, capacity * sizeof(*list->probes));
        if (probes == NULL)
            fail("no memory");
        list->probes = probes;
        list->capacity = capacity;
    }
    struct probe *added = &list->probes[list->count++];
    *added = *probe;
    added->params = (struct mp_buf){0};
    added->latency = (struct latency){0};
    probe_put_arguments(&added->params, arguments);
}

/* --- asking ---------------------------------------------------------------*/

static uint64_t
count_of(struct span answer, const char *key)
{
    struct mp_reader reader = mp_reader(mp_get(answer, key));
    struct mp_token token = mp_next(&reader);
    if (reader.failed || (token.kind != MP_INT && token.kind != MP_ARRAY))
        return UINT64_MAX;
    return token.kind == MP_INT ? token.magnitude : token.count;
}

static void
check_answer(const struct probe *probe, const struct probe_check *check,
             struct span answer)
{
    if (check->key == NULL)
        return;
    uint64_t count = count_of(answer, check->key);
    if (count != check->expected)
        fail("%s, %llu: %s is %lld in the answer and should be %llu",
             probe->what, (unsigned long long)probe->size, check->key,
             (long long)count, (unsigned long long)check->expected);
}

static void
ask(struct probe *probe)
{
    double start = clock_us();
    struct span answer =
        link_call(probe->link, probe->method, mp_buf_span(&probe->params));
    latency_add(&probe->latency, clock_us() - start);
    check_answer(probe, &probe->check, answer);
    check_answer(probe, &probe->check_too, answer);
    probe->answer_size = answer.size;
}

static void
ask_round(struct probe *probe, const struct probe_effort *effort)
{
    double end = clock_us() + effort->seconds * 1e6;
    for (int i = 0; i < effort->calls && (i == 0 || clock_us() < end); i++)
        ask(probe);
    latency_end_round(&probe->latency);
}

/* --- telling --------------------------------------------------------------*/

/* `base` is the same question on the smallest log, or NULL for itself. */
static void
tell(struct probe *probe, struct probe *base, struct report *report)
{
    char what[TEXT_SIZE], remark[TEXT_SIZE];
    double p50 = latency_p50(&probe->latency);
    double base_p50 = base == NULL ? 0 : latency_p50(&base->latency);
    double base_p99 = base == NULL ? 0 : latency_p99(&base->latency);
    struct report_row row = {
        .group = probe->group,
        .what = probe->what,
        .size = probe->size,
        .value = {p50, base_p50},
        .unit = "us",
        .p99 = {latency_p99(&probe->latency), base_p99},
        .remark = remark,
    };
    snprintf(remark, sizeof(remark), "%llu %s, %zu B",
             (unsigned long long)probe->check.expected, probe->check.key,
             probe->answer_size);
    report_add(report, &row);
    if (!probe->folds)
        return;
    snprintf(what, sizeof(what), "%s, folded", probe->what);
    double rate = (double)probe->check.expected / p50;
    double base_rate =
        base == NULL ? 0 : (double)base->check.expected / base_p50;
    report_add(report, &(struct report_row){.group = probe->group,
                                            .what = what,
                                            .size = probe->size,
                                            .value = {rate, base_rate},
                                            .unit = "M ev/s"});
}

static bool
is_same(const struct probe *a, const struct probe *b)
{
    return strcmp(a->group, b->group) == 0 && strcmp(a->what, b->what) == 0;
}

static void
tell_all(struct probe_list *list, struct report *report)
{
    struct probe *probes = list->probes;
    for (size_t i = 0; i < list->count; i++) {
        size_t base = 0;
        while (!is_same(&probes[base], &probes[i]))
            base++;
        if (base < i)
            continue; /* told with its base */
        tell(&probes[i], NULL, report);
        for (size_t j = i + 1; j < list->count; j++) {
            if (is_same(&probes[i], &probes[j]))
                tell(&probes[j], &probes[i], report);
        }
    }
}

void
probe_run(struct probe_list *list, const struct probe_effort *effort,
          struct report *report)
{
    /* What is read from the disk for the first time says little. */
    for (size_t i = 0; i < list->count; i++) {
        ask(&list->probes[i]);
        series_clear(&list->probes[i].latency.round);
    }
    for (int round = 0; round < effort->rounds; round++) {
        for (size_t i = 0; i < list->count; i++)
            ask_round(&list->probes[i], effort);
    }
    tell_all(list, report);
}
