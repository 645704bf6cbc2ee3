/* SPDX-License-Identifier: MIT */
#include "tests/system/access_fixture.h"

#include <signal.h>
#include <string.h>

#include "tests/system/client_run.h"

char access_conf[SCRATCH_PATH_SIZE];

void
access_begin(void)
{
    fixture_begin_stopped();
    access_configure("");
}

void
access_configure(const char *text)
{
    client_file(access_conf, "conf", text, strlen(text));
}

void
access_start(const char *text)
{
    static const char *const arguments[] = {"--config", access_conf, NULL};
    access_configure(text);
    fixture_start_with(arguments);
}

void
access_reload(int times)
{
    process_signal(fixture.daemon, SIGHUP);
    process_await_line(fixture.daemon, "the configuration was read again",
                       times);
}

struct wire *
access_open_tcp(void)
{
    return wire_open_tcp(process_port(fixture.daemon));
}
