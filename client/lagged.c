/* SPDX-License-Identifier: MIT */
#include "client/lagged.h"

#include <errno.h>

void
lagged_write(struct client *client, enum subject subject, struct span event,
             struct span lag_days)
{
    struct mp_buf item = {0};
    struct mp_reader reader = mp_reader(event);
    uint32_t count = mp_map(&reader);
    if (reader.failed)
        return;
    mp_put_map(&item, count + 1);
    mp_put_raw(&item,
               (struct span){reader.at, (size_t)(reader.end - reader.at)});
    mp_put_text(&item, "lag_days");
    if (lag_days.data != NULL)
        mp_put_raw(&item, lag_days);
    else
        mp_put_nil(&item);
    if (item.failed)
        client->out.error = ENOMEM;
    else
        output_item(&client->out, subject, mp_buf_span(&item));
    mp_buf_deinit(&item);
}
