# SPDX-License-Identifier: MIT
"""Check proto/event.schema.json: python3 check.py SCHEMA FILE...

The schema must be a schema, every event of the FILEs (JSON Lines) must
validate, every event of GOOD too, and every event of BAD must be refused at
the place that its row names.  A FILE that ends in .tsv is a table of EDTF
strings like tests/golden/edtf.tsv: each that is not "invalid" must validate as
a date.  Needs python3-jsonschema; exits with 1 when anything failed.
"""

import json
import sys

import jsonschema

BASE = {
    "id": "e-1",
    "type": "note",
    "partnership": "acme-globex",
    "parties": ["acme", "globex"],
    "occurred": "2017-08-11",
    "title": "A note",
}

ABSENT = object()  # in a row: the key is taken out of BASE


def nested(value, count):
    """`value` within `count` maps; ext or terms around them is depth 2."""
    for _ in range(count):
        value = {"k": value}
    return value


def lists(count):
    """`count` arrays, one within the other."""
    value = []
    for _ in range(count - 1):
        value = [value]
    return value


# What the claim is, and the keys that differ from BASE.
GOOD = [
    ("the base event", {}),
    ("an id is optional", {"id": ABSENT}),
    ("an id of 64 bytes", {"id": "A" + "b" * 63}),
    ("an id of every kind of sign", {"id": "0._:-Z"}),
    ("a type of one's own", {"type": "x-site-visit"}),
    ("64 parties", {"parties": ["p%d" % n for n in range(64)]}),
    ("nobody", {"people": []}),
    ("a title of 256 characters", {"title": "t" * 256}),
    ("a summary in lines", {"summary": "one\n\ttwo"}),
    ("a summary of 16384 characters", {"summary": "s" * 16384}),
    ("an amount as an integer", {"amount": {"value": -999999999999999, "currency": "EUR"}}),
    ("an amount with decimals",
     {"amount": {"value": "-0.000001", "currency": "EUR", "kind": "paid"}}),
    ("an offer of zero",
     {"type": "offer", "amount": {"value": "0", "currency": "USD", "kind": "offered"}}),
    ("an amount that was invested",
     {"amount": {"value": "1", "currency": "USD", "kind": "invested"}}),
    ("a retraction", {"type": "retraction", "re": "e-0"}),
    ("a dispute that cannot be dated", {"type": "dispute", "occurred": "../.."}),
    ("a termination of everything", {"type": "termination"}),
    ("an acceptance", {"type": "acceptance", "re": "e-0"}),
    ("terms that no longer start",
     {"type": "amendment", "re": "e-0", "terms": {"effective": None, "share": None}}),
    ("nil inside terms", {"terms": {"share": None, "list": [None, 1.5, True, "a\nb"]}}),
    ("a bin in ext", {"ext": {"raw": {"$bin": "AAEC/w=="}}}),
    ("nil, truth and a number in ext", {"ext": {"a": [None, False, -1.5, {"b": "c\nd"}]}}),
    ("a map with $bin and another key", {"terms": {"a": {"$bin": "x", "b": 1}}}),
    ("a map at depth 16 inside terms", {"terms": {"a": nested([{}], 12)}}),
    ("an empty bin in ext", {"ext": {"raw": [{"$bin": ""}]}}),
    ("a map at depth 16", {"ext": nested(1, 15)}),
    ("arrays down to depth 16", {"ext": {"a": lists(14)}}),
    ("a bin inside depth 16", {"ext": nested({"$bin": "AA=="}, 15)}),
    ("letters outside ASCII", {"title": "Schließung – 終了"}),
    ("empty containers", {"terms": {}, "ext": {}, "sources": [{}]}),
]

