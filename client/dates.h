/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_DATES_H
#define CLIENT_DATES_H

#include "proto/edtf.h"

#include <time.h>

/*
 * Dates as they are typed: EDTF, and the words today and yesterday (the
 * user's local date) and now (an instant).
 */

/* Any accepted EDTF string, with its NUL; the words become shorter ones. */
#define DATES_SIZE (EDTF_TEXT_MAX + 1)

/*
 * Check `text` and write what is to be sent.  `now` is what the words mean.
 * False with `*fault` set.
 */
bool dates_resolve(const char *text, struct timespec now, char date[DATES_SIZE],
                   struct edtf_fault *fault)
    __attribute__((warn_unused_result));

#endif
