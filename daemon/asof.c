/* SPDX-License-Identifier: MIT */
#include "daemon/asof.h"

#define DAY_MS INT64_C(86400000)

int64_t
asof_end_of_day(int64_t now_ms)
{
    int64_t of_day = now_ms % DAY_MS;
    if (of_day < 0)
        of_day += DAY_MS;
    return now_ms - of_day + DAY_MS - 1;
}

/* A damaged event still has a place in time: that of the next sound one
 * below. */
static enum log_result
recorded_at(struct log_reader *log, uint64_t seq, int64_t *recorded_ms)
{
    struct span bytes;
    for (; seq > 0; seq--) {
        enum log_result result = log_read(log, seq, &bytes);
        if (result == LOG_OK) {
            struct span value = mp_get(bytes, "recorded");
            struct mp_reader reader = mp_reader(value);
            *recorded_ms = mp_int(&reader);
            return LOG_OK;
        }
        if (result != LOG_CORRUPT)
            return result;
    }
    *recorded_ms = EDTF_MINUS_INFINITY;
    return LOG_OK;
}

enum log_result
asof_recorded_by(struct log_reader *log, uint64_t tip, int64_t moment_ms,
                 uint64_t *seq)
{
    uint64_t low = 0, high = tip; /* recorded never decreases */
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        int64_t recorded_ms = 0;
        enum log_result result = recorded_at(log, middle, &recorded_ms);
        if (result != LOG_OK)
            return LOG_FAILED;
        if (recorded_ms <= moment_ms)
            low = middle;
        else
            high = middle - 1;
    }
    *seq = low;
    return LOG_OK;
}

int64_t
asof_lag_days(int64_t t, int64_t k)
{
    if (k <= t)
        return 0;
    return (int64_t)(((__int128)k - t) / DAY_MS);
}

void
asof_put_moment(struct mp_buf *buf, int64_t moment_ms)
{
    char text[EDTF_FORMAT_SIZE];
    if (moment_ms == EDTF_PLUS_INFINITY) {
        mp_put_nil(buf);
        return;
    }
    size_t size = edtf_format(moment_ms, text);
    mp_put_str(buf, (struct span){(const uint8_t *)text, size});
}

void
asof_put_lag(struct mp_buf *buf, int64_t t, int64_t k)
{
    if (k == EDTF_PLUS_INFINITY)
        mp_put_nil(buf);
    else
        mp_put_int(buf, asof_lag_days(t, k));
}
