/* SPDX-License-Identifier: MIT */
/* Which space of the journal is free, against a model that keeps a list of
 * everything and looks at each block. */
#include "daemon/log_tail.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/data_fixture.h"
#include "tests/unit/random_fixture.h"

#define BLOCK LOG_JOURNAL_BLOCK
#define BLOCKS_MAX ((size_t)64)
#define GROUPS_MAX 40000
#define PINS 4
#define STEPS 20000

/* --- the model ------------------------------------------------------------*/

struct model_group {
    uint64_t offset, length, first, count;
    bool absorbed;
};

struct model_pin {
    bool reading;
    uint64_t above, tip; /* what it reads from the tail: behind the one, up to
                            the other */
};

struct model {
    struct log_tail tail;
    struct log_pin pins[PINS];
    struct model_pin model_pins[PINS];
    struct model_group *groups; /* all that ever were */
    size_t group_count, absorbed_count;
    uint64_t blocks, tip, absorbed, end;
    uint64_t dice;
};

/* Somebody may still look for one of its events, or log.mdb lacks it. */
static bool
is_needed(const struct model *model, const struct model_group *group)
{
    uint64_t last = group->first + group->count - 1;
    for (size_t i = 0; i < PINS; i++)
        if (model->model_pins[i].reading && model->model_pins[i].above < last)
            return true;
    return !group->absorbed;
}

static bool
is_free(const struct model *model, uint64_t offset, uint64_t length)
{
    if (offset + length > model->blocks * BLOCK)
        return false;
    for (size_t i = model->group_count; i-- > 0;) {
        const struct model_group *group = &model->groups[i];
        /* so many groups are more than all blocks */
        if (model->group_count - i > 2 * BLOCKS_MAX)
            break;
        if (is_needed(model, group) && group->offset < offset + length &&
            offset < group->offset + group->length)
            return false;
    }
    return true;
}

/* From the oldest event that is needed to the newest. */
static uint64_t
events_held(const struct model *model)
{
    size_t from = model->group_count;
    while (from > 0 && is_needed(model, &model->groups[from - 1]))
        from--;
    if (from == model->group_count)
        return 0;
    const struct model_group *last = &model->groups[model->group_count - 1];
    return last->first + last->count - model->groups[from].first;
}

static uint64_t
place(const struct model *model, uint64_t length, uint64_t count)
{
    if (events_held(model) + count > LOG_TAIL_EVENTS_MAX)
        return 0;
    if (is_free(model, model->end, length))
        return model->end;
    return is_free(model, LOG_JOURNAL_START, length) ? LOG_JOURNAL_START : 0;
}

/* --- the same done to both ------------------------------------------------*/

/* An offset that nothing else has: what the tail is to find again. */
static uint64_t
record_of(const struct model_group *group, uint64_t seq)
{
    return group->offset + 1 + (seq - group->first) % (BLOCK - 1);
}

static void
push(struct model *model, uint64_t length, uint64_t count)
{
    struct log_tail *tail = &model->tail;
    ck_assert(log_tail_can_ever_hold(tail, length, (size_t)count));
    pthread_mutex_lock(&tail->lock);
    uint64_t offset = log_tail_place_locked(tail, length, (size_t)count);
    pthread_mutex_unlock(&tail->lock);
    ck_assert_uint_eq(offset, place(model, length, count));
    if (offset == 0 || model->group_count == GROUPS_MAX)
        return;
    struct model_group *group = &model->groups[model->group_count++];
    *group = (struct model_group){offset, length, model->tip + 1, count, false};
    for (uint64_t seq = group->first; seq < group->first + count; seq++)
        log_tail_note(tail, seq, record_of(group, seq));
    const struct log_journal_group pushed = {
        .offset = offset,
        .length = length,
        .size = length - 1,
        .first = group->first,
        .event_count = (uint32_t)count,
    };
    pthread_mutex_lock(&tail->lock);
    log_tail_push_locked(tail, &pushed, model->group_count);
    pthread_mutex_unlock(&tail->lock);
    model->tip += count;
    model->end = offset + length;
}

static void
absorb(struct model *model, size_t count)
{
    struct log_tail *tail = &model->tail;
    pthread_mutex_lock(&tail->lock);
    for (size_t i = 0; i < count; i++) {
        const struct model_group *group =
            &model->groups[model->absorbed_count + i];
        ck_assert_uint_eq(log_tail_group_locked(tail, i)->first, group->first);
        ck_assert_uint_eq(log_tail_group_locked(tail, i)->offset,
                          group->offset);
    }
    log_tail_absorb_locked(tail, count, 1);
    pthread_mutex_unlock(&tail->lock);
    for (; count > 0; count--) {
        struct model_group *group = &model->groups[model->absorbed_count++];
        group->absorbed = true;
        model->absorbed = group->first + group->count - 1;
    }
}

static void
pass(struct model *model, uint64_t count)
{
    pthread_mutex_lock(&model->tail.lock);
    log_tail_pass_locked(&model->tail, model->tip + count);
    pthread_mutex_unlock(&model->tail.lock);
    model->tip += count;
    model->absorbed = model->tip;
}

static void
turn_pin(struct model *model, size_t index)
{
    struct model_pin *pin = &model->model_pins[index];
    if (pin->reading) {
        log_tail_unpin(&model->tail, &model->pins[index]);
        *pin = (struct model_pin){0};
        return;
    }
    log_tail_pin(&model->tail, &model->pins[index]);
    *pin = (struct model_pin){true, model->absorbed, model->tip};
    ck_assert_uint_eq(model->pins[index].above, model->absorbed);
}

