/* SPDX-License-Identifier: MIT */
#include "client/lib/handle.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/lib/whole.h"

/* Asked of the kernel at once; a chunk of a replay is a few times that. */
#define INPUT_CHUNK_SIZE ((size_t)64 << 10)

/* msgids of requests begin at 1. */
#define AUTH_MSGID 0

/* The request and its array of params are around them. */
#define PARAMS_DEPTH_MAX (RPC_DEPTH_MAX - 2)

void
handle_begin(struct entente *handle)
{
    handle->limits.deadline_ms = socket_now_ms() + handle->timeout_ms;
}

static void
scanner_reset(struct entente *handle)
{
    rpc_scanner_init(&handle->scanner, RPC_MESSAGE_SIZE_MAX, RPC_DEPTH_MAX);
    handle->scanned = 0;
}

void
handle_disconnect(struct entente *handle)
{
    tls_close(handle->ssl);
    handle->ssl = NULL;
    if (handle->fd >= 0)
        close(handle->fd);
    handle->fd = -1;
    mp_buf_clear(&handle->input);
    handle->taken = 0;
    scanner_reset(handle);
}

static enum entente_result show_token(struct entente *handle,
                                      struct entente_error *error);

static enum entente_result
disconnected(struct entente *handle, int rc, struct entente_error *error)
{
    handle_disconnect(handle);
    if (rc == -EPROTO) /* trying again will not mend it */
        return error_set(error, ENTENTE_LOST, "tls", "%s:%s: %s",
                         handle->url.host, handle->url.port, handle->why);
    return error_from_errno(error, rc, &handle->url);
}

static enum entente_result
connect_if_needed(struct entente *handle, struct entente_error *error)
{
    if (handle->fd >= 0)
        return ENTENTE_OK;
    int fd = socket_connect(&handle->url, &handle->limits);
    if (fd < 0)
        return error_from_errno(error, fd, &handle->url);
    handle->fd = fd;
    if (handle->url.is_tls) {
        int rc = tls_connect(&handle->tls, fd, handle->url.host,
                             &handle->limits, &handle->ssl, handle->why);
        if (rc != 0)
            return disconnected(handle, rc, error);
    }
    return handle->token == NULL ? ENTENTE_OK : show_token(handle, error);
}

static const char *
choose_url(const char *text, struct url *url)
{
    return text == NULL ? url_default(url) : url_parse(text, url);
}

