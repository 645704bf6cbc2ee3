/* SPDX-License-Identifier: MIT */
#ifndef PROTO_EVENT_H
#define PROTO_EVENT_H

#include "proto/edtf.h"
#include "proto/model.h"
#include "proto/mp.h"

/*
 * Events as MessagePack maps: checked and read in place, no object tree.
 * EVENTS.md has the rules; proto/model the tables that they derive from.
 * Any thread.
 */

/* An amount as a number of millionths: 15 digits and 6 decimals need 70 bits,
 * and a sum of 2^57 of them still fits. */
typedef __int128 event_money;

/*
 * An event taken apart.  Spans borrow from the map; an absent field has
 * data == NULL.  Strings are the bytes of the str, the others whole values.
 */
struct event {
    struct span map;   /* the whole event */
    struct span pairs; /* its keys and values, behind the map's header */
    uint32_t pair_count;

    /* only in a stored event, else 0 */
    uint64_t seq;
    uint64_t rev;
    int64_t recorded_ms;

    struct span fields[MODEL_FIELD_COUNT];
    enum model_type type; /* fields[MODEL_FIELD_TYPE] as a number */
    uint32_t party_count;

    struct edtf occurred;
    struct edtf disclosed; /* valid where that field is present */

    bool has_amount;
    enum model_amount_kind amount_kind; /* given, or the type's default */
    bool amount_kind_given;
    struct span currency;
    event_money amount;

    bool has_effective; /* terms has the key */
    bool effective_nil; /* an amendment takes it away */
    struct edtf effective;
    struct span effective_text;
};

/* Longest path that is reported as `field`; longer ones are cut. */
#define EVENT_FIELD_SIZE ((size_t)160)
#define EVENT_MESSAGE_SIZE ((size_t)320)

/* Why an event is refused. */
struct event_fault {
    enum model_error code;        /* INVALID_EVENT, INVALID_DATE, TOO_LARGE */
    char field[EVENT_FIELD_SIZE]; /* "sources[0].url"; "" for the whole */
    char message[EVENT_MESSAGE_SIZE]; /* what was wrong, what would be right */
    bool has_offset;
    size_t offset; /* INVALID_DATE: byte of the mistake in the str */
};

/*
 * Check a submitted event by every rule of EVENTS.md that needs no other
 * event: shape first, then dates; the first fault found is reported.  `value`
 * is one complete MessagePack value that passed rpc_scan.  On true `*event`
 * is set and borrows from `value`; on false `*fault` is.
 */
bool event_check(struct span value, size_t size_max, struct event *event,
                 struct event_fault *fault) __attribute__((warn_unused_result));

/*
 * Read a stored event: {seq, rev, recorded, ...}.  Its checksum was good, so
 * false means that the log was written by another program.
 */
bool event_read(struct span value, struct event *event)
    __attribute__((warn_unused_result));

/*
 * True when a submitted event says the same as the stored one: the same keys
 * with equal values, in whatever order or encoding, seq, rev and recorded
 * left out.  The id counts.  A number equals a number of the same kind
 * (integer, float) and value.
 */
bool event_equal(struct span submitted, struct span stored);

/* The same for two single values of whatever kind. */
bool event_value_equal(struct span a, struct span b);

/* t and start_lo, the fold order's first two keys (EVENTS.md, "Order"). */
int64_t event_takes_effect(const struct event *event);
int64_t event_possible_from(const struct event *event);

/* Well-formed names. */
bool event_is_id(struct span text);
bool event_is_slug(struct span text);

/*
 * True when `text` is UTF-8 (RFC 3629) without control characters (Unicode
 * category Cc); tab and newline pass where `lines`.
 */
bool event_is_text(struct span text, bool lines);

/* What an amount of `millionths` is called: "-12.5", "0"; returns length. */
#define EVENT_MONEY_SIZE ((size_t)48)
size_t event_money_format(event_money millionths, char text[EVENT_MONEY_SIZE]);

#endif
