/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client/args.h"
#include "client/client.h"

/*
 * The commands, one file each (cmd_NAME.c) and one row of the table.  A new
 * command is one file and one row.
 */

struct command {
    const char *name;
    const char *operands; /* as help shows them, or "" */
    size_t operand_min;
    size_t operand_max;
    const char *summary;          /* one line */
    const struct arg_spec *specs; /* NULL: none */
    const struct format *piped;   /* default where there is no terminal */
    const char *notes;            /* further help, or NULL */
    enum client_status (*run)(struct client *client, const struct args *args);
};

/* NULL at the end. */
extern const struct command *const commands[];

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* The one nearest to a wrong name, or NULL. */
const char *command_nearest(const char *name);

extern const struct command command_append, command_correct, command_retract,
    command_show, command_timeline, command_state, command_list, command_party,
    command_diff, command_gap, command_revelations, command_replay,
    command_search, command_watch, command_export, command_stats,
    command_backup, command_token, command_ping, command_help;

/* Options that every command takes, NULL name at the end (main.c). */
extern const struct arg_spec command_globals[];

#endif
