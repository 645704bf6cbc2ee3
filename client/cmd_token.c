/* SPDX-License-Identifier: MIT */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/commands.h"
#include "client/complain.h"
#include "client/token_file.h"

/* Makes, lists and revokes the daemon's tokens, by its file: whoever may write
 * that file may give roles. */

static const char *const roles[] = {"read", "append", "admin", NULL};

static const struct arg_spec specs[] = {
    {"role", ARG_CHOICE, false, "ROLE",
     "new: what the token allows: read, append or admin", roles},
    {"name", ARG_TEXT, false, "NAME",
     "new, revoke: what the token is called in the file", NULL},
    {"file", ARG_TEXT, false, "FILE",
     "the daemon's file of tokens (default: $ENTENTED_TOKENS, else what the "
     "configuration names)",
     NULL},
    {"config", ARG_TEXT, false, "FILE",
     "the daemon's configuration (default: " TOKEN_FILE_CONFIG ")", NULL},
    {0},
};

/* The token that a walk looks for. */
struct search {
    const char *name;
    struct span line; /* absent: none of that name */
};

static bool
on_token(void *context, const struct token *token, struct span line)
{
    struct search *search = context;
    if (strcmp(token->name, search->name) == 0)
        search->line = line;
    return true;
}

static void
remind(void)
{
    remark("The daemon takes it over at SIGHUP: systemctl reload entented");
}

/* --- new ------------------------------------------------------------------*/

static bool
make(struct token *token, char text[TOKEN_TEXT_SIZE])
{
    uint8_t secret[TOKEN_SECRET_SIZE];
    time_t now = time(NULL);
    struct tm date;
    bool good = RAND_priv_bytes(secret, sizeof(secret)) == 1;
    token_text(secret, text);
    OPENSSL_cleanse(secret, sizeof(secret));
    good = good && EVP_Digest(text, strlen(text), token->hash, NULL,
                              EVP_sha256(), NULL) == 1;
    good = good && gmtime_r(&now, &date) != NULL &&
           strftime(token->created, sizeof(token->created),
                    "%Y-%m-%dT%H:%M:%SZ", &date) > 0;
    if (!good)
        complain("the system has no random numbers or no clock");
    return good;
}

static enum client_status
add(struct client *client, struct token_file *file, struct token *token)
{
    struct search search = {.name = token->name};
    char text[TOKEN_TEXT_SIZE], line[TOKEN_LINE_SIZE];
    if (!token_file_walk(file, on_token, &search))
        return CLIENT_REFUSED;
    if (search.line.data != NULL) {
        complain("%s: there is a token %s already; revoke it or take another "
                 "name",
                 file->path, token->name);
        return CLIENT_REFUSED;
    }
    if (!make(token, text))
        return CLIENT_REFUSED;
    token_line_write(token, line);
    struct mp_buf all = {0};
    mp_buf_append(&all, file->text, file->size);
    if (file->size > 0 && file->text[file->size - 1] != '\n')
        mp_buf_append(&all, "\n", 1);
    mp_buf_append(&all, line, strlen(line));
    bool good = !all.failed && token_file_replace(file, mp_buf_span(&all));
    mp_buf_deinit(&all);
    if (good) {
        output_put(&client->out, text);
        output_put(&client->out, "\n");
        remark("This is shown once; %s has its hash alone.", file->path);
        remind();
    }
    OPENSSL_cleanse(text, sizeof(text));
    return good ? CLIENT_DONE : CLIENT_REFUSED;
}

static enum client_status
run_new(struct client *client, const struct args *args, const char *path)
{
    const char *role = args_text(args, "role"), *name = args_text(args, "name");
    if (args->operand_count > 1 || role == NULL || name == NULL)
        return client_usage(client, "new needs --role ROLE and --name NAME");
    struct token token = {.role = token_role_find(span_of(role))};
    if (!token_is_name(span_of(name)))
        return client_usage(client,
                            "--name: expected 1 to 64 of a-z, 0-9, '.', '_', "
                            "'-', with a letter or digit first");
    memcpy(token.name, name, strlen(name) + 1);
    struct token_file file;
    enum client_status status = CLIENT_REFUSED;
    if (token_file_open(&file, path, true))
        status = add(client, &file, &token);
    token_file_close(&file);
    return status;
}

