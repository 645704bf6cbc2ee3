/* SPDX-License-Identifier: MIT */
#include "client/lib/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* --- a socket that raises no signal ---------------------------------------*/

/* OpenSSL's own would write(2), and SIGPIPE is the program's that uses us. */
static int
bio_write(BIO *bio, const char *bytes, int size)
{
    int fd = (int)(intptr_t)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(fd, bytes, (size_t)size, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int
bio_read(BIO *bio, char *bytes, int size)
{
    int fd = (int)(intptr_t)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t received = recv(fd, bytes, (size_t)size, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    if (received == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return (int)received;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH; /* nothing is kept here */
}

static BIO_METHOD *
new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "entente socket");
    if (method != NULL && BIO_meth_set_write(method, bio_write) == 1 &&
        BIO_meth_set_read(method, bio_read) == 1 &&
        BIO_meth_set_ctrl(method, bio_control) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* --- trust ----------------------------------------------------------------*/

static const char *
explain(char why[TLS_WHY_SIZE], const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (code != 0 && ERR_SYSTEM_ERROR(code))
        reason = NULL;
    snprintf(why, TLS_WHY_SIZE, "%s%s%s", what, reason == NULL ? "" : ": ",
             reason == NULL ? "" : reason);
    ERR_clear_error();
    return why;
}

static const char *
use_key(SSL_CTX *context, const char *cert, const char *key,
        char why[TLS_WHY_SIZE])
{
    struct stat status;
    if (stat(key, &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
        snprintf(why, TLS_WHY_SIZE,
                 "%s has mode %04o: others could use it; expected 0600", key,
                 (unsigned)status.st_mode & 07777);
        return why;
    }
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1) {
        char what[TLS_WHY_SIZE / 2];
        snprintf(what, sizeof(what), "%s: no certificate in PEM form", cert);
        return explain(why, what);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        char what[TLS_WHY_SIZE / 2];
        snprintf(what, sizeof(what), "%s: not the key of the certificate", key);
        return explain(why, what);
    }
    return NULL;
}

static const char *
use_authority(SSL_CTX *context, const char *ca, char why[TLS_WHY_SIZE])
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (ca == NULL)
        return SSL_CTX_set_default_verify_paths(context) == 1
                   ? NULL
                   : explain(why, "the system's certificates cannot be read");
    if (SSL_CTX_load_verify_file(context, ca) == 1)
        return NULL;
    char what[TLS_WHY_SIZE / 2];
    snprintf(what, sizeof(what), "%s: no certificate in PEM form", ca);
    return explain(why, what);
}

const char *
tls_client_init(struct tls_client *client, const char *ca, const char *cert,
                const char *key, char why[TLS_WHY_SIZE])
{
    ERR_clear_error();
    client->context = SSL_CTX_new(TLS_client_method());
    client->method = new_method();
    if (client->context == NULL || client->method == NULL)
        return explain(why, "no memory");
    SSL_CTX_set_min_proto_version(client->context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(client->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if ((cert == NULL) != (key == NULL))
        return explain(why, "a certificate and its key go together");
    const char *wrong = use_authority(client->context, ca, why);
    if (wrong == NULL && cert != NULL)
        wrong = use_key(client->context, cert, key, why);
    return wrong;
}

void
tls_client_deinit(struct tls_client *client)
{
    SSL_CTX_free(client->context);
    BIO_meth_free(client->method);
    *client = (struct tls_client){NULL, NULL};
}

/* --- connections ----------------------------------------------------------*/

/* A name, or an address, that the daemon's certificate has to have. */
static bool
expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 ||
        inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

static SSL *
new_ssl(const struct tls_client *client, int fd, const char *host)
{
    SSL *ssl = SSL_new(client->context);
    BIO *bio = ssl == NULL ? NULL : BIO_new(client->method);
    if (bio == NULL || !expect_host(ssl, host)) {
        BIO_free(bio);
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

/* What a call that failed has come to. */
static int
fault_of(SSL *ssl, int result, char why[TLS_WHY_SIZE])
{
    int saved = errno;
    long verified = SSL_get_verify_result(ssl);
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return saved == 0 ? -ECONNRESET : -saved;
    default:
        break;
    }
    if (verified != X509_V_OK) {
        ERR_clear_error();
        (void)explain(why, X509_verify_cert_error_string(verified));
    } else if (ERR_GET_REASON(ERR_peek_last_error()) ==
               SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return -ECONNRESET;
    } else {
        (void)explain(why, "TLS");
    }
    return -EPROTO;
}

static int
shake_hands(SSL *ssl, int fd, const struct socket_limits *limits,
            char why[TLS_WHY_SIZE])
{
    for (;;) {
        errno = 0;
        ERR_clear_error();
        int result = SSL_connect(ssl);
        if (result == 1)
            return 0;
        short events = SSL_want_write(ssl) ? POLLOUT : POLLIN;
        int rc = fault_of(ssl, result, why);
        if (rc == -EAGAIN)
            rc = socket_wait(fd, events, limits);
        if (rc <= 0)
            return rc == 0 ? -ECONNRESET : rc;
    }
}

int
tls_connect(const struct tls_client *client, int fd, const char *host,
            const struct socket_limits *limits, SSL **connected,
            char why[TLS_WHY_SIZE])
{
    SSL *ssl = new_ssl(client, fd, host);
    if (ssl == NULL)
        return -ENOMEM;
    int rc = shake_hands(ssl, fd, limits, why);
    if (rc != 0) {
        SSL_free(ssl);
        return rc;
    }
    *connected = ssl;
    return 0;
}

ssize_t
tls_read(SSL *ssl, void *bytes, size_t size, char why[TLS_WHY_SIZE])
{
    size_t count = 0;
    errno = 0;
    ERR_clear_error();
    int result = SSL_read_ex(ssl, bytes, size, &count);
    return result == 1 ? (ssize_t)count : fault_of(ssl, result, why);
}

ssize_t
tls_write(SSL *ssl, const void *bytes, size_t size, char why[TLS_WHY_SIZE])
{
    size_t count = 0;
    errno = 0;
    ERR_clear_error();
    int result = SSL_write_ex(ssl, bytes, size, &count);
    return result == 1 ? (ssize_t)count : fault_of(ssl, result, why);
}

void
tls_close(SSL *ssl)
{
    if (ssl == NULL)
        return;
    if (SSL_is_init_finished(ssl))
        SSL_shutdown(ssl);
    SSL_free(ssl);
    ERR_clear_error();
}
