/* SPDX-License-Identifier: MIT */
#include "client/output.h"

/* msgpack: the values as they came, one behind the other. */

const struct format format_msgpack = {
    .name = "msgpack",
    .item = output_write,
    .document = output_write,
};
