/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/floor_protocol.h"
#include "tests/bench/peers/note.h"

/*
 * floor: the least server that could do the job, to show what the machine
 * allows through a socket.  One thread; whatever has come in one turn of the
 * loop is made durable together, then answered.  It validates nothing and
 * keeps no index.  What goes wrong ends it.
 *
 *     floor file DIR SOCKET   a file filled with zeros, one fdatasync a turn;
 *                             it forgets what it stored
 *     floor lmdb DIR SOCKET   one LMDB commit a turn
 */

#define FILE_SIZE ((off_t)1 << 30)
#define FILL_SIZE ((size_t)1 << 20)
#define MAP_SIZE ((size_t)16 << 30)
#define CLIENTS_MAX 64
#define READ_SIZE ((size_t)1 << 18)
#define READS_MAX 4 /* of one client in one turn */
#define WRITE_SIZE ((size_t)1 << 18)
#define KEY_SIZE 8
#define PATH_SIZE 512

struct client {
    int fd;
    struct mp_buf in, out;
};

struct floor {
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    int listener;
    uint64_t last;
    int fd; /* file: or -1 */
    off_t offset;
    struct mp_buf pending;
    MDB_env *env; /* lmdb */
    MDB_dbi dbi;
    MDB_txn *writing, *reading;
};

static void
must(int rc)
{
    if (rc != 0)
        fail("floor: %s", mdb_strerror(rc));
}

/* --- storing --------------------------------------------------------------*/

static void
open_file(struct floor *floor, const char *directory)
{
    char path[PATH_SIZE];
    void *zeros = calloc(1, FILL_SIZE);
    snprintf(path, sizeof(path), "%s/log", directory);
    floor->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (floor->fd < 0 || zeros == NULL)
        fail("%s: %s", path, strerror(errno));
    for (off_t at = 0; at < FILE_SIZE; at += (off_t)FILL_SIZE) {
        if (pwrite(floor->fd, zeros, FILL_SIZE, at) != (ssize_t)FILL_SIZE)
            fail("%s: %s", path, strerror(errno));
    }
    if (fsync(floor->fd) != 0)
        fail("%s: %s", path, strerror(errno));
    free(zeros);
}

static void
open_lmdb(struct floor *floor, const char *directory)
{
    MDB_stat stat;
    must(mdb_env_create(&floor->env));
    must(mdb_env_set_mapsize(floor->env, MAP_SIZE));
    must(mdb_env_open(floor->env, directory, MDB_NOTLS, 0600));
    must(mdb_txn_begin(floor->env, NULL, 0, &floor->writing));
    must(mdb_dbi_open(floor->writing, NULL, 0, &floor->dbi));
    must(mdb_stat(floor->writing, floor->dbi, &stat));
    must(mdb_txn_commit(floor->writing));
    floor->writing = NULL;
    floor->last = stat.ms_entries;
    must(mdb_txn_begin(floor->env, NULL, MDB_RDONLY, &floor->reading));
    mdb_txn_reset(floor->reading);
}

static void
key_of(uint8_t key[KEY_SIZE], uint64_t position)
{
    for (int i = KEY_SIZE - 1; i >= 0; i--, position >>= 8)
        key[i] = (uint8_t)position;
}

static void
store(struct floor *floor, const uint8_t *event)
{
    uint8_t bytes[KEY_SIZE];
    floor->last++;
    if (floor->fd >= 0) {
        mp_buf_append(&floor->pending, event, NOTE_SIZE);
        return;
    }
    if (floor->writing == NULL)
        must(mdb_txn_begin(floor->env, NULL, 0, &floor->writing));
    key_of(bytes, floor->last);
    MDB_val key = {KEY_SIZE, bytes}, value = {NOTE_SIZE, (void *)event};
    must(mdb_put(floor->writing, floor->dbi, &key, &value, MDB_APPEND));
}

static void
make_durable(struct floor *floor)
{
    struct mp_buf *pending = &floor->pending;
    if (floor->writing != NULL)
        must(mdb_txn_commit(floor->writing));
    floor->writing = NULL;
    if (pending->size == 0)
        return;
    if (floor->offset + (off_t)pending->size > FILE_SIZE)
        floor->offset = 0;
    if (pwrite(floor->fd, pending->data, pending->size, floor->offset) !=
            (ssize_t)pending->size ||
        fdatasync(floor->fd) != 0)
        fail("floor: %s", strerror(errno));
    floor->offset += (off_t)pending->size;
    mp_buf_clear(pending);
}

/* --- answering ------------------------------------------------------------*/

static void
send_out(struct client *client)
{
    for (size_t sent = 0; sent < client->out.size;) {
        struct pollfd place = {.fd = client->fd, .events = POLLOUT};
        ssize_t size =
            send(client->fd, client->out.data + sent, client->out.size - sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size > 0)
            sent += (size_t)size;
        else if (errno == EAGAIN)
            (void)poll(&place, 1, -1);
        else
            break; /* gone; its next read says so */
    }
    mp_buf_clear(&client->out);
}

