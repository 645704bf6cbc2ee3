/* SPDX-License-Identifier: MIT */
#include "daemon/access.h"

#include <arpa/inet.h>
#include <check.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/peers.h"
#include "tests/unit/data_fixture.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Users and groups that nobody in the test is. */
#define STRANGER 64999u
#define OTHER 64998u
#define OVERFLOW_ID 65534u

static const struct access_rules no_rules;

static void
add(struct access_rules *rules, enum service_role role, const char *text)
{
    struct diag_reason reason = {""};
    ck_assert_msg(access_rules_add(rules, role, text, &reason), "%s: %s", text,
                  reason.text);
}

/* --- rules ----------------------------------------------------------------*/

static const char *const bad_rules[] = {
    "",
    "root",
    "user",
    "user:",
    ":root",
    "User:root",
    "users:root",
    "user:no-such-user-here",
    "group:no-such-group-here",
    "user:65534",
    "group:65534",
    "user:-1",
    "user:4294967295",
    "user:99999999999999999999",
    "user:0x1",
    "user:12a",
    "dns:",
    "dns:*.example.org",
    "spki:",
    "spki:00",
    "spki:zz00000000000000000000000000000000000000000000000000000000000000",
    "cn:somebody",
};

START_TEST(rule_is_refused_with_a_reason)
{
    struct access_rules rules = {0};
    struct diag_reason reason = {""};
    ck_assert_msg(
        !access_rules_add(&rules, SERVICE_READ, bad_rules[_i], &reason), "%s",
        bad_rules[_i]);
    ck_assert_uint_eq(rules.count, 0);
    ck_assert_ptr_nonnull(strstr(reason.text, bad_rules[_i]));
    access_rules_deinit(&rules);
}
END_TEST

START_TEST(users_and_groups_are_looked_up)
{
    struct access_rules rules = {0};
    add(&rules, SERVICE_APPEND, "user:root");
    add(&rules, SERVICE_READ, "group:root");
    add(&rules, SERVICE_READ, "user:64999");
    ck_assert_uint_eq(rules.rules[0].id, 0);
    ck_assert_int_eq(rules.rules[1].kind, ACCESS_GROUP);
    ck_assert_uint_eq(rules.rules[2].id, STRANGER);
    access_rules_deinit(&rules);
}
END_TEST

START_TEST(rules_have_a_bound)
{
    struct access_rules rules = {0};
    struct diag_reason reason = {""};
    for (size_t i = 0; i < ACCESS_RULES_MAX; i++)
        add(&rules, SERVICE_READ, "user:64999");
    ck_assert(!access_rules_add(&rules, SERVICE_READ, "user:64999", &reason));
    access_rules_deinit(&rules);
}
END_TEST

/* --- names of certificates ------------------------------------------------*/

static const struct {
    enum access_kind kind;
    const char *name;
    size_t size; /* 0: its length */
    enum service_role role;
} names[] = {
    {ACCESS_DNS, "ci.example.org", 0, SERVICE_APPEND},
    {ACCESS_DNS, "ci.example.org.", 0, SERVICE_NOBODY},
    {ACCESS_DNS, "ci.example.org\0", 15, SERVICE_NOBODY},
    {ACCESS_DNS, "ci.example.or", 0, SERVICE_NOBODY},
    {ACCESS_DNS, "a.ci.example.org", 0, SERVICE_NOBODY},
    {ACCESS_DNS, "", 0, SERVICE_NOBODY},
    {ACCESS_EMAIL, "ci.example.org", 0, SERVICE_NOBODY},
    {ACCESS_URI, "spiffe://example.org/ci", 0, SERVICE_ADMIN},
    {ACCESS_URI, "spiffe://example.org/CI", 0, SERVICE_NOBODY},
    {ACCESS_DNS, "lost.example.org", 0, SERVICE_NOBODY},
};

