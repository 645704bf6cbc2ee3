/* SPDX-License-Identifier: MIT */
#include "tests/bench/peers/canned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/fail.h"
#include "tests/bench/peers/pump.h"

/* What is sent at once, and may be on its way, as our daemon has it. */
#define CHUNK_SIZE ((size_t)256 << 10)
#define SOCKET_SIZE (512 << 10)

/* In the first one each page is touched for the first time by that process. */
#define PASSES 2

#define ADDRESS_SIZE ((size_t)256)

/* --- what was answered ----------------------------------------------------*/

/* Ask, and keep the answer's bytes besides taking them. */
static void
record(struct wire *wire, const struct dialect *dialect,
       const struct request *request, struct mp_buf *answer)
{
    uint64_t rows = 0;
    size_t kept = 0; /* of what has come and was not taken */
    enum taken taken = TAKEN_NOTHING;
    dialect->put(wire, request);
    if (!wire_flush(wire))
        fail("%s has gone", dialect->name);
    while (taken != TAKEN_ANSWER) {
        if (taken == TAKEN_NOTHING && !wire_fill(wire, true))
            fail("%s has gone", dialect->name);
        struct span came = wire_came(wire);
        mp_buf_append(answer, came.data + kept, came.size - kept);
        taken = dialect->take(wire, request, &rows);
        kept = wire_came(wire).size;
    }
    if (answer->failed || kept != 0)
        fail("the answer of %s cannot be kept", dialect->name);
}

/* --- the process that sends it again --------------------------------------*/

static int
listen_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof(name.sun_path))
        fail("%s is too long for a socket", path);
    memcpy(name.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 ||
        listen(fd, 1) != 0)
        fail("%s: %s", path, strerror(errno));
    return fd;
}

/* A request is small and comes in one piece. */
static void
answer_with(int fd, const struct mp_buf *answer)
{
    uint8_t request[CHUNK_SIZE];
    if (recv(fd, request, sizeof(request), 0) <= 0)
        _exit(EXIT_FAILURE);
    for (size_t at = 0; at < answer->size;) {
        size_t left = answer->size - at;
        ssize_t sent = send(fd, answer->data + at,
                            left < CHUNK_SIZE ? left : CHUNK_SIZE, 0);
        if (sent < 0)
            _exit(EXIT_FAILURE);
        at += (size_t)sent;
    }
}

static void
answer_one(int listener, const struct mp_buf *greeting,
           const struct mp_buf *replay)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF,
                             &(const int){SOCKET_SIZE}, sizeof(int)) != 0)
        _exit(EXIT_FAILURE);
    answer_with(fd, greeting);
    answer_with(fd, replay);
    close(fd);
}

static pid_t
serve(int listener, const struct mp_buf *greeting, const struct mp_buf *replay)
{
    pid_t pid = fork();
    if (pid < 0)
        fail("fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    for (int i = 0; i < PASSES; i++)
        answer_one(listener, greeting, replay);
    _exit(EXIT_SUCCESS);
}

/* --------------------------------------------------------------------------*/

/* The last pass counts. */
static double
measure(const struct dialect *dialect, const char *address, uint64_t stored)
{
    double seconds = 0;
    for (int i = 0; i < PASSES; i++) {
        struct pump_result result = pump_replay(dialect, address, stored);
        seconds = result.seconds;
        series_deinit(&result.us);
    }
    return (double)stored / seconds;
}

size_t
canned_replay(struct scores *scores, const struct server *server,
              const char *scratch, uint64_t stored)
{
    const struct dialect *dialect = server->dialect;
    const struct request ping = {.ask = ASK_PING};
    const struct request all = {.ask = ASK_REPLAY, .n = 1, .m = stored};
    struct mp_buf greeting = {0}, replay = {0};
    struct wire wire;
    char address[ADDRESS_SIZE];
    int status = 0;
    if (wire_open(&wire, server->address) != 0)
        fail("%s does not listen", server->name);
    record(&wire, dialect, &ping, &greeting);
    record(&wire, dialect, &all, &replay);
    wire_close(&wire);
    snprintf(address, sizeof(address), "unix:%s/canned", scratch);
    const char *path = strchr(address, ':') + 1;
    int listener = listen_at(path);
    pid_t pid = serve(listener, &greeting, &replay);
    scores_add(scores, ROW_W5_SENT, SYSTEM_MACHINE,
               measure(dialect, address, stored));
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("what was kept cannot be sent again");
    close(listener);
    unlink(path);
    size_t size = replay.size;
    mp_buf_deinit(&greeting);
    mp_buf_deinit(&replay);
    return size;
}
