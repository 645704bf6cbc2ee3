/* SPDX-License-Identifier: MIT */
#include "daemon/service.h"

#include "daemon/clock.h"

/* Longer than the pauses of a client that asks, thinks and asks again, so that
 * such a one does not wait for another's disk each time. */
#define SERVICE_ALONE_US ((uint64_t)100000)

const char *
service_role_name(enum service_role role)
{
    static const char *const names[] = {
        [SERVICE_NOBODY] = "none",
        [SERVICE_READ] = "read",
        [SERVICE_APPEND] = "append",
        [SERVICE_ADMIN] = "admin",
    };
    return names[role];
}

void
service_serve(struct service *service, const void *client)
{
    if (client != NULL && client == service->served)
        return;
    service->served = client;
    service->served_since_us = clock_us();
}

bool
service_is_alone(const struct service *service)
{
    return service->served != NULL &&
           clock_us() - service->served_since_us > SERVICE_ALONE_US;
}
