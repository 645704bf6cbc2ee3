/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/options.h"
#include "daemon/server.h"

/* A page of a data file that cannot be read: the file was truncated under us
 * or the disk failed.  There is nothing left that could be trusted. */
static void
on_sigbus(int number)
{
    static const char line[] =
        "entented: a data file cannot be read (SIGBUS); ending\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    (void)number;
    _exit(EX_SOFTWARE);
}

/* A peer that goes away, a limit on a file's size, a terminal that closes:
 * each is an error where it happens, not the end of the process. */
static void
set_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* until we serve */
    signal(SIGBUS, on_sigbus);
}

static int
check(struct options *options)
{
    struct diag_reason reason = {0};
    const char *file = options->config;
    if (!server_check(options, &reason)) {
        fprintf(stderr, "entented: %s\n", reason.text);
        return EX_CONFIG;
    }
    printf("%s: the configuration is good\n", file == NULL ? "no file" : file);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    struct options options;
    struct diag_reason reason = {0};
    int status = EXIT_SUCCESS;
    switch (options_read(argc, argv, &options)) {
    case OPTIONS_RUN:
        umask(077);
        set_signals();
        diag_set_level(options.settings.log_level);
        status = server_run(&options, &reason);
        if (reason.text[0] != '\0')
            diag_of(DIAG_START_FAILED, "%s", reason.text);
        break;
    case OPTIONS_CHECK:
        status = check(&options);
        break;
    case OPTIONS_CHECK_DATA:
        umask(077);
        diag_set_level(DIAG_ERROR);
        status = check_run(options.settings.data, stdout);
        break;
    case OPTIONS_DONE:
        break;
    case OPTIONS_WRONG:
        status = 2;
        break;
    case OPTIONS_UNSETTLED:
        status = EX_CONFIG;
        break;
    }
    options_deinit(&options);
    return status;
}