START_TEST(name_is_compared_whole)
{
    struct access_rules rules = {0};
    struct access_verdict verdict = {0};
    add(&rules, SERVICE_READ, "dns:ci.example.org");
    add(&rules, SERVICE_APPEND, "dns:CI.example.org");
    add(&rules, SERVICE_ADMIN, "uri:spiffe://example.org/ci");
    add(&rules, SERVICE_ADMIN, "dns:lost.example.org");
    add(&rules, SERVICE_NOBODY, "dns:lost.example.org");
    struct span name = span_of(names[_i].name);
    if (names[_i].size > 0)
        name.size = names[_i].size;
    access_weigh(&rules, names[_i].kind, name, &verdict);
    ck_assert_int_eq(access_verdict_role(&verdict), names[_i].role);
    access_rules_deinit(&rules);
}
END_TEST

/* A denied name of a certificate counts more than all its others. */
START_TEST(none_outweighs_all)
{
    struct access_rules rules = {0};
    struct access_verdict verdict = {0};
    add(&rules, SERVICE_ADMIN, "dns:a");
    add(&rules, SERVICE_NOBODY, "uri:b");
    access_weigh(&rules, ACCESS_URI, span_of("b"), &verdict);
    access_weigh(&rules, ACCESS_DNS, span_of("a"), &verdict);
    ck_assert_int_eq(access_verdict_role(&verdict), SERVICE_NOBODY);
    access_rules_deinit(&rules);
}
END_TEST

/* --- peers of Unix sockets ------------------------------------------------*/

