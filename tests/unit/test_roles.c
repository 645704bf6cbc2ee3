/* SPDX-License-Identifier: MIT */
/* Who may call what: every method of the table with every role. */
#include "daemon/methods.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/gate.h"
#include "tests/unit/session_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The role that each method needs, PROTOCOL.md "Roles": written down once
 * more, so that a change of the table does not go unseen. */
static const struct {
    const char *name;
    enum service_role role;
} needed[] = {
    {"auth", SERVICE_NOBODY},      {"hello", SERVICE_READ},
    {"ping", SERVICE_READ},        {"get", SERVICE_READ},
    {"replay", SERVICE_READ},      {"state", SERVICE_READ},
    {"timeline", SERVICE_READ},    {"portfolio", SERVICE_READ},
    {"party", SERVICE_READ},       {"diff", SERVICE_READ},
    {"gap", SERVICE_READ},         {"revelations", SERVICE_READ},
    {"subscribe", SERVICE_READ},   {"stats", SERVICE_READ},
    {"checkpoint", SERVICE_READ},  {"prove", SERVICE_READ},
    {"consistency", SERVICE_READ}, {"append", SERVICE_APPEND},
    {"ack", SERVICE_APPEND},       {"consumers", SERVICE_APPEND},
    {"forget", SERVICE_APPEND},    {"backup", SERVICE_ADMIN},
    {"rebuild", SERVICE_ADMIN},
};

static enum service_role
role_needed(const char *name)
{
    for (int i = 0; i < COUNT_OF(needed); i++)
        if (strcmp(needed[i].name, name) == 0)
            return needed[i].role;
    ck_abort_msg("%s: say here which role it needs", name);
    return SERVICE_ADMIN;
}

START_TEST(every_method_needs_the_role_that_is_written_down)
{
    const char *name = NULL;
    enum service_role role = SERVICE_ADMIN;
    size_t count = 0;
    for (; methods_row(count, &name, &role); count++)
        ck_assert_msg(role == role_needed(name), "%s needs %s", name,
                      service_role_name(role));
    ck_assert_uint_gt(count, 10);
}
END_TEST

static void
check_call(struct bench *bench, const char *name, enum service_role needs,
           bool can_authenticate)
{
    struct bench_message message;
    char request[128];
    snprintf(request, sizeof request, "[0,1,'%s',[{}]]", name);
    enum service_role role = session_role(bench->session);
    bench_feed(bench, request);
    session_relent(bench->session); /* of `auth` without a token */
    bench_run(bench);
    message = bench_first(bench); /* a subscription says more */
    mp_buf_clear(&bench->sent);
    const char *refusal = can_authenticate ? "unauthenticated" : "forbidden";
    bool refused = message.error.data != NULL &&
                   (span_is(message.error, "forbidden") ||
                    span_is(message.error, "unauthenticated"));
    ck_assert_msg(refused == (role < needs), "%s as %s: %.*s", name,
                  service_role_name(role), (int)message.error.size,
                  (const char *)message.error.data);
    ck_assert(!refused || span_is(message.error, refusal));
}

/* Whatever it answers to a call without arguments, it is no refusal for want
 * of a role if and only if the role is enough. */
START_TEST(every_method_is_tried_with_every_role)
{
    struct bench bench;
    const char *name = NULL;
    enum service_role needs = SERVICE_ADMIN;
    enum service_role role = (enum service_role)(_i / 2);
    bool can_authenticate = _i % 2 != 0;
    bench_start(&bench);
    for (size_t i = 0; methods_row(i, &name, &needs); i++) {
        session_free(bench.session);
        bench.session = session_new(&bench.service, role, can_authenticate);
        check_call(&bench, name, needs, can_authenticate);
    }
    bench_stop(&bench);
}
END_TEST

/* --- tokens in a session --------------------------------------------------*/

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static void
load_tokens(struct gate *gate, const char *text)
{
    char directory[DATA_PATH_SIZE], path[DATA_PATH_SIZE];
    struct diag_reason reason = {""};
    data_directory(directory);
    data_join(path, directory, "tokens");
    data_write(path, text, strlen(text));
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_msg(tokens_load(path, &gate->tokens, &reason) == 0, "%s",
                  reason.text);
}

