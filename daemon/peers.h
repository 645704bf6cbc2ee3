/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PEERS_H
#define DAEMON_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Where connections come from: one entry for each user of a Unix socket and
 * each address of TCP, with what it has open and how often it failed to
 * authenticate.  Reactor thread.
 */

/* Peers that failed and have gone are remembered, the last so many. */
#define PEERS_REMEMBERED_MAX 1024u

/* The answer to a failed `auth` comes after the first of these, then twice as
 * late each time, up to the second. */
#define PEERS_DELAY_FIRST_MS 250u
#define PEERS_DELAY_MAX_MS 4000u

/* After so long without a failure, it counts from the beginning. */
#define PEERS_FORGET_US (UINT64_C(600) * 1000000)

/* Who it is: a user id, an IPv4 address, or the 64 bits of an IPv6 address
 * that one customer has. */
struct peer_key {
    int family; /* AF_UNIX, AF_INET, AF_INET6 */
    uint64_t number;
};

struct peer {
    struct peer_key key;
    size_t connections;
    size_t unknown; /* of these, without a role; counted by the connections */
    unsigned failures;          /* to authenticate */
    unsigned handshakes;        /* that failed */
    uint64_t failed_us;         /* the last time, CLOCK_MONOTONIC */
    struct peer *older, *newer; /* among those remembered, no connections */
};

struct peers {
    void *tree; /* tsearch(3) */
    struct peer *oldest, *newest;
    size_t remembered;
};

void peers_deinit(struct peers *peers);

/* The key of who is at the other end of `fd`. */
struct peer_key peers_key(int fd, const struct sockaddr *address);

/* One more connection of that peer; NULL without memory. */
struct peer *peers_enter(struct peers *peers, struct peer_key key);

/* One less; the entry may be gone then. */
void peers_leave(struct peers *peers, struct peer *peer);

/* Room for what a peer is called, "user 1000" or an address. */
#define PEERS_NAME_SIZE ((size_t)64)

/* What to call it in messages. */
void peers_name(const struct peer *peer, char name[PEERS_NAME_SIZE]);

/* So many failures are worth a line: one, two, four ... */
bool peers_is_notable(unsigned failures);

/* It failed to authenticate: how long its answer is to be kept back. */
unsigned peers_failed(struct peer *peer, uint64_t now_us);

/* Tell a client, if it listens, that there are too many of it. */
void peers_turn_away(int fd);

#endif
