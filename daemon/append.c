/* SPDX-License-Identifier: MIT */
#include "daemon/append.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
append_request_free(struct append_request *request)
{
    if (request == NULL)
        return;
    free(request->message);
    free(request->events);
    free(request->expects);
    free(request->refusal);
    free(request);
}

struct append_refusal *
append_refuse(struct append_request *request, enum model_error code,
              const char *format, ...)
{
    static _Thread_local struct append_refusal no_memory;
    request->refused = true;
    if (request->refusal != NULL)
        return &no_memory;
    request->refusal = calloc(1, sizeof *request->refusal);
    if (request->refusal == NULL)
        return &no_memory;
    request->refusal->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request->refusal->message, sizeof request->refusal->message,
              format, arguments);
    va_end(arguments);
    return request->refusal;
}

void
append_reconsider(struct append_request *request)
{
    if (request->invalid)
        return;
    free(request->refusal);
    request->refusal = NULL;
    request->refused = false;
    for (size_t i = 0; i < request->event_count; i++)
        request->events[i].duplicate = false;
}

void
append_queue_init(struct append_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
    queue->count = 0;
}

void
append_queue_push(struct append_queue *queue, struct append_request *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
    queue->count++;
}

struct append_request *
append_queue_pop(struct append_queue *queue)
{
    struct append_request *request = queue->first;
    queue->first = request->next;
    queue->count--;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return request;
}
