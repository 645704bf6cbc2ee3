/* SPDX-License-Identifier: MIT */
/* CSV as it is read, and events from it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "client/csv.h"
#include "client/csv_events.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The next line of a text, without its LF. */
static bool
next_line(const char **text, struct span *line)
{
    size_t size = strcspn(*text, "\n");
    bool more = **text != '\0';
    *line = (struct span){(const uint8_t *)*text, size};
    *text += size + ((*text)[size] == '\n');
    return more;
}

/* --- records --------------------------------------------------------------*/

static const struct {
    const char *text;
    const char *fields; /* each in <>, a line a record; NULL: the reason */
    const char *reason;
} records[] = {
    {"a,b,c\n", "<a><b><c>\n", NULL},
    {"a,b,c", "<a><b><c>\n", NULL},
    {"a,b\r\nc,d\r\n", "<a><b>\n<c><d>\n", NULL},
    {",,", "<><><>\n", NULL},
    {"\n", "<>\n", NULL},
    {" a , b", "< a >< b>\n", NULL},
    {"\"a\",\"b,c\",d", "<a><b,c><d>\n", NULL},
    {"\"\",\"\"\"\",\"a\"\"b\"\"\"", "<><\"><a\"b\">\n", NULL},
    {"\"a\nb\",c\nd", "<a\nb><c>\n<d>\n", NULL},
    {"\"a\r\nb\r\n\",c\r\n", "<a\nb\n><c>\n", NULL},
    {"\"\n\n\"", "<\n\n>\n", NULL},
    {"\"a\n,\"\"\n\",\"b\n\"", "<a\n,\"\n><b\n>\n", NULL},
    {"a\"b", NULL, "a quotation mark within a field"},
    {"a, \"b\"", NULL, "a quotation mark within a field"},
    {"\"a\"b", NULL, "goes on behind its closing"},
    {"\"a\" ,b", NULL, "goes on behind its closing"},
    {"\"a\n\"b", NULL, "goes on behind its closing"},
};

START_TEST(record_is_cut_into_fields)
{
    struct csv_record record = {0};
    struct mp_buf shown = {0};
    const char *text = records[_i].text, *reason = "";
    enum csv_result result = CSV_RECORD;
    struct span line;
    while (result != CSV_FAULT && next_line(&text, &line)) {
        result = csv_read_line(&record, line, &reason);
        for (size_t i = 0; result == CSV_RECORD && i < record.count; i++) {
            struct span field = csv_field(&record, i);
            mp_buf_append(&shown, "<", 1);
            mp_buf_append(&shown, field.data, field.size);
            mp_buf_append(&shown, ">", 1);
        }
        if (result == CSV_RECORD)
            mp_buf_append(&shown, "\n", 1);
    }
    ck_assert(!record.open);
    if (records[_i].fields == NULL) {
        ck_assert_int_eq(result, CSV_FAULT);
        ck_assert_ptr_nonnull(strstr(reason, records[_i].reason));
    } else {
        mp_buf_append(&shown, "", 1);
        ck_assert_str_eq((const char *)shown.data, records[_i].fields);
    }
    csv_record_deinit(&record);
    mp_buf_deinit(&shown);
}
END_TEST

/* What csv_put_text writes is read as what it was. */
static const char *const texts[] = {
    "", "a", " a", "a ", "a,b", "a\"b", "\"", "a\nb", ",", "\n", "\"\n,\"",
};

START_TEST(text_comes_back_as_it_was)
{
    struct csv_record record = {0};
    struct mp_buf written = {0};
    const char *reason;
    csv_put_text(&written, span_of(texts[_i]));
    mp_buf_append(&written, ",x", 3);
    const char *text = (const char *)written.data;
    struct span line;
    enum csv_result result = CSV_MORE;
    while (result == CSV_MORE && next_line(&text, &line))
        result = csv_read_line(&record, line, &reason);
    ck_assert_int_eq(result, CSV_RECORD);
    ck_assert_uint_eq(record.count, 2);
    ck_assert(span_is(csv_field(&record, 0), texts[_i]));
    csv_record_deinit(&record);
    mp_buf_deinit(&written);
}
END_TEST

/* --- events ---------------------------------------------------------------*/

