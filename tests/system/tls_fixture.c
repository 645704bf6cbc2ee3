/* SPDX-License-Identifier: MIT */
#include "tests/system/tls_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct authority *tls_authority, *tls_foreign;
struct certificate tls_server;
char tls_revoked[SCRATCH_PATH_SIZE];

void
tls_begin(void)
{
    access_begin();
    tls_authority = authority_new(fixture.directory, "ca");
    tls_foreign = authority_new(fixture.directory, "foreign");
    certificate_make(tls_authority,
                     &(struct certificate_wish){.name = "server",
                                                .san = "DNS:localhost,"
                                                       "IP:127.0.0.1",
                                                .purpose = "serverAuth"},
                     &tls_server);
    scratch_join(tls_revoked, fixture.directory, "crl.pem");
    authority_write_revoked(tls_authority, tls_revoked);
}

void
tls_end(void)
{
    fixture_end();
    authority_free(tls_authority);
    authority_free(tls_foreign);
}

void
tls_configure(const char *more)
{
    char text[TLS_CONF_SIZE];
    int size = snprintf(text, sizeof(text),
                        "[daemon]\nlisten = tls://127.0.0.1:0\n"
                        "listen = unix:%s\n[tls]\ncertificate = %s\n"
                        "key = %s\n%s\n",
                        fixture.socket, tls_server.path, tls_server.key, more);
    ck_assert_uint_lt((size_t)size, TLS_CONF_SIZE);
    access_configure(text);
}

void
tls_start(const char *more)
{
    static const char *const arguments[] = {"--config", access_conf, NULL};
    struct process_options options = {.data = fixture.data, .more = arguments};
    tls_configure(more);
    fixture.daemon = process_start(&options);
    if (!process_await_ready(fixture.daemon))
        ck_abort_msg("not ready: %s", process_output(fixture.daemon));
    fixture.wire = wire_open_unix(fixture.socket);
}

void
tls_rules(char rules[TLS_CONF_SIZE], bool required, const char *more)
{
    int size =
        snprintf(rules, TLS_CONF_SIZE,
                 "client-ca = %s\nrevoked = %s\nclient-certificates = %s\n"
                 "[access]\nappend = dns:append.example\n"
                 "read = uri:spiffe://example/reader\n"
                 "admin = email:a@example\nnone = dns:lost.example\n%s\n",
                 authority_path(tls_authority), tls_revoked,
                 required ? "required" : "optional", more);
    ck_assert_uint_lt((size_t)size, TLS_CONF_SIZE);
}

uint16_t
tls_port(void)
{
    return process_tls_port(fixture.daemon);
}

struct tls_peer *
tls_connect_with(const struct certificate *certificate)
{
    struct tls_peer_options options = {0};
    if (certificate != NULL) {
        options.cert = certificate->path;
        options.key = certificate->key;
    }
    struct tls_peer *peer = tls_peer_open(tls_port(), &options);
    ck_assert_ptr_nonnull(peer);
    return peer;
}

void
tls_append_certificate(struct certificate *certificate)
{
    certificate_make(tls_authority,
                     &(struct certificate_wish){.name = "mine",
                                                .san = "DNS:append.example",
                                                .purpose = "clientAuth"},
                     certificate);
}

const char *
tls_outcome(struct tls_peer *peer, char outcome[TLS_OUTCOME_SIZE])
{
    json_auto_t *answer =
        peer == NULL ? NULL : tls_peer_call(peer, "hello", "{}");
    const json_t *error = json_array_get(answer, 2);
    const char *text = json_is_object(error)
                           ? json_string_value(json_object_get(error, "code"))
                           : json_string_value(json_object_get(
                                 json_array_get(answer, 3), "role"));
    snprintf(outcome, TLS_OUTCOME_SIZE, "%s", answer == NULL ? "closed" : text);
    return outcome;
}
