/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_CORPUS_H
#define TESTS_SYSTEM_CORPUS_H

#include <jansson.h>

#include "tests/system/wire.h"

/*
 * The example logs that come with the program, and the answers that a daemon
 * holding them must give.  $ENTENTE_EXAMPLES (client/examples) and
 * $ENTENTE_TESTS (tests) say where they are.
 */

/* The events of both example logs, in order; a new reference. */
json_t *corpus_events(void);

/* Append both example logs, in order, file by file. */
void corpus_append(struct wire *wire);

/* The golden requests of one method, with answers; a new reference. */
json_t *corpus_golden(const char *method);

#endif
