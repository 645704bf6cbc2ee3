/* SPDX-License-Identifier: MIT */
#include "daemon/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rpc.h"

static int
compare(const void *a, const void *b)
{
    const struct peer_key *x = &((const struct peer *)a)->key;
    const struct peer_key *y = &((const struct peer *)b)->key;
    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* A socket for both shows IPv4 as ::ffff:127.0.0.1. */
static struct peer_key
key_of_ip6(const struct in6_addr *address)
{
    struct peer_key key = {.family = AF_INET6};
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        key.family = AF_INET;
        key.number = address->s6_addr32[3];
    } else {
        memcpy(&key.number, address, sizeof key.number);
    }
    return key;
}

struct peer_key
peers_key(int fd, const struct sockaddr *address)
{
    struct peer_key key = {.family = address->sa_family};
    if (address->sa_family == AF_INET) {
        key.number = ((const struct sockaddr_in *)(const void *)address)
                         ->sin_addr.s_addr;
    } else if (address->sa_family == AF_INET6) {
        key = key_of_ip6(
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    } else {
        struct ucred credentials;
        socklen_t size = sizeof credentials;
        key.number = UINT64_MAX; /* all whom the kernel does not name */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
            key.number = credentials.uid;
    }
    return key;
}

/* --- those who failed and have gone ---------------------------------------*/

static void
unlink_remembered(struct peers *peers, struct peer *peer)
{
    if (peer->older != NULL)
        peer->older->newer = peer->newer;
    else
        peers->oldest = peer->newer;
    if (peer->newer != NULL)
        peer->newer->older = peer->older;
    else
        peers->newest = peer->older;
    peer->older = peer->newer = NULL;
    peers->remembered--;
}

static void
forget(struct peers *peers, struct peer *peer)
{
    tdelete(peer, &peers->tree, compare);
    free(peer);
}

static void
remember(struct peers *peers, struct peer *peer)
{
    peer->older = peers->newest;
    if (peer->older != NULL)
        peer->older->newer = peer;
    else
        peers->oldest = peer;
    peers->newest = peer;
    if (++peers->remembered <= PEERS_REMEMBERED_MAX)
        return;
    struct peer *oldest = peers->oldest;
    unlink_remembered(peers, oldest);
    forget(peers, oldest);
}

void
peers_deinit(struct peers *peers)
{
    while (peers->tree != NULL) {
        struct peer *peer = *(struct peer **)peers->tree;
        forget(peers, peer);
    }
    *peers = (struct peers){0};
}

/* --- connections ----------------------------------------------------------*/

struct peer *
peers_enter(struct peers *peers, struct peer_key key)
{
    struct peer *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->key = key;
    struct peer **place = tsearch(made, &peers->tree, compare);
    if (place == NULL || *place != made)
        free(made);
    if (place == NULL)
        return NULL;
    struct peer *peer = *place;
    if (peer->connections++ == 0 && peer != made)
        unlink_remembered(peers, peer);
    return peer;
}

void
peers_leave(struct peers *peers, struct peer *peer)
{
    if (--peer->connections > 0)
        return;
    if (peer->failures > 0 || peer->handshakes > 0)
        remember(peers, peer);
    else
        forget(peers, peer);
}

void
peers_name(const struct peer *peer, char name[PEERS_NAME_SIZE])
{
    uint64_t number = peer->key.number;
    struct in6_addr network = {0};
    char text[INET6_ADDRSTRLEN] = "";
    switch (peer->key.family) {
    case AF_INET:
        inet_ntop(AF_INET, &(struct in_addr){(in_addr_t)number}, text,
                  sizeof text);
        snprintf(name, PEERS_NAME_SIZE, "%s", text);
        break;
    case AF_INET6:
        memcpy(&network, &number, sizeof number);
        inet_ntop(AF_INET6, &network, text, sizeof text);
        snprintf(name, PEERS_NAME_SIZE, "%s/64", text);
        break;
    default:
        snprintf(name, PEERS_NAME_SIZE, "user %llu",
                 (unsigned long long)number);
    }
}

bool
peers_is_notable(unsigned failures)
{
    return (failures & (failures - 1)) == 0;
}

unsigned
peers_failed(struct peer *peer, uint64_t now_us)
{
    if (now_us - peer->failed_us > PEERS_FORGET_US)
        peer->failures = 0;
    peer->failed_us = now_us;
    unsigned delay_ms = PEERS_DELAY_FIRST_MS;
    for (unsigned i = 0; i < peer->failures && delay_ms < PEERS_DELAY_MAX_MS;
         i++)
        delay_ms *= 2;
    if (peer->failures < UINT32_MAX)
        peer->failures++;
    return delay_ms > PEERS_DELAY_MAX_MS ? PEERS_DELAY_MAX_MS : delay_ms;
}

void
peers_turn_away(int fd)
{
    struct mp_buf answer = {0};
    rpc_put_error(&answer, 0, MODEL_OVERLOADED,
                  "this user or address has too many connections",
                  (struct span){0}, 0);
    if (!answer.failed)
        (void)send(fd, answer.data, answer.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    mp_buf_deinit(&answer);
}
