"""What `--profile=FILE` writes, read as strictly as Chrome's trace format can be: who reads it takes what does not fit for something else."""
import collections
import json
import pathlib
import re

PHASES = {"X": {"ph", "pid", "tid", "ts", "dur", "cat", "name", "args"}, "M": {"ph", "pid", "tid", "name", "args"}}


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def nanoseconds(event):
    """A slice's begin and end; the file has microseconds with three digits behind the point."""
    begin, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
    assert begin >= 0 and length >= 0, event
    return begin, begin + length


class TraceFile:
    def __init__(self, path):
        whole = json.loads(pathlib.Path(path).read_text(), parse_constant=refuse_constant, object_pairs_hook=unique)
        assert whole.keys() == {"traceEvents", "displayTimeUnit", "heddle"} and whole["displayTimeUnit"] == "ms"
        self.about = whole["heddle"]
        self.events = whole["traceEvents"]
        self.slices = [event for event in self.events if event["ph"] == "X"]
        self.inside = {}  # by a slice's id(), those around it
        self.check_events()
        for thread in {event["tid"] for event in self.slices}:
            self.check_nesting([event for event in self.slices if event["tid"] == thread])
        self.check_kinds()

    def check_events(self):
        for event in self.events:
            assert event.keys() <= PHASES[event["ph"]] and isinstance(event["name"], str) and event["pid"] == 1, event
            if event["ph"] == "X":
                assert isinstance(event["tid"], int) and isinstance(event["ts"], float) and isinstance(event["dur"], float), event
            else:
                assert event["name"] in ("process_name", "thread_name") and event["args"].keys() == {"name"}, event
        names = [event["args"]["name"] for event in self.events if event["name"] == "process_name"]
        assert names == [self.about["model"]], names
        self.threads = {event["tid"]: event["args"]["name"] for event in self.events if event["name"] == "thread_name"}
        assert self.threads == {0: "calls, thread 0", **{i: f"thread {i}" for i in range(1, self.about["threads"])}}, self.threads
        assert {event["tid"] for event in self.slices} <= self.threads.keys()

    def check_nesting(self, slices):
        """Every slice lies within the one that it is part of: no two overlap otherwise, and the outer comes first."""
        stack, last = [], 0
        for event in slices:
            begin, end = nanoseconds(event)
            assert begin >= last, ("out of order", event)
            last = begin
            while stack and nanoseconds(stack[-1])[1] <= begin and not begin == end == nanoseconds(stack[-1])[1]:
                stack.pop()
            assert not stack or end <= nanoseconds(stack[-1])[1], (stack[-1], event)
            self.inside[id(event)] = list(stack)
            stack.append(event)

    def check_kinds(self):
        for event in self.slices:
            outer = self.inside[id(event)]
            around = [slice["cat"] for slice in outer]
            if outer:
                assert self.is_draft(event) == self.is_draft(outer[0]), (event, outer[0])
            if event["cat"] == "call":
                assert not around and event["tid"] == 0 and event["args"] and all(value >= 1 for value in event["args"].values()), event
            elif event["cat"] == "layer":
                assert around == ["call"] and re.search(r" \d+$", event["name"]), (event, around)
            elif event["cat"] == "op":
                assert around in (["call"], ["call", "layer"]) and event["tid"] == 0, (event, around)
                assert re.fullmatch(r"\w+\.heddle:\d+:\d+", event["args"]["place"]), event
            else:
                assert event["cat"] == "task", event
                assert event["tid"] != 0 or (around[-1] == "op" and outer[-1]["name"] == event["name"]), event

    @staticmethod
    def is_draft(event):
        return event["name"].startswith("draft: ")

    def of(self, kind, draft=False):
        return [event for event in self.slices if event["cat"] == kind and self.is_draft(event) == draft]

    def check_totals(self, table=None):
        """They are those of the slices, and of the table that `--profile` has printed, but for its rounding."""
        assert self.about["left_out"] == 0
        rows = re.findall(r"^(draft: )?\w+: .*? +(\d+) +(\d+\.\d+) ms +([\d.]+)%.*?(?:(\d+)% (\w+)|-)$", table or "", re.M)
        for draft, about in ((False, self.about), (True, self.about.get("draft"))):
            if about:
                self.check_totals_of(draft, about)
            if table and about:
                own = [row for row in rows if bool(row[0]) == draft]
                assert len(own) == len(about["sites"]), (draft, len(own), len(about["sites"]))
                seconds = sum(site["seconds"] for site in about["sites"])
                assert abs(sum(float(ms) for _, _, ms, _, _, _ in own) * 1e-3 - seconds) <= 1e-6 * len(own)
        assert all(int(share) <= 100 for _, _, _, _, share, _ in rows if share), rows
        if table:
            between = re.search(r"^calls and what is between ops .* ms +([\d.]+)%$", table, re.M)
            assert abs(sum(float(share) for _, _, _, share, _, _ in rows) + float(between[1]) - 100) < 0.051 * (len(rows) + 1), table

    def check_totals_of(self, draft, about):
        seconds, runs = collections.Counter(), collections.Counter()
        for event in self.of("op", draft):
            name = event["name"].removeprefix("draft: ")
            seconds[name] += event["dur"] * 1e-6
            runs[name] += 1
        sites = {}
        for site in about["sites"]:
            old = sites.setdefault(site["name"], {"runs": 0, "seconds": 0})
            old["runs"] += site["runs"]
            old["seconds"] += site["seconds"]
            self.check_bound(site)
        assert sites.keys() == runs.keys(), sites.keys() ^ runs.keys()
        for name, site in sites.items():
            assert site["runs"] == runs[name] and abs(site["seconds"] - seconds[name]) < 1e-8 * runs[name], (name, site, seconds[name], runs[name])
        calls = self.of("call", draft)
        assert sum(entry["runs"] for entry in about["calls"]) == len(calls), about["calls"]
        assert abs(sum(entry["seconds"] for entry in about["calls"]) - sum(event["dur"] for event in calls) * 1e-6) < 1e-6

    def check_bound(self, site):
        if "bound" not in site:
            return
        work = site["flops"] if site["bound"] in ("f32", "bf16", "int8") else site["bytes"]
        least = work / self.about["limits"][site["bound"].replace("int8", "i8")] / site["seconds"]
        assert 0 <= site["limit"] <= 1 and abs(min(least, 1) - site["limit"]) < 1e-3, (site, least)
