/* SPDX-License-Identifier: MIT */
#include "tests/crash/check_data.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PROGRAM_DEFAULT "build/gcc/entented"
#define COMMAND_SIZE 1024
#define REPORT_SIZE ((size_t)1 << 20)

const char *
check_data_program(void)
{
    const char *program = getenv("ENTENTED");
    return program == NULL ? PROGRAM_DEFAULT : program;
}

int
check_data_run(const char *directory, const char *more, char **report)
{
    char command[COMMAND_SIZE];
    int size =
        snprintf(command, sizeof(command), "'%s' --check --data '%s' %s 2>&1",
                 check_data_program(), directory, more);
    ck_assert_int_lt(size, (int)sizeof(command));
    FILE *out = popen(command, "re");
    ck_assert_ptr_nonnull(out);
    *report = calloc(1, REPORT_SIZE);
    ck_assert_ptr_nonnull(*report);
    (void)fread(*report, 1, REPORT_SIZE - 1, out);
    int status = pclose(out);
    ck_assert_msg(WIFEXITED(status), "%s: status %#x; it said: %s", command,
                  (unsigned)status, *report);
    return WEXITSTATUS(status);
}

void
check_data_expect(const char *directory, int status, const char *part)
{
    char *report;
    int found = check_data_run(directory, "", &report);
    ck_assert_msg(found == status && strstr(report, part) != NULL,
                  "exit status %d, no \"%s\" in:\n%s", found, part, report);
    free(report);
}

int
check_data_findings(const char *report)
{
    int count = 0;
    while ((report = strstr(report, "finding ")) != NULL) {
        count++;
        report++;
    }
    return count;
}
