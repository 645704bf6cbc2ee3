/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/notation.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* --- what is refused ------------------------------------------------------*/

static const struct refusal {
    const char *event;
    const char *field;
    const char *message; /* a part of it */
} refused[] = {
    /* the whole */
    {"[]", "", "the event must be a map, not an array"},
    {"!nil", "", "not nil"},
    {"{" BASE "1:2}", "", "keys must be strings"},
    {"{" BASE "<c40161>:2}", "", "keys must be strings"},

    /* keys */
    {"{" BASE "'titel':'x'}", "titel", "did you mean \"title\"?"},
    {"{" BASE "'zzzzzzzz':'x'}", "zzzzzzzz", "is not a known key"},
    {"{" BASE "'':'x'}", "", "is not a known key"},
    {"{" BASE "'a\n\xff':'x'}", "a\\x0a\\xff", "\"a\\x0a\\xff\" is not"},
    {"{" BASE "'\xc2\x9f':'x'}", "\\xc2\\x9f", "\\xc2\\x9f"},
    {"{" BASE "'seq':1}", "seq", "assigned by the daemon"},
    {"{" BASE "'rev':1}", "rev", "assigned by the daemon"},
    {"{" BASE "'recorded':1}", "recorded", "assigned by the daemon"},
    {"{" BASE "'title':'t'}", "title", "given twice"},
    {"{" BASE "'ext':{},'ext':{}}", "ext", "given twice"},

    /* needed ones */
    {"{}", "type", "is missing"},
    {"{" WHERE WHO WHEN WHAT "}", "type", "is missing"},
    {"{" TYPE WHO WHEN WHAT "}", "partnership", "is missing"},
    {"{" TYPE WHERE WHEN WHAT "}", "parties", "is missing"},
    {"{" TYPE WHERE WHO WHAT "}", "occurred", "is missing"},
    {"{" TYPE WHERE WHO WHEN "}", "title", "is missing"},

    /* id, re, corrects, disclosed_by */
    {"{" BASE "'id':7}", "id", "must be a string, not an integer"},
    {"{" BASE "'id':!nil}", "id", "must be a string, not nil"},
    {"{" BASE "'id':''}", "id", "is empty"},
    {"{" BASE "'id':\"s65}", "id", "has 65 bytes; at most 64"},
    {"{" BASE "'id':'-a'}", "id", "\"-a\" is not an id"},
    {"{" BASE "'id':'a b'}", "id", "is not an id"},
    {"{" BASE "'id':'\xc3\xa9'}", "id", "\"\xc3\xa9\" is not an id"},
    {"{" BASE "'re':'a/b'}", "re", "is not an id"},
    {"{" BASE "'corrects':'.a'}", "corrects", "is not an id"},
    {"{" BASE "'disclosed_by':['a']}", "disclosed_by", "not an array"},

    /* type */
    {"{" WHERE WHO WHEN WHAT "'type':'stattement'}", "type",
     "\"stattement\" is not a type; did you mean \"statement\"?"},
    {"{" WHERE WHO WHEN WHAT "'type':'qqqqqqqq'}", "type", "is not a type"},
    {"{" WHERE WHO WHEN WHAT "'type':'x-'}", "type", "behind \"x-\""},
    {"{" WHERE WHO WHEN WHAT "'type':'x-A'}", "type", "behind \"x-\""},
    {"{" WHERE WHO WHEN WHAT "'type':'x-...'}", "type", "behind \"x-\""},
    {"{" WHERE WHO WHEN WHAT "'type':'x-0123456789012345678901234567890'}",
     "type", "1 to 30"},
    {"{" WHERE WHO WHEN WHAT "'type':''}", "type", "is empty"},
    {"{" WHERE WHO WHEN WHAT "'type':{}}", "type", "not a map"},

    /* re by type */
    {"{" WHERE WHO WHEN WHAT "'type':'acceptance'}", "re",
     "type \"acceptance\" needs the id of the offer"},
    {"{" WHERE WHO WHEN WHAT "'type':'rejection'}", "re", "the offer"},
    {"{" WHERE WHO WHEN WHAT "'type':'withdrawal'}", "re",
     "the offer or dispute"},
    {"{" WHERE WHO WHEN WHAT "'type':'amendment'}", "re", "the agreement"},
    {"{" WHERE WHO WHEN WHAT "'type':'settlement'}", "re", "the dispute"},
    {"{" WHERE WHO WHEN WHAT "'type':'retraction'}", "re", "the event"},

    /* slugs */
    {"{" TYPE WHO WHEN WHAT "'partnership':'Amazon'}", "partnership",
     "\"Amazon\" is not a slug"},
    {"{" TYPE WHO WHEN WHAT "'partnership':'a:b'}", "partnership",
     "is not a slug"},
    {"{" TYPE WHO WHEN WHAT "'partnership':'_a'}", "partnership",
     "is not a slug"},
    {"{" TYPE WHO WHEN WHAT "'partnership':\"s65}", "partnership", "65 bytes"},
    {"{" TYPE WHERE WHEN WHAT "'parties':'a'}", "parties", "an array"},
    {"{" TYPE WHERE WHEN WHAT "'parties':[]}", "parties", "0 elements; 1 to"},
    {"{" TYPE WHERE WHEN WHAT "'parties':\"e65}", "parties", "65 elements"},
    {"{" TYPE WHERE WHEN WHAT "'parties':['a','b','a']}", "parties[2]",
     "\"a\" is given twice"},
    {"{" TYPE WHERE WHEN WHAT "'parties':['a','B']}", "parties[1]",
     "is not a slug"},
    {"{" TYPE WHERE WHEN WHAT "'parties':['a',1]}", "parties[1]", "a string"},

    /* people */
    {"{" BASE "'people':{}}", "people", "an array, not a map"},
    {"{" BASE "'people':\"e65}", "people", "65 elements"},
    {"{" BASE "'people':['a','']}", "people[1]", "is empty"},
    {"{" BASE "'people':['a\nb']}", "people[0]", "control character"},
    {"{" BASE "'people':[\"s4097]}", "people[0]", "4097 bytes"},

    /* title, summary: size and text */
    {"{" TYPE WHERE WHO WHEN "'title':\"s257}", "title", "257 bytes"},
    {"{" TYPE WHERE WHO WHEN "'title':'a\tb'}", "title", "one line"},
    {"{" TYPE WHERE WHO WHEN "'title':'a\x7f'}", "title", "control"},
    {"{" TYPE WHERE WHO WHEN "'title':'a\xc2\x80'}", "title", "control"},
    {"{" TYPE WHERE WHO WHEN "'title':'a\xff'}", "title", "not valid UTF-8"},
    {"{" TYPE WHERE WHO WHEN "'title':<c40161>}", "title", "not binary"},
    {"{" TYPE WHERE WHO WHEN "'title':!true}", "title", "not a boolean"},
    {"{" TYPE WHERE WHO WHEN "'title':<d40101>}", "title",
     "not a MessagePack extension"},
    {"{" BASE "'summary':\"s16385}", "summary", "16385 bytes"},
    {"{" BASE "'summary':''}", "summary", "is empty"},
    {"{" BASE "'summary':'a\rb'}", "summary", "other than tab and newline"},

    /* amount */
    {"{" BASE "'amount':'1'}", "amount", "must be a map"},
    {"{" BASE "'amount':{'currency':'USD'}}", "amount.value", "is missing"},
    {"{" BASE "'amount':{'value':1}}", "amount.currency", "is missing"},
    {"{" BASE "'amount':{'value':~1.5,'currency':'USD'}}", "amount.value",
     "a decimal string or an integer, not a float"},
    {"{" BASE "'amount':{'value':<cb7ff8000000000000>,'currency':'USD'}}",
     "amount.value", "not a float"},
    {"{" BASE "'amount':{'value':'1,5','currency':'USD'}}", "amount.value",
     "\"1,5\" is not an amount"},
    {"{" BASE "'amount':{'value':'','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'-','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'+1','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'1.','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'.5','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'1e3','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'1 ','currency':'USD'}}", "amount.value",
     "is not an amount"},
    {"{" BASE "'amount':{'value':'1.1234567','currency':'USD'}}",
     "amount.value", "is not an amount"},
    {"{" BASE "'amount':{'value':'1000000000000000','currency':'USD'}}",
     "amount.value", "is not an amount"},
    {"{" BASE "'amount':{'value':1000000000000000,'currency':'USD'}}",
     "amount.value", "at most 15 digits"},
    {"{" BASE "'amount':{'value':-1000000000000000,'currency':'USD'}}",
     "amount.value", "at most 15 digits"},
    {"{" BASE "'amount':{'value':<cfffffffffffffffff>,'currency':'USD'}}",
     "amount.value", "at most 15 digits"},
    {"{" BASE "'amount':{'value':1,'currency':'usd'}}", "amount.currency",
     "\"usd\" is not a currency"},
    {"{" BASE "'amount':{'value':1,'currency':'US'}}", "amount.currency",
     "is not a currency"},
    {"{" BASE "'amount':{'value':1,'currency':'USDT'}}", "amount.currency",
     "is not a currency"},
    {"{" BASE "'amount':{'value':1,'currency':840}}", "amount.currency",
     "a string"},
    {"{" BASE "'amount':{'value':1,'currency':'USD','kind':'payed'}}",
     "amount.kind", "did you mean \"paid\"?"},
    {"{" BASE "'amount':{'value':1,'curency':'USD'}}", "amount.curency",
     "did you mean \"currency\"?"},
    {"{" BASE "'amount':{'value':1,'value':1}}", "amount.value", "twice"},
    {"{" BASE "'amount':{1:1}}", "amount", "keys must be strings"},

    /* terms and ext */
    {"{" BASE "'terms':[]}", "terms", "must be a map"},
    {"{" BASE "'terms':!nil}", "terms", "must be a map, not nil"},
    {"{" BASE "'ext':'x'}", "ext", "must be a map"},
    {"{" BASE "'terms':{'a':{'b':[0,1,2,\"b3]}}}", "terms.a.b[3]", "is binary"},
    {"{" BASE "'terms':{'a':<d40101>}}", "terms.a", "extension"},
    {"{" BASE "'ext':{'a':[<c7000101>]}}", "ext.a[0]", "extension"},
    {"{" BASE "'terms':{'a':<cb7ff8000000000000>}}", "terms.a", "is NaN"},
    {"{" BASE "'ext':{'a':<ca7f800000>}}", "ext.a", "is infinite"},
    {"{" BASE "'ext':{'a':<cbfff0000000000000>}}", "ext.a", "is infinite"},
    {"{" BASE "'terms':{'a':''}}", "terms.a", "is empty"},
    {"{" BASE "'terms':{'a':\"s4097}}", "terms.a", "4097 bytes"},
    {"{" BASE "'terms':{'a':'\xed\xa0\x80'}}", "terms.a", "UTF-8"},
    {"{" BASE "'terms':{'a':'b\x01'}}", "terms.a", "control character"},
    {"{" BASE "'terms':{'':1}}", "terms.", "is empty"},
    {"{" BASE "'ext':{'a\x01':1}}", "ext.a\\x01", "control character"},
    {"{" BASE "'ext':{'a':{'\xc0':1}}}", "ext.a.\\xc0", "UTF-8"},
    {"{" BASE "'ext':{'a':{7:1}}}", "ext.a", "keys must be strings"},
    {"{" BASE "'ext':{'a':{!nil:1}}}", "ext.a", "keys must be strings"},
    {"{" BASE "'terms':{'a':1,'b':2,'a':3}}", "terms.a", "given twice"},
    {"{" BASE "'ext':{'x':[{'a':1,<d90161>:3}]}}", "ext.x[0].a", "given twice"},
    {"{" BASE "'terms':{'a':\"d15}}",
     "terms.a[0][0][0][0][0][0][0][0][0][0]"
     "[0][0][0][0]",
     "nested too deep; at most 16"},
    {"{" BASE "'ext':\"d3}", "ext", "must be a map"},
    {"{" BASE "'terms':{'effective':!nil}}", "terms.effective",
     "only an amendment"},
    {"{" BASE "'terms':{'effective':2018}}", "terms.effective",
     "must be a string, not an integer"},
    {"{" BASE "'terms':{'effective':\"s129}}", "terms.effective", "129 bytes"},
    {"{" BASE "'terms':{'effective':'2018\n'}}", "terms.effective", "control"},

    /* sources */
    {"{" BASE "'sources':{}}", "sources", "must be an array"},
    {"{" BASE "'sources':\"m65}", "sources", "65 elements"},
    {"{" BASE "'sources':[{},'u']}", "sources[1]", "must be a map"},
    {"{" BASE "'sources':[{'url':1}]}", "sources[0].url", "a string"},
    {"{" BASE "'sources':[{'url':''}]}", "sources[0].url", "is empty"},
    {"{" BASE "'sources':[{'cite':'a\nb'}]}", "sources[0].cite", "one line"},
    {"{" BASE "'sources':[{'published':!nil}]}", "sources[0].published",
     "a string, not nil"},
    {"{" BASE "'sources':[{'urll':'u'}]}", "sources[0].urll",
     "did you mean \"url\"?"},
    {"{" BASE "'sources':[{'url':'u','url':'u'}]}", "sources[0].url", "twice"},

    /* certainty, quote */
    {"{" BASE "'certainty':'confirm'}", "certainty",
     "did you mean \"confirmed\"?"},
    {"{" BASE "'certainty':1}", "certainty", "a string"},
    {"{" BASE "'quote':{'by':'x'}}", "quote.text", "is missing"},
    {"{" BASE "'quote':{'text':'x','by':'a\nb'}}", "quote.by", "one line"},
    {"{" BASE "'quote':{'text':'x','who':'a'}}", "quote.who", "a known key"},
    {"{" BASE "'quote':{'text':\"s4097}}", "quote.text", "4097 bytes"},
    {"{" BASE "'quote':'x'}", "quote", "must be a map"},

    /* dates: their shape */
    {"{" TYPE WHERE WHO WHAT "'occurred':''}", "occurred", "is empty"},
    {"{" TYPE WHERE WHO WHAT "'occurred':2017}", "occurred", "a string"},
    {"{" TYPE WHERE WHO WHAT "'occurred':\"s129}", "occurred", "129 bytes"},
    {"{" BASE "'disclosed':''}", "disclosed", "is empty"},
    /* shape comes before dates */
    {"{" TYPE WHERE WHO WHAT "'occurred':'2017-13','summary':''}", "summary",
     "is empty"},
    {"{" TYPE WHERE WHO "'occurred':'2017-13'}", "title", "is missing"},
};

START_TEST(event_check_refuses)
{
    const struct refusal *wanted = &refused[_i];
    struct event event;
    struct event_fault fault;
    struct mp_buf buf = encoded(wanted->event);
    memset(&fault, 0xff, sizeof(fault));
    bool good =
        event_check(mp_buf_span(&buf), MODEL_EVENT_SIZE_MAX, &event, &fault);
    ck_assert_msg(!good, "%s", wanted->event);
    ck_assert_msg(fault.code == MODEL_INVALID_EVENT, "%s", wanted->event);
    ck_assert_str_eq(fault.field, wanted->field);
    ck_assert_msg(strstr(fault.message, wanted->message) != NULL, "%s: %s",
                  wanted->event, fault.message);
    ck_assert(!fault.has_offset);
    ck_assert(event_is_text(span_of(fault.message), false));
    mp_buf_deinit(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event_refuse");
    TCase *tests = tcase_create("event_refuse");
    tcase_add_loop_test(tests, event_check_refuses, 0, COUNT_OF(refused));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
