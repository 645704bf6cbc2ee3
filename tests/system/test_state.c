/* SPDX-License-Identifier: MIT */
/* EVENTS.md, sections 4 and 5, rule by rule, on logs of a few lines. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/expect.h"
#include "tests/system/fixture.h"
#include "tests/system/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECONDS_MAX 60
#define POSSIBLE_MAX 100

struct row {
    const char *name;
    const char *log;     /* as fixture_log reads it */
    const char *asked;   /* beside the partnership */
    const char *pattern; /* what the state includes */
};

static const struct row rows[] = {
    /* offers */
    {"a counter-offer leaves the offer open",
     "O offer 2017-01\nC offer 2017-02 're': 'O'\n", "'at': '2018'",
     "{'stage': 'negotiating', 'offers': [{'id': 'O', 'title': 'O', "
     "'occurred': '2017-01', 'amount': null}, {'id': 'C'}]}"},
    {"an acceptance closes the offer",
     "O offer 2017-01\nK offer 2017-02\nX acceptance 2017-03 're': 'O'\n",
     "'at': '2018'", "{'offers': [{'id': 'K'}], 'stage': 'negotiating'}"},
    {"an acceptance before the offer in the world closes nothing",
     "O offer 2017-05\nX acceptance 2017-03 're': 'O'\n", "'at': '2018'",
     "{'offers': [{'id': 'O'}]}"},
    {"a rejection closes the offer",
     "O offer 2017-01\nX rejection 2017-03 're': 'O'\n", "'at': '2018'",
     "{'offers': [], 'stage': 'noted'}"},
    {"before it was rejected it was open",
     "O offer 2017-01\nX rejection 2017-03 're': 'O'\n", "'at': '2017-02'",
     "{'offers': [{'id': 'O'}], 'stage': 'negotiating'}"},
    {"an agreement closes the offer that it names",
     "O offer 2017-01\nK offer 2017-01\nA agreement 2017-03 're': 'O'\n",
     "'at': '2018'",
     "{'offers': [{'id': 'K'}], 'agreements': [{'id': 'A'}], "
     "'stage': 'active'}"},
    {"an agreement on an offer of elsewhere closes none",
     "O offer 2017-01\nQ offer 2017-01 'partnership': 'q'\n"
     "A agreement 2017-03 're': 'Q'\n",
     "'at': '2018'", "{'offers': [{'id': 'O'}]}"},
    {"an amount of an offer gets its kind, at the end",
     "O offer 2017-01 'amount': {'currency': 'USD', 'value': 5}\n"
     "K offer 2017-02 'amount': {'kind': 'paid', 'value': '5', "
     "'currency': 'USD'}\n",
     "'at': '2018'",
     "{'offers': [{'amount': {'currency': 'USD', 'value': 5, 'kind': "
     "'offered'}}, {'amount': {'kind': 'paid', 'value': '5', 'currency': "
     "'USD'}}]}"},
    {"an offer corrected into a statement is no offer",
     "O offer 2017-01\nS statement 2017-01 'corrects': 'O'\n", "'at': '2018'",
     "{'offers': [], 'events': 1, 'first': 'S'}"},
    {"a meeting corrected into an offer is one, under its root",
     "M meeting 2017-01\nO offer 2017-01 'corrects': 'M'\n"
     "X rejection 2017-02 're': 'O'\n",
     "'at': '2018'", "{'offers': [], 'counts': {'offer': 1, 'rejection': 1}}"},
    /* disputes */
    {"a dispute is open until it is settled",
     "D dispute 2017-01\nX settlement 2017-03 're': 'D', 'amount': {'value': "
     "'7', 'currency': 'USD'}\n",
     "'at': '2017-02'",
     "{'disputed': true, 'disputes': [{'id': 'D', 'title': 'D', 'occurred': "
     "'2017-01'}], 'totals': {}}"},
    {"a settlement closes it and pays",
     "D dispute 2017-01\nX settlement 2017-03 're': 'D', 'amount': {'value': "
     "'7', 'currency': 'USD'}\n",
     "'at': '2018'",
     "{'disputed': false, 'disputes': [], 'totals': {'paid': {'USD': "
     "'7'}}}"},
    {"a claim that is dropped is withdrawn",
     "D dispute 2017-01\nE dispute 2017-01\nX withdrawal 2017-03 're': 'D'\n",
     "'at': '2018'", "{'disputed': true, 'disputes': [{'id': 'E'}]}"},
    {"what closes a corrected dispute closes the correction",
     "D dispute 2017-01\nE dispute 2017-02 'corrects': 'D'\n"
     "X settlement 2017-03 're': 'D'\n",
     "'at': '2018'", "{'disputed': false, 'disputes': []}"},
    /* agreements */
    {"an agreement shows its terms sorted, effective apart",
     "A agreement 2017-01 'terms': {'b': 1, 'effective': '2017-02', 'a': "
     "{'z': 1, 'a': 2}}\n",
     "'at': '2018'",
     "{'agreements': [{'id': 'A', 'title': 'A', 'status': 'in_force', "
     "'occurred': '2017-01', 'effective': '2017-02', 'terms': {'a': {'z': 1, "
     "'a': 2}, 'b': 1}}], 'terms': {'a': {'z': 1, 'a': 2}, 'b': 1}}"},
    {"an agreement without terms has none", "A agreement 2017-01\n",
     "'at': '2018'",
     "{'agreements': [{'effective': null, 'terms': {}, 'status': "
     "'in_force'}], 'terms': {}, 'stage': 'active'}"},
    {"an agreement keeps its nils", "A agreement 2017 'terms': {'a': null}\n",
     "'at': '2018'",
     "{'agreements': [{'terms': {'a': null}}], 'terms': {'a': null}}"},
    {"terms of later agreements overwrite",
     "A agreement 2017-03 'terms': {'a': 1, 'b': 1}\n"
     "B agreement 2017-01 'terms': {'a': 2, 'c': 2}\n",
     "'at': '2018'",
     "{'terms': {'a': 1, 'b': 1, 'c': 2}, 'agreements': "
     "[{'id': 'B'}, {'id': 'A'}]}"},
    {"an amendment overwrites, adds and deletes",
     "A agreement 2017-01 'terms': {'a': 1, 'b': 2, 'c': 3}\n"
     "X amendment 2017-02 're': 'A', 'terms': {'a': 9, 'b': null, 'd': 4}\n",
     "'at': '2018'",
     "{'agreements': [{'id': 'A', 'terms': {'a': 9, 'c': 3, 'd': 4}}]}"},
    {"an amendment takes the beginning away",
     "A agreement 2017-01 'terms': {'effective': '2030'}\n"
     "X amendment 2017-02 're': 'A', 'terms': {'effective': null}\n",
     "'at': '2018'",
     "{'agreements': [{'effective': null, 'status': 'in_force'}], 'stage': "
     "'active'}"},
    {"an amendment moves the beginning",
     "A agreement 2017-01 'terms': {'a': 1}\n"
     "X amendment 2017-02 're': 'A', 'terms': {'effective': '2030'}\n",
     "'at': '2018'",
     "{'agreements': [{'effective': '2030', 'status': 'pending', 'terms': "
     "{'a': 1}}], 'terms': {}, 'stage': 'negotiating'}"},
    {"an amendment outlives a correction of its agreement",
     "A agreement 2017-01 'terms': {'a': 1}\n"
     "X amendment 2017-03 're': 'A', 'terms': {'b': 2}\n"
     "C agreement 2017-02 'corrects': 'A', 'terms': {'a': 7}\n",
     "'at': '2018'",
     "{'agreements': [{'id': 'C', 'terms': {'a': 7, 'b': 2}}]}"},
    {"an amendment before its agreement's correction is lost",
     "A agreement 2017-01 'terms': {'a': 1}\n"
     "X amendment 2017-03 're': 'A', 'terms': {'b': 2}\n"
     "C agreement 2017-04 'corrects': 'A', 'terms': {'a': 7}\n",
     "'at': '2018'", "{'agreements': [{'id': 'C', 'terms': {'a': 7}}]}"},
    {"pending before it takes effect",
     "A agreement 2017-01 'terms': {'a': 1, 'effective': '2018'}\n",
     "'at': '2018-12-30'",
     "{'agreements': [{'status': 'pending'}], 'terms': {}, 'stage': "
     "'negotiating'}"},
    {"in force when it certainly began",
     "A agreement 2017-01 'terms': {'a': 1, 'effective': '2018'}\n",
     "'at': '2018-12-31'",
     "{'agreements': [{'status': 'in_force'}], 'terms': {'a': 1}}"},
    {"one date means from then on",
     "A agreement 2017-01 'terms': {'effective': '2017-02-01'}\n",
     "'at': '2100'", "{'agreements': [{'status': 'in_force'}]}"},
    {"an interval ends",
     "A agreement 2017-01 'terms': {'effective': '2017-02/2017-03'}\n",
     "'at': '2017-04-01'", "{'agreements': [], 'stage': 'ended'}"},
    {"on its last day it is in force",
     "A agreement 2017-01 'terms': {'effective': '2017-02/2017-03'}\n",
     "'at': '2017-03-31'", "{'agreements': [{'status': 'in_force'}]}"},
    {"an open interval does not end",
     "A agreement 2017-01 'terms': {'effective': '2017-02/..'}\n",
     "'at': '../..'", "{'agreements': [{'status': 'in_force'}]}"},
    {"an interval open to the past has begun",
     "A agreement 2017-01 'terms': {'effective': '../2019'}\n",
     "'at': '2017-06'", "{'agreements': [{'status': 'in_force'}]}"},
    {"a termination ends the agreement that it names",
     "A agreement 2017-01\nB agreement 2017-01\n"
     "X termination 2017-02 're': 'A'\n",
     "'at': '2018'", "{'agreements': [{'id': 'B'}], 'stage': 'active'}"},
    {"without re every one so far, pending ones too",
     "A agreement 2017-01\nB agreement 2017-01 'terms': {'effective': "
     "'2030'}\nC agreement 2017-03\nX termination 2017-02\n",
     "'at': '2018'", "{'agreements': [{'id': 'C'}]}"},
    {"all terminated is ended",
     "A agreement 2017-01\nX termination 2017-02\nM meeting 2017-03\n",
     "'at': '2018'", "{'agreements': [], 'stage': 'ended'}"},
    /* stages and counts */
    {"a meeting is talks", "C contact 2017-01\nM meeting 2017-02\n",
     "'at': '2018'", "{'stage': 'talks'}"},
    {"a contact is contact", "C contact 2017-01\nN note 2017-02\n",
     "'at': '2018'", "{'stage': 'contact'}"},
    {"a user's type is counted, and noted", "N x-visit 2017-01\n",
     "'at': '2018'",
     "{'stage': 'noted', 'counts': {'x-visit': 1}, 'events': 1}"},
    {"nothing yet", "N note 2019\n", "'at': '2018'",
     "{'stage': 'none', 'events': 0, 'first': null, 'last': null, 'counts': "
     "{}, 'parties': [], 'totals': {}, 'possible': []}"},
    {"first and last are of the world, not of the log",
     "B note 2017-02\nC note 2017-03\nA note 2017-01\n", "'at': '2018'",
     "{'first': 'A', 'last': 'C'}"},
    {"of two that end alike the vaguer comes first",
     "D note 2017-08-31\nM note 2017-08\nE note 2017-08-31\n", "'at': '2018'",
     "{'first': 'M', 'last': 'E'}"},
    {"counts and parties are sorted",
     "A statement 2017-01 'parties': ['z', 'b']\n"
     "B note 2017-01 'parties': ['a', 'b']\nC statement 2017-01\n",
     "'at': '2018'",
     "{'counts': {'note': 1, 'statement': 2}, 'parties': ['a', 'b', 'z']}"},
    /* supersession */
    {"a correction stands for its target",
     "A meeting 2017-01\nB contact 2017-01 'corrects': 'A'\n", "'at': '2018'",
     "{'counts': {'contact': 1}, 'stage': 'contact'}"},
    {"a correction of a correction frees the original",
     "A meeting 2017-01\nB contact 2017-02 'corrects': 'A'\n"
     "C note 2017-03 'corrects': 'B'\n",
     "'at': '2018'", "{'counts': {'meeting': 1, 'note': 1}}"},
    {"a retracted correction gives the original back",
     "A meeting 2017-01\nB contact 2017-02 'corrects': 'A'\n"
     "R retraction 2017-03 're': 'B'\n",
     "'at': '2018'",
     "{'counts': {'meeting': 1, 'retraction': 1}, 'last': "
     "'R'}"},
    {"a retracted original leaves its correction",
     "A meeting 2017-01\nB contact 2017-02 'corrects': 'A'\n"
     "R retraction 2017-03 're': 'A'\n",
     "'at': '2018'", "{'counts': {'contact': 1, 'retraction': 1}}"},
    {"a retracted retraction voids nothing",
     "A meeting 2017-01\nR retraction 2017-02 're': 'A'\n"
     "S retraction 2017-03 're': 'R'\n",
     "'at': '2018'",
     "{'counts': {'meeting': 1, 'retraction': 1}, 'last': "
     "'S'}"},
    {"a corrected retraction voids nothing",
     "A meeting 2017-01\nR retraction 2017-02 're': 'A'\n"
     "S note 2017-03 'corrects': 'R'\n",
     "'at': '2018'", "{'counts': {'meeting': 1, 'note': 1}}"},
    {"a retraction voids whatever A is",
     "A meeting 2017-01\nR retraction 2025 're': 'A'\n", "'at': '2018'",
     "{'events': 0, 'stage': 'none'}"},
    {"a correction that nobody knows of corrects nothing",
     "A meeting 2017-01\nB contact 2017-01 'corrects': 'A', 'disclosed': "
     "'2020'\n",
     "'at': '2018', 'known': '2019'",
     "{'counts': {'meeting': 1}, 'undisclosed': 1}"},
    {"once known it does",
     "A meeting 2017-01\nB contact 2017-01 'corrects': 'A', 'disclosed': "
     "'2020'\n",
     "'at': '2018', 'known': '2020'",
     "{'counts': {'contact': 1}, 'undisclosed': 0}"},
    /* what is known */
    {"disclosed_by reaches through",
     "V court_revelation 2020\nW note 2016 'disclosed_by': 'V'\n"
     "X note 2015 'disclosed_by': 'W'\n",
     "'at': '2018', 'known': '2019'",
     "{'events': 0, 'undisclosed': 2, 'stage': 'none'}"},
    {"and lets through",
     "V court_revelation 2020\nW note 2016 'disclosed_by': 'V'\n"
     "X note 2015 'disclosed_by': 'W'\n",
     "'at': '2018', 'known': '2020'", "{'events': 2, 'undisclosed': 0}"},
    {"its own date is before that of the event that disclosed it",
     "V court_revelation 2020\n"
     "W note 2016 'disclosed': '2017', 'disclosed_by': 'V'\n",
     "'at': '2018', 'known': '2018'", "{'events': 1}"},
    {"what revealed may itself have come out later",
     "V court_revelation 2020 'disclosed': '2022'\n"
     "W note 2016 'disclosed_by': 'V'\n",
     "'at': '2018', 'known': '2021'", "{'events': 0, 'undisclosed': 1}"},
    {"once revealed is revealed, whatever becomes of the revelation",
     "V court_revelation 2020\nW note 2016 'disclosed_by': 'V'\n"
     "R retraction 2020 're': 'V'\n",
     "'at': '2018', 'known': '2019'", "{'events': 0, 'undisclosed': 1}"},
    {"corrected to an earlier day changes nothing either",
     "V court_revelation 2020\nW note 2016 'disclosed_by': 'V'\n"
     "C court_revelation 2017 'corrects': 'V'\n",
     "'at': '2018', 'known': '2019'",
     "{'first': 'C', 'events': 1, 'undisclosed': 1}"},
    {"undisclosed counts what happened by then alone",
     "V note 2017 'disclosed': '2020'\nW note 2019 'disclosed': '2020'\n"
     "X note 2017\n",
     "'at': '2018', 'known': '2018'", "{'events': 1, 'undisclosed': 1}"},
    {"a date known from its certain beginning on",
     "V note 2016 'disclosed': '2017-08'\n",
     "'at': '2018', 'known': "
     "'2017-08-30'",
     "{'events': 0, 'undisclosed': 1}"},
    /* when it happened */
    {"a month has certainly begun at its end", "V note 2017-08\n",
     "'at': '2017-08-30'", "{'events': 0, 'possible': ['V']}"},
    {"a question's month stands for its end", "V note 2017-08\n",
     "'at': '2017-08'",
     "{'events': 1, 'possible': [], 'at': '2017-08-31T23:59:59.999Z', "
     "'known': null}"},
    {"an interval takes effect when its beginning is over",
     "V note 2017-08/2019\n", "'at': '2017-08-31'", "{'events': 1}"},
    {"one open at its start takes effect at its end", "V note ../2017-08\n",
     "'at': '2017-08-30'", "{'events': 0, 'possible': ['V']}"},
    {"one of unknown start is possible from ever", "V note /2017-08\n",
     "'at': '-5000'", "{'events': 0, 'possible': ['V']}"},
    {"never certain, always possible", "V note ../..\n", "'at': '9999'",
     "{'events': 0, 'possible': ['V']}"},
    {"at infinity t = infinity has come", "V note ../..\n", "'at': '../..'",
     "{'events': 1, 'possible': [], 'at': null, 'known': null}"},
    {"possible is ordered by where it may begin",
     "A note 2017-08\nB note 2017\nC note 2017-08-03/2018\nD note 2017-08\n",
     "'at': '2017-08-02'", "{'possible': ['B', 'A', 'D']}"},
    /* money */
    {"money is exact",
     "A investment 2017-01 'amount': {'value': '0.1', 'currency': 'USD'}\n"
     "B investment 2017-01 'amount': {'value': '0.2', 'currency': 'USD'}\n"
     "C investment 2017-01 'amount': {'value': '999999999999999.999999', "
     "'currency': 'EUR'}\n"
     "D investment 2017-01 'amount': {'value': '0.000001', 'currency': "
     "'EUR'}\n",
     "'at': '2018'",
     "{'totals': {'invested': {'EUR': '1000000000000000', 'USD': '0.3'}}}"},
    {"money may be negative, or sum to nothing",
     "A note 2017-01 'amount': {'value': '-5.50', 'currency': 'USD'}\n"
     "B note 2017-01 'amount': {'value': '-0.25', 'currency': 'EUR'}\n"
     "C note 2017-01 'amount': {'value': '0.250', 'currency': 'EUR'}\n",
     "'at': '2018'", "{'totals': {'estimate': {'EUR': '0', 'USD': '-5.5'}}}"},
    {"kinds have defaults by type",
     "O offer 2017-01 'amount': {'value': 1, 'currency': 'USD'}\n"
     "A agreement 2017-02 'amount': {'value': 2, 'currency': 'USD'}\n"
     "M amendment 2017-03 're': 'A', 'amount': {'value': 3, 'currency': "
     "'USD'}\n"
     "I investment 2017-04 'amount': {'value': 4, 'currency': 'USD'}\n"
     "X x-y 2017-05 'amount': {'value': 5, 'currency': 'USD', 'kind': "
     "'paid'}\n"
     "N x-y 2017-05 'amount': {'value': 6, 'currency': 'USD'}\n",
     "'at': '2018'",
     "{'totals': {'committed': {'USD': '5'}, 'estimate': {'USD': '6'}, "
     "'invested': {'USD': '4'}, 'offered': {'USD': '1'}, 'paid': {'USD': "
     "'5'}}}"},
    /* moments */
    {"a moment with an offset is asked in UTC", "V note 2017\n",
     "'at': '2018-01-01T01:30+02:00', 'known': '2018-06-01T00:00:00.25Z'",
     "{'at': '2017-12-31T23:30:00.000Z', 'known': "
     "'2018-06-01T00:00:00.250Z', 'events': 0, 'possible': ['V']}"},
    {"years before 0 have their sign", "V note 2017\n", "'at': '-0044-03-15'",
     "{'at': '-0044-03-15T23:59:59.999Z'}"},
    {"years after 9999 too", "V note 2017\n", "'at': 'Y12345'",
     "{'at': '+12345-12-31T23:59:59.999Z', 'events': 1}"},
    {"nil is absent", "V note 2017\n",
     "'at': '2018', 'known': null, 'recorded': null",
     "{'events': 1, 'known': null, 'position': 1}"},
};

