/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/inherit.h"

/* Columns of help, and where its second one begins. */
#define HELP_WIDTH 78
#define HELP_INDENT 8

/* Rows of the table, at most; and the options that are none of its rows. */
#define ROWS_MAX 32
#define OPTION_ROW 256 /* getopt's value of the first row */

static const struct option own_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 'D'},
    {"check-config", no_argument, NULL, 'C'},
    {"accept-loss", required_argument, NULL, 'L'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
};
#define OWN_COUNT (sizeof own_options / sizeof *own_options)

/* --- help -----------------------------------------------------------------*/

static void
print_wrapped(const char *text)
{
    int column = 0;
    while (*text != '\0') {
        int size = (int)strcspn(text, " ");
        if (column == 0 || column + 1 + size > HELP_WIDTH)
            column = printf("%s%*s", column == 0 ? "" : "\n", HELP_INDENT, "") -
                     (column != 0);
        else
            column += printf(" ");
        column += printf("%.*s", size, text);
        text += size;
        text += *text == ' ';
    }
    puts("");
}

static void
print_help(void)
{
    fputs("usage: entented [--config FILE] [--data DIR] [--listen URL]... "
          "[OPTION]...\n"
          "       entented --check [--config FILE] [--data DIR]\n"
          "       entented --check-config | --version | --help\n"
          "\n"
          "  --config FILE\n",
          stdout);
    print_wrapped(
        "read this configuration (default: $ENTENTED_CONFIG, else " CONFIG_PATH
        ", if it is there)");
    puts("  --check");
    print_wrapped("look at everything in the data directory, change nothing, "
                  "say what is wrong with it, and exit with 1 if anything is; "
                  "a daemon may serve it meanwhile");
    puts("  --check-config");
    print_wrapped("check the configuration, with the files that it names, and "
                  "exit");
    puts("  --accept-loss POSITION");
    print_wrapped("go on although acknowledged events behind this position "
                  "are lost; the daemon says when this is asked for");
    puts("  --version, --help");
    print_wrapped("say which version this is, or this");
    for (const struct setting *row = settings_table; row->key != NULL; row++) {
        if (row->option == NULL)
            continue;
        printf("  --%s %s\n", row->option, row->value);
        print_wrapped(row->help);
    }
    fputs("\nEach option is also a variable, as $ENTENTED_LOG_LEVEL, and a "
          "line in the\nconfiguration, where roles are given to users, groups "
          "and certificates too.\n",
          stdout);
}

/* --- the command line -----------------------------------------------------*/

static enum options_result
wrong(const char *message)
{
    fprintf(stderr, "entented: %s; see entented --help\n", message);
    return OPTIONS_WRONG;
}

static void
list_options(struct option list[ROWS_MAX + OWN_COUNT + 1])
{
    memcpy(list, own_options, sizeof own_options);
    size_t count = OWN_COUNT;
    for (int i = 0; settings_table[i].key != NULL; i++)
        if (settings_table[i].option != NULL)
            list[count++] =
                (struct option){settings_table[i].option, required_argument,
                                NULL, OPTION_ROW + i};
    list[count] = (struct option){0};
}

static enum options_result
set_option(struct settings *settings, const struct setting *row)
{
    struct diag_reason reason;
    if (settings_set(settings, row, SETTINGS_COMMAND, optarg, &reason))
        return OPTIONS_RUN;
    fprintf(stderr, "entented: --%s %s; see entented --help\n", row->option,
            reason.text);
    return OPTIONS_WRONG;
}

static bool
read_position(const char *text, struct options *options)
{
    char *end = NULL;
    errno = 0;
    options->accepted_position = strtoull(text, &end, 10);
    options->accept_loss =
        isdigit((unsigned char)text[0]) && errno == 0 && *end == '\0';
    return options->accept_loss;
}

