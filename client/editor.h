/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_EDITOR_H
#define CLIENT_EDITOR_H

#include "proto/mp.h"

/*
 * A text in a file of its own that only its user may read, and the editor
 * that the user wants: $VISUAL, else $EDITOR, else vi.
 */

/* Longest path of the file, with its NUL. */
#define EDITOR_PATH_SIZE ((size_t)4096)

/* Longer texts are no event. */
#define EDITOR_TEXT_SIZE_MAX ((size_t)4 << 20)

struct editor {
    char path[EDITOR_PATH_SIZE]; /* "" until there is one */
};

/*
 * Write `text`, let the user edit it, and append what it is then to `edited`.
 * False, told to the user, where that was not possible.
 */
bool editor_run(struct editor *editor, struct span text, struct mp_buf *edited)
    __attribute__((warn_unused_result));

/* Remove the file, if there is one. */
void editor_forget(struct editor *editor);

#endif
