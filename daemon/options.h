/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "daemon/settings.h"

/*
 * The command line of entented, and how it goes together with the environment
 * and the configuration file: the command line counts more than $ENTENTED_...,
 * that more than the file, and the file more than what is built in.
 */

enum options_result {
    OPTIONS_RUN,        /* serve */
    OPTIONS_CHECK,      /* say whether it could, and exit */
    OPTIONS_CHECK_DATA, /* look at the data, and exit */
    OPTIONS_DONE,       /* something was printed, exit 0 */
    OPTIONS_WRONG,     /* of the command line; the reason was printed, exit 2 */
    OPTIONS_UNSETTLED, /* of the rest; the reason was printed, exit 78 */
};

struct options {
    int argc;
    char **argv;
    const char *config; /* the file that was read; NULL: there is none */
    struct settings settings;
    bool accept_loss; /* --accept-loss and its POSITION */
    uint64_t accepted_position;
};

enum options_result options_read(int argc, char **argv,
                                 struct options *options);
void options_deinit(struct options *options);

/*
 * Read everything again into `settings`, as SIGHUP asks for; whatever comes of
 * it, settings_deinit is for the caller.  False with `reason` set.
 */
bool options_reread(const struct options *options, struct settings *settings,
                    struct diag_reason *reason)
    __attribute__((warn_unused_result));

#endif
