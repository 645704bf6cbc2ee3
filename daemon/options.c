/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: entented [--data DIR] [--listen URL]...\n"
    "       entented --version | --help\n"
    "\n"
    "  --data DIR     where the log is kept; made when it is missing\n"
    "                 (default: $XDG_STATE_HOME/entente, else\n"
    "                 ~/.local/state/entente)\n"
    "  --listen URL   unix:/PATH or tcp://127.0.0.1:PORT, as often as you\n"
    "                 like; port 0 takes a free one\n"
    "                 (default: unix:$XDG_RUNTIME_DIR/entente.sock)\n";

static const struct option long_options[] = {
    {"data", required_argument, NULL, 'd'},
    {"listen", required_argument, NULL, 'l'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static enum options_result
wrong(const char *message)
{
    fprintf(stderr, "entented: %s; see entented --help\n", message);
    return OPTIONS_WRONG;
}

static bool
default_data(struct options *options)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int size = -1;
    if (state != NULL && state[0] == '/')
        size = asprintf(&options->default_data, "%s/entente", state);
    else if (home != NULL && home[0] == '/')
        size =
            asprintf(&options->default_data, "%s/.local/state/entente", home);
    if (size < 0)
        options->default_data = NULL;
    options->server.data = options->default_data;
    return options->default_data != NULL;
}

static bool
default_listen(struct options *options)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime == NULL || runtime[0] != '/')
        return false;
    if (asprintf(&options->default_url, "unix:%s/entente.sock", runtime) < 0)
        options->default_url = NULL;
    options->server.listen[0] = options->default_url;
    options->server.listen_count = 1;
    return options->default_url != NULL;
}

static enum options_result
complete(struct options *options)
{
    if (options->server.data == NULL && !default_data(options))
        return wrong("no home directory: say --data DIR");
    if (options->server.listen_count == 0 && !default_listen(options))
        return wrong("XDG_RUNTIME_DIR is not set: say --listen URL");
    return OPTIONS_RUN;
}

enum options_result
options_read(int argc, char **argv, struct options *options)
{
    *options = (struct options){0};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'd':
            options->server.data = optarg;
            break;
        case 'l':
            if (options->server.listen_count == SERVER_LISTENERS_MAX)
                return wrong("at most 16 addresses to listen on");
            options->server.listen[options->server.listen_count++] = optarg;
            break;
        case 'v':
            puts("entented " ENTENTE_VERSION);
            return OPTIONS_DONE;
        case 'h':
            fputs(usage, stdout);
            return OPTIONS_DONE;
        default: /* getopt_long has said why */
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc)
        return wrong("only options are taken");
    return complete(options);
}

void
options_deinit(struct options *options)
{
    free(options->default_data);
    free(options->default_url);
}
