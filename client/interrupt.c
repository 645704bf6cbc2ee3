/* SPDX-License-Identifier: MIT */
#include "client/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A signal handler has nothing but globals. */
static int interrupt_pipe[2] = {-1, -1};
static volatile sig_atomic_t interrupted;

static void
handle(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    interrupted = 1;
    (void)!write(interrupt_pipe[1], "", 1);
    errno = saved;
}

bool
interrupt_init(void)
{
    if (pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    /* No SA_RESTART: a blocked read or write is to end. */
    struct sigaction action = {.sa_handler = handle,
                               .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGTERM, &action, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
}

int
interrupt_fd(void)
{
    return interrupt_pipe[0];
}

bool
interrupt_came(void)
{
    return interrupted != 0;
}