/* --- list, revoke ---------------------------------------------------------*/

static bool
put_token(void *context, const struct token *token, struct span line)
{
    struct client *client = context;
    char text[TOKEN_LINE_SIZE];
    (void)line;
    snprintf(text, sizeof(text), "%-24s %-8s %s\n", token->name,
             token_role_names[token->role], token->created);
    output_put(&client->out, text);
    return true;
}

static enum client_status
run_list(struct client *client, const struct args *args, const char *path)
{
    struct token_file file;
    if (args->operand_count > 1)
        return client_usage(client, "list takes no name");
    bool good = token_file_open(&file, path, false) &&
                token_file_walk(&file, put_token, client);
    token_file_close(&file);
    return good ? CLIENT_DONE : CLIENT_REFUSED;
}

static enum client_status
drop(struct token_file *file, const char *name)
{
    struct search search = {.name = name};
    if (!token_file_walk(file, on_token, &search))
        return CLIENT_REFUSED;
    if (search.line.data == NULL) {
        complain("%s: there is no token %s", file->path, name);
        return CLIENT_NOT_FOUND;
    }
    size_t before = (size_t)(search.line.data - (const uint8_t *)file->text);
    size_t behind = file->size - before - search.line.size;
    memmove(file->text + before, search.line.data + search.line.size, behind);
    struct span rest = {(const uint8_t *)file->text, before + behind};
    if (!token_file_replace(file, rest))
        return CLIENT_REFUSED;
    remind();
    return CLIENT_DONE;
}

static enum client_status
run_revoke(struct client *client, const struct args *args, const char *path)
{
    const char *name = args_text(args, "name");
    if (args->operand_count == 2 && name == NULL)
        name = args->operands[1];
    else if (args->operand_count == 2 || name == NULL)
        return client_usage(client, "revoke needs the NAME of one token");
    struct token_file file;
    enum client_status status = CLIENT_REFUSED;
    if (token_file_open(&file, path, true))
        status = drop(&file, name);
    token_file_close(&file);
    return status;
}

/* --- the command ----------------------------------------------------------*/

static enum client_status
run_on(struct client *client, const struct args *args, const char *path)
{
    const char *what = args->operands[0];
    if (strcmp(what, "new") == 0)
        return run_new(client, args, path);
    if (strcmp(what, "list") == 0)
        return run_list(client, args, path);
    if (strcmp(what, "revoke") == 0)
        return run_revoke(client, args, path);
    return client_usage(client, "%s: expected new, list or revoke", what);
}

static enum client_status
run(struct client *client, const struct args *args)
{
    const char *path = args_text(args, "file");
    const char *config = args_text(args, "config");
    char *configured = NULL;
    if (path == NULL && config == NULL)
        path = getenv("ENTENTED_TOKENS");
    if (path == NULL || path[0] == '\0')
        path = configured =
            token_file_configured(config == NULL ? TOKEN_FILE_CONFIG : config);
    if (path == NULL)
        return client_usage(client,
                            "%s names no file of tokens ([access] tokens = "
                            "FILE); say --file FILE",
                            config == NULL ? TOKEN_FILE_CONFIG : config);
    enum client_status status = run_on(client, args, path);
    free(configured);
    return status;
}

const struct command command_token = {
    .name = "token",
    .operands = "new|list|revoke [NAME]",
    .operand_min = 1,
    .operand_max = 2,
    .summary = "make, list and revoke the tokens that give a connection a role",
    .specs = specs,
    .piped = &format_text,
    .notes = "A token is printed once. Set $ENTENTE_TOKEN to it and every "
             "command shows it to the daemon; it is not an option, since "
             "everybody can read command lines.",
    .run = run,
};
