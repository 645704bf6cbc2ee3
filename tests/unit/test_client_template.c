/* SPDX-License-Identifier: MIT */
/* An event as a text to be filled in. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/json.h"
#include "client/template.h"
#include "proto/event.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Dates are kept as they are written here. */
static const struct assign plain = {.now = NULL};

static struct mp_buf
value_of(const char *json)
{
    struct mp_buf value = {0};
    struct json_fault fault;
    ck_assert_msg(json_read(span_of(json), &value, &fault), "%s: %s", json,
                  fault.reason);
    return value;
}

/* The text ends in NUL, which does not count. */
static const char *
end_text(struct mp_buf *text)
{
    mp_buf_append(text, "", 1);
    text->size--;
    return (const char *)text->data;
}

static void
check_json(struct span value, const char *expected)
{
    struct mp_buf text = {0};
    json_put(&text, value, JSON_COMPACT);
    ck_assert_str_eq(end_text(&text), expected);
    mp_buf_deinit(&text);
}

/* --- what it has ----------------------------------------------------------*/

START_TEST(template_has_every_field_of_the_model)
{
    struct mp_buf text = {0}, event = {0};
    char reason[TEMPLATE_REASON_SIZE], line[80];
    template_put(&text, span_of("\x80"));
    const char *shown = end_text(&text);
    for (size_t i = 0; i < MODEL_FIELD_COUNT; i++) {
        const struct model_field_info *field = &model_fields[i];
        const struct model_part *part = model_parts(field->kind);
        const char *list = field->kind == MODEL_KIND_SOURCES ? "[0]" : "";
        snprintf(line, sizeof(line), "\n%s =\n", field->key);
        ck_assert_msg((strstr(shown, line) != NULL) == (part == NULL), "%s",
                      line);
        for (; part != NULL && part->key != NULL; part++) {
            snprintf(line, sizeof(line), "\n%s%s.%s =\n", field->key, list,
                     part->key);
            ck_assert_msg(strstr(shown, line) != NULL, "%s", line);
        }
        /* explained by what stands before it, as far as a line goes */
        snprintf(line, sizeof(line), "\n# %.30s", field->help);
        ck_assert_msg(strstr(shown, line) != NULL, "%s", line);
    }
    ck_assert_ptr_nonnull(strstr(shown, "court_revelation"));
    /* filled in by nobody it is an empty event */
    ck_assert(template_read(mp_buf_span(&text), &plain, &event, reason));
    check_json(mp_buf_span(&event), "{}");
    mp_buf_deinit(&text);
    mp_buf_deinit(&event);
}
END_TEST

static const char *const events[] = {
    "{\"id\":\"a\",\"type\":\"note\",\"partnership\":\"p\",\"parties\":[\"a\","
    "\"b\"],\"people\":[\"Ada\",\"B; C\"],\"occurred\":\"2017-08\",\"title\":"
    "\"= T # =\",\"summary\":\"One\\n\\n\\ttwo\\n# three\\n.x\"}",
    "{\"amount\":{\"value\":\"5\",\"currency\":\"USD\",\"kind\":\"paid\"},"
    "\"quote\":{\"text\":\"a\\nb\",\"by\":\"c\"}}",
    "{\"terms\":{\"a.b\":1,\"effective\":\"2017\"},\"sources\":[{\"kind\":"
    "\"news\",\"url\":\"u\"},{\"cite\":\"c\"}],\"ext\":{\"x\":{\"$bin\":"
    "\"AA==\"}}}",
    "{\"re\":\"a\",\"corrects\":\"b\",\"certainty\":\"alleged\"}",
};

