/* SPDX-License-Identifier: MIT */
#include "daemon/asof.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/stored_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define DAY INT64_C(86400000)

/* --- days -----------------------------------------------------------------*/

static const struct {
    int64_t now, end;
} days[] = {
    {0, DAY - 1},
    {1, DAY - 1},
    {DAY - 1, DAY - 1},
    {DAY, 2 * DAY - 1},
    {INT64_C(1511222400000), INT64_C(1511308799999)}, /* 2017-11-21 */
    {INT64_C(1511308799999), INT64_C(1511308799999)},
    {-1, -1},
    {-DAY, -1},
    {-DAY - 1, -DAY - 1},
};

START_TEST(end_of_day_is_the_last_millisecond_of_it)
{
    ck_assert_int_eq(asof_end_of_day(days[_i].now), days[_i].end);
}
END_TEST

static const struct {
    int64_t t, k, days;
} lags[] = {
    {0, 0, 0},
    {0, DAY - 1, 0},
    {0, DAY, 1},
    {-1, DAY - 2, 0},
    {-1, DAY - 1, 1},
    {5, 4, 0},
    {DAY, 0, 0},
    {EDTF_MINUS_INFINITY, EDTF_MINUS_INFINITY, 0},
    {EDTF_PLUS_INFINITY, EDTF_PLUS_INFINITY, 0},
    {EDTF_PLUS_INFINITY, EDTF_MINUS_INFINITY, 0},
    {EDTF_PLUS_INFINITY, 0, 0},
    {EDTF_MINUS_INFINITY, EDTF_PLUS_INFINITY, INT64_C(213503982334)},
    {EDTF_MINUS_INFINITY, EDTF_PLUS_INFINITY - 1, INT64_C(213503982334)},
    {EDTF_MINUS_INFINITY + 1, EDTF_PLUS_INFINITY, INT64_C(213503982334)},
    {0, EDTF_PLUS_INFINITY, INT64_C(106751991167)},
    {EDTF_MINUS_INFINITY, 0, INT64_C(106751991167)},
};

START_TEST(lag_is_whole_days)
{
    ck_assert_int_eq(asof_lag_days(lags[_i].t, lags[_i].k), lags[_i].days);
}
END_TEST

/* --- as they are written --------------------------------------------------*/

static const struct {
    int64_t moment;
    const char *notation;
} moments[] = {
    {0, "'1970-01-01T00:00:00.000Z'"},
    {-1, "'1969-12-31T23:59:59.999Z'"},
    {EDTF_PLUS_INFINITY, "!nil"},
};

START_TEST(moment_is_text_or_nil)
{
    struct mp_buf got = {0}, want = encoded(moments[_i].notation);
    asof_put_moment(&got, moments[_i].moment);
    ck_assert(span_equal(mp_buf_span(&got), mp_buf_span(&want)));
    mp_buf_deinit(&got);
    mp_buf_deinit(&want);
}
END_TEST

static const struct {
    int64_t t, k;
    const char *notation;
} put_lags[] = {
    {0, 3 * DAY, "3"},
    {3 * DAY, 0, "0"},
    {0, EDTF_PLUS_INFINITY, "!nil"},
    {EDTF_PLUS_INFINITY - 1, EDTF_PLUS_INFINITY, "!nil"},
    {EDTF_MINUS_INFINITY, 0, "106751991167"},
};

START_TEST(lag_is_a_number_or_nil)
{
    struct mp_buf got = {0}, want = encoded(put_lags[_i].notation);
    asof_put_lag(&got, put_lags[_i].t, put_lags[_i].k);
    ck_assert(span_equal(mp_buf_span(&got), mp_buf_span(&want)));
    mp_buf_deinit(&got);
    mp_buf_deinit(&want);
}
END_TEST

/* --- recorded -------------------------------------------------------------*/

/* When the events were recorded; some batches share a moment. */
static const int64_t recorded[] = {-5, 10, 10, 10, 20, 30, 30, 40};

static const struct {
    int64_t moment;
    uint64_t seq;
} recorded_by[] = {
    {INT64_MIN, 0}, {-6, 0}, {-5, 1}, {9, 1},  {10, 4}, {19, 4},
    {20, 5},        {29, 5}, {30, 7}, {39, 7}, {40, 8}, {INT64_MAX, 8},
};

static void
make_log(struct data *data)
{
    char pairs[200];
    data_directory(data->path);
    data_open_log(data);
    for (int i = 0; i < COUNT_OF(recorded); i++) {
        snprintf(pairs, sizeof pairs, "'id':'e%d'," BASE, i + 1);
        stored_append(data, (uint64_t)i + 1, recorded[i], pairs);
    }
}

static void
assert_recorded_by(struct data *data, uint64_t tip, int64_t moment,
                   uint64_t want)
{
    uint64_t seq = UINT64_MAX;
    ck_assert_int_eq(log_read_begin(data->log_reader), LOG_OK);
    ck_assert_int_eq(asof_recorded_by(data->log_reader, tip, moment, &seq),
                     LOG_OK);
    log_read_end(data->log_reader);
    ck_assert_msg(seq == want, "by %" PRId64 " of %" PRIu64 ": %" PRIu64,
                  moment, tip, seq);
}

START_TEST(recorded_by_is_the_last_position_of_a_moment)
{
    struct data data = {0};
    make_log(&data);
    for (int i = 0; i < COUNT_OF(recorded_by); i++)
        for (uint64_t tip = 0; tip <= COUNT_OF(recorded); tip++)
            assert_recorded_by(&data, tip, recorded_by[i].moment,
                               recorded_by[i].seq < tip ? recorded_by[i].seq
                                                        : tip);
    data_close(&data);
}
END_TEST

/* A damaged event has the place in time of the next sound one below. */
START_TEST(recorded_by_goes_around_damaged_events)
{
    for (uint64_t seq = 1; seq <= COUNT_OF(recorded); seq++) {
        struct data data = {0};
        make_log(&data);
        data_close(&data);
        stored_damage(data.path, seq, 20, 0x10);
        data_open_log(&data);
        for (int i = 0; i < COUNT_OF(recorded_by); i++) {
            uint64_t want = recorded_by[i].seq;
            while (want < COUNT_OF(recorded) && want + 1 == seq &&
                   (want == 0 || recorded[want - 1] <= recorded_by[i].moment))
                want++;
            assert_recorded_by(&data, COUNT_OF(recorded), recorded_by[i].moment,
                               want);
        }
        data_close(&data);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("asof");
    TCase *tests = tcase_create("asof");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, end_of_day_is_the_last_millisecond_of_it, 0,
                        COUNT_OF(days));
    tcase_add_loop_test(tests, lag_is_whole_days, 0, COUNT_OF(lags));
    tcase_add_loop_test(tests, moment_is_text_or_nil, 0, COUNT_OF(moments));
    tcase_add_loop_test(tests, lag_is_a_number_or_nil, 0, COUNT_OF(put_lags));
    tcase_add_test(tests, recorded_by_is_the_last_position_of_a_moment);
    tcase_add_test(tests, recorded_by_goes_around_damaged_events);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
