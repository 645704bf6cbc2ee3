# SPDX-License-Identifier: MIT
"""ics.py CALENDAR EVENTS: CALENDAR is an iCalendar, by python3-icalendar and
by its bytes, and says what EVENTS, an export without what was superseded,
says.  Fails where it does not; prints how many events there are.
"""

import datetime
import json
import re
import sys

import icalendar


def lines_of(data):
    """Lines end in CRLF, have at most 75 bytes and are text each."""
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    for line in lines:
        assert len(line) <= 75, line
        assert b"\r" not in line and b"\n" not in line, line
        line.decode("utf-8")
    return lines


def date_of(text):
    """First day and the day after the last, of what is easily read."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", text)
    if not match or match[1] == "0000" or (match[2] and int(match[2]) > 12):
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    start = datetime.date(year, month or 1, day or 1)
    if day:
        end = start + datetime.timedelta(days=1) if year < 9999 else None
    elif month:
        end = datetime.date(year + month // 12, month % 12 + 1, 1)
    else:
        end = datetime.date(year + 1, 1, 1)
    return start, end


def check_dates(entry, occurred):
    start = entry["DTSTART"].dt
    end = entry["DTEND"].dt if "DTEND" in entry else None
    if isinstance(start, datetime.datetime):
        assert end is None and "T" in occurred, occurred
        assert start.utcoffset() == datetime.timedelta(0)
        return
    assert entry["DTSTART"].params["VALUE"] == "DATE"
    assert end is None or start < end, occurred
    expected = date_of(occurred)
    assert expected is None or expected == (start, end), occurred


def raw_texts(lines):
    """SUMMARY and DESCRIPTION of each event, read by the letter."""
    unfolded = b"\r\n".join(lines).replace(b"\r\n ", b"").split(b"\r\n")
    for line in unfolded:
        name, _, value = line.decode("utf-8").partition(":")
        if name in ("SUMMARY", "DESCRIPTION"):
            yield re.sub(
                r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value
            )


def check_text(shown, raw, part):
    """`part` is in both.  The parser takes a backslash that is escaped for the
    beginning of an escape, so it is not asked about those."""
    assert part in raw, (raw, part)
    assert "\\" in part or part in str(shown), (str(shown), part)


def url_of(event):
    for source in event.get("sources", []):
        if re.fullmatch(r"https?://[!#-;=?-~]+", source.get("url", "")):
            return source["url"]
    return None


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    texts = raw_texts(lines_of(data))
    with open(sys.argv[2], encoding="utf-8") as file:
        events = {event["id"]: event for event in map(json.loads, file)}
    calendar = icalendar.Calendar.from_ical(data)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"]
    seen = []
    for entry in calendar.walk("VEVENT"):
        identity, _, log = str(entry["UID"]).rpartition("@")
        assert re.fullmatch("[0-9a-f]{32}", log)
        event = events[identity]
        seen.append(event["seq"])
        raw = next(texts)
        assert raw == event["title"]
        check_text(entry["SUMMARY"], raw, event["title"])
        assert entry["CATEGORIES"].to_ical().decode() == event["type"]
        assert entry["DTSTAMP"].dt.timestamp() == event["recorded"] // 1000
        assert entry.get("URL") == url_of(event), identity
        check_text(entry["DESCRIPTION"], next(texts), event.get("summary", ""))
        check_dates(entry, event["occurred"])
    assert seen == sorted(seen) and len(set(seen)) == len(seen)
    left_out = [e for e in events.values() if e["seq"] not in set(seen)]
    for event in left_out:  # of any time, or of no year of four digits
        assert re.fullmatch(r"[./]+|-.*|Y.*|0000.*", event["occurred"]), event
    print(len(seen))


main()
