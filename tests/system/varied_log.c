/* SPDX-License-Identifier: MIT */
#include "tests/system/varied_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "tests/model/random_log.h"
#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define BATCH_MAX 500

/* What the protocol allows and the random log has not. */
static const char others[] =
    "[{'title': 'Keys \\\\ in \\u0022another\\u0022 order', 'ext': {'z': 1, "
    "'a': 2}, 'occurred': '2017-08-11', 'parties': ['b', 'a'], 'partnership': "
    "'odd', 'type': 'note', 'id': 'odd:1'},"
    "{'type': 'x-a', 'id': 'odd:2', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '2017-08-11T10:00:00.125Z', 'title': 'Numbers', 'ext': {"
    "'float': {'$hex': 'ca3dcccccd'}, 'double': {'$hex': 'cb7fefffffffffffff'},"
    "'zero': {'$hex': 'cb8000000000000000'}, 'whole': {'$hex': "
    "'cb4330000000000000'}, 'most': {'$hex': 'cfffffffffffffffff'}, 'more': "
    "{'$hex': 'cf8000000000000000'}, 'least': {'$hex': 'd38000000000000000'}, "
    "'wide': {'$hex': 'd30000000000000001'}}},"
    "{'id': 'odd:3', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '2017-08-11/2017-08-11', 'title': 'Binary', 'ext': {'bin': "
    "{'$hex': 'c40400ff107f'}, 'none': {'$hex': 'c400'}, 'like': {'$hex': "
    "'81a42462696ea5414141413d'}, 'as': {'$hex': '81a42462696e01'}, 'uint': "
    "{'$hex': '81a52475696e74a135'}, 'more': {'$hex': '81a324247801'}}},"
    "{'id': 'odd:4', 'type': 'agreement', 'partnership': 'odd', 'parties': "
    "['a', 'b'], 'occurred': '2017-08', 'title': '<b>Q&A</b>, a; b: \\u0022c"
    "\\u0022 \\\\N \\\\l &lt; {x|y} \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2"
    "\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac',"
    " 'people': ['A; B', 'C, D'], 'summary': 'One,\\n\\ttwo; three\\\\n\\n\\n"
    "\xf0\x9f\x98\x80 end', 'sources': [{'url': 'javascript:alert(1)'}, "
    "{'url': 'https://example.org/?a=1&b=\\u0022', 'title': '<i>'}, {'kind': "
    "'news', 'url': 'https://example.org/?a=1&b=2,3;4'}], 'quote': {'text': "
    "'=1+1'}, 'terms': {'a.b': 'x', 'x': {}, 'effective': '2017'}},"
    "{'id': 'odd:5', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '-0044-03-15', 'title': 'Before the common era'},"
    "{'id': 'odd:6', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': 'Y12345', 'title': 'Far ahead', 'amount': {'value': -7, "
    "'currency': 'EUR'}},"
    "{'id': 'odd:7', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '9999-12-31', 'title': 'The last day', 'people': [], "
    "'sources': [], 'terms': {}, 'ext': {}},"
    "{'id': 'odd:8', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '0000-02-29', 'title': 'A day of the year 0'},"
    "{'id': 'odd:9', 'type': 'note', 'partnership': 'odd', 'parties': ['a'], "
    "'occurred': '2016-12-31T24:00Z', 'title': '  ', 'summary': {'$repeat': "
    "['\xc3\xa9', 4000]}}]";

static uint64_t
seed(void)
{
    const char *text = getenv("ENTENTE_SEED");
    uint32_t number = 0;
    if (text != NULL)
        return strtoull(text, NULL, 10);
    ck_assert_int_eq(getrandom(&number, sizeof(number), 0), sizeof(number));
    return number;
}

static void
append(json_t *events)
{
    json_auto_t *arguments = json_pack("{s:o}", "events", events);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
}

void
varied_log_append(size_t count)
{
    struct random_log log;
    uint64_t chosen = seed();
    printf("ENTENTE_SEED=%" PRIu64 "\n", chosen);
    fflush(stdout);
    random_log_init(&log, chosen);
    while (count > 0) {
        json_t *events = json_array();
        for (size_t i = 0; i < BATCH_MAX && count > 0; i++, count--)
            json_array_append(events, random_log_add(&log));
        append(events);
    }
    append(json_of(others));
    random_log_deinit(&log);
}
