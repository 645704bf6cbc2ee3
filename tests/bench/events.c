/* SPDX-License-Identifier: MIT */
#include "tests/bench/events.h"

#include <stdlib.h>

#include "proto/calendar.h"
#include "proto/event.h"
#include "tests/bench/event_parts.h"
#include "tests/bench/fail.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* "18446744073709551615" behind it is still an id, or a slug. */
#define PREFIX_SIZE_MAX (MODEL_ID_SIZE_MAX - 20)
/* A court file goes back some years, most of them few. */
#define LAG_DAYS_MAX 2000
#define STRUCTURAL_SHARE 0.2
#define HOUR_SHARE 0.2
#define RETRACTED_SHARE 0.25
#define MONEY_SHARE 0.6
#define COUNTED_MONEY_SHARE 0.05

const struct events_shape events_shape_default = {
    .count = 10000,
    .names = "p-",
    .partnerships = 100,
    .year_first = 2000,
    .year_last = 2024,
    .late = 0.1,
    .behind = 0.02,
    .corrected = 0.02,
    .imprecise = 0.2,
    .seed = 1,
    .prefix = "e",
};

/* As often as they stand here. */
static const char *const counted_types[] = {
    "contact",    "contact",    "contact",   "contact",   "contact",
    "meeting",    "meeting",    "meeting",   "meeting",   "statement",
    "statement",  "note",       "note",      "milestone", "milestone",
    "regulatory", "investment", "personnel", "x-press",   "court_revelation",
};

/* --- opening --------------------------------------------------------------*/

static bool
is_share(double share)
{
    return share >= 0 && share <= 1;
}

static bool
is_prefix(const char *text)
{
    return strlen(text) <= PREFIX_SIZE_MAX && event_is_slug(span_of(text));
}

static void
shape_check(const struct events_shape *shape)
{
    if (shape->partnerships == 0)
        fail("at least one partnership");
    if (shape->year_first < 0 || shape->year_first > shape->year_last ||
        shape->year_last > 9999)
        fail("years from 0 to 9999, the first before the last");
    if (!is_share(shape->late) || !is_share(shape->behind) ||
        !is_share(shape->corrected) || !is_share(shape->imprecise) ||
        !is_share(shape->hot))
        fail("a share is a number from 0 to 1");
    if (!is_prefix(shape->prefix) || !is_prefix(shape->names))
        fail("a prefix is a slug of at most %zu characters", PREFIX_SIZE_MAX);
}

void
events_init(struct events *events, const struct events_shape *shape)
{
    shape_check(shape);
    *events = (struct events){
        .shape = *shape,
        .dice = {shape->seed},
        .day_first = calendar_month_start(shape->year_first, 1),
        .day_last = calendar_month_start(shape->year_last + 1, 1) - 1,
    };
    if (shape->parties < 2)
        events->shape.parties = shape->partnerships + 1;
    events->streams = calloc(shape->partnerships, sizeof(*events->streams));
    if (events->streams == NULL)
        fail("no memory");
}

void
events_deinit(struct events *events)
{
    free(events->streams);
    events->streams = NULL;
}

/* --- what happens next ----------------------------------------------------*/

static void
draft_offer(struct events_stream *stream, struct events *events,
            struct draft *draft)
{
    static const char *const ends[] = {"acceptance", "rejection", "withdrawal",
                                       "agreement"};
    if (stream->offer == 0) {
        draft->type = "offer";
        draft->amount = dice_chance(&events->dice, MONEY_SHARE);
        stream->offer = events->made;
        return;
    }
    bool room = stream->agreements[EVENTS_AGREEMENTS_MAX - 1] == 0;
    draft->type = ends[dice_below(&events->dice, room ? 4 : 3)];
    draft->re = stream->offer;
    stream->offer = 0;
}

/* Agreements lie in the order of their age, with the free places behind. */
static void
agreements_add(struct events_stream *stream, uint64_t number)
{
    size_t i = 0;
    while (stream->agreements[i] != 0)
        i++;
    stream->agreements[i] = number;
}

static void
draft_termination(struct events_stream *stream, struct events *events,
                  struct draft *draft)
{
    draft->type = "termination";
    if (dice_chance(&events->dice, 0.1)) { /* without re: all of them */
        memset(stream->agreements, 0, sizeof(stream->agreements));
        return;
    }
    draft->re = stream->agreements[0];
    memmove(stream->agreements, stream->agreements + 1,
            sizeof(stream->agreements) - sizeof(stream->agreements[0]));
    stream->agreements[EVENTS_AGREEMENTS_MAX - 1] = 0;
}

static void
draft_agreement(struct events_stream *stream, struct events *events,
                struct draft *draft)
{
    bool full = stream->agreements[EVENTS_AGREEMENTS_MAX - 1] != 0;
    bool any = stream->agreements[0] != 0;
    if (full || (any && dice_chance(&events->dice, 0.2))) {
        draft_termination(stream, events, draft);
    } else if (any && dice_chance(&events->dice, 0.6)) {
        draft->type = "amendment";
        draft->re = stream->agreements[0];
    } else {
        draft->type = "agreement";
    }
}

