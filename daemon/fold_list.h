/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FOLD_LIST_H
#define DAEMON_FOLD_LIST_H

#include "daemon/fold.h"

/*
 * The ordered lists inside a fold: what is open, by root, in the order in
 * which it was set.  A part of daemon/fold.
 */

void fold_list_deinit(struct fold_list *list);

/* A new entry at the end, whatever stood under that root before.  NULL without
 * memory.  Valid until the next call. */
struct fold_entry *fold_list_set(struct fold_list *list, uint64_t root);

/* The entry of a root, or NULL. */
struct fold_entry *fold_list_find(struct fold_list *list, uint64_t root);

void fold_list_remove(struct fold_list *list, uint64_t root);
void fold_list_clear(struct fold_list *list);

/* Close the gaps of those that are gone. 0 or -ENOMEM. */
int fold_list_squeeze(struct fold_list *list)
    __attribute__((warn_unused_result));

/* Put an entry in its place among those of a list without gaps, where none
 * stands under its root; it is the list's from then on. 0 or -ENOMEM. */
int fold_list_insert(struct fold_list *list, size_t at,
                     const struct fold_entry *entry)
    __attribute__((warn_unused_result));

/* Remember an event that changed an entry. 0 or -ENOMEM. */
int fold_entry_amend(struct fold_entry *entry, uint64_t seq)
    __attribute__((warn_unused_result));

#endif
