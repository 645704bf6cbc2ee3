# SPDX-License-Identifier: MIT
"""dot.py GRAPH EXPECTED: Graphviz draws GRAPH, and sees in it just the
agreements of EXPECTED, {partnership: {id: [title, [party, ...]]}} as JSON.
Fails where it does not; prints how many agreements there are.
"""

import json
import re
import subprocess
import sys


def run(form, name):
    result = subprocess.run(
        ["dot", form, name], capture_output=True, check=False, timeout=60
    )
    assert result.returncode == 0 and not result.stderr, result.stderr
    return result.stdout.decode("utf-8")


def plain(label):
    """What is shown of a label: escapes and entities taken back."""
    label = re.sub(r"\\(.)", lambda m: " " if m[1] == "n" else m[1], label)
    return label.replace("&amp;", "&")


def squeeze(text):
    return re.sub(r"\s", "", text)


def main():
    assert "<svg" in run("-Tsvg", sys.argv[1])
    graph = json.loads(run("-Tdot_json", sys.argv[1]))
    with open(sys.argv[2], encoding="utf-8") as file:
        expected = json.load(file)
    objects = {item["_gvid"]: item for item in graph.get("objects", [])}
    clusters = {
        item["label"]: [objects[node]["name"] for node in item["nodes"]]
        for item in objects.values()
        if item["name"].startswith("cluster")
    }
    assert clusters == {
        slug: ["agreement " + name for name in agreements]
        for slug, agreements in expected.items()
    }, clusters
    edges = {
        (objects[edge["tail"]]["name"], objects[edge["head"]]["name"])
        for edge in graph.get("edges", [])
    }
    labels = {item["name"]: item["label"] for item in objects.values()}
    wanted = set()
    for agreements in expected.values():
        for name, (title, parties) in agreements.items():
            shown = plain(labels["agreement " + name])
            assert squeeze(shown).startswith(squeeze(title)), (shown, title)
            for party in parties:
                wanted.add(("party " + party, "agreement " + name))
                assert labels["party " + party] == party
    assert edges == wanted, edges ^ wanted
    print(sum(len(agreements) for agreements in expected.values()))


main()
