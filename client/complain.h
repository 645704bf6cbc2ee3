/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_COMPLAIN_H
#define CLIENT_COMPLAIN_H

/* Messages to people, on standard error. */

/*
 * Print "entente: " and the message on a line of its own.  Control characters
 * that came in with data are replaced; a newline in `format` stays.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without "entente: ". */
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
