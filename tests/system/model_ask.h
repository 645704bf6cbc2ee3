/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_MODEL_ASK_H
#define TESTS_SYSTEM_MODEL_ASK_H

#include "tests/system/model_question.h"

/*
 * Asking a daemon many random questions at a time and holding every answer
 * against the model.
 *
 * Answers that come in pages are followed page by page.  Those that are on
 * their way when enough was asked are followed further the next time: also
 * when the log has grown or the daemon was started anew since, which a cursor
 * has to bear.
 */

/* Asked at once; within the daemon's 1 024 in flight it never pauses. */
#define MODEL_ASK_WALKS 200

struct model_walk {
    struct model_question question;
    json_t *arguments; /* of the next page; NULL: the walk is over */
    size_t offset;     /* items that came */
    size_t limit;      /* 0: none was asked */
    bool streamed;
    bool pending; /* its answer is awaited */
};

struct model_asker {
    struct model_log *log;
    struct model_walk walks[MODEL_ASK_WALKS];
    size_t pending;
    size_t answers;     /* compared in full */
    size_t unavailable; /* asked again, as the views were being rebuilt */
    bool rebuilding;    /* `unavailable` is an answer, too */
};

void model_asker_init(struct model_asker *asker, struct model_log *log);

/* Says how much was compared. */
void model_asker_deinit(struct model_asker *asker);

/* Make the next questions and their answers, so that model_ask finds them. */
void model_asker_prepare(struct model_asker *asker);

/* Compare `count` answers more, and all that are on their way then. */
void model_ask(struct model_asker *asker, struct wire *wire, size_t count);

#endif
