/* SPDX-License-Identifier: MIT */
/* PROTOCOL.md promises that any MessagePack-RPC client can call the daemon as
 * it is.  Neovim brings one. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define SECONDS_MAX 60
#define EXIT_NO_PROGRAM 127 /* as a shell says it */

/* %1$s: the socket, %2$s: the file for what came back */
static const char script[] =
    "local channel = vim.fn.sockconnect('pipe', '%1$s', {rpc = true})\n"
    "local result = {}\n"
    "result.ping = vim.rpcrequest(channel, 'ping')\n"
    "result.append = vim.rpcrequest(channel, 'append', {events = {{\n"
    "  id = 'from-nvim', type = 'meeting', partnership = 'p',\n"
    "  parties = {'a', 'b'}, occurred = '2017-08', title = 'Hello'}}})\n"
    "result.state = vim.rpcrequest(channel, 'state',\n"
    "  {partnership = 'p', at = '2018'})\n"
    "result.refused = not pcall(vim.rpcrequest, channel, 'nothing')\n"
    "result.after = vim.rpcrequest(channel, 'ping', vim.empty_dict())\n"
    "vim.rpcnotify(channel, 'ignored', 1)\n"
    "local file = io.open('%2$s', 'w')\n"
    "file:write(vim.fn.json_encode(result))\n"
    "file:close()\n";

static void
script_write(const char *path, const char *output)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(fprintf(file, script, fixture.socket, output), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static _Noreturn void
nvim_run(const char *path)
{
    char command[SCRATCH_PATH_SIZE + 16];
    snprintf(command, sizeof(command), "luafile %s", path);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    execlp("nvim", "nvim", "--headless", "--clean", "-n", "-c", command, "-c",
           "qall!", (char *)NULL);
    _exit(EXIT_NO_PROGRAM);
}

START_TEST(nvim_calls_the_daemon)
{
    char path[SCRATCH_PATH_SIZE];
    char output[SCRATCH_PATH_SIZE];
    scratch_join(path, fixture.directory, "script.lua");
    scratch_join(output, fixture.directory, "output.json");
    script_write(path, output);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        nvim_run(path);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_NO_PROGRAM,
                  "nvim is not installed");
    json_auto_t *result = json_load_file(output, 0, NULL);
    ck_assert_msg(result != NULL, "nvim wrote nothing");
    expect_includes(
        result,
        "{'ping': 'pong', 'after': 'pong', 'refused': true, 'append': "
        "{'first': 1, 'last': 1, 'events': [{'id': 'from-nvim', 'seq': 1, "
        "'rev': 1, 'duplicate': false}]}, 'state': {'partnership': 'p', "
        "'stage': 'talks', 'events': 1, 'first': 'from-nvim', 'counts': "
        "{'meeting': 1}, 'parties': ['a', 'b'], 'at': "
        "'2018-12-31T23:59:59.999Z', 'known': null}}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nvim");
    TCase *tests = fixture_case(suite, "nvim", SECONDS_MAX);
    tcase_add_test(tests, nvim_calls_the_daemon);
    return fixture_run(suite);
}
