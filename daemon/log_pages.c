/* SPDX-License-Identifier: MIT */
#include "daemon/log_pages.h"

#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/log_page.h"

/* Of a row that begins; each time that it goes on it is twice as many. */
#define AHEAD_MIN 4u

/* Pages between two leaves that are read with them: what a transaction leaves
 * behind, and no more than there are leaves. */
#define GAP_MAX 16u

/* After so many that found all in memory, which are more than are asked of the
 * disk at a time, nothing needs to be asked of it. */
#define COLD_READINGS 64u

/* Slots from the last that was used on that are kept: the next chunk of a
 * replay may need one more. */
#define SPARE_SLOTS 2u

#define TREE_NAME "log"
#define LMDB_MAJOR 0
#define LMDB_MINOR 9 /* of the versions whose pages these are */

static size_t
slot_pages(const struct log_pages *pages)
{
    return LOG_PAGES_SLOT_SIZE / pages->page_size;
}

void
log_pages_init(struct log_pages *pages, MDB_env *env, MDB_dbi trees,
               struct log_ahead *disk)
{
    int major, minor, patch;
    MDB_stat stat;
    *pages = (struct log_pages){.env = env, .trees = trees, .disk = disk};
    mdb_version(&major, &minor, &patch);
    if (major == LMDB_MAJOR && minor == LMDB_MINOR &&
        mdb_env_stat(env, &stat) == 0 && stat.ms_psize <= LOG_PAGES_SLOT_SIZE)
        pages->page_size = stat.ms_psize;
}

void
log_pages_deinit(struct log_pages *pages)
{
    for (size_t i = 0; i < LOG_PAGES_SLOTS_MAX; i++)
        free(pages->slots[i]);
}

/* Where a long row was read and now short ones are, its memory is not held. */
static void
free_unused(struct log_pages *pages)
{
    for (size_t i = pages->slot + SPARE_SLOTS;
         i < LOG_PAGES_SLOTS_MAX && pages->slots[i] != NULL; i++) {
        free(pages->slots[i]);
        pages->slots[i] = NULL;
    }
}

/* A row goes on in the leaves that are there: an event in them stays what it
 * is.  Of other pages nothing is known as of another moment. */
void
log_pages_begin(struct log_pages *pages)
{
    free_unused(pages);
    uint8_t *kept = pages->slots[pages->leaf_slot];
    pages->values.count = 0;
    pages->full = false;
    pages->slots[pages->leaf_slot] = pages->slots[0];
    pages->slots[0] = kept;
    pages->leaf_slot = pages->slot = 0;
    pages->taken = pages->leaves.count > 0 ? slot_pages(pages) : 0;
}

/* --- reading pages --------------------------------------------------------*/

static uint8_t *
take_room(struct log_pages *pages, size_t count)
{
    if (pages->taken + count > slot_pages(pages)) {
        pages->full = pages->slot + 1 == LOG_PAGES_SLOTS_MAX;
        if (pages->full)
            return NULL;
        pages->slot++;
        pages->taken = 0;
    }
    uint8_t **slot = &pages->slots[pages->slot];
    if (*slot == NULL)
        *slot = malloc(LOG_PAGES_SLOT_SIZE);
    if (*slot == NULL)
        return NULL;
    uint8_t *room = *slot + pages->taken * pages->page_size;
    pages->taken += count;
    return room;
}

/* Where something has to come from the disk, what is behind it is asked for. */
static ssize_t
read_some(struct log_pages *pages, int fd, uint8_t *bytes, size_t size,
          uint64_t from)
{
    const struct iovec piece = {bytes, size};
    if (size <= pages->page_size) /* a row is more, or ends */
        return pread(fd, bytes, size, (off_t)from);
    ssize_t more = preadv2(fd, &piece, 1, (off_t)from, RWF_NOWAIT);
    if (more < 0)
        pages->cold = COLD_READINGS;
    if (pages->cold > 0) {
        pages->cold--;
        log_ahead_follow(pages->disk, fd, from);
    }
    return more < 0 ? pread(fd, bytes, size, (off_t)from) : more;
}

static bool
read_run(struct log_pages *pages, uint64_t first, size_t count,
         struct log_pages_run *run)
{
    mdb_filehandle_t fd;
    uint8_t *bytes = take_room(pages, count);
    size_t size = count * pages->page_size, done = 0;
    run->count = 0;
    if (bytes == NULL || mdb_env_get_fd(pages->env, &fd) != 0)
        return false;
    while (done < size) {
        ssize_t more = read_some(pages, fd, bytes + done, size - done,
                                 first * pages->page_size + done);
        if (more <= 0)
            return false;
        done += (size_t)more;
    }
    *run = (struct log_pages_run){bytes, first, count};
    return true;
}

