/* SPDX-License-Identifier: MIT */
#include "daemon/fold_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Below this many slots gone ones are not worth squeezing out. */
#define FOLD_LIST_SQUEEZE_MIN ((size_t)32)

void
fold_list_deinit(struct fold_list *list)
{
    for (size_t i = 0; i < list->size; i++)
        free(list->entries[i].amendments);
    free(list->entries);
    number_map_deinit(&list->index);
    *list = (struct fold_list){0};
}

struct fold_entry *
fold_list_find(struct fold_list *list, uint64_t root)
{
    uint32_t at;
    if (!number_map_find(&list->index, root, &at))
        return NULL;
    return &list->entries[at];
}

void
fold_list_remove(struct fold_list *list, uint64_t root)
{
    struct fold_entry *entry = fold_list_find(list, root);
    if (entry == NULL)
        return;
    free(entry->amendments);
    *entry = (struct fold_entry){.gone = true};
    number_map_remove(&list->index, root);
    list->count--;
}

void
fold_list_clear(struct fold_list *list)
{
    for (size_t i = 0; i < list->size; i++)
        free(list->entries[i].amendments);
    number_map_clear(&list->index);
    list->size = list->count = 0;
}

/* Close the gaps, so that a long history of closed offers costs nothing. */
int
fold_list_squeeze(struct fold_list *list)
{
    size_t kept = 0;
    number_map_clear(&list->index);
    for (size_t i = 0; i < list->size; i++) {
        if (list->entries[i].gone)
            continue;
        list->entries[kept] = list->entries[i];
        int rc = number_map_put(&list->index, list->entries[kept].root,
                                (uint32_t)kept);
        if (rc != 0)
            return rc;
        kept++;
    }
    list->size = kept;
    return 0;
}

static int
make_room(struct fold_list *list)
{
    if (list->size >= FOLD_LIST_SQUEEZE_MIN && list->size > 2 * list->count)
        return fold_list_squeeze(list);
    if (list->size < list->capacity)
        return 0;
    size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
    struct fold_entry *entries =
        reallocarray(list->entries, capacity, sizeof *entries);
    if (entries == NULL)
        return -ENOMEM;
    list->entries = entries;
    list->capacity = capacity;
    return 0;
}

struct fold_entry *
fold_list_set(struct fold_list *list, uint64_t root)
{
    fold_list_remove(list, root);
    if (make_room(list) != 0 ||
        number_map_put(&list->index, root, (uint32_t)list->size) != 0)
        return NULL;
    struct fold_entry *entry = &list->entries[list->size++];
    *entry = (struct fold_entry){.root = root,
                                 .effective_start = EDTF_MINUS_INFINITY,
                                 .effective_end = EDTF_PLUS_INFINITY};
    list->count++;
    return entry;
}

int
fold_list_insert(struct fold_list *list, size_t at,
                 const struct fold_entry *entry)
{
    int rc = number_map_reserve(&list->index, list->count + 1);
    if (rc == 0)
        rc = make_room(list);
    if (rc != 0)
        return rc;
    memmove(&list->entries[at + 1], &list->entries[at],
            (list->size - at) * sizeof *entry);
    list->entries[at] = *entry;
    list->size++;
    list->count++;
    return fold_list_squeeze(list); /* for the index, which has room */
}

int
fold_entry_amend(struct fold_entry *entry, uint64_t seq)
{
    if (entry->amendment_count == entry->amendment_capacity) {
        uint32_t capacity =
            entry->amendment_capacity == 0 ? 4 : 2 * entry->amendment_capacity;
        uint64_t *amendments =
            reallocarray(entry->amendments, capacity, sizeof *amendments);
        if (amendments == NULL)
            return -ENOMEM;
        entry->amendments = amendments;
        entry->amendment_capacity = capacity;
    }
    entry->amendments[entry->amendment_count++] = seq;
    return 0;
}
