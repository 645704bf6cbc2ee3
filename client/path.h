/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_PATH_H
#define CLIENT_PATH_H

#include "proto/model.h"
#include "proto/mp.h"

/*
 * A place within an event, as a person writes it: title, amount.value,
 * terms.scope, sources[0].url.  A backslash takes the next character for what
 * it is, as in terms.a\.b.
 */

/* Room for what is wrong, and its NUL. */
#define PATH_REASON_SIZE ((size_t)256)

struct path_step {
    bool is_index;
    uint32_t index;
    size_t start, size; /* of the key, in path.keys */
};

struct path {
    struct path_step steps[MODEL_DEPTH_MAX];
    uint32_t count;
    bool ended;         /* by the mark that was to end it */
    struct mp_buf keys; /* without backslashes */
};

/*
 * Take a path off the front of `rest`, up to `end` (which is taken, too) or
 * its end.  False with `reason` filled; path_deinit in either case.
 */
bool path_read(struct path *path, struct span *rest, char end,
               char reason[PATH_REASON_SIZE])
    __attribute__((warn_unused_result));
void path_deinit(struct path *path);

/* The key of a step; absent for an index. */
struct span path_key(const struct path *path, uint32_t step);

/* Append the first `count` steps as they are written. */
void path_put(struct mp_buf *buf, const struct path *path, uint32_t count);

/*
 * Append `map` with the value at the path replaced by `value`, one encoded
 * value; an absent one takes it away, and what that leaves empty with it.
 * Maps on the way come into being, and lists where the index is 0; the index
 * behind the last appends.  False with `reason` filled.
 */
bool path_set(struct mp_buf *buf, struct span map, const struct path *path,
              struct span value, char reason[PATH_REASON_SIZE])
    __attribute__((warn_unused_result));

#endif
