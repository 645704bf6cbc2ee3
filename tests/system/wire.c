/* SPDX-License-Identifier: MIT */
#include "tests/system/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <msgpack.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/json_text.h"

#define READ_SIZE ((size_t)65536)
/* msgids that wire_call picks; tests that pick their own stay below. */
#define MSGID_FIRST 1000000u

struct wire {
    int fd;
    bool ended;   /* nothing more will come */
    bool refused; /* nothing more is taken; an answer may still be there */
    uint32_t msgid_next;
    msgpack_unpacker unpacker;
    msgpack_unpacked message;
    msgpack_sbuffer queue;
    msgpack_sbuffer seen; /* from seen_start: the message read last, then what
                             came after it */
    size_t seen_start;
    size_t message_size;
};

/* --- opening --------------------------------------------------------------*/

static struct wire *
wire_new(int fd, const struct sockaddr *address, socklen_t size)
{
    ck_assert_int_ge(fd, 0);
    int rc;
    do
        rc = connect(fd, address, size);
    while (rc < 0 && errno == EINTR);
    ck_assert_msg(rc == 0, "connect: %s", strerror(errno));
    struct wire *wire = calloc(1, sizeof(*wire));
    ck_assert_ptr_nonnull(wire);
    wire->fd = fd;
    wire->msgid_next = MSGID_FIRST;
    ck_assert(msgpack_unpacker_init(&wire->unpacker, READ_SIZE));
    msgpack_unpacked_init(&wire->message);
    msgpack_sbuffer_init(&wire->queue);
    msgpack_sbuffer_init(&wire->seen);
    return wire;
}

struct wire *
wire_open_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return wire_new(fd, (const struct sockaddr *)&address, sizeof(address));
}

struct wire *
wire_open_tcp(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct wire *wire =
        wire_new(fd, (const struct sockaddr *)&address, sizeof(address));
    int yes = 1; /* so that each piece that a test sends travels alone */
    ck_assert_int_eq(
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
    return wire;
}

void
wire_close(struct wire *wire)
{
    if (wire == NULL)
        return;
    close(wire->fd);
    msgpack_unpacked_destroy(&wire->message);
    msgpack_unpacker_destroy(&wire->unpacker);
    msgpack_sbuffer_destroy(&wire->queue);
    msgpack_sbuffer_destroy(&wire->seen);
    free(wire);
}

int
wire_fd(const struct wire *wire)
{
    return wire->fd;
}

/* --- bytes ----------------------------------------------------------------*/

static short
wire_poll(const struct wire *wire, short events, int timeout_ms)
{
    struct pollfd place = {.fd = wire->fd, .events = events};
    int rc;
    do
        rc = poll(&place, 1, timeout_ms);
    while (rc < 0 && errno == EINTR);
    if (rc < 0)
        ck_abort_msg("poll: %s", strerror(errno));
    return rc == 0 ? 0 : place.revents;
}

/* Take in what has come, without waiting. */
static void
wire_take(struct wire *wire)
{
    if (!msgpack_unpacker_reserve_buffer(&wire->unpacker, READ_SIZE))
        ck_abort_msg("no memory");
    char *space = msgpack_unpacker_buffer(&wire->unpacker);
    ssize_t size = recv(wire->fd, space, READ_SIZE, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        wire->ended = true;
        return;
    }
    if (msgpack_sbuffer_write(&wire->seen, space, (size_t)size) != 0)
        ck_abort_msg("no memory");
    msgpack_unpacker_buffer_consumed(&wire->unpacker, (size_t)size);
}

size_t
wire_send_some(struct wire *wire, const void *bytes, size_t size)
{
    ssize_t sent = send(wire->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        wire->refused = true;
    else if (sent < 0)
        ck_assert_msg(errno == EAGAIN || errno == EINTR, "send: %s",
                      strerror(errno));
    return sent < 0 ? 0 : (size_t)sent;
}

void
wire_send(struct wire *wire, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0 && !wire->ended && !wire->refused) {
        size_t sent = wire_send_some(wire, at, size);
        at += sent;
        size -= sent;
        if (size == 0 || sent > 0)
            continue;
        short ready = wire_poll(wire, POLLIN | POLLOUT, WIRE_PATIENCE_MS);
        ck_assert_msg(ready != 0, "the daemon takes nothing");
        if ((ready & POLLIN) != 0)
            wire_take(wire);
    }
}

void
wire_end_sending(struct wire *wire)
{
    ck_assert_int_eq(shutdown(wire->fd, SHUT_WR), 0);
}

/* --- messages out ---------------------------------------------------------*/

void
wire_send_value(struct wire *wire, const json_t *value)
{
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    json_pack_to(&packer, value);
    wire_send(wire, bytes.data, bytes.size);
    msgpack_sbuffer_destroy(&bytes);
}

static void
request_pack(msgpack_sbuffer *bytes, uint32_t msgid, const char *method,
             const json_t *arguments)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, bytes, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 0);
    msgpack_pack_uint32(&packer, msgid);
    msgpack_pack_str(&packer, strlen(method));
    msgpack_pack_str_body(&packer, method, strlen(method));
    msgpack_pack_array(&packer, 1);
    json_pack_to(&packer, arguments);
}

