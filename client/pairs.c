/* SPDX-License-Identifier: MIT */
#include "client/pairs.h"

#include <stdlib.h>

/* The entries of a map or a list, one after the other. */
struct walk {
    struct mp_reader reader;
    uint32_t left;
    enum pairs_by by;
};

struct entry {
    struct span key;
    struct span value;
    bool visited;
};

static struct walk
walk_of(struct span container, enum pairs_by by)
{
    struct walk walk = {.reader = mp_reader(container), .by = by};
    if (container.data != NULL)
        walk.left =
            by == PAIRS_BY_KEY ? mp_map(&walk.reader) : mp_array(&walk.reader);
    return walk;
}

static bool
walk_next(struct walk *walk, struct entry *entry)
{
    if (walk->left == 0 || walk->reader.failed)
        return false;
    walk->left--;
    *entry = (struct entry){0};
    if (walk->by == PAIRS_BY_KEY)
        entry->key = mp_str(&walk->reader);
    entry->value = mp_value(&walk->reader);
    if (walk->by == PAIRS_BY_ID)
        entry->key = mp_get_str(entry->value, "id");
    return !walk->reader.failed;
}

static int
compare(const void *a, const void *b)
{
    return span_compare(((const struct entry *)a)->key,
                        ((const struct entry *)b)->key);
}

/* Sorted by key, so that maps and lists of any size are matched quickly. */
static struct entry *
index_of(struct span container, enum pairs_by by, size_t *count)
{
    struct walk walk = walk_of(container, by);
    struct entry *entries = calloc((size_t)walk.left + 1, sizeof(*entries));
    *count = 0;
    if (entries == NULL)
        return NULL;
    while (walk_next(&walk, &entries[*count]))
        ++*count;
    qsort(entries, *count, sizeof(*entries), compare);
    return entries;
}

bool
pairs_walk(struct span before, struct span after, enum pairs_by by,
           void (*visit)(void *context, const struct pair *pair), void *context)
{
    size_t count;
    struct entry *index = index_of(after, by, &count);
    struct entry entry, *other;
    if (index == NULL)
        return false;
    struct walk walk = walk_of(before, by);
    while (walk_next(&walk, &entry)) {
        struct pair pair = {.key = entry.key, .before = entry.value};
        other = bsearch(&entry, index, count, sizeof(*index), compare);
        if (other != NULL) {
            other->visited = true;
            pair.after = other->value;
        }
        visit(context, &pair);
    }
    walk = walk_of(after, by);
    while (walk_next(&walk, &entry)) {
        other = bsearch(&entry, index, count, sizeof(*index), compare);
        if (other != NULL && !other->visited)
            visit(context,
                  &(struct pair){.key = entry.key, .after = entry.value});
    }
    free(index);
    return true;
}
