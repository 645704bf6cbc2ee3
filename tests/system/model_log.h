/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_MODEL_LOG_H
#define TESTS_SYSTEM_MODEL_LOG_H

#include <jansson.h>
#include <msgpack.h>
#include <stdint.h>

#include "tests/model/model.h"
#include "tests/model/random_log.h"
#include "tests/system/wire.h"

/*
 * The same random log twice, in a daemon and in the model, and questions for
 * both.  The seed is printed, and taken from $ENTENTE_SEED where that is set.
 */
struct model_log {
    struct random_log dice;  /* of the log: the same for the same seed */
    struct random_log asked; /* of questions, which depend on when answers
                                come, too */
    struct model *model;
    msgpack_zone zone;
    msgpack_object *stored; /* model->count events as the daemon has them */
    uint64_t seed;
    bool massive; /* questions without a filter have too long an answer */
};

void model_log_init(struct model_log *log);
void model_log_deinit(struct model_log *log);

/*
 * Append `count` random events in random batches; read them back, claim that
 * they are what was sent, and give them to the model.
 */
void model_log_grow(struct model_log *log, struct wire *wire, size_t count);

/* The same with events of random_log_add_mass, and fast. */
void model_log_grow_mass(struct model_log *log, struct wire *wire,
                         size_t count);

/* An event of the model, and one in an answer: the same in every value, in
 * the order of keys and in the kind of each number. */
bool model_log_same_event(const struct model_log *log, const json_t *event,
                          const msgpack_object *actual);

/* --- questions ------------------------------------------------------------*/

/* A moment that an EDTF text stands for in a question. */
int64_t model_log_moment(const char *text);

/* That moment of the event that was stored at a random position, or the
 * millisecond before it. */
int64_t model_log_random_recorded(struct model_log *log);

/*
 * Put random `at`, `known` and `recorded` into the arguments, each or not;
 * `at` always.  `known` is +infinity where it is not asked.
 */
void model_log_ask_asof(struct model_log *log, json_t *arguments,
                        struct model_asof *asof);

/* --- answers --------------------------------------------------------------*/

/* The two answers must be the same; `arguments` are shown when not. */
void model_log_compare(const struct model_log *log, const char *method,
                       const json_t *arguments, const json_t *actual,
                       const json_t *expected);

#endif
