/* SPDX-License-Identifier: MIT */
#include "client/change.h"

#include <stdio.h>
#include <unistd.h>

#include "client/assign.h"
#include "client/complain.h"
#include "client/params.h"
#include "client/words.h"

/* An answer to y or n; more is cut. */
#define ANSWER_SIZE 16

/* --- what stands in the log -----------------------------------------------*/

static enum client_status
get(struct client *client, struct span id, bool context, struct span *answer)
{
    struct params params;
    params_init(&params);
    params_str(&params, "id", id);
    params_bool(&params, "context", context);
    enum client_status status =
        client_call(client, "get", params_span(&params), answer);
    params_deinit(&params);
    return status;
}

/* "X was corrected by Y (2019-06, the title)" */
static enum client_status
tell_one(struct client *client, struct span id, struct span by)
{
    struct mp_buf text = {0};
    struct span other;
    enum client_status status = get(client, by, false, &other);
    if (status != CLIENT_DONE)
        return status;
    bool corrects = span_equal(mp_get_str(other, "corrects"), id);
    struct span title = mp_get_str(other, "title");
    mp_buf_append(&text, id.data, id.size);
    words_put(&text, corrects ? " was corrected by " : " was retracted by ");
    mp_buf_append(&text, by.data, by.size);
    words_put(&text, " (");
    words_date(&text, mp_get_str(other, "occurred"));
    words_put(&text, ", ");
    mp_buf_append(&text, title.data, title.size);
    words_put(&text, ")");
    complain("%.*s", (int)text.size, (const char *)text.data);
    mp_buf_deinit(&text);
    return CLIENT_DONE;
}

static bool
says_yes(const char *question)
{
    char answer[ANSWER_SIZE];
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    return fgets(answer, sizeof(answer), stdin) != NULL &&
           (answer[0] == 'y' || answer[0] == 'Y');
}

static enum client_status
decide(const struct client *client, const struct args *args)
{
    if (args_has(args, "force"))
        return CLIENT_DONE;
    if (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 &&
        says_yes("Go on all the same?"))
        return CLIENT_DONE;
    remark("nothing was stored; %s what took its place, or give --force",
           client->command);
    return CLIENT_REFUSED;
}

/* `ids` are those that take the place of `id`; both are copies. */
static enum client_status
warn(struct client *client, const struct args *args, struct span id,
     struct span ids)
{
    enum client_status status = CLIENT_DONE;
    struct mp_reader reader = mp_reader(ids);
    uint32_t count = mp_array(&reader);
    for (uint32_t i = 0; i < count && !reader.failed && status == CLIENT_DONE;
         i++)
        status = tell_one(client, id, mp_str(&reader));
    return status == CLIENT_DONE && count > 0 ? decide(client, args) : status;
}

enum client_status
change_fetch(struct client *client, const struct args *args,
             struct mp_buf *event)
{
    struct span context, id = span_of(args->operands[0]);
    struct mp_buf ids = {0};
    enum client_status status = get(client, id, true, &context);
    if (status != CLIENT_DONE)
        return status;
    mp_put_raw(event, mp_get(context, "event"));
    mp_put_raw(&ids, mp_get(context, "superseded_by"));
    if (event->failed || ids.failed) {
        complain("no memory");
        status = CLIENT_REFUSED;
    } else {
        status = warn(client, args, id, mp_buf_span(&ids));
    }
    mp_buf_deinit(&ids);
    return status;
}

/* --- the new event --------------------------------------------------------*/

enum client_status
change_begin(struct mp_buf *event, const struct args *args, size_t *mark)
{
    char id[ENTENTE_ID_SIZE];
    const char *given = args_text(args, "id");
    if (given == NULL && !entente_id_new(id)) {
        complain("no random numbers for an id; give --id");
        return CLIENT_REFUSED;
    }
    *mark = mp_open_map(event);
    mp_put_text(event, "id");
    mp_put_text(event, given != NULL ? given : id);
    return CLIENT_DONE;
}

/* The field that FIELD=VALUE begins with is one of these. */
static const char *
fixed_field(const char *line, const char *const *fixed)
{
    for (; *fixed != NULL; fixed++) {
        size_t size = strlen(*fixed);
        if (strncmp(line, *fixed, size) == 0 && line[size] == '=')
            return *fixed;
    }
    return NULL;
}

enum client_status
change_apply(const struct client *client, const struct args *args,
             const char *const *fixed, struct mp_buf *event)
{
    const struct assign assign = {.now = &args->now};
    char reason[ASSIGN_REASON_SIZE];
    size_t count = args_count(args, "set");
    for (size_t i = 0; i < count; i++) {
        const char *line = args_nth(args, "set", i);
        const char *field = fixed_field(line, fixed);
        if (field != NULL)
            return client_usage(client, "--set: %s is not to be set", field);
        if (!assign_line(&assign, event, line, reason))
            return client_usage(client, "--set %s", reason);
    }
    return CLIENT_DONE;
}
