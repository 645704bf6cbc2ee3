/* SPDX-License-Identifier: MIT */
#include "client/lib/handle.h"

#include <errno.h>
#include <string.h>

/* A daemon that restarts is back in a fraction of a second; one that rebuilds
 * its views takes longer and is not to be asked hundreds of times. */
#define RETRY_PAUSE_FIRST_MS 50
#define RETRY_PAUSE_MAX_MS 2000

void
retry_init(struct retry *retry, bool is_append)
{
    *retry = (struct retry){.pause_ms = RETRY_PAUSE_FIRST_MS,
                            .is_append = is_append};
}

bool
retry_is_worth(const struct retry *retry, enum entente_result result,
               const struct entente_error *error)
{
    if (result == ENTENTE_LOST)
        return strcmp(error->code, "lost") == 0;
    if (result != ENTENTE_REFUSED)
        return false;
    return strcmp(error->code, model_errors[MODEL_UNAVAILABLE].code) == 0 ||
           strcmp(error->code, model_errors[MODEL_OVERLOADED].code) == 0 ||
           (retry->is_append &&
            strcmp(error->code, model_errors[MODEL_INDETERMINATE].code) == 0);
}

int64_t
retry_pause_ms(struct retry *retry, int64_t left_ms,
               const struct entente_error *error)
{
    int64_t pause_ms = retry->pause_ms;
    if (error->retry_ms >= 0)
        return error->retry_ms > pause_ms ? error->retry_ms : pause_ms;
    retry->pause_ms *= 2;
    if (retry->pause_ms > RETRY_PAUSE_MAX_MS)
        retry->pause_ms = RETRY_PAUSE_MAX_MS;
    /* towards the end more often, so that none of the timeout is given away */
    if (pause_ms > left_ms / 2 && left_ms / 2 > RETRY_PAUSE_FIRST_MS)
        return left_ms / 2;
    return pause_ms;
}

bool
retry_wait(struct entente *handle, struct retry *retry,
           enum entente_result *result, struct entente_error *error)
{
    if (!retry_is_worth(retry, *result, error))
        return false;
    int64_t now_ms = socket_now_ms();
    int64_t left_ms = handle->limits.deadline_ms - now_ms;
    int64_t pause_ms = retry_pause_ms(retry, left_ms, error);
    if (left_ms <= 0 || pause_ms >= left_ms)
        return false;
    struct socket_limits pause = {now_ms + pause_ms, handle->limits.stop_fd};
    int rc = socket_wait(-1, 0, &pause);
    if (rc == -ETIMEDOUT)
        return true;
    *result = error_from_errno(error, rc, &handle->url);
    return false;
}

enum entente_result
handle_exchange(struct entente *handle, const char *method, struct span params,
                struct entente_bytes *answer, struct entente_error *error)
{
    enum entente_result result = handle_send(handle, method, params, error);
    if (result != ENTENTE_OK)
        return result;
    uint32_t msgid = handle->msgid;
    struct entente_message message;
    do {
        message = (struct entente_message){0};
        result = handle_next(handle, &message, error);
        /* msgid 0 is never ours: a parse_error that ends the connection */
    } while (
        (result == ENTENTE_OK || result == ENTENTE_REFUSED) &&
        !(message.is_answer && (message.msgid == msgid || message.msgid == 0)));
    if (result == ENTENTE_OK)
        *answer = message.result;
    else if (result == ENTENTE_LOST || result == ENTENTE_STOPPED)
        handle_disconnect(handle); /* a late answer would be nobody's */
    return result;
}

static enum entente_result
call(struct entente *handle, const char *method, struct span params,
     bool is_append, struct entente_bytes *answer, struct entente_error *error)
{
    struct retry retry;
    retry_init(&retry, is_append);
    handle_begin(handle);
    for (;;) {
        /* Progress renews the deadline, but tries that fail must end. */
        int64_t deadline_ms = handle->limits.deadline_ms;
        enum entente_result result =
            handle_exchange(handle, method, params, answer, error);
        if (result == ENTENTE_OK)
            return result;
        handle->limits.deadline_ms = deadline_ms;
        if (!retry_wait(handle, &retry, &result, error))
            return result;
    }
}

enum entente_result
entente_call(struct entente *handle, const char *method,
             struct entente_bytes params, struct entente_bytes *result,
             struct entente_error *error)
{
    return call(handle, method, span_from_bytes(params), false, result, error);
}

static bool
has_id(struct span event)
{
    return mp_get_str(event, "id").data != NULL;
}

static bool
all_have_ids(struct span params)
{
    struct mp_reader reader = mp_reader(mp_get(params, "events"));
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed; i++)
        if (!has_id(mp_value(&reader)))
            return false;
    return !reader.failed;
}

enum entente_result
entente_append(struct entente *handle, struct entente_bytes params,
               struct entente_bytes *result, struct entente_error *error)
{
    if (!all_have_ids(span_from_bytes(params)))
        return error_set(error, ENTENTE_INVALID, "invalid",
                         "params must have an array `events`, and every event "
                         "an `id` (entente_id_new makes one)");
    return call(handle, "append", span_from_bytes(params), true, result, error);
}
