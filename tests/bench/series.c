/* SPDX-License-Identifier: MIT */
#include "tests/bench/series.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/fail.h"

#define CAPACITY_FIRST 256

/* --- series ---------------------------------------------------------------*/

void
series_deinit(struct series *series)
{
    free(series->values);
    *series = (struct series){0};
}

void
series_clear(struct series *series)
{
    series->count = 0;
}

void
series_add(struct series *series, double value)
{
    if (series->count == series->capacity) {
        size_t capacity =
            series->capacity == 0 ? CAPACITY_FIRST : series->capacity * 2;
        double *values =
            realloc(series->values, capacity * sizeof(*series->values));
        if (values == NULL)
            fail("no memory");
        series->values = values;
        series->capacity = capacity;
    }
    series->values[series->count++] = value;
}

static int
compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

double
series_at(struct series *series, double share)
{
    if (series->count == 0)
        return 0;
    qsort(series->values, series->count, sizeof(*series->values), compare);
    size_t rank = (size_t)ceil((double)series->count * share);
    return series->values[rank == 0 ? 0 : rank - 1];
}

/* --- latency --------------------------------------------------------------*/

void
latency_deinit(struct latency *latency)
{
    series_deinit(&latency->round);
    series_deinit(&latency->p50s);
    series_deinit(&latency->p99s);
}

void
latency_add(struct latency *latency, double us)
{
    series_add(&latency->round, us);
}

void
latency_end_round(struct latency *latency)
{
    if (latency->round.count == 0)
        return;
    series_add(&latency->p50s, series_at(&latency->round, 0.5));
    series_add(&latency->p99s, series_at(&latency->round, 0.99));
    series_clear(&latency->round);
}

double
latency_p50(struct latency *latency)
{
    return series_at(&latency->p50s, 0.5);
}

double
latency_p99(struct latency *latency)
{
    return series_at(&latency->p99s, 0.5);
}

double
clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}
