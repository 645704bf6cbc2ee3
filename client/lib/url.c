/* SPDX-License-Identifier: MIT */
#include "client/lib/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_SYSTEM_SOCKET "/run/entente/entente.sock"
#define URL_USER_SOCKET "entente.sock" /* in $XDG_RUNTIME_DIR */

static const char *
after(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static const char *
parse_path(const char *path, struct url *url)
{
    size_t size = strlen(path);
    if (size == 0)
        return "unix: needs the path of a socket behind it";
    if (size >= sizeof(url->path))
        return "the path of a socket has at most 107 bytes";
    *url = (struct url){.is_unix = true};
    memcpy(url->path, path, size + 1);
    return NULL;
}

static bool
is_port(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size >= URL_PORT_SIZE ||
        strspn(text, "0123456789") != size)
        return false;
    long port = strtol(text, NULL, 10);
    return port >= 1 && port <= 65535;
}

static const char *
parse_host_port(const char *text, struct url *url)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !is_port(colon + 1))
        return "an address needs a host and a port of 1 to 65535, like "
               "tcp://127.0.0.1:7217";
    const char *host = text;
    size_t size = (size_t)(colon - text);
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (memchr(host, ':', size) != NULL) {
        return "an IPv6 address stands in brackets, like tcp://[::1]:7217";
    }
    if (size == 0 || size >= URL_HOST_SIZE || memchr(host, '/', size) != NULL)
        return "an address needs a host name before the port";
    *url = (struct url){.is_unix = false};
    memcpy(url->host, host, size);
    memcpy(url->port, colon + 1, strlen(colon + 1) + 1);
    return NULL;
}

static const char *
parse_tls(const char *text, struct url *url)
{
    const char *wrong = parse_host_port(text, url);
    url->is_tls = wrong == NULL;
    return wrong;
}

const char *
url_parse(const char *text, struct url *url)
{
    const char *rest;
    if ((rest = after(text, "unix://")) != NULL ||
        (rest = after(text, "unix:")) != NULL)
        return parse_path(rest, url);
    if ((rest = after(text, "tcp://")) != NULL ||
        (rest = after(text, "tcp:")) != NULL)
        return parse_host_port(rest, url);
    if ((rest = after(text, "tls://")) != NULL ||
        (rest = after(text, "tls:")) != NULL)
        return parse_tls(rest, url);
    return "not an address: write unix:PATH, tcp://HOST:PORT or "
           "tls://HOST:PORT";
}

const char *
url_default(struct url *url)
{
    const char *given = getenv("ENTENTE_URL");
    if (given != NULL && given[0] != '\0')
        return url_parse(given, url);
    const char *directory = getenv("XDG_RUNTIME_DIR");
    if (access(URL_SYSTEM_SOCKET, F_OK) == 0 || directory == NULL ||
        directory[0] == '\0')
        return parse_path(URL_SYSTEM_SOCKET, url);
    char path[sizeof(url->path) + 1];
    int size =
        snprintf(path, sizeof(path), "%s/%s", directory, URL_USER_SOCKET);
    if (size < 0 || (size_t)size >= sizeof(path))
        return "$XDG_RUNTIME_DIR is too long for the path of a socket";
    return parse_path(path, url);
}
