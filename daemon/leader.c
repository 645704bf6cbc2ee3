/* SPDX-License-Identifier: MIT */
#include "daemon/leader.h"

#include <event2/event.h>

#include "daemon/clock.h"

void
leader_init(struct leader *leader, struct event_base *base,
            bool (*on_turn)(void *context), void *context)
{
    *leader =
        (struct leader){.base = base, .on_turn = on_turn, .context = context};
    pthread_mutex_init(&leader->lock, NULL);
    clock_cond_init(&leader->news);
}

void
leader_deinit(struct leader *leader)
{
    pthread_cond_destroy(&leader->news);
    pthread_mutex_destroy(&leader->lock);
}

/* --- leading --------------------------------------------------------------*/

/* Until all is over, or another leads. */
static void
lead(struct leader *leader)
{
    bool leads = true;
    while (leads && !atomic_load(&leader->over)) {
        if (event_base_loop(leader->base, EVLOOP_ONCE) != 0)
            leader_stop(leader); /* nothing can happen any more */
        leads = leader->on_turn(leader->context);
    }
}

void
leader_stop(struct leader *leader)
{
    event_base_loopbreak(leader->base);
    pthread_mutex_lock(&leader->lock);
    atomic_store(&leader->over, true);
    pthread_cond_signal(&leader->news);
    pthread_mutex_unlock(&leader->lock);
}

/* --- following ------------------------------------------------------------*/

static void
rest(struct leader *leader, uint64_t seen)
{
    /* Whoever steps aside counts first and looks for this then. */
    atomic_store(&leader->resting, true);
    while (atomic_load(&leader->resting) && !atomic_load(&leader->over) &&
           atomic_load(&leader->turn) == seen)
        pthread_cond_wait(&leader->news, &leader->lock);
    atomic_store(&leader->resting, false);
}

static void
wait_a_little(struct leader *leader)
{
    clock_cond_wait(&leader->news, &leader->lock,
                    clock_us() + LEADER_PATIENCE_US);
}

/* The leader has been aside since the last look. */
static bool
take_over(struct leader *leader, uint64_t turn)
{
    if (!atomic_compare_exchange_strong(&leader->turn, &turn, turn + 1))
        return false;
    atomic_store(&leader->following, false);
    return true;
}

/* False when all is over, true when it is this thread's turn to lead. */
static bool
follow(struct leader *leader)
{
    bool leads = false;
    pthread_mutex_lock(&leader->lock);
    uint64_t seen = atomic_load(&leader->turn);
    atomic_store(&leader->following, true);
    while (!leads && !atomic_load(&leader->over)) {
        uint64_t turn = atomic_load(&leader->turn);
        if (turn != seen)
            wait_a_little(leader);
        else if (turn % 2 == 0)
            rest(leader, seen);
        else
            leads = take_over(leader, turn);
        seen = turn;
    }
    pthread_mutex_unlock(&leader->lock);
    return leads;
}

static void *
follower_main(void *context)
{
    struct leader *leader = context;
    while (follow(leader))
        lead(leader);
    return NULL;
}

void
leader_run(struct leader *leader)
{
    do
        lead(leader);
    while (follow(leader));
    if (leader->started)
        pthread_join(leader->thread, NULL);
}

/* --- stepping aside -------------------------------------------------------*/

/* With the signals of the reactor, which the follower may become. */
static bool
has_follower(struct leader *leader)
{
    if (!leader->started)
        leader->started =
            pthread_create(&leader->thread, NULL, follower_main, leader) == 0;
    return atomic_load(&leader->following);
}

static void
wake_follower(struct leader *leader)
{
    pthread_mutex_lock(&leader->lock);
    atomic_store(&leader->resting, false);
    pthread_cond_signal(&leader->news);
    pthread_mutex_unlock(&leader->lock);
}

uint64_t
leader_step_aside(struct leader *leader)
{
    if (!has_follower(leader))
        return 0;
    uint64_t turn = atomic_fetch_add(&leader->turn, 1) + 1;
    if (atomic_load(&leader->resting))
        wake_follower(leader);
    return turn;
}

bool
leader_step_back(struct leader *leader, uint64_t turn)
{
    return atomic_compare_exchange_strong(&leader->turn, &turn, turn + 1);
}
