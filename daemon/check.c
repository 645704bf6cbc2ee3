/* SPDX-License-Identifier: MIT */
#include "daemon/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/check_events.h"
#include "daemon/check_table.h"
#include "daemon/log_check.h"
#include "daemon/log_create.h"
#include "daemon/views_check.h"

#define LOCK_FILE_NAME LOG_FILE_NAME "-lock"

struct check {
    struct check_report report;
    struct datadir datadir; /* not locked */
    struct log *log;
    uint64_t tip, count; /* when we began */
    enum log_neighbour neighbour;
    bool journaled; /* some events are in the journal alone */
};

/* LMDB follows page numbers wherever they lead: what is no event's bytes may be
 * damaged so that it cannot be read at all. */
static void
on_damage(int number)
{
    static const char line[] =
        "finding     the file is damaged in such a way that it cannot be read "
        "on; restore it from a backup\n";
    ssize_t written = write(STDOUT_FILENO, line, sizeof line - 1);
    (void)written;
    (void)number;
    _exit(EXIT_FAILURE);
}

static void
set_signals(void)
{
    signal(SIGBUS, on_damage);
    signal(SIGSEGV, on_damage);
    signal(SIGABRT, on_damage);
}

/* --- the log --------------------------------------------------------------*/

/* What was acknowledged and is not in log.mdb yet; beside a daemon it is left
 * to the daemon. */
static bool
open_journal(struct check *check, struct diag_reason *reason)
{
    int rc =
        log_read_journal(check->log, &check->datadir, &check->count, reason);
    if (rc == -EBADMSG)
        check_report_finding(&check->report, "%s", reason->text);
    return rc == 0 || rc == -EBADMSG;
}

static bool
open_log(struct check *check, struct diag_reason *reason)
{
    const char *path = check->datadir.path;
    check->datadir.directory_fd =
        open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (check->datadir.directory_fd < 0) {
        diag_because(reason, "%s: %s", path, strerror(errno));
        return false;
    }
    /* A lock file would be made: then nobody has ever served this. */
    check->neighbour = datadir_has(&check->datadir, LOCK_FILE_NAME)
                           ? LOG_BESIDE_DAEMON
                           : LOG_ALONE;
    if (log_open_to_read(path, check->neighbour, &check->log, &check->count,
                         reason) != 0)
        return false;
    uint64_t absorbed = log_tip(check->log);
    if (!datadir_is_served(&check->datadir) && !open_journal(check, reason))
        return false;
    check->tip = log_tip(check->log);
    check->journaled = check->tip > absorbed;
    return true;
}

static void
say_events(struct check *check, const struct check_events *events)
{
    check_report_line(&check->report, "events",
                      "%" PRIu64 " sound, %" PRIu64 " damaged, %" PRIu64
                      " missing; of %" PRIu64 " partnerships",
                      events->sound, events->damaged, events->missing,
                      events->partnerships);
    check_report_line(&check->report, "references",
                      "%" PRIu64 ", of which %" PRIu64
                      " may be to damaged events",
                      events->references, events->unchecked);
}

static void
tell_consumer(void *context, const struct log_check_consumer *consumer)
{
    check_report_finding(
        context, "consumer %.*s: its position %" PRIu64 " %s (%" PRIu64 ")",
        (int)consumer->name.size, (const char *)consumer->name.data,
        consumer->position, consumer->fault, consumer->tip);
}

static bool
check_log(struct check *check, struct diag_reason *reason)
{
    struct check_report *report = &check->report;
    struct check_events events;
    uint64_t consumers;
    check_report_line(report, "log", "%s/%s, %s, up to position %" PRIu64,
                      check->datadir.path, LOG_FILE_NAME, log_id(check->log),
                      check->tip);
    if (log_create_check_mark(&check->datadir, log_id(check->log), reason) != 0)
        check_report_finding(report, "%s", reason->text);
    if (check_events(check->log, check->count, report, &events, reason) != 0)
        return false;
    say_events(check, &events);
    int rc = log_check_consumers(check->log, &consumers, tell_consumer, report);
    if (rc != 0)
        check_report_finding(report, "the consumers cannot be read: %s",
                             strerror(-rc));
    else
        check_report_line(report, "consumers", "%" PRIu64, consumers);
    return true;
}

/* --- the views ------------------------------------------------------------*/

static void
tell_difference(void *context, const char *database, const char *what)
{
    check_report_finding(context, "views, %s: %s; rebuild them", database,
                         what);
}

static bool
compare_views(struct check *check, struct diag_reason *reason)
{
    struct check_report *report = &check->report;
    struct views_check views = {.datadir = &check->datadir,
                                .log = check->log,
                                .directory = check_table_directory(),
                                .differ = tell_difference,
                                .context = report};
    switch (views_check(&views, reason)) {
    case VIEWS_CHECK_EQUAL:
        check_report_line(report, "views",
                          "%" PRIu64 " entries, equal to views made anew, up "
                          "to position %" PRIu64,
                          views.entries, views.position);
        return true;
    case VIEWS_CHECK_DIFFER:
        check_report_line(report, "views",
                          "not what the log says at position %" PRIu64
                          "; remove views.mdb while no daemon runs",
                          views.position);
        return true;
    case VIEWS_CHECK_REBUILT:
        check_report_line(report, "views",
                          "will be made anew at the next start: %s",
                          reason->text);
        return true;
    case VIEWS_CHECK_MOVING:
        check_report_line(report, "views",
                          "not compared: they are being brought up to date, "
                          "or the next start will");
        return true;
    case VIEWS_CHECK_FAILED:
        break;
    }
    return false;
}

static bool
check_views(struct check *check, struct diag_reason *reason)
{
    if (check->report.findings == 0)
        return compare_views(check, reason);
    check_report_line(&check->report, "views",
                      "not compared: of a log with findings there are no "
                      "right ones");
    return true;
}

/* --- all of it ------------------------------------------------------------*/

/* A daemon that was started meanwhile uses the journal's space again, and,
 * where there was no lock file, knows nothing of us. */
static bool
was_alone(const struct check *check, struct diag_reason *reason)
{
    bool unknown = check->neighbour == LOG_ALONE &&
                   datadir_has(&check->datadir, LOCK_FILE_NAME);
    if (!unknown && !(check->journaled && datadir_is_served(&check->datadir)))
        return true;
    diag_because(reason, "a daemon was started on it meanwhile; check again");
    return false;
}

int
check_run(const char *directory, FILE *out)
{
    struct diag_reason reason = {0};
    struct check check = {.report = {.out = out},
                          .datadir = {.path = (char *)(uintptr_t)directory,
                                      .directory_fd = -1,
                                      .lock_fd = -1}};
    setvbuf(out, NULL, _IOLBF, 0); /* what was said stays said */
    set_signals();
    bool done = open_log(&check, &reason) && check_log(&check, &reason) &&
                check_views(&check, &reason) && was_alone(&check, &reason);
    if (done)
        check_report_end(&check.report);
    else
        check_report_line(&check.report, "failed", "%s", reason.text);
    log_close(check.log);
    if (check.datadir.directory_fd >= 0)
        close(check.datadir.directory_fd);
    return done && check.report.findings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
