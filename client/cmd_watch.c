/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/complain.h"
#include "client/interrupt.h"
#include "client/selection.h"

static const struct arg_spec specs[] = {
    SELECTION_FILTERS,
    {"after", ARG_TEXT, false, "N",
     "begin with what the log holds behind this position; 0: with all of it "
     "(default: only what is new)",
     NULL},
    {"consumer", ARG_TEXT, false, "NAME",
     "remember under this name, in the daemon, what was shown, and go on "
     "behind it the next time",
     NULL},
    {0},
};

struct watch {
    struct client *client;
    struct wanted *wanted;
    struct entente_subscription *subscription;
    bool acknowledges;
};

/* --- what comes -----------------------------------------------------------*/

static void
write_events(const struct watch *watch, const struct entente_news *news)
{
    struct span rest = {news->events.data, news->events.size};
    struct mp_reader reader = mp_reader(rest);
    for (uint32_t i = 0; i < news->count && !reader.failed; i++) {
        struct span event = mp_value(&reader);
        if (wanted_is(watch->wanted, event))
            output_item(&watch->client->out, SUBJECT_WATCH, event);
    }
    output_flush(&watch->client->out);
}

/* What could not be written is not acknowledged, so that it comes again. */
static bool
dealt_with(const struct watch *watch, const struct entente_news *news)
{
    const struct output *out = &watch->client->out;
    if (out->closed || out->error != 0)
        return false;
    if (watch->acknowledges)
        entente_ack(watch->subscription, news->position);
    return !interrupt_came();
}

static bool
on_news(void *context, const struct entente_news *news)
{
    struct watch *watch = context;
    switch (news->kind) {
    case ENTENTE_EVENTS:
        write_events(watch, news);
        return dealt_with(watch, news);
    case ENTENTE_CAUGHT_UP:
    case ENTENTE_PROGRESS:
        return dealt_with(watch, news);
    case ENTENTE_DAMAGED:
        complain("the event at position %llu is damaged and left out",
                 (unsigned long long)news->position);
        return dealt_with(watch, news);
    case ENTENTE_DISCONNECTED:
        remark("%s; trying again", news->error->message);
        return true;
    case ENTENTE_RECONNECTED:
        remark("connected again");
        return true;
    }
    return true;
}

/* --- the loop -------------------------------------------------------------*/

/* Until there is news, or an interrupt, or nobody reads the output any more:
 * that is seen though there be nothing to write. */
static void
wait_for_news(struct watch *watch)
{
    struct pollfd places[] = {
        {.fd = entente_fd(watch->client->daemon), .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
        {.fd = STDOUT_FILENO},
    };
    int wait_ms = entente_wait_ms(watch->subscription);
    if (poll(places, sizeof(places) / sizeof(places[0]), wait_ms) > 0 &&
        (places[2].revents & (POLLERR | POLLHUP)) != 0)
        watch->client->out.closed = true;
}

static enum client_status
follow(struct watch *watch)
{
    struct client *client = watch->client;
    struct entente_error error;
    enum entente_result result = ENTENTE_OK;
    while (client_go_on(client) &&
           (result == ENTENTE_OK || result == ENTENTE_AGAIN)) {
        if (result == ENTENTE_AGAIN)
            wait_for_news(watch);
        if (client_go_on(client))
            result = entente_process(watch->subscription, 0, &error);
    }
    if (result == ENTENTE_OK || result == ENTENTE_AGAIN ||
        result == ENTENTE_STOPPED)
        return CLIENT_DONE; /* an interrupt shows in the exit status */
    output_flush(&client->out);
    return client_fail(result, &error);
}

/* --- the command ----------------------------------------------------------*/

static bool
put_after(struct params *params, const struct client *client,
          const struct args *args)
{
    const char *text = args_text(args, "after");
    if (text == NULL)
        return true;
    if (!args_is_position(text)) {
        (void)client_usage(client,
                           "--after: \"%s\" is no position: digits only", text);
        return false;
    }
    params_number(params, "after", strtoull(text, NULL, 10));
    return true;
}

static enum client_status
subscribe(struct watch *watch, struct span params)
{
    struct client *client = watch->client;
    struct entente_error error;
    enum client_status status = client_connect(client);
    if (status != CLIENT_DONE)
        return status;
    enum entente_result result = entente_subscribe(
        client->daemon, (struct entente_bytes){params.data, params.size},
        on_news, watch, &watch->subscription, &error);
    if (result != ENTENTE_OK)
        return client_fail(result, &error);
    status = follow(watch);
    entente_unsubscribe(watch->subscription);
    return status;
}

static enum client_status
run(struct client *client, const struct args *args)
{
    struct selection selection;
    struct watch watch = {.client = client,
                          .wanted = &selection.wanted,
                          .acknowledges = args_has(args, "consumer")};
    enum client_status status = selection_init(&selection, client, args);
    struct params *params = &selection.params;
    params_option(params, "consumer", args, "consumer");
    if (status == CLIENT_DONE && !put_after(params, client, args))
        status = CLIENT_USAGE;
    if (status == CLIENT_DONE)
        status = subscribe(&watch, params_span(params));
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_WATCH);
    selection_deinit(&selection);
    return status;
}

const struct command command_watch = {
    .name = "watch",
    .operands = "",
    .summary = "events as they are appended, until interrupted",
    .specs = specs,
    .piped = &format_jsonl,
    .notes =
        "One line an event, written as soon as it is stored. A connection that "
        "is lost is made again, and nothing is left out or shown twice. With "
        "--consumer an event is acknowledged when it was written to standard "
        "output; after a crash the last ones may come once more. A consumer "
        "that is known takes no --after. Ends when its output is closed, with "
        "exit status 0, or by an interrupt, with 130.",
    .run = run,
};