START_TEST(our_own_user_is_admin)
{
    int pair[2];
    bool is_known = false;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(access_unix_role(&no_rules, pair[0], &is_known),
                     SERVICE_ADMIN);
    ck_assert(is_known);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(peer_that_cannot_be_asked_for_is_nobody)
{
    int ends[2];
    bool is_known = true;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(access_unix_role(&no_rules, ends[0], &is_known),
                     SERVICE_NOBODY);
    ck_assert(!is_known);
    is_known = true;
    ck_assert_int_eq(access_unix_role(&no_rules, -1, &is_known),
                     SERVICE_NOBODY);
    ck_assert(!is_known);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* Only root can be somebody else.  Rules are "ROLE KIND:ID" by their first
 * letter; our own group is 0. */
static const struct {
    uid_t uid;
    gid_t gid;
    unsigned groups[2];
    int group_count;
    const char *rules;
    enum service_role role;
} peers[] = {
    {STRANGER, STRANGER, {0}, 0, "", SERVICE_NOBODY},
    {STRANGER, STRANGER, {0}, 1, "", SERVICE_APPEND},
    {STRANGER, 0, {0}, 0, "", SERVICE_APPEND},
    {0, STRANGER, {0}, 0, "", SERVICE_ADMIN},
    /* whom the kernel does not know is nobody, whatever the rules */
    {OVERFLOW_ID, STRANGER, {0}, 0, "a group:64999", SERVICE_NOBODY},
    {OVERFLOW_ID, STRANGER, {0}, 1, "", SERVICE_NOBODY},
    {OVERFLOW_ID, 0, {0}, 0, "", SERVICE_NOBODY},
    {STRANGER, OVERFLOW_ID, {0}, 1, "a user:64999", SERVICE_NOBODY},
    /* the rules: first the user, then groups, then our own */
    {STRANGER, STRANGER, {0}, 0, "r user:64999", SERVICE_READ},
    {STRANGER, STRANGER, {0}, 1, "r user:64999", SERVICE_READ},
    {STRANGER, STRANGER, {0}, 1, "n user:64999", SERVICE_NOBODY},
    {STRANGER, STRANGER, {0}, 0, "d user:64999", SERVICE_ADMIN},
    {STRANGER, STRANGER, {0}, 0, "r user:64998", SERVICE_NOBODY},
    {STRANGER, STRANGER, {0}, 0, "r group:64999", SERVICE_READ},
    {STRANGER, STRANGER, {OTHER}, 1, "r group:64998", SERVICE_READ},
    {STRANGER, STRANGER, {0, OTHER}, 2, "r group:64998", SERVICE_APPEND},
    {STRANGER, STRANGER, {0, OTHER}, 2, "d group:64998", SERVICE_ADMIN},
    {STRANGER, STRANGER, {0, OTHER}, 2, "n group:64998", SERVICE_NOBODY},
    {STRANGER, STRANGER, {0}, 1, "r group:0", SERVICE_READ},
    {STRANGER, STRANGER, {0}, 1, "n group:0", SERVICE_NOBODY},
    {0, STRANGER, {0}, 0, "n user:0", SERVICE_ADMIN}, /* it can do anything */
};

static enum service_role
role_of_letter(char letter)
{
    switch (letter) {
    case 'n':
        return SERVICE_NOBODY;
    case 'r':
        return SERVICE_READ;
    case 'a':
        return SERVICE_APPEND;
    default:
        return SERVICE_ADMIN;
    }
}

/* Connect as that peer and stay until the other end closes. */
static void
be_peer(int row, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gid_t groups[2] = {peers[row].groups[0], peers[row].groups[1]};
    char byte;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (setgroups((size_t)peers[row].group_count, groups) != 0 ||
        setgid(peers[row].gid) != 0 || setuid(peers[row].uid) != 0)
        _exit(1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        _exit(2);
    _exit(read(fd, &byte, 1) == 0 ? 0 : 3);
}

static int
listen_for_anybody(char path[DATA_PATH_SIZE])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    data_join(path, data_root, "peers");
    ck_assert_int_eq(chmod(data_root, 0711), 0);
    unlink(path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(chmod(path, 0666), 0);
    return fd;
}

START_TEST(role_is_that_of_the_peer)
{
    char path[DATA_PATH_SIZE];
    struct access_rules rules = {0};
    int status = 0;
    bool is_known = false;
    if (peers[_i].rules[0] != '\0')
        add(&rules, role_of_letter(peers[_i].rules[0]), peers[_i].rules + 2);
    int listener = listen_for_anybody(path);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        be_peer(_i, path);
    data_wait(listener);
    int fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(access_unix_role(&rules, fd, &is_known), peers[_i].role);
    ck_assert_int_eq(is_known, peers[_i].uid != OVERFLOW_ID &&
                                   peers[_i].gid != OVERFLOW_ID);
    close(fd);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(listener);
    access_rules_deinit(&rules);
}
END_TEST

/* --- counting peers -------------------------------------------------------*/

START_TEST(failure_is_answered_later_each_time)
{
    struct peers all = {0};
    const struct peer_key key = {AF_INET, 7};
    struct peer *peer = peers_enter(&all, key);
    uint64_t now_us = UINT64_C(1) << 40;
    unsigned last = 0;
    for (int i = 0; i < 5; i++) {
        unsigned delay = peers_failed(peer, now_us);
        ck_assert_uint_gt(delay, last);
        last = delay;
    }
    for (int i = 0; i < 100; i++)
        last = peers_failed(peer, now_us);
    ck_assert_uint_eq(last, PEERS_DELAY_MAX_MS);
    /* ... also for the next connection of that peer, and not for another's */
    peers_leave(&all, peer);
    peer = peers_enter(&all, key);
    ck_assert_uint_eq(peers_failed(peer, now_us), PEERS_DELAY_MAX_MS);
    struct peer *other = peers_enter(&all, (struct peer_key){AF_INET6, 7});
    ck_assert_uint_eq(peers_failed(other, now_us), PEERS_DELAY_FIRST_MS);
    now_us += PEERS_FORGET_US + 1;
    ck_assert_uint_eq(peers_failed(peer, now_us), PEERS_DELAY_FIRST_MS);
    peers_deinit(&all);
}
END_TEST

START_TEST(those_remembered_have_a_bound)
{
    struct peers all = {0};
    const uint64_t now_us = UINT64_C(1) << 40;
    for (uint64_t i = 0; i < UINT64_C(3) * PEERS_REMEMBERED_MAX; i++) {
        struct peer *peer = peers_enter(&all, (struct peer_key){AF_INET, i});
        ck_assert_ptr_nonnull(peer);
        (void)peers_failed(peer, now_us);
        peers_leave(&all, peer);
        ck_assert_uint_le(all.remembered, PEERS_REMEMBERED_MAX);
    }
    struct peer *first = peers_enter(&all, (struct peer_key){AF_INET, 0});
    ck_assert_uint_eq(first->failures, 0);
    struct peer *last = peers_enter(
        &all, (struct peer_key){AF_INET, 3 * PEERS_REMEMBERED_MAX - 1});
    ck_assert_uint_eq(last->failures, 1);
    peers_leave(&all, first);
    peers_leave(&all, last);
    peers_deinit(&all);
}
END_TEST

/* IPv4 is one peer an address, however it came; IPv6 one a network. */
static const struct {
    const char *one, *other;
    bool same;
} addresses[] = {
    {"::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
    {"2001:db8::1", "2001:db8::2", true},
    {"2001:db8::1", "2001:db8:0:1::1", false},
    {"::1", "2001:db8::1", false},
};

static struct peer_key
key_of(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    ck_assert_int_eq(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return peers_key(-1, (const struct sockaddr *)&address);
}

START_TEST(address_has_its_key)
{
    struct peer_key one = key_of(addresses[_i].one);
    struct peer_key other = key_of(addresses[_i].other);
    ck_assert_int_eq(one.family == other.family && one.number == other.number,
                     addresses[_i].same);
    struct sockaddr_in plain = {.sin_family = AF_INET};
    ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.1", &plain.sin_addr), 1);
    struct peer_key mapped = key_of("::ffff:192.0.2.1");
    struct peer_key key = peers_key(-1, (const struct sockaddr *)&plain);
    ck_assert(key.family == mapped.family && key.number == mapped.number);
}
END_TEST

START_TEST(peer_has_a_name)
{
    static const struct {
        const char *address, *name;
    } named[] = {{"::ffff:192.0.2.1", "192.0.2.1"},
                 {"2001:db8:1:2:3::1", "2001:db8:1:2::/64"}};
    char name[PEERS_NAME_SIZE];
    for (int i = 0; i < COUNT_OF(named); i++) {
        peers_name(&(struct peer){.key = key_of(named[i].address)}, name);
        ck_assert_str_eq(name, named[i].name);
    }
    peers_name(&(struct peer){.key = {AF_UNIX, 1000}}, name);
    ck_assert_str_eq(name, "user 1000");
    for (unsigned i = 1; i <= 8; i++)
        ck_assert_int_eq(peers_is_notable(i),
                         i == 1 || i == 2 || i == 4 || i == 8);
}
END_TEST

START_TEST(connections_are_counted)
{
    struct peers all = {0};
    const struct peer_key key = {AF_UNIX, 1000};
    struct peer *one = peers_enter(&all, key), *two = peers_enter(&all, key);
    ck_assert_ptr_eq(one, two);
    ck_assert_uint_eq(one->connections, 2);
    peers_leave(&all, one);
    ck_assert_uint_eq(two->connections, 1);
    peers_leave(&all, two);
    ck_assert_ptr_null(all.tree);
    peers_deinit(&all);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("access");
    TCase *tests = tcase_create("access");
    tcase_set_timeout(tests, DATA_TIMEOUT_S);
    tcase_add_loop_test(tests, rule_is_refused_with_a_reason, 0,
                        COUNT_OF(bad_rules));
    tcase_add_test(tests, users_and_groups_are_looked_up);
    tcase_add_test(tests, rules_have_a_bound);
    tcase_add_loop_test(tests, name_is_compared_whole, 0, COUNT_OF(names));
    tcase_add_test(tests, none_outweighs_all);
    tcase_add_test(tests, our_own_user_is_admin);
    tcase_add_test(tests, peer_that_cannot_be_asked_for_is_nobody);
    if (geteuid() == 0)
        tcase_add_loop_test(tests, role_is_that_of_the_peer, 0,
                            COUNT_OF(peers));
    tcase_add_test(tests, failure_is_answered_later_each_time);
    tcase_add_test(tests, those_remembered_have_a_bound);
    tcase_add_loop_test(tests, address_has_its_key, 0, COUNT_OF(addresses));
    tcase_add_test(tests, peer_has_a_name);
    tcase_add_test(tests, connections_are_counted);
    suite_add_tcase(suite, tests);
    return data_run(suite);
}
