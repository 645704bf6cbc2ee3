/* SPDX-License-Identifier: MIT */
#ifndef ENTENTE_H
#define ENTENTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libentente: talk to entented, the event log of partnerships.
 *
 * Arguments and results are MessagePack bytes, the same that are on the wire
 * (PROTOCOL.md): encode them with any MessagePack library.  Bytes that come
 * from the daemon were checked to be well-formed, at most 16 MiB and nested
 * at most 32 deep before you see them, so that they can be handed to an
 * unpacker that allocates by the counts that it reads.
 *
 * A handle belongs to one thread at a time; different handles are
 * independent.  There are no globals, and no signal is raised by a write to a
 * closed connection.
 *
 *     struct entente_error error;
 *     struct entente *daemon = entente_connect(NULL, NULL, &error);
 *     struct entente_bytes pong;
 *     if (daemon == NULL ||
 *         entente_call(daemon, "ping", ENTENTE_NOTHING, &pong, &error) != 0)
 *         fprintf(stderr, "%s: %s\n", error.code, error.message);
 *     entente_close(daemon);
 */

#ifdef __cplusplus
extern "C" {
#endif

#define ENTENTE_API __attribute__((visibility("default")))
#define ENTENTE_MUST_CHECK __attribute__((warn_unused_result))

struct entente;

/* Bytes borrowed from somebody else. */
struct entente_bytes {
    const void *data;
    size_t size;
};

/* As params: no arguments, the same as an empty map. */
#define ENTENTE_NOTHING ((struct entente_bytes){NULL, 0})

enum entente_result {
    ENTENTE_OK = 0,
    ENTENTE_REFUSED,   /* the daemon answered with an error */
    ENTENTE_LOST,      /* no connection, or no answer within the timeout */
    ENTENTE_INVALID,   /* what was given cannot be sent; nothing was */
    ENTENTE_STOPPED,   /* options.stop_fd became readable */
    ENTENTE_AGAIN,     /* entente_next: no message within the time given */
    ENTENTE_NO_MEMORY, /* nothing was sent, or the connection is closed */
};

#define ENTENTE_CODE_SIZE 32
#define ENTENTE_MESSAGE_SIZE 512
#define ENTENTE_FIELD_SIZE 168
#define ENTENTE_ID_SIZE 72

/* Why something failed. Texts are "" and numbers -1 where there is none. */
struct entente_error {
    char code[ENTENTE_CODE_SIZE];       /* PROTOCOL.md, "Errors"; else "lost",
                                           "timeout", "protocol", "tls",
                                           "other_log", "invalid",
                                           "stopped", "no_memory" */
    char message[ENTENTE_MESSAGE_SIZE]; /* for people; from the daemon, so not
                                           fit for a terminal as it is */
    char field[ENTENTE_FIELD_SIZE];     /* "sources[0].url" */
    char id[ENTENTE_ID_SIZE];           /* duplicate_id: which */
    int64_t index;                      /* of the event in the batch, from 0 */
    int64_t offset;                     /* byte of the mistake in a date */
    int64_t retry_ms;                   /* unavailable: when to try again */
    int64_t seq;                        /* duplicate_id, corrupt: where */
};

struct entente_options {
    int timeout_ms; /* the longest wait without a byte of an answer, which
                       reconnecting counts in; 0: ENTENTE_TIMEOUT_MS */
    int stop_fd;    /* calls end as soon as it is readable; -1: none */

    /* For tls://, files in PEM form; NULL means the variable behind it. */
    const char *ca_file;   /* whom the daemon's certificate must be from
                              ($ENTENTE_CA, else whom the system trusts) */
    const char *cert_file; /* our own, to be shown ($ENTENTE_CERT) */
    const char *key_file;  /* its key, readable by nobody else ($ENTENTE_KEY) */

    const char *token; /* to authenticate with, on each connection that is
                          made ($ENTENTE_TOKEN); "": none */
};

#define ENTENTE_TIMEOUT_MS 10000
#define ENTENTE_OPTIONS_DEFAULT                                                \
    ((struct entente_options){0, -1, NULL, NULL, NULL, NULL})

/*
 * Connect to unix:PATH, unix:///PATH, tcp://HOST:PORT or tls://HOST:PORT.  NULL
 * means $ENTENTE_URL, else unix:/run/entente/entente.sock, else, where that
 * does not exist, $XDG_RUNTIME_DIR/entente.sock.  Tries once: a daemon that
 * is not there is an error at once.  `options` may be NULL; what it points to
 * is copied.
 *
 * Over tls:// the daemon must have a certificate that names the host.  A token
 * is never sent over tcp:// to another machine.
 *
 * NULL on failure, with `*error` set.
 */
ENTENTE_API struct entente *
entente_connect(const char *url, const struct entente_options *,
                struct entente_error *error) ENTENTE_MUST_CHECK;

/* NULL is allowed. */
ENTENTE_API void entente_close(struct entente *);

/*
 * Call `method` with `params`, one encoded map of named arguments, and wait
 * for the answer.  When the connection is lost before the answer, or the
 * daemon says `unavailable` or `overloaded`, the call is made again, with a
 * growing pause, until the timeout is over: so use methods that may run
 * twice, which all but `backup` are, and entente_append for `append`.
 *
 * On ENTENTE_OK `*result` is one encoded value, valid until the next use of
 * the handle.
 */
ENTENTE_API enum entente_result
entente_call(struct entente *, const char *method, struct entente_bytes params,
             struct entente_bytes *result,
             struct entente_error *error) ENTENTE_MUST_CHECK;

/*
 * Append: `params` has `events` and, if you like, `expect`.  Every event must
 * have an `id`; that makes it safe to send the batch again after a lost
 * connection or `indeterminate`, which this does within the timeout.  Events
 * that an earlier try had stored come back with `duplicate: true`.
 *
 * ENTENTE_LOST means that the batch may or may not be stored; calling again
 * with the same bytes is safe.
 */
ENTENTE_API enum entente_result
entente_append(struct entente *, struct entente_bytes params,
               struct entente_bytes *result,
               struct entente_error *error) ENTENTE_MUST_CHECK;

/*
 * Stream a replay: `params` as for the method, without `stream`.  `on_event`
 * is called for each event, encoded; its bytes are valid during that call.
 * When it returns false the replay is cancelled, which is ENTENTE_OK too.  It
 * must not use the handle.
 *
 * A connection that is lost before the first event is made again; later it is
 * ENTENTE_LOST, and the events that were handed out are whole.
 */
ENTENTE_API enum entente_result
entente_replay(struct entente *, struct entente_bytes params,
               bool (*on_event)(void *context, struct entente_bytes event),
               void *context, struct entente_error *error) ENTENTE_MUST_CHECK;

/*
 * The whole error map of the last ENTENTE_REFUSED, for keys that struct
 * entente_error has no room for.  Valid until the next use of the handle.
 */
ENTENTE_API struct entente_bytes entente_error_map(const struct entente *);

/* --- in a loop of your own ------------------------------------------------*/

/*
 * The descriptor to wait on for reading, or -1 while there is no connection;
 * another one after each new connection.  When it is readable, call
 * entente_next with 0 until it says ENTENTE_AGAIN (with a subscription
 * entente_process, once or more).  The blocking calls above drop messages that
 * are not theirs, so give a stream or subscription a handle of its own.
 */
ENTENTE_API int entente_fd(const struct entente *);

/* Send a request, connecting if needed; `*msgid` will be in its answer. */
ENTENTE_API enum entente_result
entente_send(struct entente *, const char *method, struct entente_bytes params,
             uint32_t *msgid, struct entente_error *error) ENTENTE_MUST_CHECK;

/* End the stream or subscription of that request early. */
ENTENTE_API enum entente_result
entente_cancel(struct entente *, uint32_t msgid,
               struct entente_error *error) ENTENTE_MUST_CHECK;

struct entente_message {
    bool is_answer;              /* else a notification */
    uint32_t msgid;              /* answer: of which request */
    struct entente_bytes result; /* answer: the value; absent if refused */
    struct entente_bytes name;   /* notification: "events", not terminated */
    struct entente_bytes params; /* notification: the encoded array */
};

/*
 * The next message, waiting for at most `wait_ms` (0: not at all).  ENTENTE_OK
 * and ENTENTE_REFUSED set `*message`, which is valid until the next use of the
 * handle; with ENTENTE_REFUSED it is the answer that `*error` describes.
 */
ENTENTE_API enum entente_result
entente_next(struct entente *, int wait_ms, struct entente_message *message,
             struct entente_error *error) ENTENTE_MUST_CHECK;

/* --- subscriptions --------------------------------------------------------*/

/*
 * Every event that the log holds behind a position, and then every new one, as
 * it comes: in order, each once.  A connection that is lost is made again, and
 * the subscription goes on where it was; you hear of both.
 *
 *     static bool
 *     on_news(void *context, const struct entente_news *news)
 *     {
 *         ...
 *         return true;
 *     }
 *
 *     struct entente_subscription *subscription;
 *     result = entente_subscribe(daemon, ENTENTE_NOTHING, on_news, NULL,
 *                                &subscription, &error);
 *     if (result == ENTENTE_OK)
 *         result = entente_run(subscription, &error);
 *     entente_unsubscribe(subscription);
 *
 * In a loop of your own, instead of entente_run: wait until entente_fd is
 * readable, or for entente_wait_ms, and call entente_process with 0.
 */
struct entente_subscription;

enum entente_news_kind {
    ENTENTE_EVENTS,    /* `count` events, the last at `position` */
    ENTENTE_CAUGHT_UP, /* all that was stored has come; what follows is new */
    ENTENTE_PROGRESS,  /* nothing more matches up to `position` */
    ENTENTE_DAMAGED,   /* the event at `position` fails its checksum and is
                          left out; it may have matched or not */
    ENTENTE_DISCONNECTED, /* `error` says why; tries go on */
    ENTENTE_RECONNECTED,
};

/* Borrowed from the handle until the callback returns. */
struct entente_news {
    enum entente_news_kind kind;
    uint64_t position;           /* everything up to it has been handed out */
    uint32_t count;              /* ENTENTE_EVENTS */
    struct entente_bytes events; /* these, encoded, one behind the other */
    const struct entente_error *error; /* ENTENTE_DISCONNECTED */
};

/*
 * Subscribe: `params` as for the method.  Waits for the result and tries again
 * within the timeout, as entente_call does; `on_news` is first called by
 * entente_process.  When it returns false, entente_process ends at once with
 * ENTENTE_STOPPED, and so does each later one.  It must not use the handle; of
 * the functions here it may call entente_ack.
 *
 * The handle is the subscription's until entente_unsubscribe.  On anything but
 * ENTENTE_OK `*subscription` is NULL.
 */
ENTENTE_API enum entente_result entente_subscribe(
    struct entente *, struct entente_bytes params,
    bool (*on_news)(void *context, const struct entente_news *news),
    void *context, struct entente_subscription **subscription,
    struct entente_error *error) ENTENTE_MUST_CHECK;

/*
 * Hand out what has come, a bounded part of it, waiting for at most `wait_ms`
 * for the first (0: not at all; -1: without end).
 *
 * ENTENTE_OK: something came; ENTENTE_AGAIN: nothing within that time, or no
 * connection yet; ENTENTE_STOPPED: by the callback or options.stop_fd.
 * Anything else is the end of the subscription: ENTENTE_REFUSED, the daemon
 * does not let it go on (`code` "forbidden", or "invalid_request" after its
 * log was put back to an earlier state); ENTENTE_LOST with `code` "other_log",
 * another log is served now, or a code that trying again does not mend.
 *
 * Connecting again happens in here, when it is due, and may take as long as
 * the handle's timeout.
 */
ENTENTE_API enum entente_result
entente_process(struct entente_subscription *, int wait_ms,
                struct entente_error *error) ENTENTE_MUST_CHECK;

/* How long a loop may wait for the descriptor before it calls entente_process
 * all the same, in milliseconds; -1: until it is readable. */
ENTENTE_API int entente_wait_ms(const struct entente_subscription *);

/* entente_process until the end, which it returns. */
ENTENTE_API enum entente_result
entente_run(struct entente_subscription *,
            struct entente_error *error) ENTENTE_MUST_CHECK;

/*
 * With `consumer` in params: everything up to `position`, which was handed
 * out, is dealt with.  Sent by entente_process and entente_unsubscribe; of
 * several the highest counts.  After a crash what was not acknowledged comes
 * again, so acknowledge what is safe.
 */
ENTENTE_API void entente_ack(struct entente_subscription *, uint64_t position);

/* The last position that the daemon said it has stored for the consumer. */
ENTENTE_API uint64_t entente_acked(const struct entente_subscription *);

/*
 * End it, and free the handle for other use.  What is to be acknowledged is,
 * if the daemon answers within two seconds, whatever stop_fd says.  NULL is
 * allowed.
 */
ENTENTE_API void entente_unsubscribe(struct entente_subscription *);

/* --- ids ------------------------------------------------------------------*/

/* A new id for an event, a UUIDv7 (RFC 9562). False: no random numbers. */
ENTENTE_API bool entente_id_new(char id[ENTENTE_ID_SIZE]) ENTENTE_MUST_CHECK;

/*
 * The id that an event has by its content: "sha256-" and the first 32 hex
 * digits of SHA-256 over its canonical encoding, in which the keys of every
 * map are sorted by bytes and every number and length takes the shortest
 * form.  The same whatever the order of the keys.  `id`, `seq`, `rev` and
 * `recorded` do not count.  False: `event` is not one encoded map.
 */
ENTENTE_API bool
entente_id_from_content(struct entente_bytes event,
                        char id[ENTENTE_ID_SIZE]) ENTENTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
