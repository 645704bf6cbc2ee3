/* SPDX-License-Identifier: MIT */
#include "proto/rpc.h"

#include <assert.h>
#include <msgpack/unpack.h>
#include <msgpack/zone.h>
#include <stdlib.h>

/*
 * The scanner, fed whole and in pieces, must say the same; and what it lets
 * through must be what msgpack-c's unpacker takes for one object of the same
 * size.  rpc_parse reads whatever passed.
 */

/* Small limits, so that inputs of a few bytes reach them. */
#define SIZE_MAX_TESTED ((size_t)4096)
/* msgpack-c's own stack ends at 32. */
#define DEPTH_MAX_TESTED 31u

static enum rpc_scan_result
scan_whole(struct span bytes, size_t *consumed)
{
    struct rpc_scanner scanner;
    rpc_scanner_init(&scanner, SIZE_MAX_TESTED, DEPTH_MAX_TESTED);
    return rpc_scan(&scanner, bytes, consumed);
}

/* Pieces of 1 to 16 bytes, whose sizes the seed draws. */
static enum rpc_scan_result
scan_pieces(struct span bytes, uint32_t seed, size_t *consumed)
{
    struct rpc_scanner scanner;
    enum rpc_scan_result result = RPC_SCAN_MORE;
    rpc_scanner_init(&scanner, SIZE_MAX_TESTED, DEPTH_MAX_TESTED);
    *consumed = 0;
    while (result == RPC_SCAN_MORE && *consumed < bytes.size) {
        seed = seed * 1664525u + 1013904223u;
        size_t left = bytes.size - *consumed;
        size_t size = 1 + (seed >> 28);
        size_t taken = 0;
        struct span piece = {bytes.data + *consumed, size < left ? size : left};
        result = rpc_scan(&scanner, piece, &taken);
        *consumed += taken;
    }
    return result;
}

static void
compare_with_unpacker(struct span bytes, size_t size)
{
    size_t offset = 0;
    msgpack_object object;
    msgpack_zone *zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    assert(zone != NULL);
    msgpack_unpack_return result =
        msgpack_unpack((const char *)bytes.data, size, &offset, zone, &object);
    assert(result == MSGPACK_UNPACK_SUCCESS);
    assert(offset == size);
    offset = 0;
    if (size > 1) {
        result = msgpack_unpack((const char *)bytes.data, size - 1, &offset,
                                zone, &object);
        assert(result == MSGPACK_UNPACK_CONTINUE);
    }
    msgpack_zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct span bytes = {data + 1, size - 1};
    size_t whole = 0, pieces = 0;
    enum rpc_scan_result result = scan_whole(bytes, &whole);
    assert(result == scan_pieces(bytes, data[0], &pieces));
    assert(whole == pieces);
    assert(whole <= bytes.size);
    if (result == RPC_SCAN_MORE)
        assert(whole == bytes.size);
    if (result != RPC_SCAN_DONE)
        return 0;

    struct rpc_message message;
    struct span value = {bytes.data, whole};
    struct mp_reader reader = mp_reader(value);
    assert(mp_value(&reader).size == whole);
    compare_with_unpacker(bytes, whole);
    if (rpc_parse(value, &message) && message.kind != RPC_RESPONSE)
        assert(message.method.data != NULL && message.params.size > 0);
    return 0;
}
