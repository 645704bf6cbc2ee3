/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_APPEND_FIXTURE_H
#define TESTS_UNIT_APPEND_FIXTURE_H

#include "daemon/answers.h"
#include "tests/unit/data_fixture.h"
#include "tests/unit/notation.h"

/*
 * Requests to append, made by the reactor's own half from the notation of the
 * arguments: [{'events':[...],'expect':{...}}].
 */
static inline struct append_request *
append_of(const char *params)
{
    struct mp_buf buf = encoded(params);
    struct request request = {.params = mp_buf_span(&buf)};
    answer_append(&request);
    ck_assert_ptr_nonnull(request.append);
    mp_buf_deinit(&buf);
    return request.append;
}

/* The code of its refusal, or MODEL_ERROR_COUNT where it is accepted. */
static inline enum model_error
append_code(const struct append_request *request)
{
    if (!request->refused)
        return MODEL_ERROR_COUNT;
    ck_assert_ptr_nonnull(request->refusal);
    return request->refusal->code;
}

static inline const char *
append_code_name(const struct append_request *request)
{
    enum model_error code = append_code(request);
    return code == MODEL_ERROR_COUNT ? "accepted" : model_errors[code].code;
}

/* An event in notation: its type, partnership, and what else there is. */
#define APPEND_EVENT(type, partnership, more)                                  \
    "{'type':'" type "','partnership':'" partnership                           \
    "','parties':['a'],'occurred':'2017','title':'t'" more "}"

#endif
