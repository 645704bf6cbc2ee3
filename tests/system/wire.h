/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYSTEM_WIRE_H
#define TESTS_SYSTEM_WIRE_H

#include <jansson.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One connection to the daemon, seen from the client: bytes out, messages in.
 * It knows MessagePack-RPC but no method.  Whatever the daemon may not do
 * fails the running test.
 */
struct wire;

/* Nothing that a test waits for takes longer, even under a sanitizer. */
#define WIRE_PATIENCE_MS 60000

struct wire *wire_open_unix(const char *path);
struct wire *wire_open_tcp(uint16_t port);
void wire_close(struct wire *wire); /* NULL is legal */

/* The descriptor under it. */
int wire_fd(const struct wire *wire);

/* --- out ------------------------------------------------------------------*/

/*
 * Send all of it.  What comes in meanwhile is kept for wire_read, so that two
 * full buffers never wait for each other.
 */
void wire_send(struct wire *wire, const void *bytes, size_t size);

/* Send what the socket takes at once, reading nothing; how much it took. */
size_t wire_send_some(struct wire *wire, const void *bytes, size_t size);

/* No more will be sent: the daemon sees the end of our bytes. */
void wire_end_sending(struct wire *wire);

/* Send a value: its MessagePack, in one piece. */
void wire_send_value(struct wire *wire, const json_t *value);

/* The MessagePack of a request; the caller frees it. */
void *wire_request_bytes(uint32_t msgid, const char *method,
                         const json_t *arguments, size_t *size_out);

/* Put a request behind those that wait to be sent with wire_flush. */
void wire_queue(struct wire *wire, uint32_t msgid, const char *method,
                const json_t *arguments);
void wire_flush(struct wire *wire);

/* --- in -------------------------------------------------------------------*/

enum wire_event {
    WIRE_MESSAGE,
    WIRE_CLOSED,
    WIRE_SILENCE, /* nothing whole came in the time given */
};

/* On WIRE_MESSAGE `*message_out` is a new reference, else untouched. */
enum wire_event wire_read(struct wire *wire, int timeout_ms,
                          json_t **message_out);

/* The next message, which must come. */
json_t *wire_message(struct wire *wire);

/* The same as MessagePack has it, borrowed until the next read: for answers
 * that are too many or too long to be turned into JSON. */
const msgpack_object *wire_object(struct wire *wire);

/* The bytes of the message that was read last; until the next read. */
const void *wire_message_bytes(const struct wire *wire, size_t *size_out);

/* The next message, which must be the answer to `msgid`. */
json_t *wire_answer(struct wire *wire, uint32_t msgid);

/* The daemon must close; what it sends before is dropped. */
void wire_await_close(struct wire *wire);

/* Ask under a fresh msgid and wait: [1, msgid, error, result]. */
json_t *wire_call(struct wire *wire, const char *method,
                  const json_t *arguments);

#endif
