/* SPDX-License-Identifier: MIT */
#include "daemon/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "daemon/secret.h"

/* Certificates between a client's and its authority's. */
#define TLS_CHAIN_DEPTH 2

struct tls {
    SSL_CTX *context;
};

/* --- loading --------------------------------------------------------------*/

/* OpenSSL's oldest complaint names the cause. */
static int
refuse(struct diag_reason *reason, const char *path, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *why = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    diag_because(reason, "%s: %s%s%s", path, what, why == NULL ? "" : ": ",
                 why == NULL ? "" : why);
    return -EINVAL;
}

static void
set_protocol(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    /* An evbuffer's bytes may have moved when a write is tried again. Never
     * SSL_MODE_ENABLE_PARTIAL_WRITE: libevent 2.1 takes a part of a piece for
     * the whole, and what it leaves out corrupts the stream. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static int
use_key(SSL_CTX *context, const char *path, struct diag_reason *reason)
{
    FILE *file = NULL;
    int rc = secret_open(path, &file, reason);
    if (rc != 0)
        return rc;
    /* "": a key that has a passphrase is refused, not asked for on a terminal
     */
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, "");
    fclose(file);
    if (key == NULL)
        rc = refuse(reason, path,
                    "no private key in PEM form without a passphrase");
    else if (SSL_CTX_use_PrivateKey(context, key) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        rc = refuse(reason, path, "not the key of the certificate");
    EVP_PKEY_free(key);
    return rc;
}

static int
use_revoked(SSL_CTX *context, const char *path, struct diag_reason *reason)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL ||
        X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) <= 0)
        return refuse(reason, path, "no revocation list in PEM form");
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return 0;
}

static int
use_clients(SSL_CTX *context, const struct tls_options *options,
            struct diag_reason *reason)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(options->client_ca);
    if (names == NULL ||
        SSL_CTX_load_verify_file(context, options->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return refuse(reason, options->client_ca, "no certificate in PEM form");
    }
    SSL_CTX_set_client_CA_list(context, names); /* takes them */
    SSL_CTX_set_verify_depth(context, TLS_CHAIN_DEPTH);
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER |
            (options->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        NULL);
    return options->revoked == NULL
               ? 0
               : use_revoked(context, options->revoked, reason);
}

static int
set_up(SSL_CTX *context, const struct tls_options *options,
       struct diag_reason *reason)
{
    set_protocol(context);
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1)
        return refuse(reason, options->certificate,
                      "no certificate in PEM form");
    int rc = use_key(context, options->key, reason);
    if (rc == 0 && options->client_ca != NULL)
        rc = use_clients(context, options, reason);
    return rc;
}

int
tls_load(const struct tls_options *options, struct tls **loaded,
         struct diag_reason *reason)
{
    ERR_clear_error();
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL ||
        (tls->context = SSL_CTX_new(TLS_server_method())) == NULL) {
        free(tls);
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    int rc = set_up(tls->context, options, reason);
    if (rc != 0) {
        tls_free(tls);
        return rc;
    }
    *loaded = tls;
    return 0;
}

void
tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

SSL *
tls_accept(struct tls *tls)
{
    return SSL_new(tls->context);
}

void
tls_release(SSL *ssl)
{
    SSL_free(ssl);
}

/* --- peers ----------------------------------------------------------------*/

static void
weigh_key(X509 *certificate, const struct access_rules *rules,
          struct access_verdict *verdict)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE];
    unsigned size = 0;
    uint8_t *bytes = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
    if (length > 0 && EVP_Digest(bytes, (size_t)length, hash, &size,
                                 EVP_sha256(), NULL) == 1) {
        for (size_t i = 0; i < size; i++) {
            text[2 * i] = digits[hash[i] >> 4];
            text[2 * i + 1] = digits[hash[i] & 15];
        }
        access_weigh(rules, ACCESS_SPKI,
                     (struct span){(const uint8_t *)text, 2 * (size_t)size},
                     verdict);
    }
    OPENSSL_free(bytes);
}

/* A name with a NUL in it equals none of ours, as lengths are compared. */
static void
weigh_name(const GENERAL_NAME *name, const struct access_rules *rules,
           struct access_verdict *verdict)
{
    static const struct {
        int type;
        enum access_kind kind;
    } kinds[] = {
        {GEN_DNS, ACCESS_DNS},
        {GEN_URI, ACCESS_URI},
        {GEN_EMAIL, ACCESS_EMAIL},
    };
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type)
            access_weigh(rules, kinds[i].kind,
                         (struct span){ASN1_STRING_get0_data(value),
                                       (size_t)ASN1_STRING_length(value)},
                         verdict);
}

static void
weigh_names(X509 *certificate, const struct access_rules *rules,
            struct access_verdict *verdict)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        weigh_name(sk_GENERAL_NAME_value(names, i), rules, verdict);
    GENERAL_NAMES_free(names);
}

/* As the handshake did it, with what is known now. */
static bool
is_valid(struct tls *tls, SSL *ssl, X509 *certificate)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool valid =
        check != NULL &&
        X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(tls->context),
                            certificate, SSL_get_peer_cert_chain(ssl)) == 1 &&
        X509_STORE_CTX_set_default(check, "ssl_client") == 1;
    if (valid) {
        X509_STORE_CTX_set_depth(check, TLS_CHAIN_DEPTH);
        valid = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return valid;
}

enum service_role
tls_role(struct tls *tls, SSL *ssl, const struct access_rules *rules)
{
    struct access_verdict verdict = {0};
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
        return SERVICE_NOBODY;
    if (tls == NULL || (SSL_get_SSL_CTX(ssl) != tls->context &&
                        !is_valid(tls, ssl, certificate)))
        return SERVICE_NOBODY;
    weigh_names(certificate, rules, &verdict);
    weigh_key(certificate, rules, &verdict);
    return access_verdict_role(&verdict);
}

const char *
tls_why(const SSL *ssl, unsigned long code)
{
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK)
        return X509_verify_cert_error_string(verified);
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    return reason == NULL ? "the peer went away" : reason;
}

void
tls_goodbye(SSL *ssl)
{
    if (SSL_is_init_finished(ssl))
        SSL_shutdown(ssl);
    ERR_clear_error();
}
