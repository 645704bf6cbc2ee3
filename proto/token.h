/* SPDX-License-Identifier: MIT */
#ifndef PROTO_TOKEN_H
#define PROTO_TOKEN_H

#include "proto/span.h"

/*
 * Tokens: secrets that give a connection a role, and the lines of the file
 * that says which ones there are.
 *
 * A token is "entente-" and the 64 hex digits of 256 random bits.  The file
 * has its SHA-256 alone, so reading the file gives nobody a token: a line for
 * each, NAME ROLE SHA256 CREATED, with spaces between; empty lines and those
 * that begin with # say nothing.  Whoever hashes and reads files is elsewhere.
 */

#define TOKEN_PREFIX "entente-"
#define TOKEN_SECRET_SIZE ((size_t)32) /* random bytes in a token */
#define TOKEN_TEXT_SIZE (sizeof TOKEN_PREFIX + 2 * TOKEN_SECRET_SIZE)
#define TOKEN_HASH_SIZE ((size_t)32)    /* SHA-256 */
#define TOKEN_NAME_SIZE ((size_t)65)    /* a slug and its NUL */
#define TOKEN_CREATED_SIZE ((size_t)21) /* "2026-11-22T10:00:00Z" */
#define TOKEN_LINE_SIZE ((size_t)256)   /* the longest line and its NUL */

/* Tokens in one file; each is compared at every attempt to authenticate. */
#define TOKEN_COUNT_MAX 1024u

enum token_role { TOKEN_READ, TOKEN_APPEND, TOKEN_ADMIN, TOKEN_ROLE_COUNT };

extern const char *const token_role_names[TOKEN_ROLE_COUNT];

struct token {
    char name[TOKEN_NAME_SIZE];
    enum token_role role;
    uint8_t hash[TOKEN_HASH_SIZE];
    char created[TOKEN_CREATED_SIZE];
};

/* The role of that name, or TOKEN_ROLE_COUNT. */
enum token_role token_role_find(struct span name);

/* A name that a token may have: the rule of slugs, EVENTS.md. */
bool token_is_name(struct span name);

/* The text of the token with these random bytes. */
void token_text(const uint8_t secret[TOKEN_SECRET_SIZE],
                char text[TOKEN_TEXT_SIZE]);

/* True for a line that says nothing. */
bool token_line_is_empty(struct span line);

/* Read a line without its end. NULL, or what is wrong with it. */
const char *token_line_read(struct span line, struct token *token)
    __attribute__((warn_unused_result));

/* Write a line, with its end. */
void token_line_write(const struct token *token, char line[TOKEN_LINE_SIZE]);

#endif
