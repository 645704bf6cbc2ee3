/* SPDX-License-Identifier: MIT */
#include "daemon/gather.h"

/* One flush that hangs is no reason to wait for others. */
#define FLUSH_OUTLIER 4u

/* By how much less each group that did not wait takes the time to be, so that
 * it is measured again after some ninety. */
#define RETRY_SHARE 128u

void
gather_answered(struct gather *gather, size_t count, size_t size,
                size_t waiting, uint64_t flush_us, uint64_t now_us)
{
    uint64_t most = FLUSH_OUTLIER * gather->flush_us;
    if (gather->flush_us == 0)
        gather->flush_us = flush_us;
    else
        gather->flush_us =
            (7 * gather->flush_us + (flush_us < most ? flush_us : most)) / 8;
    gather->from_us = now_us;
    gather->expected = count + waiting;
    if (gather->expected > GATHER_COUNT_MAX || size > GATHER_SIZE_MAX)
        gather->expected = 0;
}

uint64_t
gather_deadline(struct gather *gather, size_t waiting)
{
    uint64_t wait_us = gather->flush_us;
    if (waiting >= gather->expected)
        return 0;
    if (gather->took_us > wait_us) {
        gather->took_us -= gather->took_us / RETRY_SHARE;
        return 0;
    }
    if (wait_us > GATHER_WAIT_MAX_US)
        wait_us = GATHER_WAIT_MAX_US;
    return gather->from_us + wait_us;
}

/* Whoever stays away once may have been held up; twice, and it is not worth the
 * time.  How long they stay away is no measure: they may have nothing to ask.
 */
void
gather_waited(struct gather *gather, size_t waiting, uint64_t now_us)
{
    uint64_t took_us = now_us - gather->from_us, most_us = 2 * gather->flush_us;
    bool missed = waiting < gather->expected;
    if (missed || took_us > most_us)
        took_us = most_us;
    gather->took_us = missed && gather->missed
                          ? took_us
                          : (3 * gather->took_us + took_us) / 4;
    gather->missed = missed;
}
