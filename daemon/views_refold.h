/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_VIEWS_REFOLD_H
#define DAEMON_VIEWS_REFOLD_H

#include "daemon/views_file.h"

/*
 * A partnership folded anew from its beginning, to see whether its checkpoints
 * are right: a part of daemon/views (views_making.c).
 */
struct views_refold;

/* Of what `views`, which nobody writes to, hold, as of a position. NULL without
 * memory. */
struct views_refold *views_refold_new(struct views *views, uint32_t partnership,
                                      uint64_t position);
void views_refold_free(struct views_refold *refold); /* NULL is legal */

/*
 * Go on to a place, which is behind that of the call before, and append the
 * value that a checkpoint there has.  VIEWS_ABSENT where no operation has that
 * place.
 */
enum views_result views_refold_to(struct views_refold *refold,
                                  const struct views_place *place,
                                  struct mp_buf *value)
    __attribute__((warn_unused_result));

#endif
