/* SPDX-License-Identifier: MIT */
#include "client/store.h"

#include "client/batch.h"
#include "client/words.h"

/* "ID: 1 event stored at position 7" */
static void
write_sum(struct client *client, const struct batch *batch, struct span id)
{
    struct mp_buf text = {0};
    mp_buf_append(&text, id.data, id.size);
    words_put(&text, ": ");
    batch_sum(batch, &text);
    words_put(&text, "\n");
    output_write(&client->out, mp_buf_span(&text));
    mp_buf_deinit(&text);
}

enum client_status
store_event(struct client *client, struct span event,
            struct entente_error *refusal)
{
    struct batch batch;
    batch_init(&batch, 1, event.size);
    batch.refusal = refusal;
    enum client_status status = CLIENT_REFUSED;
    if (batch_add(&batch, event, (struct place){NULL, 0}))
        status = batch_send(&batch, client);
    if (status == CLIENT_DONE)
        output_end(&client->out, SUBJECT_STORED);
    if (status == CLIENT_DONE && client->out.format == &format_text)
        write_sum(client, &batch, mp_get_str(event, "id"));
    batch_deinit(&batch);
    return status;
}
