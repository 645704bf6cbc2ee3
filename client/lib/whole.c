/* SPDX-License-Identifier: MIT */
#include "client/lib/whole.h"

#include "proto/rpc.h"

bool
whole_map(struct span bytes, uint32_t depth)
{
    struct rpc_scanner scanner;
    size_t consumed = 0;
    rpc_scanner_init(&scanner, RPC_MESSAGE_SIZE_MAX, depth);
    if (bytes.size == 0 ||
        rpc_scan(&scanner, bytes, &consumed) != RPC_SCAN_DONE)
        return false;
    struct mp_reader reader = mp_reader(bytes);
    return consumed == bytes.size && mp_peek(&reader) == MP_MAP;
}
