/* SPDX-License-Identifier: MIT */
#include "tests/crash/power_recover.h"

#include <check.h>
#include <errno.h>
#include <msgpack.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/raw.h"
#include "tests/crash/under.h"
#include "tests/system/json_text.h"

#define READ_SIZE ((size_t)262144)

const char *const power_verdict_names[POWER_VERDICTS] = {
    [POWER_WHOLE] = "whole",
    [POWER_REFUSED] = "refused",
    [POWER_LOST] = "lost",
    [POWER_WRONG] = "wrong",
};

static enum power_verdict because(struct power_recovery *recovery,
                                  enum power_verdict verdict,
                                  const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum power_verdict
because(struct power_recovery *recovery, enum power_verdict verdict,
        const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(recovery->why, sizeof(recovery->why), format, list);
    va_end(list);
    return verdict;
}

/* --- asking a daemon that may die -----------------------------------------*/

struct talk {
    int fd;
    uint8_t *bytes; /* received and not yet looked at */
    size_t size, room, used;
    msgpack_unpacked message;
};

static bool
talk_receive(struct talk *talk)
{
    struct pollfd place = {.fd = talk->fd, .events = POLLIN};
    if (talk->used > 0 && talk->used == talk->size)
        talk->used = talk->size = 0;
    if (talk->size + READ_SIZE > talk->room) {
        talk->room = talk->room * 2 + READ_SIZE;
        talk->bytes = realloc(talk->bytes, talk->room);
        ck_assert_ptr_nonnull(talk->bytes);
    }
    ck_assert_msg(poll(&place, 1, WIRE_PATIENCE_MS) == 1,
                  "the daemon does not answer");
    ssize_t got = recv(talk->fd, talk->bytes + talk->size, READ_SIZE, 0);
    if (got <= 0)
        return false;
    talk->size += (size_t)got;
    return true;
}

/* The next answer, and its bytes; false where the daemon closed instead. */
static bool
talk_next(struct talk *talk, const uint8_t **bytes, size_t *size)
{
    for (;;) {
        size_t end = talk->used;
        if (msgpack_unpack_next(&talk->message, (const char *)talk->bytes,
                                talk->size, &end) == MSGPACK_UNPACK_SUCCESS) {
            *bytes = talk->bytes + talk->used;
            *size = end - talk->used;
            talk->used = end;
            return talk->message.data.type == MSGPACK_OBJECT_ARRAY &&
                   talk->message.data.via.array.size == 4;
        }
        if (!talk_receive(talk))
            return false;
    }
}

static bool
talk_send(struct talk *talk, const void *bytes, size_t size)
{
    return send(talk->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool
talk_send_request(struct talk *talk, uint32_t msgid, const char *method,
                  const json_t *arguments)
{
    size_t size;
    void *bytes = wire_request_bytes(msgid, method, arguments, &size);
    bool sent = talk_send(talk, bytes, size);
    free(bytes);
    return sent;
}

static void
talk_deinit(struct talk *talk)
{
    close(talk->fd);
    free(talk->bytes);
    msgpack_unpacked_destroy(&talk->message);
}

/* --- what was there -------------------------------------------------------*/

/* Questions for each position there ever was have its number as msgid. */
static bool
ask_for_all(struct talk *talk, const struct power_load *load)
{
    uint8_t *questions = malloc(load->tip * POWER_QUESTION_SIZE);
    size_t size = 0;
    ck_assert_ptr_nonnull(questions);
    for (uint64_t seq = 1; seq <= load->tip; seq++)
        size += power_question(questions + size, seq);
    bool sent = talk_send(talk, questions, size);
    free(questions);
    return sent;
}

/* Whether there was an event; it must be the one that was stored. */
static enum power_verdict
check_event(struct power_recovery *recovery, const struct talk *talk,
            const uint8_t *bytes, size_t size, bool *there)
{
    const struct power_load *load = recovery->load;
    uint64_t seq = talk->message.data.via.array.ptr[1].via.u64;
    ck_assert(seq >= 1 && seq <= load->tip);
    const struct power_answer *wanted = &load->answers[seq - 1];
    *there = talk->message.data.via.array.ptr[2].type == MSGPACK_OBJECT_NIL;
    if (!*there && seq > recovery->acked)
        return POWER_WHOLE;
    if (!*there)
        return because(recovery, POWER_LOST,
                       "event %llu is not there, %llu were acknowledged",
                       (unsigned long long)seq,
                       (unsigned long long)recovery->acked);
    if (size != wanted->size || memcmp(bytes, wanted->bytes, size) != 0)
        return because(recovery,
                       seq <= recovery->acked ? POWER_LOST : POWER_WRONG,
                       "event %llu is another", (unsigned long long)seq);
    return POWER_WHOLE;
}

/* Positions without a gap, at least as many as were acknowledged. */
static enum power_verdict
check_events(struct power_recovery *recovery, struct talk *talk)
{
    const uint8_t *bytes;
    size_t size;
    uint64_t highest = 0, count = 0;
    enum power_verdict verdict = POWER_WHOLE;
    if (!ask_for_all(talk, recovery->load))
        return because(recovery, POWER_REFUSED, "it closes at once");
    for (uint64_t i = 0; i < recovery->load->tip; i++) {
        bool there;
        if (!talk_next(talk, &bytes, &size))
            return because(recovery, POWER_REFUSED,
                           "it dies when it is asked for events");
        enum power_verdict this =
            check_event(recovery, talk, bytes, size, &there);
        verdict = verdict == POWER_WHOLE ? this : verdict;
        uint64_t seq = talk->message.data.via.array.ptr[1].via.u64;
        count += there;
        highest = there && seq > highest ? seq : highest;
    }
    if (verdict == POWER_WHOLE && highest != count)
        return because(recovery, POWER_WRONG, "%llu events up to %llu",
                       (unsigned long long)count, (unsigned long long)highest);
    recovery->tip = highest;
    return verdict;
}

/* --- answers as JSON ------------------------------------------------------*/

/* The result of the next answer, or NULL with `why` set. */
static json_t *
next_result(struct power_recovery *recovery, struct talk *talk,
            const char *what)
{
    const uint8_t *bytes;
    size_t size;
    if (!talk_next(talk, &bytes, &size)) {
        because(recovery, POWER_REFUSED, "it dies at: %s", what);
        return NULL;
    }
    json_auto_t *answer = json_of_msgpack(&talk->message.data);
    json_t *error = json_array_get(answer, 2);
    if (json_is_null(error))
        return json_incref(json_array_get(answer, 3));
    char *text = json_dumps(error, JSON_ENCODE_ANY);
    because(recovery, POWER_WRONG, "%s: %s", what, text);
    free(text);
    return NULL;
}

static json_int_t
number_of(const json_t *result, const char *key)
{
    return json_integer_value(json_object_get(result, key));
}

/* What the views say of the same events. */
static enum power_verdict
check_views(struct power_recovery *recovery, struct talk *talk)
{
    json_auto_t *arguments = json_of(
        "{'order': 'occurred', 'partnership': '" POWER_PARTNERSHIP "'}");
    size_t wanted = recovery->load->noted[recovery->tip];
    if (wanted == 0)
        return POWER_WHOLE; /* nobody knows the partnership */
    talk_send_request(talk, 0, "replay", arguments);
    json_auto_t *result = next_result(recovery, talk, "replay by dates");
    if (result == NULL)
        return POWER_WRONG;
    size_t count = json_array_size(json_object_get(result, "events"));
    if (count == wanted)
        return POWER_WHOLE;
    return because(recovery, POWER_WRONG,
                   "the views know %zu events of a partnership with %zu", count,
                   wanted);
}

/* --- that it goes on ------------------------------------------------------*/

/* An event that is there, sent again, keeps its position. */
static enum power_verdict
check_again(struct power_recovery *recovery, struct talk *talk)
{
    if (recovery->tip == 0)
        return POWER_WHOLE;
    uint64_t seq = 1 + recovery->dice % recovery->tip;
    json_auto_t *arguments =
        json_pack("{s:[O]}", "events", recovery->load->events[seq - 1]);
    talk_send_request(talk, 0, "append", arguments);
    json_auto_t *result = next_result(recovery, talk, "append again");
    if (result == NULL)
        return POWER_WRONG;
    const json_t *entry = json_array_get(json_object_get(result, "events"), 0);
    if (number_of(entry, "seq") == (json_int_t)seq &&
        json_is_true(json_object_get(entry, "duplicate")))
        return POWER_WHOLE;
    return because(recovery, POWER_WRONG, "event %llu is stored again at %lld",
                   (unsigned long long)seq, (long long)number_of(entry, "seq"));
}

static enum power_verdict
check_append(struct power_recovery *recovery, struct talk *talk)
{
    json_auto_t *arguments = json_of(
        "{'events': [{'id': 'after', 'type': 'note', 'partnership': 'p0', "
        "'parties': ['a', 'b'], 'occurred': '2017', 'title': 'after'}]}");
    talk_send_request(talk, 0, "append", arguments);
    json_auto_t *result = next_result(recovery, talk, "append");
    if (result == NULL)
        return POWER_WRONG;
    if (number_of(result, "first") == (json_int_t)recovery->tip + 1)
        return POWER_WHOLE;
    return because(recovery, POWER_WRONG, "the next event is at %lld, not %llu",
                   (long long)number_of(result, "first"),
                   (unsigned long long)recovery->tip + 1);
}

static enum power_verdict
check_tip(struct power_recovery *recovery, struct talk *talk, uint64_t tip)
{
    json_auto_t *nothing = json_object();
    talk_send_request(talk, 0, "hello", nothing);
    json_auto_t *result = next_result(recovery, talk, "hello");
    if (result == NULL)
        return POWER_WRONG;
    if (number_of(result, "tip") == (json_int_t)tip)
        return POWER_WHOLE;
    return because(recovery, POWER_WRONG, "its tip is %lld, not %llu",
                   (long long)number_of(result, "tip"),
                   (unsigned long long)tip);
}

static enum power_verdict
check_all(struct power_recovery *recovery, const char *socket)
{
    struct talk talk = {.fd = raw_try_unix(socket)};
    if (talk.fd < 0)
        return because(recovery, POWER_REFUSED, "nobody listens");
    msgpack_unpacked_init(&talk.message);
    enum power_verdict verdict = check_events(recovery, &talk);
    if (verdict == POWER_WHOLE)
        verdict = check_tip(recovery, &talk, recovery->tip);
    if (verdict == POWER_WHOLE)
        verdict = check_views(recovery, &talk);
    if (verdict == POWER_WHOLE)
        verdict = check_again(recovery, &talk);
    if (verdict == POWER_WHOLE)
        verdict = check_append(recovery, &talk);
    talk_deinit(&talk);
    return verdict;
}

static enum power_verdict
check_appended(struct power_recovery *recovery, const char *socket)
{
    struct talk talk = {.fd = raw_try_unix(socket)};
    if (talk.fd < 0)
        return because(recovery, POWER_REFUSED, "nobody listens");
    msgpack_unpacked_init(&talk.message);
    enum power_verdict verdict = check_tip(recovery, &talk, recovery->tip + 1);
    talk_deinit(&talk);
    return verdict;
}

/* --- the daemon -----------------------------------------------------------*/

void
power_recover_prepare(unsigned boot)
{
    char boots[SCRATCH_PATH_SIZE], quick[SCRATCH_PATH_SIZE];
    char libraries[2 * SCRATCH_PATH_SIZE];
    power_boot(boot);
    under_compile(boots, "boot");
    under_compile(quick, "quick");
    snprintf(libraries, sizeof(libraries), "%s:%s", boots, quick);
    under_preload_always(libraries);
}

/* One daemon from its start to its end. */
static enum power_verdict
run(struct power_recovery *recovery, const char *data,
    enum power_verdict (*check)(struct power_recovery *, const char *))
{
    char socket[SCRATCH_PATH_SIZE];
    scratch_join(socket, recovery->directory, "socket");
    struct process_options options = {
        .data = data, .socket = socket, .more = power_options};
    struct process *process = process_start(&options);
    bool ready = process_await_ready(process);
    enum power_verdict verdict =
        ready ? check(recovery, socket)
              : because(recovery, POWER_REFUSED, "it does not serve");
    process_signal(process, verdict == POWER_REFUSED ? SIGKILL : SIGTERM);
    int status = process_await_end(process);
    char *said = process_output(process);
    if (verdict == POWER_WHOLE &&
        (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS))
        verdict = because(recovery, POWER_WRONG, "it ends with %#x",
                          (unsigned)status);
    recovery->rebuilt |= strstr(said, "will be rebuilt") != NULL;
    if (verdict != POWER_WHOLE) {
        size_t used = strlen(recovery->why);
        (void)snprintf(recovery->why + used, sizeof(recovery->why) - used,
                       "; it said: %s", said);
    }
    free(said);
    process_free(process);
    return verdict;
}

enum power_verdict
power_recover(struct power_recovery *recovery, const struct power_state *state)
{
    char data[SCRATCH_PATH_SIZE];
    scratch_join(data, recovery->directory, "data");
    power_state_write(state, data);
    recovery->why[0] = '\0';
    recovery->rebuilt = false;
    enum power_verdict verdict = run(recovery, data, check_all);
    if (verdict == POWER_WHOLE && recovery->twice)
        verdict = run(recovery, data, check_appended);
    return verdict;
}
