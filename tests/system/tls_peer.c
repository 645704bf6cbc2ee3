/* SPDX-License-Identifier: MIT */
#include "tests/system/tls_peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <msgpack.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/system/json_text.h"
#include "tests/system/wire.h"

#define READ_SIZE ((size_t)16384)

struct tls_peer {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    msgpack_unpacker unpacker;
};

int
tls_peer_socket(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval patience = {.tv_sec = WIRE_PATIENCE_MS / 1000};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    ck_assert_msg(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0,
        "connect: %s", strerror(errno));
    return fd;
}

struct tls_peer *
tls_peer_open(uint16_t port, const struct tls_peer_options *options)
{
    return tls_peer_begin(tls_peer_socket(port), options);
}

struct tls_peer *
tls_peer_begin(int fd, const struct tls_peer_options *options)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to what the daemon closed */
    struct tls_peer *peer = calloc(1, sizeof(*peer));
    ck_assert_ptr_nonnull(peer);
    peer->fd = fd;
    peer->context = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(peer->context);
    SSL_CTX_set_security_level(peer->context, 0); /* old versions too */
    if (options->version_max != 0)
        SSL_CTX_set_max_proto_version(peer->context, options->version_max);
    if (options->cert != NULL) {
        ck_assert_int_eq(
            SSL_CTX_use_certificate_chain_file(peer->context, options->cert),
            1);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(
                             peer->context, options->key, SSL_FILETYPE_PEM),
                         1);
    }
    peer->ssl = SSL_new(peer->context);
    SSL_set_fd(peer->ssl, peer->fd);
    ck_assert(msgpack_unpacker_init(&peer->unpacker, READ_SIZE));
    if (SSL_connect(peer->ssl) == 1)
        return peer;
    tls_peer_cut(peer);
    return NULL;
}

void
tls_peer_cut(struct tls_peer *peer)
{
    if (peer == NULL)
        return;
    msgpack_unpacker_destroy(&peer->unpacker);
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    close(peer->fd);
    ERR_clear_error();
    free(peer);
}

void
tls_peer_close(struct tls_peer *peer)
{
    if (peer != NULL)
        SSL_shutdown(peer->ssl);
    tls_peer_cut(peer);
}

bool
tls_peer_can_resume(const struct tls_peer *peer)
{
    const SSL_SESSION *session = SSL_get_session(peer->ssl);
    return SSL_SESSION_is_resumable(session) == 1 ||
           SSL_SESSION_has_ticket(session) == 1 ||
           SSL_SESSION_get_max_early_data(session) != 0;
}

int
tls_peer_fd(const struct tls_peer *peer)
{
    return peer->fd;
}

bool
tls_peer_try(struct tls_peer *peer, const void *bytes, size_t size)
{
    size_t sent = 0;
    return SSL_write_ex(peer->ssl, bytes, size, &sent) == 1;
}

void
tls_peer_send(struct tls_peer *peer, const void *bytes, size_t size,
              size_t piece)
{
    const char *at = bytes;
    while (size > 0) {
        size_t next = piece == 0 || piece > size ? size : piece;
        ck_assert_msg(tls_peer_try(peer, at, next), "cannot send");
        at += next;
        size -= next;
    }
}

/* False when nothing more will come. */
static bool
receive(struct tls_peer *peer)
{
    size_t size = 0;
    ck_assert(msgpack_unpacker_reserve_buffer(&peer->unpacker, READ_SIZE));
    if (SSL_read_ex(peer->ssl, msgpack_unpacker_buffer(&peer->unpacker),
                    READ_SIZE, &size) != 1) {
        int error = SSL_get_error(peer->ssl, 0);
        ck_assert_msg(error != SSL_ERROR_WANT_READ,
                      "the daemon does not answer");
        ERR_clear_error();
        return false;
    }
    msgpack_unpacker_buffer_consumed(&peer->unpacker, size);
    return true;
}

json_t *
tls_peer_message(struct tls_peer *peer)
{
    msgpack_unpacked message;
    msgpack_unpacked_init(&message);
    msgpack_unpack_return result;
    while ((result = msgpack_unpacker_next(&peer->unpacker, &message)) ==
           MSGPACK_UNPACK_CONTINUE)
        if (!receive(peer))
            return NULL;
    ck_assert_int_eq(result, MSGPACK_UNPACK_SUCCESS);
    json_t *value = json_of_msgpack(&message.data);
    msgpack_unpacked_destroy(&message);
    return value;
}

json_t *
tls_peer_call(struct tls_peer *peer, const char *method, const char *arguments)
{
    size_t size;
    json_auto_t *values = json_of(arguments);
    void *request = wire_request_bytes(1, method, values, &size);
    bool sent = tls_peer_try(peer, request, size);
    free(request);
    return sent ? tls_peer_message(peer) : NULL;
}

bool
tls_peer_await_close(struct tls_peer *peer)
{
    return !receive(peer);
}
