/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LINES_H
#define TESTS_BENCH_LINES_H

#include <stdio.h>

#include "proto/span.h"

/* Write one encoded event as a line of JSON.  Only for generated events: they
 * hold maps, arrays, str of printable ASCII, bool, nil and whole numbers. */
void lines_write(FILE *file, struct span event);

#endif
