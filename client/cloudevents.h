/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CLOUDEVENTS_H
#define CLIENT_CLOUDEVENTS_H

#include "client/json.h"

/*
 * An event as a CloudEvent and back, both as MessagePack maps that JSON is
 * made of.  https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 *
 *   id, type      those of the event
 *   subject       its partnership
 *   source        urn:uuid: and the id of the log
 *   time          where it occurred on one day or at one moment
 *   recordedtime, sequence
 *                 when and where the log has it; not read back
 *   keyorder      the keys of the event in their order, where that is not id,
 *                 type, partnership and then those of data
 *   data          all other keys, as they are
 */

/* A log's id as a URI. */
#define CLOUDEVENTS_SOURCE_SIZE ((size_t)96)
void cloudevents_source(struct span log_id,
                        char source[CLOUDEVENTS_SOURCE_SIZE]);

/* Append a stored event as a CloudEvent. */
void cloudevents_put(struct mp_buf *buf, struct span event, const char *source);

/*
 * Append the event that a CloudEvent holds, without what the log gave it.
 * False with `*fault` set.
 */
bool cloudevents_read(struct span cloudevent, struct mp_buf *event,
                      struct json_fault *fault)
    __attribute__((warn_unused_result));

#endif
