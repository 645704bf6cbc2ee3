/* SPDX-License-Identifier: MIT */
#include "client/complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/text.h"

/* A message of the daemon and what we say around it; longer ones are cut. */
#define COMPLAIN_SIZE 2048

static void print(const char *before, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
print(const char *before, const char *format, va_list arguments)
{
    char message[COMPLAIN_SIZE];
    vsnprintf(message, sizeof(message), format, arguments);
    struct mp_buf line = {0};
    text_put_clean(&line, span_of(before), false);
    text_put_clean(&line, span_of(message), true);
    mp_buf_append(&line, "\n", 1);
    /* Where this fails there is nobody left to tell. */
    (void)!fwrite(line.data, 1, line.size, stderr);
    mp_buf_deinit(&line);
}

void
complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("entente: ", format, arguments);
    va_end(arguments);
}

void
remark(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("", format, arguments);
    va_end(arguments);
}