/* In the order of the template; `events` is written in that. */
START_TEST(template_reads_what_it_shows)
{
    struct mp_buf text = {0}, again = {0}, event = value_of(events[_i]);
    char reason[TEMPLATE_REASON_SIZE] = "";
    template_put(&text, mp_buf_span(&event));
    ck_assert_msg(template_read(mp_buf_span(&text), &plain, &again, reason),
                  "%s", reason);
    ck_assert_msg(event_value_equal(mp_buf_span(&again), mp_buf_span(&event)),
                  "%s", end_text(&text));
    mp_buf_deinit(&text);
    mp_buf_deinit(&again);
    mp_buf_deinit(&event);
}
END_TEST

/* --- how it is read -------------------------------------------------------*/

static const struct {
    const char *text;
    const char *event; /* NULL: the reason */
    const char *reason;
} texts[] = {
    {"", "{}", NULL},
    {"# only this\n\n#title = T\n", "{}", NULL},
    {"title=T", "{\"title\":\"T\"}", NULL},
    {"  \ntitle =\t T \r\n", "{\"title\":\"T\"}", NULL},
    {"title = T\n\n more\n", NULL, "line 3: must be FIELD = VALUE"},
    {"summary = a\n b\n\tc\n .\n d\ntitle = T\n",
     "{\"summary\":\"a\\nb\\nc\\n\\nd\",\"title\":\"T\"}", NULL},
    {"summary =\n  a\n b\n", "{\"summary\":\" a\\nb\"}", NULL},
    {"summary = a\n # no comment\n", "{\"summary\":\"a\\n# no comment\"}",
     NULL},
    {"title = a\ntitle = b\n", "{\"title\":\"b\"}", NULL},
    {"title = a\ntitle =\n", "{\"title\":\"a\"}", NULL},
    {"title = a = b\n", "{\"title\":\"a = b\"}", NULL},
    {"terms.a\\=b = c\n", "{\"terms\":{\"a=b\":\"c\"}}", NULL},
    {"terms.a = 1\nterms.b = x\n", "{\"terms\":{\"a\":1,\"b\":\"x\"}}", NULL},
    {"\n# x\ntitel = T\n", NULL,
     "line 3: titel: is no field of an event; did you mean title?"},
    {"summary = a\n b\nnothing\n", NULL, "line 3: must be FIELD = VALUE"},
    {"= a\n", NULL, "line 1: : lacks a name"},
    {"sources[1].url = u\n", NULL, "line 1: sources[1].url: [1] is behind"},
    {"amount = 5\n", NULL, "line 1: amount: must be VALUE:CURRENCY"},
};

START_TEST(text_is_read)
{
    struct mp_buf event = {0};
    char reason[TEMPLATE_REASON_SIZE] = "";
    bool good = template_read(span_of(texts[_i].text), &plain, &event, reason);
    if (texts[_i].event != NULL) {
        ck_assert_msg(good, "%s: %s", texts[_i].text, reason);
        check_json(mp_buf_span(&event), texts[_i].event);
    } else {
        ck_assert_msg(!good && strstr(reason, texts[_i].reason) == reason,
                      "%s: %s", texts[_i].text, reason);
    }
    mp_buf_deinit(&event);
}
END_TEST

START_TEST(fault_stands_on_top_alone)
{
    struct mp_buf first = {0}, second = {0};
    template_put_fault(&first, span_of("# a\ntitle = T"), "title: \x1b wrong");
    ck_assert_str_eq(end_text(&first), "#! title: \xef\xbf\xbd wrong\n"
                                       "# a\ntitle = T\n");
    template_put_fault(&second, mp_buf_span(&first), "another");
    ck_assert_str_eq(end_text(&second), "#! another\n# a\ntitle = T\n");
    mp_buf_deinit(&first);
    mp_buf_deinit(&second);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("client template");
    TCase *tcase = tcase_create("template");
    tcase_add_test(tcase, template_has_every_field_of_the_model);
    tcase_add_loop_test(tcase, template_reads_what_it_shows, 0, COUNT(events));
    tcase_add_loop_test(tcase, text_is_read, 0, COUNT(texts));
    tcase_add_test(tcase, fault_stands_on_top_alone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
