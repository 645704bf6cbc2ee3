/* SPDX-License-Identifier: MIT */
#include "daemon/check_report.h"

#include <inttypes.h>
#include <stdarg.h>

#include "daemon/diag.h"

/* A message about an event, and what is around it. */
#define TEXT_SIZE ((size_t)1024)

static void
print(struct check_report *report, const char *what, const char *format,
      va_list arguments)
{
    char raw[TEXT_SIZE], text[4 * TEXT_SIZE];
    vsnprintf(raw, sizeof raw, format, arguments);
    diag_escape(text, sizeof text, raw);
    fprintf(report->out, "%-12s%s\n", what, text);
}

void
check_report_line(struct check_report *report, const char *what,
                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(report, what, format, arguments);
    va_end(arguments);
}

void
check_report_finding(struct check_report *report, const char *format, ...)
{
    va_list arguments;
    if (report->findings++ >= CHECK_FINDINGS_SHOWN)
        return;
    va_start(arguments, format);
    print(report, "finding", format, arguments);
    va_end(arguments);
}

void
check_report_end(struct check_report *report)
{
    if (report->findings > CHECK_FINDINGS_SHOWN)
        check_report_line(report, "...", "%" PRIu64 " more that are not shown",
                          report->findings - CHECK_FINDINGS_SHOWN);
    if (report->findings == 0)
        check_report_line(report, "result", "no findings");
    else
        check_report_line(report, "result", "%" PRIu64 " finding%s",
                          report->findings, report->findings == 1 ? "" : "s");
}