START_TEST(rule_holds)
{
    const struct row *row = &rows[_i];
    fixture_log(row->log);
    json_auto_t *state = expect_ok(fixture.wire, "state",
                                   "{'partnership': 'p', %s}", row->asked);
    json_auto_t *pattern = json_of(row->pattern);
    if (json_includes(state, pattern))
        return;
    char *got = json_dumps(state, JSON_COMPACT);
    ck_abort_msg("%s:\nwanted %s\ngot %s", row->name, row->pattern, got);
}
END_TEST

/* --- rules that a row cannot say ------------------------------------------*/

START_TEST(state_has_these_keys_and_no_others)
{
    fixture_log("O offer 2017 'amount': {'value': 1, 'currency': 'USD'}\n"
                "A agreement 2017\nD dispute 2017\nV note 2018\n");
    json_auto_t *state =
        expect_ok(fixture.wire, "state", "{'partnership': 'p', 'at': '2017'}");
    json_auto_t *expected = json_of(
        "{'partnership': 'p', 'at': '2017-12-31T23:59:59.999Z', 'known': "
        "null, 'position': 4, 'stage': 'active', 'disputed': true, 'events': "
        "3, 'first': 'O', 'last': 'D', 'counts': {'agreement': 1, 'dispute': "
        "1, 'offer': 1}, 'parties': ['a', 'b'], 'agreements': [{'id': 'A', "
        "'title': 'A', 'status': 'in_force', 'occurred': '2017', 'effective': "
        "null, 'terms': {}}], 'offers': [{'id': 'O', 'title': 'O', "
        "'occurred': '2017', 'amount': {'value': 1, 'currency': 'USD', "
        "'kind': 'offered'}}], 'disputes': [{'id': 'D', 'title': 'D', "
        "'occurred': '2017'}], 'totals': {'offered': {'USD': '1'}}, 'terms': "
        "{}, 'possible': [], 'undisclosed': 0}");
    expect_same_answer(state, expected, "");
}
END_TEST

START_TEST(possible_stops_at_a_hundred)
{
    json_auto_t *batch = json_array();
    for (int i = 0; i < POSSIBLE_MAX + 5; i++) {
        char line[64];
        snprintf(line, sizeof(line), "N%03d note 2017-08\n", i);
        json_auto_t *one = fixture_events_of(line);
        json_array_extend(batch, one);
    }
    json_auto_t *arguments = json_pack("{s:O}", "events", batch);
    json_decref(expect_ok_json(fixture.wire, "append", arguments));
    json_auto_t *state = expect_ok(fixture.wire, "state",
                                   "{'partnership': 'p', 'at': '2017-08-15'}");
    const json_t *possible = json_object_get(state, "possible");
    ck_assert_uint_eq(json_array_size(possible), POSSIBLE_MAX);
    ck_assert_str_eq(json_string_value(json_array_get(possible, 99)), "N099");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("state");
    TCase *tests = fixture_case(suite, "state", SECONDS_MAX);
    tcase_add_loop_test(tests, rule_holds, 0, COUNT(rows));
    tcase_add_test(tests, state_has_these_keys_and_no_others);
    tcase_add_test(tests, possible_stops_at_a_hundred);
    return fixture_run(suite);
}