void *
wire_request_bytes(uint32_t msgid, const char *method, const json_t *arguments,
                   size_t *size_out)
{
    msgpack_sbuffer bytes;
    msgpack_sbuffer_init(&bytes);
    request_pack(&bytes, msgid, method, arguments);
    *size_out = bytes.size;
    return msgpack_sbuffer_release(&bytes);
}

void
wire_queue(struct wire *wire, uint32_t msgid, const char *method,
           const json_t *arguments)
{
    request_pack(&wire->queue, msgid, method, arguments);
}

void
wire_flush(struct wire *wire)
{
    wire_send(wire, wire->queue.data, wire->queue.size);
    msgpack_sbuffer_clear(&wire->queue);
}

/* --- messages in ----------------------------------------------------------*/

/* Moves bytes only when that frees most of the buffer: a message costs its own
 * size, however many wait behind it. */
static void
seen_drop(struct wire *wire)
{
    wire->seen_start += wire->message_size;
    wire->message_size = 0;
    if (wire->seen_start * 2 < wire->seen.size)
        return;
    wire->seen.size -= wire->seen_start;
    if (wire->seen.size > 0)
        memmove(wire->seen.data, wire->seen.data + wire->seen_start,
                wire->seen.size);
    wire->seen_start = 0;
}

/* True when a message is whole: it is in wire->message. */
static bool
wire_next(struct wire *wire)
{
    size_t size = 0;
    msgpack_unpack_return result =
        msgpack_unpacker_next_with_size(&wire->unpacker, &wire->message, &size);
    if (result == MSGPACK_UNPACK_CONTINUE)
        return false;
    if (result != MSGPACK_UNPACK_SUCCESS)
        ck_abort_msg("the daemon sent what is not MessagePack");
    wire->message_size = size;
    return true;
}

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum wire_event
wire_await(struct wire *wire, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    seen_drop(wire);
    while (!wire_next(wire)) {
        if (wire->ended)
            return WIRE_CLOSED;
        int64_t left = end - now_ms();
        if (wire_poll(wire, POLLIN, left > 0 ? (int)left : 0) == 0)
            return WIRE_SILENCE;
        wire_take(wire);
    }
    return WIRE_MESSAGE;
}

enum wire_event
wire_read(struct wire *wire, int timeout_ms, json_t **message_out)
{
    enum wire_event event = wire_await(wire, timeout_ms);
    if (event == WIRE_MESSAGE)
        *message_out = json_of_msgpack(&wire->message.data);
    return event;
}

const msgpack_object *
wire_object(struct wire *wire)
{
    enum wire_event event = wire_await(wire, WIRE_PATIENCE_MS);
    if (event != WIRE_MESSAGE)
        ck_abort_msg(event == WIRE_CLOSED ? "the daemon closed the connection"
                                          : "the daemon does not answer");
    return &wire->message.data;
}

json_t *
wire_message(struct wire *wire)
{
    return json_of_msgpack(wire_object(wire));
}

const void *
wire_message_bytes(const struct wire *wire, size_t *size_out)
{
    *size_out = wire->message_size;
    return wire->seen.data + wire->seen_start;
}

json_t *
wire_answer(struct wire *wire, uint32_t msgid)
{
    json_t *message = wire_message(wire);
    if (json_array_size(message) == 4 &&
        json_integer_value(json_array_get(message, 0)) == 1 &&
        json_integer_value(json_array_get(message, 1)) == msgid)
        return message;
    char *text = json_dumps(message, JSON_COMPACT);
    ck_abort_msg("not the answer to %u: %.500s", msgid, text);
}

void
wire_await_close(struct wire *wire)
{
    enum wire_event event;
    do {
        json_t *message = NULL;
        event = wire_read(wire, WIRE_PATIENCE_MS, &message);
        json_decref(message);
    } while (event == WIRE_MESSAGE);
    ck_assert_msg(event == WIRE_CLOSED, "the daemon left the connection open");
}

json_t *
wire_call(struct wire *wire, const char *method, const json_t *arguments)
{
    uint32_t msgid = wire->msgid_next++;
    wire_queue(wire, msgid, method, arguments);
    wire_flush(wire);
    return wire_answer(wire, msgid);
}
