/* SPDX-License-Identifier: MIT */
#include "tests/bench/link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/fail.h"

#define READ_SIZE ((size_t)1 << 18)

struct link {
    int fd;
    uint32_t msgid_next;
    struct mp_buf out;
    struct mp_buf in;
    size_t in_start; /* what lies before was handed out */
};

/* --- opening --------------------------------------------------------------*/

struct link *
link_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        fail("%s is too long for a socket's path", path);
    memcpy(address.sun_path, path, strlen(path));
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        fail("no memory");
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, (const struct sockaddr *)&address,
                                sizeof(address)) != 0)
        fail("%s: %s", path, strerror(errno));
    return link;
}

void
link_close(struct link *link)
{
    if (link == NULL)
        return;
    close(link->fd);
    mp_buf_deinit(&link->out);
    mp_buf_deinit(&link->in);
    free(link);
}

/* --- bytes ----------------------------------------------------------------*/

static void
in_drop(struct link *link)
{
    if (link->in_start * 2 < link->in.size)
        return;
    link->in.size -= link->in_start;
    if (link->in.size > 0)
        memmove(link->in.data, link->in.data + link->in_start, link->in.size);
    link->in_start = 0;
}

/* Waits for bytes unless `flags` say MSG_DONTWAIT; 0: none came. */
static size_t
take(struct link *link, size_t size_max, int flags)
{
    uint8_t *space = mp_buf_reserve(&link->in, size_max);
    if (space == NULL)
        fail("no memory");
    ssize_t size;
    do
        size = recv(link->fd, space, size_max, flags);
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN)
        return 0;
    if (size <= 0)
        fail("the daemon closed the connection");
    link->in.size += (size_t)size;
    return (size_t)size;
}

void
link_flush(struct link *link)
{
    size_t sent = 0;
    if (link->out.failed)
        fail("no memory");
    while (sent < link->out.size) {
        struct pollfd place = {.fd = link->fd, .events = POLLIN | POLLOUT};
        if (poll(&place, 1, -1) < 0)
            continue;
        if ((place.revents & POLLIN) != 0)
            (void)take(link, READ_SIZE, MSG_DONTWAIT);
        ssize_t size = send(link->fd, link->out.data + sent,
                            link->out.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN && errno != EINTR)
            fail("send: %s", strerror(errno));
        sent += size < 0 ? 0 : (size_t)size;
    }
    mp_buf_clear(&link->out);
}

size_t
link_read_some(struct link *link, size_t size)
{
    size_t taken = take(link, size, 0);
    mp_buf_clear(&link->in);
    link->in_start = 0;
    return taken;
}

/* --- messages -------------------------------------------------------------*/

struct mp_buf *
link_begin(struct link *link, const char *method, uint32_t *msgid_out)
{
    *msgid_out = link->msgid_next++;
    rpc_put_request(&link->out, *msgid_out, method);
    return &link->out;
}

void
link_next(struct link *link, struct rpc_message *message)
{
    struct rpc_scanner scanner;
    size_t looked = 0, consumed;
    enum rpc_scan_result result = RPC_SCAN_MORE;
    in_drop(link);
    rpc_scanner_init(&scanner, RPC_MESSAGE_SIZE_MAX, RPC_DEPTH_MAX);
    while (result == RPC_SCAN_MORE) {
        size_t size = link->in.size - link->in_start;
        if (size == looked)
            size += take(link, READ_SIZE, 0);
        struct span bytes = {link->in.data + link->in_start + looked,
                             size - looked};
        result = rpc_scan(&scanner, bytes, &consumed);
        looked += consumed;
    }
    struct span whole = {link->in.data + link->in_start, looked};
    if (result != RPC_SCAN_DONE || !rpc_parse(whole, message))
        fail("the daemon sent what is no message");
    link->in_start += looked;
}

bool
link_try(struct link *link, const char *method, struct span params,
         struct rpc_message *message)
{
    uint32_t msgid;
    struct mp_buf *out = link_begin(link, method, &msgid);
    mp_put_array(out, 1);
    mp_put_raw(out, params);
    link_flush(link);
    link_next(link, message);
    if (message->kind != RPC_RESPONSE || message->msgid != msgid)
        fail("%s: another message than the answer came", method);
    struct mp_reader reader = mp_reader(message->error);
    return mp_peek(&reader) == MP_NIL;
}

struct span
link_call(struct link *link, const char *method, struct span params)
{
    struct rpc_message message;
    if (!link_try(link, method, params, &message))
        link_fail(method, message.error);
    return message.result;
}

void
link_fail(const char *method, struct span error)
{
    struct span code = mp_get_str(error, "code");
    struct span text = mp_get_str(error, "message");
    fail("%s: %.*s: %.*s", method, (int)code.size, (const char *)code.data,
         (int)text.size, (const char *)text.data);
}
