/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_METHODS_H
#define DAEMON_METHODS_H

#include "daemon/request.h"

/*
 * The one place that ties a method's name to the role that it needs, the
 * arguments that it takes and what answers it: a table.  A new method is one
 * row and one function.
 */

/* Row `index` of the table: a method and the role that it needs.  False behind
 * the last. */
bool methods_row(size_t index, const char **name, enum service_role *role);

/* Check and call a method; what came of it is in the request. */
void methods_call(struct request *request, struct span name);

#endif
