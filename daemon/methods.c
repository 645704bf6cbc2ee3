/* SPDX-License-Identifier: MIT */
#include "daemon/methods.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/answers.h"
#include "proto/event.h"
#include "proto/rpc.h"

#define FILTER (ARG_BIT(PARTNERSHIP) | ARG_BIT(PARTY) | ARG_BIT(TYPES))
#define ASOF (ARG_BIT(AT) | ARG_BIT(KNOWN) | ARG_BIT(RECORDED))
#define PAGE (ARG_BIT(LIMIT) | ARG_BIT(CURSOR))

/* How soon a client may ask again while the views are rebuilt. */
#define METHODS_RETRY_MS 500u

struct method {
    const char *name;
    enum service_role role;
    arg_set allowed, required;
    bool waits_for_views; /* `unavailable` while they are rebuilt */
    void (*answer)(struct request *request);
};

static const struct method methods[] = {
    {"hello", SERVICE_READ, ARG_BIT(CLIENT), 0, false, answer_hello},
    {"ping", SERVICE_READ, 0, 0, false, answer_ping},
    {"auth", SERVICE_NOBODY, ARG_BIT(TOKEN), ARG_BIT(TOKEN), false,
     answer_auth},
    {"append", SERVICE_APPEND, ARG_BIT(EVENTS) | ARG_BIT(EXPECT),
     ARG_BIT(EVENTS), true, answer_append},
    {"get", SERVICE_READ, ARG_BIT(ID) | ARG_BIT(SEQ) | ARG_BIT(CONTEXT), 0,
     false, answer_get},
    {"replay", SERVICE_READ,
     FILTER | ASOF | PAGE | ARG_BIT(ORDER) | ARG_BIT(FROM) | ARG_BIT(TO) |
         ARG_BIT(SUPERSEDED) | ARG_BIT(REVERSE) | ARG_BIT(STREAM),
     0, false, answer_replay},
    {"state", SERVICE_READ, ARG_BIT(PARTNERSHIP) | ASOF, ARG_BIT(PARTNERSHIP),
     true, answer_state},
    {"timeline", SERVICE_READ,
     ARG_BIT(PARTNERSHIP) | ASOF | PAGE | ARG_BIT(POSSIBLE),
     ARG_BIT(PARTNERSHIP), true, answer_timeline},
    {"portfolio", SERVICE_READ, ARG_BIT(PARTY) | ASOF | PAGE, 0, true,
     answer_portfolio},
    {"party", SERVICE_READ, ARG_BIT(PARTY) | ASOF, ARG_BIT(PARTY), true,
     answer_party},
    {"diff", SERVICE_READ,
     ARG_BIT(PARTNERSHIP) | ARG_BIT(BEFORE) | ARG_BIT(AFTER),
     ARG_BIT(PARTNERSHIP) | ARG_BIT(BEFORE) | ARG_BIT(AFTER), true,
     answer_diff},
    {"gap", SERVICE_READ, ARG_BIT(PARTNERSHIP) | ASOF | PAGE, 0, true,
     answer_gap},
    {"revelations", SERVICE_READ, ARG_BIT(PARTNERSHIP) | PAGE, 0, true,
     answer_revelations},
    {"subscribe", SERVICE_READ, FILTER | ARG_BIT(BEHIND) | ARG_BIT(CONSUMER), 0,
     false, answer_subscribe},
    {"ack", SERVICE_APPEND, ARG_BIT(CONSUMER) | ARG_BIT(POSITION),
     ARG_BIT(CONSUMER) | ARG_BIT(POSITION), false, answer_ack},
    {"consumers", SERVICE_APPEND, 0, 0, false, answer_consumers},
    {"forget", SERVICE_APPEND, ARG_BIT(CONSUMER), ARG_BIT(CONSUMER), false,
     answer_forget},
    {"rebuild", SERVICE_ADMIN, 0, 0, false, answer_rebuild},
    {"backup", SERVICE_ADMIN, ARG_BIT(PATH), ARG_BIT(PATH), false,
     answer_backup},
    {"stats", SERVICE_READ, 0, 0, false, answer_stats},
};

#define METHOD_COUNT (sizeof methods / sizeof *methods)