static const struct {
    enum service_role before;
    bool can_authenticate;
    const char *request;
    const char *error; /* NULL: none */
    enum service_role after;
} auths[] = {
    {SERVICE_NOBODY, true, "[0,1,'auth',[{'token':'test'}]]", NULL,
     SERVICE_APPEND},
    {SERVICE_READ, true, "[0,1,'auth',[{'token':'test'}]]", NULL,
     SERVICE_APPEND},
    {SERVICE_ADMIN, true, "[0,1,'auth',[{'token':'test'}]]", NULL,
     SERVICE_ADMIN},
    {SERVICE_NOBODY, true, "[0,1,'auth',[{'token':'tess'}]]", "unauthenticated",
     SERVICE_NOBODY},
    {SERVICE_READ, true, "[0,1,'auth',[{'token':''}]]", "unauthenticated",
     SERVICE_READ},
    {SERVICE_NOBODY, false, "[0,1,'auth',[{'token':'test'}]]",
     "unauthenticated", SERVICE_NOBODY},
    {SERVICE_NOBODY, true, "[0,1,'auth',[{'token':7}]]", "invalid_request",
     SERVICE_NOBODY},
    {SERVICE_NOBODY, true, "[0,1,'auth',[]]", "invalid_request",
     SERVICE_NOBODY},
};

START_TEST(token_changes_the_role)
{
    struct bench bench;
    struct gate gate = {0};
    bench_start(&bench);
    load_tokens(&gate, "ci append " HASH " 2026-11-22T10:00:00Z\n");
    bench.service.gate = &gate;
    session_free(bench.session);
    bench.session = session_new(&bench.service, auths[_i].before,
                                auths[_i].can_authenticate);
    bench_feed(&bench, auths[_i].request);
    bool refused = auths[_i].error != NULL &&
                   strcmp(auths[_i].error, "unauthenticated") == 0;
    ck_assert_int_eq(session_is_penalised(bench.session), refused);
    ck_assert_int_eq(session_role(bench.session), auths[_i].after);
    session_relent(bench.session);
    bench_run(&bench);
    struct bench_message message = bench_only(&bench);
    if (auths[_i].error == NULL) {
        ck_assert_ptr_null(message.error.data);
        ck_assert(span_is(mp_get_str(message.result, "role"),
                          service_role_name(auths[_i].after)));
        ck_assert_ptr_nonnull(session_proof(bench.session));
    } else {
        ck_assert(span_is(message.error, auths[_i].error));
        ck_assert_ptr_null(session_proof(bench.session));
    }
    gate_close(&gate);
    bench_stop(&bench);
}
END_TEST

/* What came with a failed attempt waits until the answer may leave. */
START_TEST(failed_attempt_holds_up_what_follows)
{
    struct bench bench;
    bench_start(&bench);
    session_free(bench.session);
    bench.session = session_new(&bench.service, SERVICE_READ, true);
    bench_feed(&bench, "[0,1,'auth',[{'token':'x'}]]");
    ck_assert(!session_can_read(bench.session));
    bench_feed(&bench, "[0,2,'ping',[]]");
    uint64_t requests = bench.service.requests;
    ck_assert(!session_can_work(bench.session));
    session_relent(bench.session);
    ck_assert(session_can_work(bench.session));
    bench_run(&bench);
    ck_assert_uint_eq(bench.service.requests, requests + 1);
    bench_stop(&bench);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("roles");
    TCase *tests = tcase_create("roles");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_test(tests, every_method_needs_the_role_that_is_written_down);
    tcase_add_loop_test(tests, every_method_is_tried_with_every_role, 0,
                        2 * (SERVICE_ADMIN + 1));
    tcase_add_loop_test(tests, token_changes_the_role, 0, COUNT_OF(auths));
    tcase_add_test(tests, failed_attempt_holds_up_what_follows);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
