# SPDX-License-Identifier: MIT
"""timelinejs.py TIMELINE EVENTS: TIMELINE is what TimelineJS3 reads
(https://timeline.knightlab.com/docs/json-format.html), and says what EVENTS, an
export without what was superseded, says.  Fails where it does not; prints how
many events there are.
"""

import datetime
import html
import html.parser
import json
import re
import sys

PARTS = ["year", "month", "day", "hour", "minute", "second", "millisecond"]


class Markup(html.parser.HTMLParser):
    """Only what was meant to be markup is."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert tag in ("p", "br", "a"), tag
        assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])
        self.links += [value for _, value in attrs]
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data):
        self.text += data


def check_date(date):
    """As precise as it is, and nothing left out between."""
    assert list(date) == PARTS[: len(date)] and len(date) in (1, 2, 3, 7), date
    assert all(type(part) is int for part in date.values()), date
    if len(date) >= 3 and 1 <= date["year"] <= 9999:
        datetime.date(date["year"], date["month"], date["day"])
    return list(date.values())


def check_slide(slide, event):
    start = check_date(slide["start_date"])
    if "end_date" in slide:
        assert check_date(slide["end_date"]) >= start, slide
    occurred = event["occurred"]
    if re.fullmatch(r"\d{4}(-(0\d|1[0-2])(-\d\d)?)?", occurred):
        assert start == [int(part) for part in occurred.split("-")], slide
        assert "end_date" not in slide
        assert slide["display_date"] == occurred
    assert slide["display_date"] and slide["group"] == event["partnership"]
    assert list(slide["text"]) == ["headline", "text"]
    assert Markup(slide["text"]["headline"]).text == event["title"]
    body = Markup(slide["text"]["text"])
    assert event.get("summary", "") in body.text, slide
    for link in body.links:
        assert re.match("https?://", link), link
        assert link in [s.get("url") for s in event["sources"]], link


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        timeline = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        events = {event["id"]: event for event in map(json.loads, file)}
    assert list(timeline) == ["events"]
    names = [slide["unique_id"] for slide in timeline["events"]]
    assert len(set(names)) == len(names)
    for slide in timeline["events"]:
        check_slide(slide, events[slide["unique_id"]])
    for name in set(events) - set(names):  # of any time
        assert re.fullmatch("[./]+", events[name]["occurred"]), name
    print(len(names))


main()
