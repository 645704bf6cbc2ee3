/* SPDX-License-Identifier: MIT */
#include "daemon/gate.h"

#include <openssl/ssl.h>

static int
open_tls(struct gate *gate, const struct settings *settings,
         struct diag_reason *reason)
{
    const struct tls_options options = {
        .certificate = settings->tls_certificate,
        .key = settings->tls_key,
        .client_ca = settings->tls_client_ca,
        .revoked = settings->tls_revoked,
        .client_required = settings->tls_client_required,
    };
    return tls_load(&options, &gate->tls, reason);
}

int
gate_open(struct gate *gate, struct settings *settings,
          struct diag_reason *reason)
{
    int rc = 0;
    *gate = (struct gate){0};
    if (settings->tokens != NULL)
        rc = tokens_load(settings->tokens, &gate->tokens, reason);
    if (rc == 0 && settings->tls_certificate != NULL)
        rc = open_tls(gate, settings, reason);
    if (rc != 0) {
        gate_close(gate);
        return rc;
    }
    gate->rules = settings->rules;
    settings->rules = (struct access_rules){0};
    return 0;
}

void
gate_close(struct gate *gate)
{
    access_rules_deinit(&gate->rules);
    tokens_free(gate->tokens);
    tls_free(gate->tls);
    *gate = (struct gate){0};
}

static enum service_role
role_of_origin(const struct gate *gate, const struct gate_peer *peer)
{
    bool is_known = false;
    if (peer->is_unix)
        return access_unix_role(&gate->rules, peer->fd, &is_known);
    if (peer->ssl == NULL)
        return SERVICE_READ; /* on loopback, the only place for it */
    return SSL_is_init_finished(peer->ssl)
               ? tls_role(gate->tls, peer->ssl, &gate->rules)
               : SERVICE_NOBODY;
}

enum service_role
gate_role(const struct gate *gate, const struct gate_peer *peer)
{
    enum service_role role = role_of_origin(gate, peer), other = SERVICE_NOBODY;
    if (peer->proof != NULL && gate_can_authenticate(gate, peer))
        other = tokens_role(gate->tokens, peer->proof);
    return other > role ? other : role;
}

bool
gate_can_authenticate(const struct gate *gate, const struct gate_peer *peer)
{
    bool is_known = false;
    if (!peer->is_unix)
        return true;
    (void)access_unix_role(&gate->rules, peer->fd, &is_known);
    return gate->tokens != NULL && is_known;
}
