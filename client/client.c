/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/complain.h"
#include "client/interrupt.h"
#include "proto/model.h"

/* Longest message about a command line. */
#define USAGE_SIZE 1024

void
client_deinit(struct client *client)
{
    entente_close(client->daemon);
    client->daemon = NULL;
    output_deinit(&client->out);
}

enum client_status
client_status_of(enum entente_result result, const struct entente_error *error)
{
    switch (result) {
    case ENTENTE_OK:
        return CLIENT_DONE;
    case ENTENTE_REFUSED:
        return strcmp(error->code, model_errors[MODEL_NOT_FOUND].code) == 0
                   ? CLIENT_NOT_FOUND
                   : CLIENT_REFUSED;
    case ENTENTE_LOST:
        return CLIENT_NO_CONNECTION;
    case ENTENTE_STOPPED:
        return CLIENT_INTERRUPTED;
    case ENTENTE_INVALID:
    case ENTENTE_AGAIN:
    case ENTENTE_NO_MEMORY:
        return CLIENT_REFUSED;
    }
    return CLIENT_REFUSED;
}

enum client_status
client_fail(enum entente_result result, const struct entente_error *error)
{
    const char *field = error->field;
    if (result == ENTENTE_REFUSED)
        complain("%s%s%s (%s)", field, field[0] != '\0' ? ": " : "",
                 error->message, error->code);
    else if (result == ENTENTE_STOPPED)
        complain("interrupted");
    else
        complain("%s", error->message);
    return client_status_of(result, error);
}

enum client_status
client_usage(const struct client *client, const char *format, ...)
{
    char message[USAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    complain("%s: %s", client->command, message);
    remark("Try: entente help %s", client->command);
    return CLIENT_USAGE;
}

/* The daemon was reached and said no, as to a token. */
static bool
is_refusal(const struct entente_error *error)
{
    for (size_t i = 0; i < MODEL_ERROR_COUNT; i++)
        if (strcmp(error->code, model_errors[i].code) == 0)
            return true;
    return false;
}

enum client_status
client_connect(struct client *client)
{
    if (client->daemon != NULL)
        return CLIENT_DONE;
    struct entente_options options = {.timeout_ms = client->timeout_ms,
                                      .stop_fd = interrupt_fd(),
                                      .ca_file = client->ca,
                                      .cert_file = client->cert,
                                      .key_file = client->key};
    struct entente_error error;
    client->daemon = entente_connect(client->url, &options, &error);
    if (client->daemon != NULL)
        return CLIENT_DONE;
    complain("%s", error.message);
    if (strcmp(error.code, "invalid") == 0) /* the address */
        return CLIENT_USAGE;
    if (strcmp(error.code, "stopped") == 0)
        return CLIENT_INTERRUPTED;
    return is_refusal(&error) ? CLIENT_REFUSED : CLIENT_NO_CONNECTION;
}

enum client_status
client_call(struct client *client, const char *method, struct span params,
            struct span *result)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    struct entente_error error;
    struct entente_bytes answer;
    enum entente_result outcome = entente_call(
        client->daemon, method,
        (struct entente_bytes){params.data, params.size}, &answer, &error);
    if (outcome != ENTENTE_OK)
        return client_fail(outcome, &error);
    *result = (struct span){answer.data, answer.size};
    return CLIENT_DONE;
}

void
client_page_params(struct mp_buf *buf, struct span params, struct span cursor)
{
    struct mp_reader reader = mp_reader(params);
    uint32_t count = mp_map(&reader);
    mp_buf_clear(buf);
    mp_put_map(buf, count + (cursor.data != NULL));
    mp_put_raw(buf, (struct span){reader.at, (size_t)(reader.end - reader.at)});
    if (cursor.data != NULL) {
        mp_put_text(buf, "cursor");
        mp_put_str(buf, cursor);
    }
}

bool
client_go_on(const struct client *client)
{
    return !client->out.closed && client->out.error == 0 && !interrupt_came();
}

enum client_status
client_pages(struct client *client, const char *method, struct span params,
             enum client_status (*on_page)(void *context, struct span result),
             void *context)
{
    struct mp_buf page = {0};
    struct span cursor = {NULL, 0}, result;
    enum client_status status;
    bool more = true;
    client_page_params(&page, params, cursor);
    do {
        status = client_call(client, method, mp_buf_span(&page), &result);
        if (status != CLIENT_DONE)
            break;
        cursor = mp_get_str(result, "cursor");
        more = cursor.data != NULL;
        client_page_params(&page, params, cursor);
        status = on_page(context, result);
    } while (status == CLIENT_DONE && more && client_go_on(client));
    mp_buf_deinit(&page);
    return status == CLIENT_DONE && interrupt_came() ? CLIENT_INTERRUPTED
                                                     : status;
}
