/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "proto/mp.h"

/*
 * JSON and MessagePack, both ways.  The order of keys is kept; msgpack's bin
 * is {"$bin": base64}.  A map that would be taken for that, since its one key
 * is "$bin" or begins with "$$", has one "$" more in JSON.  Integers and reals
 * stay what they are: a real is written with a point or exponent.
 */

/* Names for what JSON, or its reader, has no form for.  An integer beyond 63
 * bits is a plain number in JSON; the second name is how it gets past jansson,
 * and may be written too. */
#define JSON_BIN "$bin"
#define JSON_UINT "$uint"

/* Nesting that is read; what is deeper could not be sent. */
#define JSON_DEPTH_MAX 30

#define JSON_REASON_SIZE ((size_t)200)

/* Why a text is not JSON that we take. */
struct json_fault {
    size_t line;   /* within the text, from 1 */
    size_t column; /* from 1; 0: the whole */
    char reason[JSON_REASON_SIZE];
};

/* Append `text`, one JSON value, as MessagePack. False with `*fault` set. */
bool json_read(struct span text, struct mp_buf *buf, struct json_fault *fault)
    __attribute__((warn_unused_result));

enum json_style {
    JSON_COMPACT, /* one line, no spaces */
    JSON_PRETTY,  /* indented by two */
};

/*
 * Append one scanned MessagePack value as JSON.  Control characters are
 * escaped, so that it is safe on a terminal too; NaN, infinities and ext are
 * null, which no event has.
 */
void json_put(struct mp_buf *buf, struct span value, enum json_style style);

/* Append a JSON string. */
void json_put_string(struct mp_buf *buf, struct span text);

#endif
