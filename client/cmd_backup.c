/* SPDX-License-Identifier: MIT */
#include <limits.h>

#include "client/commands.h"
#include "client/complain.h"
#include "client/params.h"

/* Without --timeout a backup may take as long as it takes; the user can
 * interrupt the wait, and a daemon that ends closes the connection. */
#define WAIT_MS INT_MAX

/* Ask once: the library's calls ask again when a connection was lost, and the
 * second time PATH would be there already. */
static enum client_status
ask(struct client *client, int wait_ms, struct span params, struct span *result)
{
    struct entente_error error;
    struct entente_message message;
    uint32_t msgid = 0;
    enum entente_result outcome = entente_send(
        client->daemon, "backup",
        (struct entente_bytes){params.data, params.size}, &msgid, &error);
    do {
        message = (struct entente_message){0};
        if (outcome == ENTENTE_OK)
            outcome = entente_next(client->daemon, wait_ms, &message, &error);
    } while (outcome == ENTENTE_OK && !message.is_answer);
    if (outcome == ENTENTE_AGAIN) {
        complain("no answer within the time given; the daemon goes on with "
                 "the backup");
        return CLIENT_NO_CONNECTION;
    }
    if (outcome != ENTENTE_OK)
        return client_fail(outcome, &error);
    *result = (struct span){message.result.data, message.result.size};
    return CLIENT_DONE;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    const char *path = args->operands[0];
    int wait_ms = args_has(args, "timeout") ? client->timeout_ms : WAIT_MS;
    struct span made = {NULL, 0};
    struct params params;
    if (path[0] != '/')
        return client_usage(client,
                            "%s: must be an absolute path on the daemon's "
                            "host",
                            path);
    params_init(&params);
    params_text(&params, "path", path);
    enum client_status status = client_connect(client);
    if (status == CLIENT_DONE)
        status = ask(client, wait_ms, params_span(&params), &made);
    if (status == CLIENT_DONE)
        output_document(&client->out, SUBJECT_BACKUP, made);
    params_deinit(&params);
    return status;
}

const struct command command_backup = {
    .name = "backup",
    .operands = "PATH",
    .operand_min = 1,
    .operand_max = 1,
    .summary = "copy the log while it is in use",
    .piped = &format_jsonl,
    .notes = "PATH is a new directory on the daemon's host, as an absolute "
             "path, in one that the daemon may write in. It gets its name "
             "when the copy is durable and every checksum in it was found "
             "right, holds all that was acknowledged before, and is a data "
             "directory: entented --data PATH runs on it. Without --timeout "
             "it is waited for as long as it takes; the daemon goes on with "
             "it when you do not. Needs the role admin.",
    .run = run,
};