static enum options_result
read_command_line(struct options *options, struct settings *settings)
{
    struct option list[ROWS_MAX + OWN_COUNT + 1];
    enum options_result result = OPTIONS_RUN, set;
    int option;
    list_options(list);
    optind = 0; /* it is read again at SIGHUP */
    while ((option = getopt_long(options->argc, options->argv, "", list,
                                 NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 'C':
            result = OPTIONS_CHECK;
            break;
        case 'D':
            result = OPTIONS_CHECK_DATA;
            break;
        case 'L':
            if (!read_position(optarg, options))
                return wrong("--accept-loss takes a position");
            break;
        case 'v':
            puts("entented " ENTENTE_VERSION);
            return OPTIONS_DONE;
        case 'h':
            print_help();
            return OPTIONS_DONE;
        case '?': /* getopt_long has said why */
            return OPTIONS_WRONG;
        default:
            set = set_option(settings, &settings_table[option - OPTION_ROW]);
            if (set != OPTIONS_RUN)
                return set;
        }
    }
    if (optind < options->argc)
        return wrong("only options are taken");
    return result;
}

/* --- the environment ------------------------------------------------------*/

static bool
set_variable(struct settings *settings, const struct setting *row,
             const char *name, const char *text, struct diag_reason *reason)
{
    struct diag_reason why;
    if (settings_set(settings, row, SETTINGS_ENVIRONMENT, text, &why))
        return true;
    diag_because(reason, "$%s: %s", name, why.text);
    return false;
}

/* One that may be repeated: with spaces between. */
static bool
set_words(struct settings *settings, const struct setting *row,
          const char *name, const char *text, struct diag_reason *reason)
{
    char *rest = NULL, *copy = strdup(text);
    bool good = copy != NULL;
    for (char *word = good ? strtok_r(copy, " ", &rest) : NULL;
         good && word != NULL; word = strtok_r(NULL, " ", &rest))
        good = set_variable(settings, row, name, word, reason);
    free(copy);
    return good;
}

static bool
read_environment(struct settings *settings, struct diag_reason *reason)
{
    for (const struct setting *row = settings_table; row->key != NULL; row++) {
        char name[64];
        if (row->option == NULL)
            continue;
        snprintf(name, sizeof name, "ENTENTED_%s", row->option);
        for (char *at = name; *at != '\0'; at++)
            *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
        const char *text = getenv(name);
        if (text == NULL || text[0] == '\0')
            continue;
        if (row->repeats ? !set_words(settings, row, name, text, reason)
                         : !set_variable(settings, row, name, text, reason))
            return false;
    }
    return true;
}

/* --- what is built in -----------------------------------------------------*/

static bool
join(char **path, const char *prefix, const char *directory, const char *name)
{
    if (asprintf(path, "%s%s%s", prefix, directory, name) < 0)
        *path = NULL;
    return *path != NULL;
}

/* The absolute path in a variable, else NULL. */
static const char *
directory_in(const char *variable)
{
    const char *path = getenv(variable);
    return path != NULL && path[0] == '/' ? path : NULL;
}

/* systemd says where the state of a service is; else it is a user's. */
static bool
default_data(struct settings *settings)
{
    const char *directory;
    if ((directory = directory_in("STATE_DIRECTORY")) != NULL)
        return join(&settings->data, "", directory, "");
    if ((directory = directory_in("XDG_STATE_HOME")) != NULL)
        return join(&settings->data, "", directory, "/entente");
    if ((directory = directory_in("HOME")) != NULL)
        return join(&settings->data, "", directory, "/.local/state/entente");
    return false;
}

static bool
default_listen(struct settings *settings)
{
    const char *directory = directory_in("RUNTIME_DIRECTORY");
    if (directory == NULL)
        directory = directory_in("XDG_RUNTIME_DIR");
    if (directory == NULL ||
        !join(&settings->listen[0], "unix:", directory, "/entente.sock"))
        return false;
    settings->listen_count = 1;
    return true;
}

/* Who does not serve needs no address. */
static bool
complete(struct settings *settings, bool serves, struct diag_reason *reason)
{
    if (settings->data == NULL && !default_data(settings)) {
        diag_because(reason, "no home directory: say --data DIR");
        return false;
    }
    if (serves && settings->listen_count == 0 && !inherit_offered() &&
        !default_listen(settings)) {
        diag_because(reason, "XDG_RUNTIME_DIR is not set: say --listen URL");
        return false;
    }
    return settings_fit(settings, reason);
}

/* --- all of it ------------------------------------------------------------*/

/* The file that is always looked for may be missing, one that is named not. */
static bool
read_file(struct options *options, struct settings *settings,
          struct diag_reason *reason)
{
    const char *named = options->config;
    if (named == NULL)
        named = getenv("ENTENTED_CONFIG");
    bool is_default = named == NULL || named[0] == '\0';
    options->config = is_default ? CONFIG_PATH : named;
    int rc = config_read(options->config, settings, reason);
    if (rc == -ENOENT && is_default) {
        options->config = NULL;
        return true;
    }
    return rc == 0;
}

static enum options_result
read_all(struct options *options, struct settings *settings,
         struct diag_reason *reason)
{
    settings_init(settings);
    options->config = NULL;
    enum options_result result = read_command_line(options, settings);
    if (result != OPTIONS_RUN && result != OPTIONS_CHECK &&
        result != OPTIONS_CHECK_DATA)
        return result;
    if (!read_environment(settings, reason) ||
        !read_file(options, settings, reason) ||
        !complete(settings, result != OPTIONS_CHECK_DATA, reason))
        return OPTIONS_UNSETTLED;
    return result;
}

enum options_result
options_read(int argc, char **argv, struct options *options)
{
    struct diag_reason reason = {0};
    *options = (struct options){.argc = argc, .argv = argv};
    enum options_result result = read_all(options, &options->settings, &reason);
    if (result == OPTIONS_UNSETTLED)
        fprintf(stderr, "entented: %s\n", reason.text);
    return result;
}

bool
options_reread(const struct options *options, struct settings *settings,
               struct diag_reason *reason)
{
    struct options again = {.argc = options->argc, .argv = options->argv};
    return read_all(&again, settings, reason) == OPTIONS_RUN;
}

void
options_deinit(struct options *options)
{
    settings_deinit(&options->settings);
}
