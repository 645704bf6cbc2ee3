/* SPDX-License-Identifier: MIT */
#include "tests/bench/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}
