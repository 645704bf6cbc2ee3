/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_URL_H
#define CLIENT_LIB_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

/* Where the daemon is: unix:PATH, tcp://HOST:PORT or tls://HOST:PORT, taken
 * apart. */

#define URL_HOST_SIZE ((size_t)256) /* a DNS name has at most 253 bytes */
#define URL_PORT_SIZE ((size_t)6)   /* "65535" */

struct url {
    bool is_unix;
    bool is_tls; /* TCP with TLS on it */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char host[URL_HOST_SIZE]; /* without the brackets of an IPv6 address */
    char port[URL_PORT_SIZE];
};

/* NULL and `*url` set, or what is wrong with `text`. */
const char *url_parse(const char *text, struct url *url)
    __attribute__((warn_unused_result));

/*
 * Where the daemon is when nobody says: $ENTENTE_URL, else the system's
 * socket, else, where that does not exist, the user's.  As url_parse.
 */
const char *url_default(struct url *url) __attribute__((warn_unused_result));

#endif
