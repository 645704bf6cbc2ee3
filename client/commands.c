/* SPDX-License-Identifier: MIT */
#include "client/commands.h"

#include <string.h>

#include "proto/model.h"

const struct command *const commands[] = {
    &command_append, &command_correct,     &command_retract,
    &command_show,   &command_timeline,    &command_state,
    &command_list,   &command_party,       &command_diff,
    &command_gap,    &command_revelations, &command_replay,
    &command_search, &command_watch,       &command_export,
    &command_stats,  &command_backup,      &command_token,
    &command_ping,   &command_help,        NULL,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]) - 1)

static const char *const color_names[] = {"auto", "always", "never", NULL};

const struct arg_spec command_globals[] = {
    {"socket", ARG_TEXT, false, "URL",
     "where the daemon is: unix:PATH, tcp://HOST:PORT or tls://HOST:PORT "
     "(default: $ENTENTE_URL, else unix:/run/entente/entente.sock, else "
     "$XDG_RUNTIME_DIR/entente.sock)",
     NULL},
    {"ca", ARG_TEXT, false, "FILE",
     "tls: whom the daemon's certificate must be from, PEM (default: "
     "$ENTENTE_CA, else whom the system trusts)",
     NULL},
    {"cert", ARG_TEXT, false, "FILE",
     "tls: your certificate, PEM (default: $ENTENTE_CERT)", NULL},
    {"key", ARG_TEXT, false, "FILE",
     "tls: its private key, PEM (default: $ENTENTE_KEY)", NULL},
    {"timeout", ARG_COUNT, false, "SECONDS",
     "how long to wait for an answer, reconnecting if need be (default: 10)",
     NULL},
    {"format", ARG_CHOICE, false, "FORMAT",
     "text, json, jsonl, csv or msgpack (default: text on a terminal, jsonl in "
     "a pipe, json for `state`)",
     format_names},
    {"color", ARG_CHOICE, false, "WHEN",
     "auto, always or never (default: auto; $NO_COLOR turns it off)",
     color_names},
    {"help", ARG_FLAG, false, NULL, "show help and exit", NULL},
    {"version", ARG_FLAG, false, NULL, "show the version and exit", NULL},
    {0},
};

const struct command *
command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *
command_nearest(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    return model_nearest(span_of(name), names, COMMAND_COUNT);
}