static void
answer(struct client *client, uint64_t position, const void *event, size_t size)
{
    struct floor_answer head = {.position = position, .size = (uint32_t)size};
    mp_buf_append(&client->out, &head, sizeof(head));
    mp_buf_append(&client->out, event, size);
    if (client->out.size > WRITE_SIZE)
        send_out(client);
}

static void
answer_one(struct floor *floor, struct client *client, uint64_t position)
{
    uint8_t bytes[KEY_SIZE];
    MDB_val key = {KEY_SIZE, bytes}, value;
    key_of(bytes, position);
    must(mdb_txn_renew(floor->reading));
    must(mdb_get(floor->reading, floor->dbi, &key, &value));
    answer(client, position, value.mv_data, value.mv_size);
    mdb_txn_reset(floor->reading);
}

static void
answer_all(struct floor *floor, struct client *client)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t position = 0;
    must(mdb_txn_renew(floor->reading));
    must(mdb_cursor_open(floor->reading, floor->dbi, &cursor));
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        answer(client, ++position, value.mv_data, value.mv_size);
    mdb_cursor_close(cursor);
    mdb_txn_reset(floor->reading);
    answer(client, position, "", 0);
}

static void
handle(struct floor *floor, struct client *client,
       const struct floor_request *request, const uint8_t *events)
{
    switch ((enum floor_op)request->op) {
    case FLOOR_APPEND:
        for (uint32_t i = 0; i < request->count; i++)
            store(floor, events + i * NOTE_SIZE);
        answer(client, floor->last, "", 0);
        break;
    case FLOOR_AT:
        answer_one(floor, client, request->n);
        break;
    case FLOOR_SINCE: /* their dates are in the order of positions */
        answer_one(floor, client,
                   (request->n - note_ms(0) + NOTE_STEP_MS - 1) / NOTE_STEP_MS);
        break;
    case FLOOR_REPLAY:
        answer_all(floor, client);
        break;
    case FLOOR_PING:
        answer(client, 0, "", 0);
        break;
    }
}

/* --- the loop -------------------------------------------------------------*/

/* False when the client is gone. */
static bool
read_in(struct client *client)
{
    for (int i = 0; i < READS_MAX; i++) {
        uint8_t *space = mp_buf_reserve(&client->in, READ_SIZE);
        if (space == NULL)
            fail("no memory");
        ssize_t size = recv(client->fd, space, READ_SIZE, MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN))
            return false;
        if (size < 0)
            break;
        client->in.size += (size_t)size;
    }
    return true;
}

static void
serve(struct floor *floor, struct client *client)
{
    struct floor_request request;
    struct mp_buf *in = &client->in;
    size_t at = 0;
    while (in->size - at >= sizeof(request)) {
        memcpy(&request, in->data + at, sizeof(request));
        if (in->size - at - sizeof(request) < request.size)
            break;
        handle(floor, client, &request, in->data + at + sizeof(request));
        at += sizeof(request) + request.size;
    }
    in->size -= at;
    if (at > 0)
        memmove(in->data, in->data + at, in->size);
}

static void
accept_one(struct floor *floor)
{
    int fd = accept4(floor->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || floor->client_count == CLIENTS_MAX)
        fail("floor: too many clients");
    floor->clients[floor->client_count++] = (struct client){.fd = fd};
}

static void
turn(struct floor *floor)
{
    struct pollfd places[CLIENTS_MAX + 1];
    size_t count = floor->client_count;
    for (size_t i = 0; i < count; i++)
        places[i] =
            (struct pollfd){.fd = floor->clients[i].fd, .events = POLLIN};
    places[count] = (struct pollfd){.fd = floor->listener, .events = POLLIN};
    (void)poll(places, count + 1, -1);
    for (size_t i = count; i-- > 0;) {
        struct client *client = &floor->clients[i];
        if (places[i].revents == 0 || read_in(client)) {
            if (places[i].revents != 0)
                serve(floor, client);
            continue;
        }
        close(client->fd);
        mp_buf_deinit(&client->in);
        mp_buf_deinit(&client->out);
        *client = floor->clients[--floor->client_count];
    }
    make_durable(floor);
    for (size_t i = 0; i < floor->client_count; i++)
        send_out(&floor->clients[i]);
    if (places[count].revents != 0)
        accept_one(floor);
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof(address.sun_path))
        fail("%s is too long for a socket's path", path);
    memcpy(address.sun_path, path, strlen(path));
    (void)unlink(path);
    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, CLIENTS_MAX) != 0)
        fail("%s: %s", path, strerror(errno));
    return fd;
}

int
main(int argc, char **argv)
{
    static struct floor floor = {.fd = -1};
    if (argc != 4)
        fail("usage: floor file|lmdb DIR SOCKET");
    if (strcmp(argv[1], "file") == 0)
        open_file(&floor, argv[2]);
    else
        open_lmdb(&floor, argv[2]);
    floor.listener = listen_at(argv[3]);
    for (;;)
        turn(&floor);
}
