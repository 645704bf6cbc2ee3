/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "daemon/server.h"

/*
 * The command line of entented.
 */

enum options_result {
    OPTIONS_RUN,   /* serve */
    OPTIONS_DONE,  /* something was printed, exit 0 */
    OPTIONS_WRONG, /* the reason was printed, exit 2 */
};

struct options {
    struct server_options server;
    char *default_data; /* owned, where no --data was given */
    char *default_url;  /* owned, where no --listen was given */
};

enum options_result options_read(int argc, char **argv,
                                 struct options *options);
void options_deinit(struct options *options);

#endif
