/* SPDX-License-Identifier: MIT */
#include "daemon/answers.h"
#include "daemon/gate.h"
#include "proto/rpc.h"

static void
accept_token(struct request *request, const struct tokens_proof *proof,
             enum service_role role)
{
    request->proof = *proof;
    request->has_proof = true;
    if (role > request->role) /* a token never takes a role away */
        request->role = role;
    rpc_put_result(request->out, request->msgid);
    mp_put_map(request->out, 1);
    mp_put_text(request->out, "role");
    mp_put_text(request->out, service_role_name(request->role));
    request->answered = true;
}

/* The same words whatever is wrong with it; the answer is kept back. */
void
answer_auth(struct request *request)
{
    const struct gate *gate = request->service->gate;
    struct tokens_proof proof;
    enum service_role role = SERVICE_NOBODY;
    if (gate != NULL && request->can_authenticate &&
        tokens_prove(request->args.values[ARG_TOKEN].bytes, &proof))
        role = tokens_role(gate->tokens, &proof);
    if (role != SERVICE_NOBODY) {
        accept_token(request, &proof, role);
        return;
    }
    request->auth_failed = true;
    request->service->auth_failures++;
    request_error(request, MODEL_UNAUTHENTICATED, "no such token here");
}
