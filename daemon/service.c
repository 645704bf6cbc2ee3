/* SPDX-License-Identifier: MIT */
#include "daemon/service.h"

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
