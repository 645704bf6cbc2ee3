/* SPDX-License-Identifier: MIT */
#include "daemon/writer_thread.h"

#include <stdlib.h>

/*
 * What a group of requests changes of consumers.  Of many that wait for one
 * name only the last has to be written: the reactor lets positions only grow,
 * and all are answered by the same flush.
 */

static bool
changes_consumer(const struct append_request *request)
{
    return request->kind != APPEND_EVENTS && !request->refused;
}

struct change {
    struct log_consumer consumer;
    size_t index; /* in the group */
};

/* By name, and under one name by age. */
static int
compare(const void *left, const void *right)
{
    const struct change *a = left, *b = right;
    int order = span_compare(a->consumer.name, b->consumer.name);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static struct change *
collect(const struct append_request *group, size_t count)
{
    struct change *changes = calloc(count, sizeof *changes);
    size_t index = 0;
    for (; group != NULL && changes != NULL; group = group->next)
        if (changes_consumer(group)) {
            changes[index] = (struct change){group->consumer, index};
            index++;
        }
    if (changes != NULL)
        qsort(changes, count, sizeof *changes, compare);
    return changes;
}

struct log_consumer *
writer_consumers(const struct append_request *group, size_t *count_out)
{
    size_t count = 0, kept = 0;
    for (const struct append_request *one = group; one != NULL; one = one->next)
        count += changes_consumer(one);
    *count_out = count;
    if (count == 0)
        return NULL;
    struct change *changes = collect(group, count);
    struct log_consumer *consumers = calloc(count, sizeof *consumers);
    if (changes == NULL || consumers == NULL) {
        free(changes);
        free(consumers);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        kept -= kept > 0 &&
                span_equal(consumers[kept - 1].name, changes[i].consumer.name);
        consumers[kept++] = changes[i].consumer;
    }
    free(changes);
    *count_out = kept;
    return consumers;
}
