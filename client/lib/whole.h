/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LIB_WHOLE_H
#define CLIENT_LIB_WHOLE_H

#include "proto/span.h"

/*
 * True when `bytes` are exactly one MessagePack map, complete, nested at most
 * `depth` deep and no longer than a message may be: fit to be read or sent.
 */
bool whole_map(struct span bytes, uint32_t depth);

#endif
