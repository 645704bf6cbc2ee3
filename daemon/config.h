/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "daemon/settings.h"

/*
 * The configuration file: "key = value" in [sections], with # or ; before what
 * says nothing.  Each key is a row of settings_table.
 */

#define CONFIG_PATH "/etc/entente/entented.conf"

/*
 * Read the file into `settings`, up to its first fault: an unknown section or
 * key, a value that is not right, a file that everybody could change.  0, or a
 * negative errno with `reason` set to "FILE:LINE: what is wrong, what would be
 * right"; -ENOENT where there is no file.
 */
int config_read(const char *path, struct settings *settings,
                struct diag_reason *reason) __attribute__((warn_unused_result));

#endif
