/* SPDX-License-Identifier: MIT */
#ifndef PROTO_EVENT_PARTS_H
#define PROTO_EVENT_PARTS_H

#include "proto/event.h"

/*
 * What the files of proto/event share among themselves; nobody else includes
 * this.
 */

/* --- event_text -----------------------------------------------------------*/

/* Why `text` fails event_is_text, as the end of a sentence; NULL where it
 * does not. */
const char *event_text_flaw(struct span text, bool lines);

/* Size of the UTF-8 character that `text` begins with, 1 to 4; 0 where it
 * begins with none. */
size_t event_text_character(struct span text);
bool event_text_is_control(struct span character);

/* --- event_money ----------------------------------------------------------*/

/* An amount's value, a decimal string or an integer; false where it is none. */
bool event_money_read(const struct mp_token *token, event_money *money_out)
    __attribute__((warn_unused_result));

/* --- event_read -----------------------------------------------------------*/

/* What the value of a field of that kind is in MessagePack. */
enum mp_kind event_kind_stored(enum model_kind kind);

/* Fill in what follows from `fields`, but the dates; false where they are not
 * of the form that event_check assures. */
bool event_derive(struct event *event) __attribute__((warn_unused_result));

/* A date that does not parse. */
struct event_date_fault {
    const char *field;
    struct span text;
    struct edtf_fault fault;
};

/* Parse the dates, in the order in which faults are reported. */
bool event_parse_dates(struct event *event, struct event_date_fault *fault)
    __attribute__((warn_unused_result));

/* --- event_fault ----------------------------------------------------------*/

/* Where in an event: a key or an index for each container on the way. */
struct event_step {
    struct span key; /* absent: an index */
    uint32_t index;
};

struct event_path {
    struct event_step steps[MODEL_DEPTH_MAX];
    uint32_t count;
};

void event_path_key(struct event_path *path, struct span key);
void event_path_index(struct event_path *path, uint32_t index);
void event_path_up(struct event_path *path);

/* Room for a peer's value within a message. */
#define EVENT_SHOWN_SIZE ((size_t)80)

/*
 * Make a peer's bytes fit to be shown: invalid UTF-8 and control characters
 * become \xNN, what is too long ends in "...".  Returns `out`.
 */
const char *event_show(struct span bytes, char out[EVENT_SHOWN_SIZE]);

/* --- event_fault, event_fields, event_free --------------------------------*/

/* Keys remembered without an allocation; the slugs of all parties fit. */
#define EVENT_KEYS_INLINE ((size_t)64)

/* The keys of all open free maps, innermost last. */
struct event_keys {
    struct span *list; /* `few`, or on the heap */
    size_t count;
    size_t capacity;
    struct span few[EVENT_KEYS_INLINE];
};

struct event_checker {
    struct event *event;
    struct event_fault *fault;
    struct event_path path; /* of the value under check */
    struct event_keys keys;
    struct span text; /* the str checked last */
};

/* Refuse the value under check.  The message is complete; returns false. */
bool event_refuse(struct event_checker *checker, enum model_error code,
                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with INVALID_EVENT and a message that goes on from the name of the
 * place: "title" "must be ...". */
bool event_refuse_place(struct event_checker *checker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Refuse a value of another kind than `wanted`, "a string". */
bool event_refuse_kind(struct event_checker *checker, enum mp_kind kind,
                       const char *wanted);

/* Take a str of 1 to `size_max` bytes that is text; it is left in
 * checker->text. */
bool event_check_str(struct event_checker *checker, struct mp_reader *reader,
                     size_t size_max, bool lines)
    __attribute__((warn_unused_result));

/* Take a map with free keys, where `bin` is allowed or not. */
bool event_check_free(struct event_checker *checker, struct mp_reader *reader,
                      bool bin) __attribute__((warn_unused_result));

void event_keys_init(struct event_keys *keys);
void event_keys_deinit(struct event_keys *keys);
/* False where there is no memory; the value under check is refused then. */
bool event_keys_push(struct event_checker *checker, struct span key)
    __attribute__((warn_unused_result));

/* Take the value of a field, or refuse it. */
bool event_check_field(struct event_checker *checker, enum model_field field,
                       struct mp_reader *reader)
    __attribute__((warn_unused_result));

/* Refuse a key of the map at the path's end, by the one that was meant. */
bool event_refuse_key(struct event_checker *checker, struct span key,
                      const char *const *keys, size_t count);

#endif
