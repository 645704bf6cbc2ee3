/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/complain.h"
#include "client/interrupt.h"
#include "client/text.h"

/* entente: the client. Reads the command line and runs one command. */

/* Longer than anybody waits; milliseconds of it fit an int. */
#define TIMEOUT_S_MAX 86400

static enum client_status
usage(const char *message)
{
    complain("%s", message);
    remark("Try: entente help");
    return CLIENT_USAGE;
}

static enum client_status
no_such_command(const char *name)
{
    const char *nearest = command_nearest(name);
    if (nearest != NULL)
        complain("no command %s; did you mean %s?", name, nearest);
    else
        complain("no command %s", name);
    remark("Try: entente help");
    return CLIENT_USAGE;
}

static bool
wants_color(const struct args *args)
{
    const char *when = args_text(args, "color");
    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 &&
           (no_color == NULL || no_color[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static const struct format *
choose_format(const struct command *command, const struct args *args)
{
    const char *name = args_text(args, "format");
    if (command == &command_help)
        return &format_text;
    if (name != NULL)
        return format_find(name);
    return isatty(STDOUT_FILENO) == 1 ? &format_text : command->piped;
}

/* What is left in the buffers, and whether all of it arrived. */
static enum client_status
finish_output(struct output *out, enum client_status status)
{
    output_flush(out);
    if (out->error != 0) {
        complain("standard output: %s", strerror(out->error));
        return status == CLIENT_DONE ? CLIENT_REFUSED : status;
    }
    if (interrupt_came())
        return CLIENT_INTERRUPTED;
    return status; /* a closed pipe is the reader's choice */
}

static enum client_status
run(const struct command *command, const struct args *args)
{
    struct client client = {.command = command->name,
                            .url = args_text(args, "socket"),
                            .ca = args_text(args, "ca"),
                            .cert = args_text(args, "cert"),
                            .key = args_text(args, "key")};
    uint64_t timeout_s =
        args_number(args, "timeout", ENTENTE_TIMEOUT_MS / 1000);
    if (timeout_s > TIMEOUT_S_MAX)
        return client_usage(&client, "--timeout: at most %d seconds",
                            TIMEOUT_S_MAX);
    if (args->operand_count < command->operand_min)
        return client_usage(&client, "needs %s", command->operands);
    if (args->operand_count > command->operand_max)
        return client_usage(&client, "%s is one too many",
                            args->operands[command->operand_max]);
    client.timeout_ms = (int)timeout_s * 1000;
    output_init(&client.out, stdout, choose_format(command, args),
                wants_color(args));
    enum client_status status =
        finish_output(&client.out, command->run(&client, args));
    client_deinit(&client);
    return status;
}

/* --help behind a command is help on it. */
static enum client_status
run_help(const struct args *args, const char *name)
{
    struct args help = *args;
    help.operands = &name;
    help.operand_count = name != NULL ? 1 : 0;
    return run(&command_help, &help);
}

static enum client_status
run_command(struct args *args, int count, char **argv)
{
    char fault[ARGS_FAULT_SIZE];
    const struct command *command = command_find(argv[0]);
    int used = 0;
    if (command == NULL)
        return no_such_command(argv[0]);
    if (!args_parse(args, command_globals, command->specs, count - 1, argv + 1,
                    false, &used, fault)) {
        struct client client = {.command = command->name};
        return client_usage(&client, "%s", fault);
    }
    if (args_has(args, "help"))
        return run_help(args, command->name);
    return run(command, args);
}

static enum client_status
run_line(struct args *args, int count, char **argv)
{
    char fault[ARGS_FAULT_SIZE];
    int used = 0;
    if (!args_parse(args, command_globals, NULL, count, argv, true, &used,
                    fault))
        return usage(fault);
    if (args_has(args, "version"))
        return puts("entente " ENTENTE_VERSION) == EOF ? CLIENT_REFUSED
                                                       : CLIENT_DONE;
    if (args_has(args, "help"))
        return run_help(args, NULL);
    if (used == count)
        return usage("a command is needed");
    return run_command(args, count - used, argv + used);
}

int
main(int argc, char **argv)
{
    struct args args = {0};
    text_init();
    if (!interrupt_init() || clock_gettime(CLOCK_REALTIME, &args.now) != 0) {
        complain("the system has no pipe or no clock");
        return CLIENT_REFUSED;
    }
    enum client_status status = run_line(&args, argc - 1, argv + 1);
    args_deinit(&args);
    return (int)status;
}