/* --- errors ---------------------------------------------------------------*/

static void
put_error(struct request *request, enum model_error code, const char *message,
          const struct mp_buf *extra, uint32_t count)
{
    rpc_put_error(request->out, request->msgid, code, message,
                  mp_buf_span(extra), extra->failed ? 0 : count);
    request->answered = true;
    request->service->errors++;
}

void
request_error(struct request *request, enum model_error code,
              const char *format, ...)
{
    char message[EVENT_MESSAGE_SIZE];
    struct mp_buf none = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    put_error(request, code, message, &none, 0);
}

void
request_fault(struct request *request, const struct args_fault *fault)
{
    struct mp_buf extra = {0};
    uint32_t count = 0;
    if (fault->name != NULL) {
        mp_put_text(&extra, "field");
        mp_put_text(&extra, fault->name);
        count++;
    }
    if (fault->has_offset) {
        mp_put_text(&extra, "offset");
        mp_put_uint(&extra, fault->offset);
        count++;
    }
    put_error(request, fault->code, fault->message, &extra, count);
    mp_buf_deinit(&extra);
}

static void
refuse_unknown(struct request *request, struct span name)
{
    const char *names[METHOD_COUNT];
    for (size_t i = 0; i < METHOD_COUNT; i++)
        names[i] = methods[i].name;
    const char *nearest = model_nearest(name, names, METHOD_COUNT);
    if (name.size > MODEL_SLUG_SIZE_MAX || !event_is_text(name, false))
        request_error(request, MODEL_UNKNOWN_METHOD, "no such method");
    else if (nearest != NULL)
        request_error(request, MODEL_UNKNOWN_METHOD,
                      "no method \"%.*s\"; did you mean \"%s\"?",
                      (int)name.size, (const char *)name.data, nearest);
    else
        request_error(request, MODEL_UNKNOWN_METHOD, "no method \"%.*s\"",
                      (int)name.size, (const char *)name.data);
}

void
request_refuse_role(struct request *request, const char *what,
                    enum service_role role)
{
    request_error(request,
                  request->can_authenticate ? MODEL_UNAUTHENTICATED
                                            : MODEL_FORBIDDEN,
                  "%s needs the role %s, and this connection has %s", what,
                  service_role_name(role), service_role_name(request->role));
}

void
request_unavailable(struct request *request)
{
    struct service *service = request->service;
    uint64_t tip = log_tip(service->log);
    uint64_t position = views_position(service->views);
    struct mp_buf extra = {0};
    mp_put_text(&extra, "retry_ms");
    mp_put_uint(&extra, METHODS_RETRY_MS);
    mp_put_text(&extra, "progress");
    mp_put_double(&extra, tip == 0 ? 1.0 : (double)position / (double)tip);
    put_error(request, MODEL_UNAVAILABLE,
              "the indexes are being rebuilt from the log", &extra, 2);
    mp_buf_deinit(&extra);
}

/* --- calling --------------------------------------------------------------*/

bool
methods_row(size_t index, const char **name, enum service_role *role)
{
    if (index >= METHOD_COUNT)
        return false;
    *name = methods[index].name;
    *role = methods[index].role;
    return true;
}

static const struct method *
find(struct span name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (span_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}

/* Appends wait for ids alone. */
static bool
is_too_early(const struct request *request, const struct method *method)
{
    const struct writer *writer = request->service->writer;
    return method->waits_for_views &&
           (method->answer == answer_append
                ? writer_state(writer) == WRITER_STARTING
                : writer_is_rebuilding(writer));
}

void
methods_call(struct request *request, struct span name)
{
    const struct method *method = find(name);
    struct args_fault fault;
    request->service->requests += !request->is_second;
    if (method == NULL) {
        refuse_unknown(request, name);
        return;
    }
    request->method = method->name;
    if (request->role < method->role)
        request_refuse_role(request, method->name, method->role);
    else if (is_too_early(request, method))
        request_unavailable(request);
    else if (method->answer == answer_append)
        answer_append(request); /* reads its own: faults keep their order */
    else if (args_read(request->params, method->allowed, method->required,
                       &request->args, &fault))
        method->answer(request);
    else
        request_fault(request, &fault);
}
