/* SPDX-License-Identifier: MIT */
#include "proto/token.h"

#include <stdio.h>

#include "proto/event.h"

const char *const token_role_names[TOKEN_ROLE_COUNT] = {
    [TOKEN_READ] = "read",
    [TOKEN_APPEND] = "append",
    [TOKEN_ADMIN] = "admin",
};

enum token_role
token_role_find(struct span name)
{
    enum token_role role = TOKEN_READ;
    while (role < TOKEN_ROLE_COUNT && !span_is(name, token_role_names[role]))
        role++;
    return role;
}

bool
token_is_name(struct span name)
{
    return event_is_slug(name);
}

/* --- hex ------------------------------------------------------------------*/

static void
put_hex(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

/* The value of a digit, or 16. */
static uint8_t
digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return (uint8_t)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (uint8_t)(byte - 'a' + 10);
    return 16;
}

static bool
read_hash(struct span text, uint8_t hash[TOKEN_HASH_SIZE])
{
    if (text.size != 2 * TOKEN_HASH_SIZE)
        return false;
    for (size_t i = 0; i < TOKEN_HASH_SIZE; i++) {
        uint8_t high = digit(text.data[2 * i]);
        uint8_t low = digit(text.data[2 * i + 1]);
        if (high > 15 || low > 15)
            return false;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void
token_text(const uint8_t secret[TOKEN_SECRET_SIZE], char text[TOKEN_TEXT_SIZE])
{
    memcpy(text, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1);
    put_hex(secret, TOKEN_SECRET_SIZE, text + sizeof TOKEN_PREFIX - 1);
}

/* --- lines ----------------------------------------------------------------*/

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct span
skip_blanks(struct span line)
{
    while (line.size > 0 && is_blank(*line.data)) {
        line.data++;
        line.size--;
    }
    return line;
}

/* The next word, empty at the end. */
static struct span
next_word(struct span *line)
{
    *line = skip_blanks(*line);
    struct span word = {line->data, 0};
    while (line->size > 0 && !is_blank(*line->data)) {
        line->data++;
        line->size--;
        word.size++;
    }
    return word;
}

bool
token_line_is_empty(struct span line)
{
    line = skip_blanks(line);
    return line.size == 0 || *line.data == '#';
}

const char *
token_line_read(struct span line, struct token *token)
{
    struct span name = next_word(&line), role = next_word(&line);
    struct span hash = next_word(&line), created = next_word(&line);
    *token = (struct token){.role = token_role_find(role)};
    if (!token_is_name(name))
        return "a line begins with the token's name: 1 to 64 of a-z, 0-9, "
               "'.', '_', '-'";
    if (token->role == TOKEN_ROLE_COUNT)
        return "behind the name stands read, append or admin";
    if (!read_hash(hash, token->hash))
        return "behind the role stand the 64 hex digits of a SHA-256";
    if (created.size >= TOKEN_CREATED_SIZE || skip_blanks(line).size > 0)
        return "at the end stands when it was made, and nothing more";
    memcpy(token->name, name.data, name.size);
    memcpy(token->created, created.data, created.size);
    return NULL;
}

void
token_line_write(const struct token *token, char line[TOKEN_LINE_SIZE])
{
    char hash[2 * TOKEN_HASH_SIZE + 1];
    put_hex(token->hash, TOKEN_HASH_SIZE, hash);
    snprintf(line, TOKEN_LINE_SIZE, "%s %s %s %s\n", token->name,
             token_role_names[token->role], hash, token->created);
}