/* --- claims ---------------------------------------------------------------*/

/* Every reader finds every event that it may look for in the tail. */
static void
check_readers(struct model *model)
{
    for (size_t i = 0; i < PINS; i++) {
        const struct model_pin *pin = &model->model_pins[i];
        if (!pin->reading)
            continue;
        for (size_t at = model->group_count; at-- > 0;) {
            const struct model_group *group = &model->groups[at];
            if (group->first + group->count - 1 <= pin->above)
                break;
            if (group->count == 0 || group->first > pin->tip)
                continue;
            uint64_t seq =
                group->first + random_below(&model->dice, group->count);
            ck_assert_uint_eq(log_tail_find(&model->tail, seq),
                              record_of(group, seq));
            ck_assert(!is_free(model, group->offset, group->length));
        }
    }
}

static void
check_counts(const struct model *model)
{
    const struct log_tail *tail = &model->tail;
    uint64_t length = 0, size = 0;
    for (size_t i = model->absorbed_count; i < model->group_count; i++) {
        length += model->groups[i].length;
        size += model->groups[i].length - 1;
    }
    ck_assert_uint_eq(log_tail_pending_locked(tail),
                      model->group_count - model->absorbed_count);
    ck_assert_uint_eq(log_tail_settled_locked(tail), model->absorbed_count);
    ck_assert_uint_eq(tail->pending_length, length);
    ck_assert_uint_eq(tail->pending_size, size);
    ck_assert_uint_eq(tail->absorbed, model->absorbed);
    ck_assert_uint_eq(tail->end, model->end);
}

/* --- tests ----------------------------------------------------------------*/

static void
begin(struct model *model, uint64_t blocks, uint64_t absorbed)
{
    *model = (struct model){
        .blocks = blocks,
        .tip = absorbed,
        .absorbed = absorbed,
        .end = LOG_JOURNAL_START,
        .dice = random_seed("tail"),
        .groups = calloc(GROUPS_MAX, sizeof *model->groups),
    };
    ck_assert_ptr_nonnull(model->groups);
    log_tail_init(&model->tail);
    ck_assert_int_eq(log_tail_fit(&model->tail, blocks * BLOCK, absorbed), 0);
    for (size_t i = 0; i < PINS; i++)
        log_tail_add_pin(&model->tail, &model->pins[i]);
}

static void
end(struct model *model)
{
    for (size_t i = 0; i < PINS; i++)
        log_tail_remove_pin(&model->tail, &model->pins[i]);
    log_tail_deinit(&model->tail);
    free(model->groups);
}

/* Mostly few events, none, or nearly as many as there may be. */
static uint64_t
throw_count(struct model *model, bool many)
{
    if (many && random_below(&model->dice, 8) == 0)
        return random_below(&model->dice, LOG_TAIL_EVENTS_MAX / 2);
    return random_below(&model->dice, 4);
}

static void
step(struct model *model, bool many)
{
    size_t pending = model->group_count - model->absorbed_count;
    switch (random_below(&model->dice, 8)) {
    case 0:
    case 1:
        if (pending > 0)
            absorb(model, 1 + random_below(&model->dice, pending));
        break;
    case 2:
    case 3:
        turn_pin(model, random_below(&model->dice, PINS));
        break;
    case 4:
        if (pending == 0)
            pass(model, 1 + random_below(&model->dice, 1000));
        break;
    default: {
        uint64_t limit = model->blocks;
        if (limit > 5 && random_below(&model->dice, 4) != 0)
            limit = 5;
        uint64_t length = 1 + random_below(&model->dice, limit - 1);
        push(model, length * BLOCK, throw_count(model, many));
    }
    }
}

static const struct {
    uint64_t blocks, absorbed;
    bool many;
} cases[] = {
    {8, 0, false},
    {2, 0, false},
    {BLOCKS_MAX, 1000000007, false},
    {3, 17, false},
    {16, LOG_TAIL_EVENTS_MAX - 5, true},
};

START_TEST(space_is_free_when_nobody_needs_it_and_not_before)
{
    struct model model;
    begin(&model, cases[_i].blocks, cases[_i].absorbed);
    int steps = cases[_i].many ? STEPS / 10 : STEPS;
    for (int i = 0; i < steps; i++) {
        step(&model, cases[_i].many);
        check_counts(&model);
        if (i % 4 == 0)
            check_readers(&model);
    }
    ck_assert_uint_gt(model.group_count, (size_t)steps / 50);
    end(&model);
}
END_TEST

START_TEST(what_can_never_fit_is_told)
{
    struct log_tail tail;
    log_tail_init(&tail);
    ck_assert_int_eq(log_tail_fit(&tail, 8 * BLOCK, 0), 0);
    ck_assert(log_tail_can_ever_hold(&tail, 7 * BLOCK, LOG_TAIL_EVENTS_MAX));
    ck_assert(!log_tail_can_ever_hold(&tail, 8 * BLOCK, 1));
    ck_assert(!log_tail_can_ever_hold(&tail, BLOCK, LOG_TAIL_EVENTS_MAX + 1));
    ck_assert_uint_eq(log_tail_place_locked(&tail, 7 * BLOCK, 1),
                      LOG_JOURNAL_START);
    ck_assert_uint_eq(log_tail_place_locked(&tail, 8 * BLOCK, 1), 0);
    log_tail_deinit(&tail);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log tail");
    TCase *tests = tcase_create("log tail");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests,
                        space_is_free_when_nobody_needs_it_and_not_before, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tests, what_can_never_fit_is_told);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
