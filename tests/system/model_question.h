/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_MODEL_QUESTION_H
#define TESTS_SYSTEM_MODEL_QUESTION_H

#include <jansson.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/system/model_log.h"

/*
 * Random questions to a daemon, each with the answer that the model gives, and
 * the comparison of the two.
 */

enum question_method {
    QUESTION_STATE,
    QUESTION_DIFF,
    QUESTION_PARTY,
    QUESTION_TIMELINE,
    QUESTION_GAP,
    QUESTION_PORTFOLIO,
    QUESTION_REVELATIONS,
    QUESTION_REPLAY,
};
#define QUESTION_METHOD_COUNT (QUESTION_REPLAY + 1)

struct model_question {
    enum question_method method;
    json_t *arguments;
    /* The whole answer; where it comes in pages, all its items as an array;
     * NULL where it is not_found. */
    json_t *expected;
    json_t *lags; /* of a timeline: beside its items */
};

/* A question of any method about the log as it is now. */
struct model_question question_random(struct model_log *log);
struct model_question question_of(struct model_log *log,
                                  enum question_method method);
void question_deinit(struct model_question *question);

const char *question_name(const struct model_question *question);

/* True where the answer comes in pages. */
bool question_is_paged(const struct model_question *question);

/* How many items a paged answer has in all. */
size_t question_count(const struct model_question *question);

/* The answer to a question that is not paged must be the model's. */
void question_check_whole(const struct model_question *question,
                          const struct model_log *log,
                          const msgpack_object *result);

/* A page must hold the model's items from `offset` on; how many it has. */
size_t question_check_page(const struct model_question *question,
                           const struct model_log *log, size_t offset,
                           const msgpack_object *result);

/* The same for the events of one notification of a streamed replay. */
size_t question_check_events(const struct model_question *question,
                             const struct model_log *log, size_t offset,
                             const msgpack_object *events);

/* Fail, telling of what. */
void question_fail(const struct model_question *question,
                   const struct model_log *log, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

#endif