static const struct {
    const char *text;
    const char *events; /* a line each, in apostrophes */
    size_t fault_line;  /* 0: none */
    const char *reason;
} files[] = {
    {"", "", 0, NULL},
    {"title\n", "", 0, NULL},
    {"title\n\nT\n\n", "{'title':'T'}\n", 0, NULL},
    {"\xef\xbb\xbftitle,id\nT,a\n", "{'title':'T','id':'a'}\n", 0, NULL},
    {"parties,people\na;b,Ada; Bo\n,\n",
     "{'parties':['a','b'],'people':['Ada','Bo']}\n{}\n", 0, NULL},
    {"amount.value,amount.currency\n5,USD\n7,\n",
     "{'amount':{'value':'5','currency':'USD'}}\n{'amount':{'value':'7'}}\n", 0,
     NULL},
    {"sources[0].url,sources[1].url\nx,y\n",
     "{'sources':[{'url':'x'},{'url':'y'}]}\n", 0, NULL},
    {"sources,terms\n\"[{\"\"url\"\":\"\"x\"\"}]\",\"{\"\"a\"\":1}\"\n",
     "{'sources':[{'url':'x'}],'terms':{'a':1}}\n", 0, NULL},
    {"terms.a,terms.effective,occurred\n2019,2019,today\n",
     "{'terms':{'a':2019,'effective':'2019'},'occurred':'today'}\n", 0, NULL},
    {"seq,rev,recorded,id\n1,2,3,a\n", "{'id':'a'}\n", 0, NULL},
    {"summary,title\n\"one\ntwo\",T\n", "{'summary':'one\\ntwo','title':'T'}\n",
     0, NULL},
    /* what is wrong, and where */
    {"titel\nT\n", "", 1, "titel: is no field of an event"},
    {"\n\nseq,id\n1,a\n", "", 3, "seq: is no field of an event"},
    {"title,title\n", "", 1, "names a field twice"},
    {"title,\n", "", 1, "lacks a name"},
    {"a[,b\n", "", 1, "needs a number"},
    {"title\na,b\n", "", 2, "has 2 fields; the first line names 1"},
    {"title,id\n\"a\nb\",a\nc\n", "{'title':'a\\nb','id':'a'}\n", 4,
     "has 1 fields; the first line names 2"},
    {"amount,title\n\"5\n\",T\n", "", 2, "amount: must be VALUE:CURRENCY"},
    {"sources[0].url,sources[2].url\nx,y\n", "", 2,
     "sources[2].url: [2] is behind the end; the next is [1]"},
    {"title\n\"a\nb\n", "", 2, "a quotation mark that is not closed"},
    {"title\n\"a\"b\n", "", 2, "goes on behind its closing"},
};

/* All lines of a text; returns false with the fault at the first one. */
static bool
read_file(struct csv_events *csv, const char *text, struct mp_buf *shown,
          struct json_fault *fault)
{
    struct span line;
    for (size_t number = 1; next_line(&text, &line); number++) {
        struct mp_buf event = {0};
        enum csv_events_result result =
            csv_events_line(csv, line, number, &event, fault);
        if (result == CSV_EVENTS_EVENT) {
            json_put(shown, mp_buf_span(&event), JSON_COMPACT);
            mp_buf_append(shown, "\n", 1);
        }
        mp_buf_deinit(&event);
        if (result == CSV_EVENTS_FAULT)
            return false;
    }
    return csv_events_end(csv, fault);
}

START_TEST(file_is_read_as_events)
{
    struct csv_events csv = {0};
    struct json_fault fault = {0};
    struct mp_buf shown = {0};
    bool good = read_file(&csv, files[_i].text, &shown, &fault);
    mp_buf_append(&shown, "", 1);
    for (char *at = (char *)shown.data; (at = strchr(at, '"')) != NULL;)
        *at = '\'';
    ck_assert_str_eq((const char *)shown.data, files[_i].events);
    ck_assert_msg(good == (files[_i].fault_line == 0), "%s: %s", files[_i].text,
                  fault.reason);
    if (!good) {
        ck_assert_msg(strstr(fault.reason, files[_i].reason) != NULL, "%s",
                      fault.reason);
        ck_assert_uint_eq(csv.line, files[_i].fault_line);
    }
    csv_events_reset(&csv);
    mp_buf_deinit(&shown);
}
END_TEST

START_TEST(each_file_has_its_own_names)
{
    struct csv_events csv = {0};
    struct json_fault fault;
    struct mp_buf shown = {0};
    ck_assert(read_file(&csv, "title\nT\n", &shown, &fault));
    csv_events_reset(&csv);
    ck_assert(read_file(&csv, "id,title\na,b\n", &shown, &fault));
    mp_buf_append(&shown, "", 1);
    ck_assert_str_eq((const char *)shown.data,
                     "{\"title\":\"T\"}\n{\"id\":\"a\",\"title\":\"b\"}\n");
    csv_events_reset(&csv);
    mp_buf_deinit(&shown);
}
END_TEST

START_TEST(record_without_an_end_is_refused)
{
    struct csv_record record = {0};
    const char *reason = "";
    static char line[1 << 16];
    memset(line, 'x', sizeof(line));
    line[0] = '"';
    struct span span = {(const uint8_t *)line, sizeof(line)};
    enum csv_result result = CSV_MORE;
    for (size_t i = 0; result == CSV_MORE && i < 1000; i++) {
        result = csv_read_line(&record, span, &reason);
        line[0] = 'x';
    }
    ck_assert_int_eq(result, CSV_FAULT);
    ck_assert_ptr_nonnull(strstr(reason, "is a quotation mark not closed?"));
    csv_record_deinit(&record);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client csv");
    TCase *tcase = tcase_create("csv");
    tcase_add_loop_test(tcase, record_is_cut_into_fields, 0, COUNT(records));
    tcase_add_loop_test(tcase, text_comes_back_as_it_was, 0, COUNT(texts));
    tcase_add_loop_test(tcase, file_is_read_as_events, 0, COUNT(files));
    tcase_add_test(tcase, each_file_has_its_own_names);
    tcase_add_test(tcase, record_without_an_end_is_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
