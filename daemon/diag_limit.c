/* SPDX-License-Identifier: MIT */
#include "daemon/diag_limit.h"

#include <stdio.h>
#include <string.h>

/* There is room while the bucket is full again within a burst's time. */
static bool
has_room(const struct diag_bucket *bucket, unsigned burst, uint64_t period_us,
         uint64_t now_us)
{
    return bucket->full_us <= now_us + (burst - 1) * period_us;
}

static void
take(struct diag_bucket *bucket, uint64_t period_us, uint64_t now_us)
{
    if (bucket->full_us < now_us)
        bucket->full_us = now_us;
    bucket->full_us += period_us;
}

static struct diag_client *
find(struct diag_limit *limit, const char *key)
{
    struct diag_client *oldest = &limit->clients[0];
    for (size_t i = 0; i < DIAG_LIMIT_CLIENTS; i++) {
        struct diag_client *client = &limit->clients[i];
        if (strncmp(client->key, key, sizeof client->key - 1) == 0)
            return client;
        if (client->used_us < oldest->used_us)
            oldest = client;
    }
    *oldest = (struct diag_client){0};
    snprintf(oldest->key, sizeof oldest->key, "%s", key);
    return oldest;
}

bool
diag_limit_pass(struct diag_limit *limit, const char *key, uint64_t now_us,
                uint64_t *suppressed)
{
    struct diag_client *client = find(limit, key);
    client->used_us = now_us;
    *suppressed = client->suppressed;
    if (!has_room(&client->bucket, DIAG_LIMIT_BURST, DIAG_LIMIT_PERIOD_US,
                  now_us) ||
        !has_room(&limit->all, DIAG_LIMIT_ALL_BURST, DIAG_LIMIT_ALL_PERIOD_US,
                  now_us)) {
        client->suppressed++;
        return false;
    }
    take(&client->bucket, DIAG_LIMIT_PERIOD_US, now_us);
    take(&limit->all, DIAG_LIMIT_ALL_PERIOD_US, now_us);
    client->suppressed = 0;
    return true;
}
