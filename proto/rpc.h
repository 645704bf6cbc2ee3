/* SPDX-License-Identifier: MIT */
#ifndef PROTO_RPC_H
#define PROTO_RPC_H

#include "proto/model.h"
#include "proto/mp.h"

/*
 * MessagePack-RPC: where one message ends and the next begins, what a message
 * is, and how ours are written.  PROTOCOL.md has the rules.
 * https://github.com/msgpack-rpc/msgpack-rpc/blob/master/spec.md
 *
 * Knows no socket and no method.  Any thread, one at a time per object.
 */

/* One message, header to last byte. PROTOCOL.md, "Limits". */
#define RPC_MESSAGE_SIZE_MAX ((size_t)16 << 20)
/* Containers within containers in one message; an event may use 16 of them. */
#define RPC_DEPTH_MAX 32

/* --- finding the end of a message -----------------------------------------*/

enum rpc_scan_result {
    RPC_SCAN_DONE,      /* the message ends within the bytes given */
    RPC_SCAN_MORE,      /* every byte was looked at; it goes on */
    RPC_SCAN_MALFORMED, /* not MessagePack (byte 0xc1) */
    RPC_SCAN_TOO_LARGE, /* longer than the limit, or announces to be: a count
                           of elements or a length that cannot fit in it */
    RPC_SCAN_TOO_DEEP,  /* nested deeper than the limit */
};

/* Resumable and allocation free.  rpc_scanner_init before each message; after
 * MALFORMED, TOO_LARGE or TOO_DEEP the stream cannot be trusted again. */
struct rpc_scanner {
    size_t size_max;
    uint32_t depth_max;
    size_t size;       /* bytes of this message looked at so far */
    uint64_t body;     /* bytes of a str, bin or ext body still to come */
    uint32_t depth;    /* open containers */
    uint8_t header[8]; /* the part of a header that has come */
    uint8_t header_size;
    uint64_t left[RPC_DEPTH_MAX]; /* values still to come in each container */
    uint64_t left_sum; /* the sum of them: each takes a byte at least */
};

/* depth_max is at most RPC_DEPTH_MAX. */
void rpc_scanner_init(struct rpc_scanner *scanner, size_t size_max,
                      uint32_t depth_max);

/*
 * Look at the next bytes of a message.  `*consumed` is how many of them
 * belong to it: all with MORE, up to its last byte with DONE.  Whatever the
 * pieces, the result is the same as for all bytes at once.
 */
enum rpc_scan_result rpc_scan(struct rpc_scanner *scanner, struct span bytes,
                              size_t *consumed);

/* --- what a message says --------------------------------------------------*/

enum rpc_message_kind {
    RPC_REQUEST = 0,
    RPC_RESPONSE = 1,
    RPC_NOTIFICATION = 2,
};

struct rpc_message {
    enum rpc_message_kind kind;
    bool has_msgid;
    uint32_t msgid;     /* request, response */
    struct span method; /* request, notification: the str's bytes */
    struct span params; /* request, notification: the whole value */
    struct span error;  /* response: the whole value */
    struct span result; /* response: the whole value */
};

/*
 * Take a message apart that was scanned, with nothing behind it: whether its
 * values are whole is not looked at again.  All spans borrow from `bytes`.  On
 * false it is not an RPC message; `has_msgid` and `msgid` are set where the
 * second element of a request was a msgid all the same.
 */
bool rpc_parse(struct span bytes, struct rpc_message *message)
    __attribute__((warn_unused_result));

/* --- building -------------------------------------------------------------*/

/* The head of a message; the caller appends what the comment names. */
void rpc_put_request(struct mp_buf *buf, uint32_t msgid,
                     const char *method);                /* then: params */
void rpc_put_result(struct mp_buf *buf, uint32_t msgid); /* then: result */
void rpc_put_notification(struct mp_buf *buf,
                          const char *method); /* then: params */

/*
 * A whole error response.  `extra` holds `extra_count` further encoded
 * key-value pairs for the error map, or is absent with 0.
 */
void rpc_put_error(struct mp_buf *buf, uint32_t msgid, enum model_error code,
                   const char *message, struct span extra,
                   uint32_t extra_count);

#endif