# What the claim is, the keys that differ from BASE, and where the fault is:
# the path of a value, or "" for the event itself.
BAD = [
    ("seq is the daemon's", {"seq": 1}, ""),
    ("rev is the daemon's", {"rev": 1}, ""),
    ("recorded is the daemon's", {"recorded": 1}, ""),
    ("an unknown key", {"tittle": "x"}, ""),
    ("no type", {"type": ABSENT}, ""),
    ("no partnership", {"partnership": ABSENT}, ""),
    ("no parties", {"parties": ABSENT}, ""),
    ("no occurred", {"occurred": ABSENT}, ""),
    ("no title", {"title": ABSENT}, ""),
    ("an empty id", {"id": ""}, "id"),
    ("an id of 65 bytes", {"id": "a" * 65}, "id"),
    ("an id that begins with a dot", {"id": ".a"}, "id"),
    ("an id with a last newline", {"id": "a\n"}, "id"),
    ("an id that is a number", {"id": 7}, "id"),
    ("a nil id", {"id": None}, "id"),
    ("an unknown type", {"type": "metting"}, "type"),
    ("a bare x-", {"type": "x-"}, "type"),
    ("a type of 33 bytes", {"type": "x-" + "a" * 31}, "type"),
    ("a type in capitals", {"type": "x-Visit"}, "type"),
    ("a partnership in capitals", {"partnership": "Acme"}, "partnership"),
    ("a partnership of 65 bytes", {"partnership": "a" * 65}, "partnership"),
    ("an array of no parties", {"parties": []}, "parties"),
    ("65 parties", {"parties": ["p%d" % n for n in range(65)]}, "parties"),
    ("a party twice", {"parties": ["acme", "acme"]}, "parties"),
    ("a party with a colon", {"parties": ["acme:1"]}, "parties/0"),
    ("parties that are a map", {"parties": {"0": "acme"}}, "parties"),
    ("a party with a last newline", {"parties": ["acme\n"]}, "parties/0"),
    ("a type with a last newline", {"type": "x-visit\n"}, "type"),
    ("people that are a str", {"people": "Ada"}, "people"),
    ("a person of 4097 characters", {"people": ["a" * 4097]}, "people/0"),
    ("a person that is a number", {"people": [1]}, "people/0"),
    ("65 people", {"people": ["p"] * 65}, "people"),
    ("an empty person", {"people": ["Ada", ""]}, "people/1"),
    ("a date in words", {"occurred": "August 2017"}, "occurred"),
    ("an empty date", {"occurred": ""}, "occurred"),
    ("a lone slash", {"occurred": "/"}, "occurred"),
    ("a lone ..", {"occurred": ".."}, "occurred"),
    ("month 13", {"occurred": "2017-13"}, "occurred"),
    ("day 32", {"occurred": "2017-08-32"}, "occurred"),
    ("a season with a day", {"occurred": "2017-21-01"}, "occurred"),
    ("the year -0000", {"occurred": "-0000"}, "occurred"),
    ("second 60", {"occurred": "2017-08-11T21:30:60Z"}, "occurred"),
    ("hours alone", {"occurred": "2017-08-11T21Z"}, "occurred"),
    ("a date set", {"occurred": "{2017,2018}"}, "occurred"),
    ("two qualifiers on one side", {"disclosed": "2017~~"}, "disclosed"),
    ("three parts", {"disclosed": "../2017/2018"}, "disclosed"),
    ("a date of 129 bytes",
     {"occurred": "2017-08-11T10:00:00." + "0" * 108 + "Z"}, "occurred"),
    ("a reference that is no id", {"disclosed_by": "a b"}, "disclosed_by"),
    ("an answer to no id", {"type": "acceptance", "re": "a/b"}, "re"),
    ("a correction of no id", {"corrects": ""}, "corrects"),
    ("a summary that is a number", {"summary": 1}, "summary"),
    ("an empty title", {"title": ""}, "title"),
    ("a title of 257 characters", {"title": "t" * 257}, "title"),
    ("a title of two lines", {"title": "a\nb"}, "title"),
    ("a title with a tab", {"title": "a\tb"}, "title"),
    ("a title with NEL", {"title": "a\u0085b"}, "title"),
    ("a title with DEL", {"title": "a\u007fb"}, "title"),
    ("a summary with a return", {"summary": "a\r\nb"}, "summary"),
    ("a summary of 16385 characters", {"summary": "s" * 16385}, "summary"),
    ("an amount that is no map", {"amount": "1 USD"}, "amount"),
    ("an integer of 16 digits below zero",
     {"amount": {"value": -(10 ** 15), "currency": "USD"}}, "amount/value"),
    ("a currency with a last newline",
     {"amount": {"value": "1", "currency": "USD\n"}}, "amount/currency"),
    ("an amount without a currency", {"amount": {"value": "1"}}, "amount"),
    ("an amount without a value", {"amount": {"currency": "USD"}}, "amount"),
    ("an amount with a third key",
     {"amount": {"value": "1", "currency": "USD", "unit": "m"}}, "amount"),
    ("an amount with a comma", {"amount": {"value": "1,5", "currency": "USD"}}, "amount/value"),
    ("an amount with an exponent",
     {"amount": {"value": "1e9", "currency": "USD"}}, "amount/value"),
    ("an amount of 16 digits",
     {"amount": {"value": "1" * 16, "currency": "USD"}}, "amount/value"),
    ("an integer of 16 digits",
     {"amount": {"value": 10 ** 15, "currency": "USD"}}, "amount/value"),
    ("an amount with 7 decimals",
     {"amount": {"value": "0.0000001", "currency": "USD"}}, "amount/value"),
    ("an amount as a float", {"amount": {"value": 1.5, "currency": "USD"}}, "amount/value"),
    ("a currency in small letters",
     {"amount": {"value": "1", "currency": "usd"}}, "amount/currency"),
    ("an unknown kind of amount",
     {"amount": {"value": "1", "currency": "USD", "kind": "promised"}}, "amount/kind"),
    ("terms as a list", {"terms": []}, "terms"),
    ("a bin instead of terms", {"terms": {"$bin": "AAEC"}}, "terms"),
    ("an empty key in terms", {"terms": {"": 1}}, "terms"),
    ("a key with NUL in ext", {"ext": {"a\u0000": 1}}, "ext"),
    ("an empty key deep in terms", {"terms": {"a": [{"": 1}]}}, "terms/a"),
    ("an empty key deep in ext", {"ext": {"a": [{"": 1}]}}, "ext/a"),
    ("an empty str deep in terms", {"terms": {"a": [{"b": ""}]}}, "terms/a"),
    ("an empty str deep in ext", {"ext": {"a": {"b": ""}}}, "ext/a"),
    ("a bin deep in terms", {"terms": {"a": {"b": {"$bin": "AAEC"}}}}, "terms/a"),
    ("arrays down to depth 17", {"terms": {"a": lists(15)}}, "terms/a" + "/0" * 14),
    ("effective that is no date", {"terms": {"effective": "soon"}}, "terms/effective"),
    ("effective nil in an agreement",
     {"type": "agreement", "terms": {"effective": None}}, "terms/effective"),
    ("an empty str inside terms", {"terms": {"scope": ""}}, "terms/scope"),
    ("a str over 4 KiB inside terms", {"terms": {"scope": "s" * 4097}}, "terms/scope"),
    ("a bin inside terms", {"terms": {"raw": {"$bin": "AAEC"}}}, "terms/raw"),
    ("a map at depth 17 inside terms", {"terms": nested({}, 15)}, "terms" + "/k" * 15),
    ("an array at depth 17 inside ext", {"ext": nested([], 15)}, "ext" + "/k" * 15),
    ("an empty str inside ext", {"ext": {"a": ["x", ""]}}, "ext/a"),
    ("base64 without padding", {"ext": {"raw": {"$bin": "AAEC/w"}}}, "ext/raw"),
    ("base64 with a last newline", {"ext": {"raw": {"$bin": "AAEC\n"}}}, "ext/raw"),
    ("a bin that is a number", {"ext": {"raw": {"$bin": 7}}}, "ext/raw"),
    ("ext as a list", {"ext": []}, "ext"),
    ("a bin instead of ext", {"ext": {"$bin": "AAEC"}}, "ext"),
    ("an acceptance of nothing", {"type": "acceptance"}, ""),
    ("a rejection of nothing", {"type": "rejection"}, ""),
    ("a withdrawal of nothing", {"type": "withdrawal"}, ""),
    ("an amendment of nothing", {"type": "amendment"}, ""),
    ("a settlement of nothing", {"type": "settlement"}, ""),
    ("a retraction of nothing", {"type": "retraction"}, ""),
    ("sources that are a map", {"sources": {}}, "sources"),
    ("a source that is a str", {"sources": ["news"]}, "sources/0"),
    ("a source of an empty kind", {"sources": [{"kind": ""}]}, "sources/0/kind"),
    ("a source with a tab in its title", {"sources": [{"title": "\t"}]}, "sources/0/title"),
    ("a source of no publisher", {"sources": [{"publisher": None}]}, "sources/0/publisher"),
    ("a source with a cite in lines", {"sources": [{"cite": "a\nb"}]}, "sources/0/cite"),
    ("65 sources", {"sources": [{"kind": "news"}] * 65}, "sources"),
    ("a source with another key", {"sources": [{"link": "x"}]}, "sources/0"),
    ("a source with an empty url", {"sources": [{"url": ""}]}, "sources/0/url"),
    ("a source dated by a number",
     {"sources": [{"kind": "news"}, {"published": 2017}]}, "sources/1/published"),
    ("an unknown certainty", {"certainty": "sure"}, "certainty"),
    ("a quote that is a str", {"quote": "so it is"}, "quote"),
    ("a quote with a third key", {"quote": {"text": "a", "in": "b"}}, "quote"),
    ("a quote with an empty text", {"quote": {"text": ""}}, "quote/text"),
    ("a quote without text", {"quote": {"by": "Ada"}}, "quote"),
    ("a quote by two lines", {"quote": {"text": "a", "by": "A\nB"}}, "quote/by"),
]


