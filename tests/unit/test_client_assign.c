/* SPDX-License-Identifier: MIT */
/* FIELD=VALUE: places within an event, and what is typed for them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/assign.h"
#include "client/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-11-22T12:00:00Z */
#define NOW_S 1795348800

/* Apostrophes for quotation marks. */
static char *
json_text(const char *text)
{
    char *copy = strdup(text);
    ck_assert_ptr_nonnull(copy);
    for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    return copy;
}

static struct mp_buf
value_of(const char *text)
{
    struct mp_buf value = {0};
    struct json_fault fault;
    char *json = json_text(text);
    ck_assert_msg(json_read(span_of(json), &value, &fault), "%s: %s", json,
                  fault.reason);
    free(json);
    return value;
}

static void
check_json(struct span value, const char *expected, const char *name)
{
    struct mp_buf text = {0};
    char *json = json_text(expected);
    json_put(&text, value, JSON_COMPACT);
    mp_buf_append(&text, "", 1);
    ck_assert_msg(strcmp((const char *)text.data, json) == 0, "%s: %s", name,
                  (const char *)text.data);
    mp_buf_deinit(&text);
    free(json);
}

/* --- places ---------------------------------------------------------------*/

static const struct {
    const char *text;
    uint32_t count;
    const char *put; /* as it is written again; NULL: the reason below */
    const char *reason;
} paths[] = {
    {"title", 1, "title", NULL},
    {"amount.value", 2, "amount.value", NULL},
    {"sources[0].url", 3, "sources[0].url", NULL},
    {"ext.a[1][23].b.c", 6, "ext.a[1][23].b.c", NULL},
    {"terms.a\\.b", 2, "terms.a.b", NULL},
    {"terms.a\\[0\\]\\\\", 2, "terms.a[0]\\", NULL},
    {"terms.a\\=b", 2, "terms.a=b", NULL},
    {"", 0, NULL, "lacks a name;"},
    {"a..b", 0, NULL, "lacks a name behind a point"},
    {"a.", 0, NULL, "lacks a name behind a point"},
    {"[0]", 0, NULL, "lacks a name"},
    {"a[]", 0, NULL, "needs a number"},
    {"a[x]", 0, NULL, "needs a number"},
    {"a[1", 0, NULL, "needs a number"},
    {"a[99999999999999]", 0, NULL, "needs a number"},
    {"a[0]b", 0, NULL, "goes on behind ]"},
    {"a\\", 0, NULL, "ends in a backslash"},
    {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", 0, NULL, "is deeper than the 16"},
};

START_TEST(place_is_read)
{
    struct path path;
    struct mp_buf again = {0};
    char reason[PATH_REASON_SIZE] = "";
    struct span rest = span_of(paths[_i].text);
    bool good = path_read(&path, &rest, '=', reason);
    if (paths[_i].put == NULL) {
        ck_assert_msg(!good && strstr(reason, paths[_i].reason) != NULL,
                      "%s: %s", paths[_i].text, reason);
    } else {
        ck_assert_msg(good, "%s: %s", paths[_i].text, reason);
        path_put(&again, &path, path.count);
        ck_assert(span_is(mp_buf_span(&again), paths[_i].put));
        ck_assert_uint_eq(path.count, paths[_i].count);
        ck_assert(!path.ended);
    }
    path_deinit(&path);
    mp_buf_deinit(&again);
}
END_TEST

/* --- lines ----------------------------------------------------------------*/

static const struct {
    const char *event, *line;
    const char *changed; /* NULL: the reason below */
    const char *reason;
} lines[] = {
    {"{'id':'a','title':'T'}", "title=New", "{'id':'a','title':'New'}", NULL},
    {"{'id':'a'}", "title=a=b", "{'id':'a','title':'a=b'}", NULL},
    {"{'title':'T','id':'a'}", "title=", "{'id':'a'}", NULL},
    {"{'id':'a'}", "title=", "{'id':'a'}", NULL},
    {"{}", "title=5", "{'title':'5'}", NULL},
    /* lists of names */
    {"{'parties':['x']}", "parties=a;b", "{'parties':['a','b']}", NULL},
    {"{}", "people= Ada ;Bo C.; ", "{'people':['Ada','Bo C.']}", NULL},
    {"{}", "people=['A; B']", "{'people':['A; B']}", NULL},
    {"{'people':['A','B']}", "people[1]=C", "{'people':['A','C']}", NULL},
    {"{'people':['A','B']}", "people[2]=C", "{'people':['A','B','C']}", NULL},
    {"{'people':['A','B']}", "people[0]=", "{'people':['B']}", NULL},
    {"{'people':['A'],'id':'a'}", "people[0]=", "{'id':'a'}", NULL},
    {"{'people':['A']}", "people[2]=C", NULL,
     "people[2]: [2] is behind the end; the next is [1]"},
    {"{}", "people=[1", NULL, "people: must be JSON"},
    /* amounts */
    {"{}", "amount=5:USD", "{'amount':{'value':'5','currency':'USD'}}", NULL},
    {"{}", "amount=5:USD:paid",
     "{'amount':{'value':'5','currency':'USD','kind':'paid'}}", NULL},
    {"{}", "amount={'value':5,'currency':'USD'}",
     "{'amount':{'value':5,'currency':'USD'}}", NULL},
    {"{'amount':{'value':5,'currency':'USD'}}", "amount.value=7.5",
     "{'amount':{'value':'7.5','currency':'USD'}}", NULL},
    {"{'amount':{'value':5,'currency':'USD'}}", "amount.kind=paid",
     "{'amount':{'value':5,'currency':'USD','kind':'paid'}}", NULL},
    {"{'amount':{'value':5,'currency':'USD'},'id':'a'}",
     "amount=", "{'id':'a'}", NULL},
    {"{}", "amount=5", NULL, "amount: must be VALUE:CURRENCY[:KIND]"},
    {"{}", "amount=5:USD:paid:x", NULL, "amount: must be VALUE:CURRENCY"},
    /* free maps */
    {"{}", "terms.scope=cloud", "{'terms':{'scope':'cloud'}}", NULL},
    {"{}", "terms.years=5", "{'terms':{'years':5}}", NULL},
    {"{}", "terms.years='5'", "{'terms':{'years':'5'}}", NULL},
    {"{}", "terms.a=null", "{'terms':{'a':null}}", NULL},
    {"{}", "terms.a={'b':[1.5,true]}", "{'terms':{'a':{'b':[1.5,true]}}}",
     NULL},
    {"{}", "terms={'b':1}", "{'terms':{'b':1}}", NULL},
    {"{}", "terms=cloud", NULL, "terms: must be JSON"},
    {"{'terms':{'a':1,'b':2}}", "terms.a=", "{'terms':{'b':2}}", NULL},
    {"{'terms':{'a':1},'id':'a'}", "terms.a=", "{'id':'a'}", NULL},
    {"{'ext':{'a':{'b':{'c':1}}},'id':'a'}", "ext.a.b.c=", "{'id':'a'}", NULL},
    {"{}", "ext.a.b[0].c=x", "{'ext':{'a':{'b':[{'c':'x'}]}}}", NULL},
    {"{}", "terms.a\\.b=x", "{'terms':{'a.b':'x'}}", NULL},
    {"{'ext':{'a':5}}", "ext.a.b=1", NULL, "ext.a.b: ext.a is no map"},
    {"{'ext':{'a':5}}", "ext.a[0]=1", NULL, "ext.a[0]: ext.a is no list"},
    {"{'title':'T'}", "title.x=1", NULL, "title.x: title is no map"},
    {"{}", "ext.bin={'$bin':'AA=='}", "{'ext':{'bin':{'$bin':'AA=='}}}", NULL},
    /* dates */
    {"{}", "occurred=2019-06", "{'occurred':'2019-06'}", NULL},
    {"{}", "occurred=today", "{'occurred':'2026-11-22'}", NULL},
    {"{}", "disclosed=yesterday", "{'disclosed':'2026-11-21'}", NULL},
    {"{}", "occurred=2019-13", NULL, "occurred: not a date: "},
    {"{}", "terms.effective=2019", "{'terms':{'effective':'2019'}}", NULL},
    {"{}", "terms.effective=null", "{'terms':{'effective':null}}", NULL},
    {"{}", "terms.effective=never", NULL, "terms.effective: not a date"},
    {"{}", "ext.effective=2019", "{'ext':{'effective':2019}}", NULL},
    /* sources and quotes */
    {"{}", "sources[0].url=https://example.org/?a=1",
     "{'sources':[{'url':'https://example.org/?a=1'}]}", NULL},
    {"{'sources':[{'url':'x','kind':'news'}]}",
     "sources[0].kind=", "{'sources':[{'url':'x'}]}", NULL},
    {"{'sources':[{'url':'x'},{'url':'y'}]}",
     "sources[0]=", "{'sources':[{'url':'y'}]}", NULL},
    {"{}", "sources=[{'url':'x'}]", "{'sources':[{'url':'x'}]}", NULL},
    {"{}", "sources[0]={'url':'x'}", "{'sources':[{'url':'x'}]}", NULL},
    {"{}", "quote.text=5", "{'quote':{'text':'5'}}", NULL},
    /* what is no line */
    {"{}", "titel=T", NULL,
     "titel: is no field of an event; did you mean "
     "title?"},
    {"{}", "seq=1", NULL, "seq: is no field of an event"},
    {"{}", "title", NULL, "title: must be FIELD=VALUE"},
    {"{}", "=T", NULL, "=T: lacks a name"},
    {"{}", "title\\=", NULL, "title\\=: must be FIELD=VALUE"},
};

START_TEST(line_sets_a_field)
{
    const struct timespec now = {.tv_sec = NOW_S};
    const struct assign assign = {.now = &now};
    char reason[ASSIGN_REASON_SIZE] = "";
    struct mp_buf event = value_of(lines[_i].event);
    char *line = json_text(lines[_i].line);
    bool good = assign_line(&assign, &event, line, reason);
    if (lines[_i].changed == NULL) {
        ck_assert_msg(!good && strstr(reason, lines[_i].reason) == reason,
                      "%s: \"%s\"", line, reason);
        check_json(mp_buf_span(&event), lines[_i].event, line);
    } else {
        ck_assert_msg(good, "%s: %s", line, reason);
        check_json(mp_buf_span(&event), lines[_i].changed, line);
    }
    free(line);
    mp_buf_deinit(&event);
}
END_TEST

START_TEST(dates_are_kept_where_today_means_nothing)
{
    const struct assign assign = {.now = NULL};
    char reason[ASSIGN_REASON_SIZE] = "";
    struct mp_buf event = value_of("{}");
    ck_assert(assign_line(&assign, &event, "occurred=today", reason));
    check_json(mp_buf_span(&event), "{'occurred':'today'}", "today");
    mp_buf_deinit(&event);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client assign");
    TCase *tcase = tcase_create("assign");
    setenv("TZ", "UTC", 1);
    tzset();
    tcase_add_loop_test(tcase, place_is_read, 0, COUNT(paths));
    tcase_add_loop_test(tcase, line_sets_a_field, 0, COUNT(lines));
    tcase_add_test(tcase, dates_are_kept_where_today_means_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