static void
draft_dispute(struct events_stream *stream, struct events *events,
              struct draft *draft)
{
    draft->type = "dispute";
    draft->re = stream->dispute;
    if (stream->dispute == 0) {
        stream->dispute = events->made;
        return;
    }
    draft->type = dice_chance(&events->dice, 0.7) ? "settlement" : "withdrawal";
    draft->amount = strcmp(draft->type, "settlement") == 0 &&
                    dice_chance(&events->dice, MONEY_SHARE);
    stream->dispute = 0;
}

static void
draft_structural(struct events_stream *stream, struct events *events,
                 struct draft *draft)
{
    static void (*const kinds[])(struct events_stream *, struct events *,
                                 struct draft *) = {
        draft_offer, draft_offer, draft_agreement, draft_agreement,
        draft_dispute};
    kinds[dice_below(&events->dice, COUNT(kinds))](stream, events, draft);
    bool agreement = strcmp(draft->type, "agreement") == 0;
    if (agreement)
        agreements_add(stream, events->made);
    if (agreement || strcmp(draft->type, "amendment") == 0) {
        draft->terms = true;
        draft->amount = dice_chance(&events->dice, MONEY_SHARE);
    }
}

/* Of a counted event, in its place: the same kind on the same day, or none. */
static void
draft_correction(struct events_stream *stream, struct events *events,
                 struct draft *draft)
{
    if (dice_chance(&events->dice, RETRACTED_SHARE)) {
        draft->type = "retraction";
        draft->re = stream->counted;
    } else {
        draft->type = counted_types[stream->counted_type];
        draft->day = stream->counted_day;
        draft->corrects = stream->counted;
    }
    stream->counted = 0;
    events->superseded++;
}

/* --- when -----------------------------------------------------------------*/

/* Short lags are frequent, long ones rare. */
static int64_t
random_lag(struct events *events)
{
    uint64_t longest = 1 + dice_below(&events->dice, LAG_DAYS_MAX);
    return 1 + (int64_t)dice_below(&events->dice, longest);
}

static int64_t
clamp(int64_t day, const struct events *events)
{
    if (day < events->day_first)
        return events->day_first;
    return day > events->day_last ? events->day_last : day;
}

/* It is told when it happens with the day on which it will be public, or
 * when it becomes public with the day on which it had happened. */
static void
draft_late(struct events *events, struct draft *draft)
{
    int64_t lag = random_lag(events);
    if (dice_chance(&events->dice, 0.5)) {
        draft->disclosure = DRAFT_ON_DAY;
        draft->disclosed_day = clamp(draft->day + lag, events);
        return;
    }
    draft->disclosure =
        events->revelation != 0 ? DRAFT_BY_REVELATION : DRAFT_ON_DAY;
    draft->disclosed_day = draft->day;
    draft->day = clamp(draft->day - lag, events);
}

static void
draft_counted(struct events_stream *stream, struct events *events,
              struct draft *draft)
{
    uint8_t type = (uint8_t)dice_below(&events->dice, COUNT(counted_types));
    draft->type = counted_types[type];
    draft->amount = !events->shape.only_counted &&
                    dice_chance(&events->dice, COUNTED_MONEY_SHARE);
    if (strcmp(draft->type, "court_revelation") == 0) {
        events->revelation = events->made;
        return; /* public, today: others take their date from it */
    }
    if (dice_chance(&events->dice, events->shape.late))
        draft_late(events, draft);
    else if (dice_chance(&events->dice, events->shape.behind))
        draft->day = clamp(draft->day - random_lag(events), events);
    if (dice_chance(&events->dice, events->shape.imprecise))
        draft->precision = DRAFT_IMPRECISE;
    else if (dice_chance(&events->dice, HOUR_SHARE))
        draft->precision = DRAFT_HOUR;
    stream->counted = events->made;
    stream->counted_day = (int32_t)draft->day;
    stream->counted_type = type;
}

/* --- one event ------------------------------------------------------------*/

static uint32_t
random_partnership(struct events *events)
{
    if (dice_chance(&events->dice, events->shape.hot))
        return 0;
    /* Each has an event before any has its second. */
    uint64_t index = events->made - 1;
    if (index < events->shape.partnerships)
        return (uint32_t)index;
    return (uint32_t)dice_below(&events->dice, events->shape.partnerships);
}

bool
events_next(struct events *events, struct mp_buf *out)
{
    const struct events_shape *shape = &events->shape;
    if (events->made == shape->count)
        return false;
    double days = (double)(events->day_last - events->day_first);
    double passed = (double)events->made / (double)shape->count;
    events->made++;
    struct draft draft = {
        .day = events->day_first + (int64_t)(days * passed),
        .partnership = random_partnership(events),
    };
    struct events_stream *stream = &events->streams[draft.partnership];
    if (stream->counted != 0 && dice_chance(&events->dice, shape->corrected))
        draft_correction(stream, events, &draft);
    else if (!shape->only_counted &&
             dice_chance(&events->dice, STRUCTURAL_SHARE))
        draft_structural(stream, events, &draft);
    else
        draft_counted(stream, events, &draft);
    draft_write(&draft, events, out);
    return true;
}
