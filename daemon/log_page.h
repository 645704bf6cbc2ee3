/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LOG_PAGE_H
#define DAEMON_LOG_PAGE_H

#include "daemon/order.h"
#include "proto/span.h"

/*
 * LMDB's pages, as far as daemon/log_pages.c reads them: version 1 of its data,
 * which every 0.9 has (mdb.c: MDB_page, MDB_node, MDB_db).  Numbers are in the
 * machine's byte order.
 *
 * A page begins with its number 8, padding 2, flags 2, and, but for overflow
 * pages, two offsets of 2: `lower`, where the list of its nodes' offsets ends
 * that stands behind, and `upper`.  A node is two halves of a size 2 + 2, flags
 * 2, size of the key 2, key, value.  In a branch page those first 6 bytes are
 * the number of a page, and the first node has no key.  Of a value that is too
 * large for a leaf the number of its first overflow page stands there.
 *
 * Nothing is believed of a page but what lies within it.
 */

#define LOG_PAGE_HEAD_SIZE ((size_t)16)
#define LOG_PAGE_NODE_SIZE ((size_t)8)
#define LOG_PAGE_BIG 0x01u /* flag of a node: the value is elsewhere */

/* Flags of a page: what it is. */
enum log_page_kind {
    LOG_PAGE_BRANCH = 0x01,
    LOG_PAGE_LEAF = 0x02,
    LOG_PAGE_OVERFLOW = 0x04
};

/* What the record of a database says of its tree. */
#define LOG_PAGE_TREE_SIZE ((size_t)48)
#define LOG_PAGE_TREE_DEPTH ((size_t)6)
#define LOG_PAGE_TREE_ROOT ((size_t)40)

static inline uint16_t
log_page_u16(const uint8_t *at)
{
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static inline uint64_t
log_page_u64(const uint8_t *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

/* `page` is of this kind and has this number. */
static inline bool
log_page_is(struct span page, uint64_t number, enum log_page_kind kind)
{
    return log_page_u64(page.data) == number &&
           log_page_u16(page.data + 10) == (uint16_t)kind;
}

/* Its nodes; 0 where the list of them does not lie in it. */
static inline size_t
log_page_count(struct span page)
{
    size_t lower = log_page_u16(page.data + 12);
    return lower < LOG_PAGE_HEAD_SIZE || lower > page.size
               ? 0
               : (lower - LOG_PAGE_HEAD_SIZE) / 2;
}

struct log_page_node {
    uint16_t halves[2], flags;
    struct span key;
    const uint8_t *behind; /* the key */
    size_t room;           /* behind the key, to the end of the page */
};

/* The node with that index, below log_page_count; false where its key does not
 * lie in the page. */
static inline bool
log_page_node(struct span page, size_t index, struct log_page_node *node)
{
    size_t at = log_page_u16(page.data + LOG_PAGE_HEAD_SIZE + 2 * index);
    if (at > page.size - LOG_PAGE_NODE_SIZE)
        return false;
    const uint8_t *head = page.data + at;
    size_t room = page.size - at - LOG_PAGE_NODE_SIZE;
    node->halves[0] = log_page_u16(head);
    node->halves[1] = log_page_u16(head + 2);
    node->flags = log_page_u16(head + 4);
    node->key =
        (struct span){head + LOG_PAGE_NODE_SIZE, log_page_u16(head + 6)};
    if (node->key.size > room)
        return false;
    node->behind = node->key.data + node->key.size;
    node->room = room - node->key.size;
    return true;
}

/* The lower half of the size stands where the machine's lower bytes do. */
static inline uint32_t
log_page_low(const struct log_page_node *node)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return node->halves[0] | (uint32_t)node->halves[1] << 16;
#else
    return node->halves[1] | (uint32_t)node->halves[0] << 16;
#endif
}

/* Of a leaf's node. */
static inline size_t
log_page_value_size(const struct log_page_node *node)
{
    return log_page_low(node);
}

/* Of a branch's node: the number of the page below. */
static inline uint64_t
log_page_child(const struct log_page_node *node)
{
    return log_page_low(node) | (uint64_t)node->flags << 32;
}

#endif
