#!/usr/bin/env python3
"""samples.py ROOT: every committed sample of the gate of configurations is run by one line of one configurations-*.test, and
examples/models/FAMILIES.md has a row for it."""
import collections
import pathlib
import re
import sys

TESTS = "test/end-to-end"
RUN = re.compile(r"^RUN: %python %S/configurations --sample --cpu generic --heddle %heddle (.*)$", flags=re.M)


def faults(root):
    samples = {file.stem for file in (root / TESTS / "configurations/sample").glob("*.json")}
    tests = sorted((root / TESTS).glob("configurations-*.test"))
    run = collections.Counter(word for test in tests for line in RUN.findall(test.read_text(encoding="utf-8")) for word in line.split())
    shown = set(re.findall(r"^\| ([\w-]+) \| \[", (root / "examples/models/FAMILIES.md").read_text(encoding="utf-8"), flags=re.M))
    yield from (f"{name}.json: no {TESTS}/configurations-*.test runs it" for name in sorted(samples - set(run)))
    yield from (f"{name}: a configurations-*.test names it, there is no sample/{name}.json" for name in sorted(set(run) - samples))
    yield from (f"{name}.json: run {count} times" for name, count in sorted(run.items()) if count > 1)
    yield from (f"{name}.json: FAMILIES.md has no row for it" for name in sorted(samples - shown))


def main():
    root = pathlib.Path(sys.argv[1])
    found = list(faults(root))
    for fault in found:
        print(fault)
    if not found:
        count = len(list((root / TESTS / "configurations/sample").glob("*.json")))
        print(f"{count} samples, each run once")
    return 1 if found else 0


sys.exit(main())