class Tally:
    """Counts claims and prints those that do not hold."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def claim(self, holds, name):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s" % name)


def refuse_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one map")
    return dict(pairs)


def refuse_constant(name):
    raise ValueError("%s is not JSON" % name)


def load(text):
    """Strict JSON: no key twice, no NaN, no infinity."""
    return json.loads(text, object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)


def event_of(change):
    event = {**BASE, **change}
    return {key: value for key, value in event.items() if value is not ABSENT}


def paths(validator, event):
    """Where the schema finds faults."""
    return ["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(event)]


def check_table(validator, tally):
    for name, change in GOOD:
        found = paths(validator, event_of(change))
        tally.claim(not found, "accepted: %s (refused at %s)" % (name, found))
    for name, change, place in BAD:
        found = paths(validator, event_of(change))
        tally.claim(place in found, "refused at '%s': %s (found %s)" % (place, name, found))


def check_events(validator, tally, name):
    with open(name, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            found = paths(validator, load(line))
            tally.claim(not found, "%s:%d: refused at %s" % (name, number, found))


def check_dates(validator, tally, name):
    with open(name, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            text, verdict = line.rstrip("\n").split("\t")[:2] if "\t" in line else ("", "invalid")
            if verdict != "invalid":
                found = paths(validator, event_of({"occurred": text}))
                tally.claim(not found, "%s:%d: %r is a date" % (name, number, text))


def main(schema_name, *names):
    with open(schema_name, encoding="utf-8") as file:
        schema = load(file.read())
    tally = Tally()
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        tally.claim(True, schema_name)
    except jsonschema.SchemaError as error:
        tally.claim(False, "%s: %s" % (schema_name, error.message))
    validator = jsonschema.Draft202012Validator(schema)
    check_table(validator, tally)
    for name in names:
        check = check_dates if name.endswith(".tsv") else check_events
        check(validator, tally, name)
    print("%d passed, %d failed" % (tally.passed, tally.failed))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python3 check.py SCHEMA FILE...")
    sys.exit(main(*sys.argv[1:]))