static struct span
page_of(const struct log_pages *pages, const struct log_pages_run *run,
        uint64_t number)
{
    return (struct span){run->bytes + (number - run->first) * pages->page_size,
                         pages->page_size};
}

/* --- which pages ----------------------------------------------------------*/

/* The map, and what of it is the file. */
struct map {
    const uint8_t *start;
    uint64_t last; /* page number */
};

/* The record of the tree lies in a page that says which it is, and so where the
 * map begins. */
static bool
find_tree(struct log_pages *pages, MDB_txn *txn, struct map *map,
          uint64_t *root, unsigned *depth)
{
    MDB_envinfo info;
    MDB_val name = {.mv_size = strlen(TREE_NAME), .mv_data = TREE_NAME}, tree;
    if (mdb_get(txn, pages->trees, &name, &tree) != 0 ||
        tree.mv_size != LOG_PAGE_TREE_SIZE ||
        mdb_env_info(pages->env, &info) != 0)
        return false;
    const uint8_t *record = tree.mv_data;
    const uint8_t *page = record - (uintptr_t)record % pages->page_size;
    map->start = page - log_page_u64(page) * pages->page_size;
    map->last = info.me_last_pgno;
    *depth = log_page_u16(record + LOG_PAGE_TREE_DEPTH);
    *root = log_page_u64(record + LOG_PAGE_TREE_ROOT);
    return true;
}

/* The last node of a branch page whose key is not behind `seq`. */
static bool
find_node(struct span page, uint64_t seq, size_t *index)
{
    size_t low = 0, high = log_page_count(page);
    struct log_page_node node;
    if (high == 0)
        return false;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (!log_page_node(page, middle, &node) ||
            node.key.size != sizeof(uint64_t))
            return false;
        if (order_get_u64(node.key.data) <= seq)
            low = middle;
        else
            high = middle;
    }
    *index = low;
    return true;
}

/* The branch page above the leaf of a position, and the node that leads there.
 */
static bool
find_branch(struct log_pages *pages, MDB_txn *txn, uint64_t seq,
            struct span *branch, size_t *index)
{
    struct map map;
    unsigned depth;
    uint64_t number;
    struct log_page_node node;
    if (!find_tree(pages, txn, &map, &number, &depth) || depth < 2)
        return false;
    for (; depth > 1; depth--) {
        if (number > map.last)
            return false;
        *branch = (struct span){map.start + number * pages->page_size,
                                pages->page_size};
        if (!log_page_is(*branch, number, LOG_PAGE_BRANCH) ||
            !find_node(*branch, seq, index) ||
            !log_page_node(*branch, *index, &node))
            return false;
        number = log_page_child(&node);
    }
    return true;
}

/* The leaves from a node of a branch page on that are worth one reading; the
 * number of the first. */
static uint64_t
list_leaves(struct log_pages *pages, struct span branch, size_t index)
{
    struct log_page_node node;
    uint64_t first = 0, before = 0;
    size_t count = log_page_count(branch);
    pages->list_count = 0;
    for (; index < count && log_page_node(branch, index, &node); index++) {
        uint64_t number = log_page_child(&node);
        if (pages->list_count == 0)
            first = number;
        else if (number <= before || number - first >= pages->ahead ||
                 number - first > 2 * pages->list_count + GAP_MAX)
            break;
        before = number;
        pages->list[pages->list_count++] = (uint16_t)(number - first);
    }
    return first;
}

static size_t
more_ahead(const struct log_pages *pages, bool goes_on, size_t ahead)
{
    size_t most = slot_pages(pages);
    ahead = goes_on ? 2 * ahead : AHEAD_MIN;
    return ahead < most ? ahead : most;
}

/* Leaves, from that of a position on. */
static bool
read_leaves(struct log_pages *pages, MDB_txn *txn, uint64_t seq)
{
    size_t index;
    struct span branch;
    pages->leaves.count = pages->count = 0;
    if (!find_branch(pages, txn, seq, &branch, &index))
        return false;
    pages->ahead = more_ahead(pages, seq == pages->next, pages->ahead);
    uint64_t first = list_leaves(pages, branch, index);
    if (pages->list_count == 0)
        return false;
    size_t count = (size_t)pages->list[pages->list_count - 1] + 1;
    if (!read_run(pages, first, count, &pages->leaves))
        return false;
    pages->leaf_slot = pages->slot;
    return true;
}

/* --- events ---------------------------------------------------------------*/

static struct span
leaf(const struct log_pages *pages)
{
    return page_of(pages, &pages->leaves,
                   pages->leaves.first + pages->list[pages->list_at]);
}