/* What an option says, else a variable; NULL for neither. */
static const char *
choose(const char *option, const char *variable)
{
    const char *text = option == NULL ? getenv(variable) : option;
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static const char *
take_credentials(struct entente *handle, const struct entente_options *options)
{
    const char *token = choose(options->token, "ENTENTE_TOKEN");
    if (token != NULL && (handle->token = strdup(token)) == NULL)
        return "no memory";
    if (!handle->url.is_tls)
        return NULL;
    return tls_client_init(&handle->tls, choose(options->ca_file, "ENTENTE_CA"),
                           choose(options->cert_file, "ENTENTE_CERT"),
                           choose(options->key_file, "ENTENTE_KEY"),
                           handle->why);
}

struct entente *
entente_connect(const char *url, const struct entente_options *options,
                struct entente_error *error)
{
    const struct entente_options defaults = ENTENTE_OPTIONS_DEFAULT;
    if (options == NULL)
        options = &defaults;
    struct entente *handle = calloc(1, sizeof(*handle));
    if (handle == NULL) {
        (void)error_set(error, ENTENTE_NO_MEMORY, "no_memory", "no memory");
        return NULL;
    }
    handle->fd = -1;
    handle->timeout_ms =
        options->timeout_ms > 0 ? options->timeout_ms : ENTENTE_TIMEOUT_MS;
    handle->limits.stop_fd = options->stop_fd;
    scanner_reset(handle);
    const char *wrong = choose_url(url, &handle->url);
    if (wrong == NULL)
        wrong = take_credentials(handle, options);
    enum entente_result result = ENTENTE_INVALID;
    if (wrong != NULL) {
        (void)error_set(error, result, "invalid", "%s", wrong);
    } else {
        handle_begin(handle);
        result = connect_if_needed(handle, error);
    }
    if (result == ENTENTE_OK)
        return handle;
    entente_close(handle);
    return NULL;
}

void
entente_close(struct entente *handle)
{
    if (handle == NULL)
        return;
    handle_disconnect(handle);
    tls_client_deinit(&handle->tls);
    if (handle->token != NULL)
        OPENSSL_cleanse(handle->token, strlen(handle->token));
    free(handle->token);
    mp_buf_deinit(&handle->request);
    mp_buf_deinit(&handle->input);
    mp_buf_deinit(&handle->error_map);
    free(handle);
}

int
entente_fd(const struct entente *handle)
{
    return handle->fd;
}

struct entente_bytes
entente_error_map(const struct entente *handle)
{
    return bytes_from_span(mp_buf_span(&handle->error_map));
}

/* --- receiving ------------------------------------------------------------*/

static ssize_t
receive_plain(int fd, void *room)
{
    ssize_t size;
    do
        size = recv(fd, room, INPUT_CHUNK_SIZE, 0);
    while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : size;
}

/* Bytes received and read are progress: the timeout starts anew. */
static int
receive(struct entente *handle)
{
    uint8_t *room = mp_buf_reserve(&handle->input, INPUT_CHUNK_SIZE);
    if (room == NULL)
        return -ENOMEM;
    ssize_t size = handle->ssl != NULL ? tls_read(handle->ssl, room,
                                                  INPUT_CHUNK_SIZE, handle->why)
                                       : receive_plain(handle->fd, room);
    if (size < 0)
        return (int)size;
    if (size == 0)
        return -ECONNRESET;
    handle->input.size += (size_t)size;
    int64_t deadline_ms = socket_now_ms() + handle->timeout_ms;
    if (deadline_ms > handle->limits.deadline_ms)
        handle->limits.deadline_ms = deadline_ms;
    return 0;
}

/* Forget the message that was handed out last. */
static void
drop_taken(struct entente *handle)
{
    if (handle->taken == 0)
        return;
    struct mp_buf *input = &handle->input;
    memmove(input->data, input->data + handle->taken,
            input->size - handle->taken);
    input->size -= handle->taken;
    handle->taken = 0;
}

/* A whole message at the front of the input, or an absent span. */
static struct span
cut_message(struct entente *handle, bool *broken)
{
    if (handle->input.size == handle->scanned)
        return (struct span){NULL, 0};
    struct span rest = {handle->input.data + handle->scanned,
                        handle->input.size - handle->scanned};
    size_t consumed = 0;
    enum rpc_scan_result scan = rpc_scan(&handle->scanner, rest, &consumed);
    handle->scanned += consumed;
    *broken = scan != RPC_SCAN_DONE && scan != RPC_SCAN_MORE;
    if (scan != RPC_SCAN_DONE)
        return (struct span){NULL, 0};
    struct span message = {handle->input.data, handle->scanned};
    handle->taken = handle->scanned;
    scanner_reset(handle);
    return message;
}

static enum entente_result
not_our_protocol(struct entente *handle, struct entente_error *error)
{
    handle_disconnect(handle);
    return error_set(error, ENTENTE_LOST, "protocol",
                     "what answers does not speak MessagePack-RPC");
}

static enum entente_result
take_apart(struct entente *handle, struct span bytes,
           struct entente_message *message, struct entente_error *error)
{
    struct rpc_message parsed;
    if (!rpc_parse(bytes, &parsed) || parsed.kind == RPC_REQUEST)
        return not_our_protocol(handle, error);
    *message = (struct entente_message){
        .is_answer = parsed.kind == RPC_RESPONSE, .msgid = parsed.msgid};
    if (parsed.kind == RPC_NOTIFICATION) {
        message->name = bytes_from_span(parsed.method);
        message->params = bytes_from_span(parsed.params);
        return ENTENTE_OK;
    }
    struct mp_reader reader = mp_reader(parsed.error);
    if (mp_peek(&reader) == MP_NIL) {
        message->result = bytes_from_span(parsed.result);
        return ENTENTE_OK;
    }
    mp_buf_clear(&handle->error_map);
    mp_buf_append(&handle->error_map, parsed.error.data, parsed.error.size);
    return error_from_map(error, parsed.error);
}

enum entente_result
handle_next(struct entente *handle, struct entente_message *message,
            struct entente_error *error)
{
    drop_taken(handle);
    for (;;) {
        bool broken = false;
        struct span bytes = cut_message(handle, &broken);
        if (broken)
            return not_our_protocol(handle, error);
        if (bytes.data != NULL)
            return take_apart(handle, bytes, message, error);
        if (handle->fd < 0)
            return error_from_errno(error, -ENOTCONN, &handle->url);
        int rc = socket_wait(handle->fd, POLLIN, &handle->limits);
        if (rc >= 0)
            rc = receive(handle);
        if (rc < 0 && rc != -EAGAIN)
            return rc == -ETIMEDOUT || rc == -ECANCELED
                       ? error_from_errno(error, rc, &handle->url)
                       : disconnected(handle, rc, error);
    }
}

enum entente_result
entente_next(struct entente *handle, int wait_ms,
             struct entente_message *message, struct entente_error *error)
{
    /* The wait is the caller's and does not grow by what trickles in. */
    int timeout_ms = handle->timeout_ms;
    handle->timeout_ms = 0;
    handle->limits.deadline_ms = socket_now_ms() + wait_ms;
    enum entente_result result = handle_next(handle, message, error);
    handle->timeout_ms = timeout_ms;
    if (result == ENTENTE_LOST && handle->fd >= 0)
        return ENTENTE_AGAIN; /* only a timeout leaves the connection open */
    return result;
}

/* --- sending --------------------------------------------------------------*/

static ssize_t
send_some(struct entente *handle, struct span bytes)
{
    if (handle->ssl != NULL)
        return tls_write(handle->ssl, bytes.data, bytes.size, handle->why);
    ssize_t size = send(handle->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
    if (size >= 0)
        return size;
    return errno == EINTR ? -EAGAIN : -errno;
}

/*
 * The daemon stops reading while its answers are not read, so take what it
 * sends in the meantime.
 */
static int
send_all(struct entente *handle, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t size = send_some(handle, bytes);
        if (size >= 0) {
            bytes.data += size;
            bytes.size -= (size_t)size;
            continue;
        }
        if (size != -EAGAIN)
            return (int)size;
        int ready = socket_wait(handle->fd, POLLIN | POLLOUT, &handle->limits);
        if (ready < 0)
            return ready;
        if ((ready & POLLIN) != 0) {
            int rc = receive(handle);
            if (rc < 0 && rc != -EAGAIN)
                return rc;
        }
    }
    return 0;
}

/* The answer to `auth`; others cannot come yet. */
static enum entente_result
token_answer(struct entente *handle, struct entente_error *error)
{
    struct entente_message message;
    enum entente_result result;
    do {
        message = (struct entente_message){0};
        result = handle_next(handle, &message, error);
    } while (result == ENTENTE_OK && !message.is_answer);
    return result;
}

/* Before anything else, so that whatever follows has the token's role. */
static enum entente_result
show_token(struct entente *handle, struct entente_error *error)
{
    struct mp_buf request = {0};
    if (handle->ssl == NULL && !socket_stays_here(handle->fd)) {
        handle_disconnect(handle);
        return error_set(error, ENTENTE_INVALID, "invalid",
                         "a token is not sent over tcp:// to another machine; "
                         "use tls://HOST:PORT");
    }
    rpc_put_request(&request, AUTH_MSGID, "auth");
    mp_put_array(&request, 1);
    mp_put_map(&request, 1);
    mp_put_text(&request, "token");
    mp_put_text(&request, handle->token);
    int rc = request.failed ? -ENOMEM : send_all(handle, mp_buf_span(&request));
    if (!request.failed)
        OPENSSL_cleanse(request.data, request.size);
    mp_buf_deinit(&request);
    if (rc < 0)
        return disconnected(handle, rc, error);
    enum entente_result result = token_answer(handle, error);
    if (result != ENTENTE_OK)
        handle_disconnect(handle);
    return result;
}

static enum entente_result
send_request(struct entente *handle, struct entente_error *error)
{
    if (handle->request.failed)
        return error_from_errno(error, -ENOMEM, &handle->url);
    if (handle->request.size > RPC_MESSAGE_SIZE_MAX)
        return error_set(error, ENTENTE_INVALID, "too_large",
                         "a message has at most %zu bytes; this has %zu",
                         RPC_MESSAGE_SIZE_MAX, handle->request.size);
    enum entente_result result = connect_if_needed(handle, error);
    if (result != ENTENTE_OK)
        return result;
    int rc = send_all(handle, mp_buf_span(&handle->request));
    if (rc < 0) /* half a message may be out: this connection is of no use */
        return disconnected(handle, rc, error);
    return ENTENTE_OK;
}

enum entente_result
handle_send(struct entente *handle, const char *method, struct span params,
            struct entente_error *error)
{
    if (params.data != NULL && !whole_map(params, PARAMS_DEPTH_MAX))
        return error_set(error, ENTENTE_INVALID, "invalid",
                         "params must be one encoded map, at most 16 MiB, "
                         "nested at most %d deep",
                         PARAMS_DEPTH_MAX);
    drop_taken(handle);
    handle->msgid++;
    struct mp_buf *request = &handle->request;
    mp_buf_clear(request);
    rpc_put_request(request, handle->msgid, method);
    mp_put_array(request, params.data != NULL ? 1 : 0);
    if (params.data != NULL)
        mp_put_raw(request, params);
    return send_request(handle, error);
}

enum entente_result
entente_send(struct entente *handle, const char *method,
             struct entente_bytes params, uint32_t *msgid,
             struct entente_error *error)
{
    handle_begin(handle);
    enum entente_result result =
        handle_send(handle, method, span_from_bytes(params), error);
    *msgid = handle->msgid;
    return result;
}

enum entente_result
entente_cancel(struct entente *handle, uint32_t msgid,
               struct entente_error *error)
{
    if (handle->fd < 0) /* what it belongs to is gone with its connection */
        return error_from_errno(error, -ENOTCONN, &handle->url);
    handle_begin(handle);
    mp_buf_clear(&handle->request);
    rpc_put_notification(&handle->request, "cancel");
    mp_put_array(&handle->request, 1);
    mp_put_uint(&handle->request, msgid);
    return send_request(handle, error);
}
