/* SPDX-License-Identifier: MIT */
#include "client/lib/handle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
error_clear(struct entente_error *error)
{
    *error = (struct entente_error){
        .index = -1, .offset = -1, .retry_ms = -1, .seq = -1};
}

enum entente_result
error_set(struct entente_error *error, enum entente_result result,
          const char *code, const char *format, ...)
{
    error_clear(error);
    snprintf(error->code, sizeof(error->code), "%s", code);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return result;
}

/* Cut to `size` with its NUL, not within a character. */
static void
copy_text(char *to, size_t size, struct span from)
{
    size_t length = from.size < size ? from.size : size - 1;
    if (length < from.size)
        while (length > 0 && (from.data[length] & 0xc0) == 0x80)
            length--;
    if (length > 0)
        memcpy(to, from.data, length);
    to[length] = '\0';
}

static int64_t
number(struct span map, const char *key)
{
    struct span value = mp_get(map, key);
    if (value.data == NULL)
        return -1;
    struct mp_reader reader = mp_reader(value);
    int64_t result = mp_int(&reader);
    return reader.failed ? -1 : result;
}

enum entente_result
error_from_map(struct entente_error *error, struct span map)
{
    error_clear(error);
    copy_text(error->code, sizeof(error->code), mp_get_str(map, "code"));
    copy_text(error->message, sizeof(error->message),
              mp_get_str(map, "message"));
    copy_text(error->field, sizeof(error->field), mp_get_str(map, "field"));
    copy_text(error->id, sizeof(error->id), mp_get_str(map, "id"));
    error->index = number(map, "index");
    error->offset = number(map, "offset");
    error->retry_ms = number(map, "retry_ms");
    error->seq = number(map, "seq");
    if (error->code[0] == '\0') /* not one of ours; say so, do not guess */
        return error_set(error, ENTENTE_REFUSED, "protocol",
                         "the peer answered with an error that has no code");
    return ENTENTE_REFUSED;
}

static const char *
url_name(const struct url *url)
{
    return url->is_unix ? url->path : url->host;
}

enum entente_result
error_from_errno(struct entente_error *error, int rc, const struct url *url)
{
    const char *colon = url->is_unix ? "" : ":";
    if (rc == -ECANCELED)
        return error_set(error, ENTENTE_STOPPED, "stopped", "stopped");
    if (rc == -ENOMEM)
        return error_set(error, ENTENTE_NO_MEMORY, "no_memory", "no memory");
    if (rc == -ETIMEDOUT)
        return error_set(error, ENTENTE_LOST, "timeout",
                         "no answer from %s%s%s within the timeout",
                         url_name(url), colon, url->port);
    if (rc == -ENOENT && !url->is_unix)
        return error_set(error, ENTENTE_LOST, "lost", "%s has no address",
                         url->host);
    return error_set(error, ENTENTE_LOST, "lost",
                     "no connection to the daemon at %s%s%s: %s", url_name(url),
                     colon, url->port, strerror(-rc));
}
