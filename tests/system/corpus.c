/* SPDX-License-Identifier: MIT */
#include "tests/system/corpus.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/expect.h"

#define PATH_SIZE 4096

static const char *const logs[] = {
    "microsoft-openai.jsonl",
    "amazon-openai.jsonl",
};

static const char *
setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : value;
}

/* Every line of a file as one JSON value. */
static json_t *
lines_load(const char *directory, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    json_t *values = json_array();
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        json_t *value = json_loads(line, 0, NULL);
        ck_assert_msg(value != NULL, "%s: not JSON: %.100s", path, line);
        json_array_append_new(values, value);
    }
    free(line);
    fclose(file);
    return values;
}

json_t *
corpus_events(void)
{
    const char *directory = setting("ENTENTE_EXAMPLES", "client/examples");
    json_t *events = json_array();
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        json_auto_t *lines = lines_load(directory, logs[i]);
        json_array_extend(events, lines);
    }
    return events;
}

void
corpus_append(struct wire *wire)
{
    const char *directory = setting("ENTENTE_EXAMPLES", "client/examples");
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        json_auto_t *arguments =
            json_pack("{s:o}", "events", lines_load(directory, logs[i]));
        json_decref(expect_ok_json(wire, "append", arguments));
    }
}

json_t *
corpus_golden(const char *method)
{
    json_auto_t *all =
        lines_load(setting("ENTENTE_TESTS", "tests"), "golden/answers.jsonl");
    json_t *chosen = json_array();
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *line = json_array_get(all, i);
        const char *name = json_string_value(json_object_get(line, "method"));
        if (name != NULL && strcmp(name, method) == 0)
            json_array_append(chosen, line);
    }
    ck_assert_uint_gt(json_array_size(chosen), 0);
    return chosen;
}
