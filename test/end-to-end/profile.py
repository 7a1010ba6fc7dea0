"""profile.py TRACE TABLE LAYERS: what `--profile=FILE` and `--profile` told of one run of a decoder with two threads."""
import collections
import json
import pathlib
import re
import sys

trace = json.loads(pathlib.Path(sys.argv[1]).read_text())
table = pathlib.Path(sys.argv[2]).read_text()
layers = int(sys.argv[3])
about = trace["heddle"]
slices = [event for event in trace["traceEvents"] if event["ph"] == "X"]


def nanoseconds(event):
    begin, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
    assert begin >= 0 and length >= 0, event
    return begin, begin + length


# Every slice lies within the one that it is part of: no two overlap otherwise, and the outer comes first.
inside = collections.defaultdict(list)
for thread in {event["tid"] for event in slices}:
    stack = []
    for event in sorted((event for event in slices if event["tid"] == thread), key=lambda event: nanoseconds(event)[0]):
        begin, end = nanoseconds(event)
        while stack and nanoseconds(stack[-1])[1] <= begin and not (begin == end == nanoseconds(stack[-1])[1]):
            stack.pop()
        assert not stack or end <= nanoseconds(stack[-1])[1], (stack[-1], event)
        inside[id(event)] = list(stack)
        stack.append(event)
kinds = collections.Counter(event["cat"] for event in slices)
calls = kinds["call"]
assert calls > 100 and kinds["layer"] == calls * layers, kinds
assert kinds.keys() == {"call", "layer", "op", "task"}, kinds

for event in slices:
    around = [outer["cat"] for outer in inside[id(event)]]
    if event["cat"] == "call":
        assert not around and event["tid"] == 0 and event["args"]["T"] >= 1, event
    if event["cat"] == "op":
        assert around in (["call"], ["call", "layer"]) and event["tid"] == 0, (event, around)
        assert re.fullmatch(r"\w+\.heddle:\d+:\d+", event["args"]["place"]), event
    if event["cat"] == "task":
        assert event["tid"] != 0 or (around[-1] == "op" and inside[id(event)][-1]["name"] == event["name"]), event
first = [event for event in slices if event["cat"] == "layer"][:layers]
assert [event["name"] for event in first] == [f"layer {number}" for number in range(layers)], first

# All threads take part, be it that one waits long for a processor, and are named.
assert {event["tid"] for event in slices if event["cat"] == "task"} == {0, 1}
names = {event.get("tid"): event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "thread_name"}
assert names == {0: "calls, thread 0", 1: "thread 1"}, names

# Totals are those of the slices, and of the table, but for its rounding.
seconds, runs = collections.Counter(), collections.Counter()
for event in slices:
    if event["cat"] == "op":
        seconds[event["name"]] += event["dur"] * 1e-6
        runs[event["name"]] += 1
sites = {}
for site in about["sites"]:
    old = sites.setdefault(site["name"], {"runs": 0, "seconds": 0})
    old["runs"] += site["runs"]
    old["seconds"] += site["seconds"]
assert sites.keys() == runs.keys()
for name, site in sites.items():
    assert site["runs"] == runs[name] and abs(site["seconds"] - seconds[name]) < 1e-8 * runs[name], (name, site, seconds[name], runs[name])
rows = re.findall(r"^\w+: .*? +(\d+) +(\d+\.\d+) ms +[\d.]+%.*?(?:(\d+)% (\w+)|-)$", table, re.M)
assert len(rows) == len(about["sites"]), (len(rows), len(about["sites"]))
assert abs(sum(float(ms) for _, ms, _, _ in rows) * 1e-3 - sum(site["seconds"] for site in about["sites"])) < 1e-6 * len(rows)
assert all(int(share) <= 100 for _, _, share, _ in rows if share), rows
limits = {"f32": "f32", "bf16": "bf16", "int8": "i8", "memory": "memory", "L1": "L1", "L2": "L2", "L3": "L3"}
for site in about["sites"]:
    if "bound" in site:
        work = site["flops"] if site["bound"] in ("f32", "bf16", "int8") else site["bytes"]
        least = work / about["limits"][limits[site["bound"]]] / site["seconds"]
        assert 0 <= site["limit"] <= 1 and abs(min(least, 1) - site["limit"]) < 1e-3, (site, least)

assert about["threads"] == 2 and about["left_out"] == 0 and about["model"]
assert sum(entry["runs"] for entry in about["calls"]) == calls, about["calls"]
of_calls = sum(event["dur"] for event in slices if event["cat"] == "call") * 1e-6
assert abs(sum(entry["seconds"] for entry in about["calls"]) - of_calls) < 1e-6