/* The first position in it, too. */
static bool
is_leaf(struct span page, uint64_t number, uint64_t *first)
{
    struct log_page_node node;
    if (!log_page_is(page, number, LOG_PAGE_LEAF) ||
        log_page_count(page) == 0 || !log_page_node(page, 0, &node) ||
        node.key.size != sizeof(uint64_t))
        return false;
    *first = order_get_u64(node.key.data);
    return true;
}

static bool
enter_leaf(struct log_pages *pages, size_t at)
{
    pages->list_at = at;
    pages->count = 0;
    struct span page = leaf(pages);
    if (!is_leaf(page, pages->leaves.first + pages->list[at], &pages->first))
        return false;
    pages->count = log_page_count(page);
    return true;
}

static bool
is_in_leaf(const struct log_pages *pages, uint64_t seq)
{
    return seq - pages->first < pages->count;
}

static bool
find_leaf(struct log_pages *pages, MDB_txn *txn, uint64_t seq)
{
    if (is_in_leaf(pages, seq))
        return true;
    if (pages->leaves.count > 0)
        for (size_t at = pages->list_at + 1; at < pages->list_count; at++)
            if (enter_leaf(pages, at) && is_in_leaf(pages, seq))
                return true;
    return read_leaves(pages, txn, seq) && enter_leaf(pages, 0) &&
           is_in_leaf(pages, seq);
}

static bool
holds(const struct log_pages_run *run, uint64_t number, size_t count)
{
    return number - run->first < run->count &&
           run->count - (number - run->first) >= count;
}

/* Overflow pages, and some behind them: mostly those of the next events. */
static bool
read_values(struct log_pages *pages, uint64_t number, size_t count)
{
    MDB_envinfo info;
    const struct log_pages_run *before = &pages->values;
    uint64_t gap = number - (before->first + before->count);
    if (mdb_env_info(pages->env, &info) != 0 || number > info.me_last_pgno)
        return false;
    pages->values_ahead = more_ahead(pages, before->count > 0 && gap <= GAP_MAX,
                                     pages->values_ahead);
    uint64_t left = info.me_last_pgno - number + 1;
    size_t ahead =
        left < pages->values_ahead ? (size_t)left : pages->values_ahead;
    return read_run(pages, number, ahead > count ? ahead : count,
                    &pages->values);
}

/* A value on overflow pages: among the leaves, where they were written with
 * them, or among others of their kind. */
static bool
find_big(struct log_pages *pages, uint64_t number, size_t size,
         struct span *value)
{
    size_t count = (LOG_PAGE_HEAD_SIZE + size - 1) / pages->page_size + 1;
    const struct log_pages_run *run = &pages->leaves;
    if (count > slot_pages(pages))
        return false;
    if (!holds(run, number, count)) {
        run = &pages->values;
        if (!holds(run, number, count) && !read_values(pages, number, count))
            return false;
    }
    struct span page = page_of(pages, run, number);
    *value = (struct span){page.data + LOG_PAGE_HEAD_SIZE, size};
    return log_page_is(page, number, LOG_PAGE_OVERFLOW);
}

/* In a leaf that begins with position `first`. */
static bool
find_value(struct log_pages *pages, struct span page, uint64_t first,
           uint64_t seq, struct span *value)
{
    struct log_page_node node;
    if (!log_page_node(page, (size_t)(seq - first), &node) ||
        node.key.size != sizeof(uint64_t) ||
        order_get_u64(node.key.data) != seq)
        return false;
    size_t size = log_page_value_size(&node);
    if (node.flags == LOG_PAGE_BIG && node.room >= sizeof(uint64_t))
        return find_big(pages, log_page_u64(node.behind), size, value);
    *value = (struct span){node.behind, size};
    return node.flags == 0 && size <= node.room;
}

bool
log_pages_find(struct log_pages *pages, MDB_txn *txn, uint64_t seq,
               struct span *value)
{
    if (pages->page_size == 0 || pages->full || !find_leaf(pages, txn, seq) ||
        !find_value(pages, leaf(pages), pages->first, seq, value))
        return false;
    pages->next = seq + 1;
    return true;
}

bool
log_pages_find_one(struct log_pages *pages, MDB_txn *txn, uint64_t seq,
                   struct span *value)
{
    size_t index;
    uint64_t first;
    struct span branch, page;
    struct log_page_node node;
    struct log_pages_run run;
    if (pages->page_size == 0 || pages->full ||
        !find_branch(pages, txn, seq, &branch, &index) ||
        !log_page_node(branch, index, &node) ||
        !read_run(pages, log_page_child(&node), 1, &run))
        return false;
    page = page_of(pages, &run, run.first);
    return is_leaf(page, run.first, &first) &&
           seq - first < log_page_count(page) &&
           find_value(pages, page, first, seq, value);
}
