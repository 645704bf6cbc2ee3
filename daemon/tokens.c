/* SPDX-License-Identifier: MIT */
#include "daemon/tokens.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "daemon/secret.h"

struct tokens {
    size_t count;
    struct token tokens[TOKEN_COUNT_MAX];
};

/* --- reading --------------------------------------------------------------*/

static int
refuse(struct diag_reason *reason, const char *path, size_t number,
       const char *why)
{
    diag_because(reason, "%s:%zu: %s", path, number, why);
    return -EINVAL;
}

static bool
is_known(const struct tokens *tokens, const char *name)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->tokens[i].name, name) == 0)
            return true;
    return false;
}

static const char *
add_line(struct tokens *tokens, struct span line)
{
    struct token token;
    if (token_line_is_empty(line))
        return NULL;
    const char *why = token_line_read(line, &token);
    if (why != NULL)
        return why;
    if (is_known(tokens, token.name))
        return "another token has the same name";
    if (tokens->count == TOKEN_COUNT_MAX)
        return "more than 1024 tokens";
    tokens->tokens[tokens->count++] = token;
    return NULL;
}

static int
read_lines(struct tokens *tokens, FILE *file, const char *path,
           struct diag_reason *reason)
{
    char line[TOKEN_LINE_SIZE];
    for (size_t number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        size_t size = strlen(line);
        if (size > 0 && line[size - 1] == '\n')
            size--;
        else if (!feof(file))
            return refuse(reason, path, number, "the line is too long");
        const char *why =
            add_line(tokens, (struct span){(const uint8_t *)line, size});
        if (why != NULL)
            return refuse(reason, path, number, why);
    }
    if (ferror(file)) {
        diag_because(reason, "%s: cannot be read", path);
        return -EIO;
    }
    return 0;
}

int
tokens_load(const char *path, struct tokens **loaded,
            struct diag_reason *reason)
{
    FILE *file = NULL;
    struct tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        diag_because(reason, "out of memory");
        return -ENOMEM;
    }
    int rc = secret_open(path, &file, reason);
    if (rc == 0) {
        rc = read_lines(tokens, file, path, reason);
        fclose(file);
    } else if (rc == -ENOENT) {
        diag(DIAG_NOTICE,
             "%s does not exist: there are no tokens (entente token new makes "
             "one)",
             path);
        rc = 0;
    }
    if (rc != 0) {
        tokens_free(tokens);
        return rc;
    }
    *loaded = tokens;
    return 0;
}

void
tokens_free(struct tokens *tokens)
{
    free(tokens);
}

size_t
tokens_count(const struct tokens *tokens)
{
    return tokens == NULL ? 0 : tokens->count;
}

/* --- checking -------------------------------------------------------------*/

bool
tokens_prove(struct span text, struct tokens_proof *proof)
{
    return EVP_Digest(text.data, text.size, proof->hash, NULL, EVP_sha256(),
                      NULL) == 1;
}

enum service_role
tokens_role(const struct tokens *tokens, const struct tokens_proof *proof)
{
    static const enum service_role roles[TOKEN_ROLE_COUNT] = {
        [TOKEN_READ] = SERVICE_READ,
        [TOKEN_APPEND] = SERVICE_APPEND,
        [TOKEN_ADMIN] = SERVICE_ADMIN,
    };
    enum service_role found = SERVICE_NOBODY;
    for (size_t i = 0; i < tokens_count(tokens); i++) {
        const struct token *token = &tokens->tokens[i];
        if (CRYPTO_memcmp(token->hash, proof->hash, TOKEN_HASH_SIZE) == 0)
            found = roles[token->role];
    }
    return found;
}
