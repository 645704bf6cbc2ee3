/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TOKEN_FILE_H
#define CLIENT_TOKEN_FILE_H

#include <stddef.h>

#include "proto/token.h"

/*
 * The daemon's file of tokens (proto/token.h), as `entente token` changes it:
 * read whole, written whole to another name and put in its place, so that the
 * daemon never sees half of it.  What the file says besides stays.
 *
 * Failures are told to the user here.
 */

/* Where the configuration is that says which file it is. */
#define TOKEN_FILE_CONFIG "/etc/entente/entented.conf"

/*
 * The file that the daemon's configuration names, or NULL when it names none;
 * the caller frees it.  A configuration that does not exist names none.
 */
char *token_file_configured(const char *config);

struct token_file {
    const char *path;
    char *text; /* all of it; "" for a file that does not exist */
    size_t size;
    int directory_fd; /* locked while others must wait */
};

/* Read it, and lock it if it is to be changed.  token_file_close in any case.
 */
bool token_file_open(struct token_file *file, const char *path, bool change)
    __attribute__((warn_unused_result));
void token_file_close(struct token_file *file);

/*
 * Call for each token of the file with the line that it stands on; ends early
 * with false when `on_token` returns false, or when a line is no token.
 */
bool token_file_walk(const struct token_file *file,
                     bool (*on_token)(void *context, const struct token *token,
                                      struct span line),
                     void *context);

/* Put `text` in place of the file. */
bool token_file_replace(const struct token_file *file, struct span text)
    __attribute__((warn_unused_result));

#endif
