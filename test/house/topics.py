#!/usr/bin/env python3
"""topics.py ROOT: the topics of mistakes, in compiler/language, are headings of its REFERENCE.md, and those of checkpoints the headings of MISTAKES.md."""
import pathlib
import re
import sys

from documents import anchors

room = pathlib.Path(sys.argv[1]) / "compiler/language"
named = set()
for source in [*room.glob("*.cpp"), *room.glob("*.h")]:
    text = source.read_text(encoding="utf-8")
    named |= set(re.findall(r'Diagnostics::Topic topic\([\w.]+,\s*"([^"]*)"\)', text))
    named |= set(re.findall(r'StringLiteral topic = "([^"]*)"', text))
table = (room / "Builtins.cpp").read_text(encoding="utf-8").split("builtins[] = {")[1].split("\n};")[0]
named |= set(re.findall(r'"",\s+"([\w-]+)"}', table))
missing = {f"compiler/language/REFERENCE.md: found no heading #{topic}, which mistakes point to"
           for topic in named - anchors((room / "REFERENCE.md").read_text(encoding="utf-8"))}

room = pathlib.Path(sys.argv[1]) / "compiler/checkpoint"
of_checkpoints = set()
for source in [*room.glob("*.cpp"), *(room.parent / "driver").glob("*.cpp")]:
    text = source.read_text(encoding="utf-8")
    of_checkpoints |= set(re.findall(r'Problems::Topic topic\(\w+, "([^"]*)"\)', text))
    if constants := re.search(r"static constexpr StringLiteral (\w+ = \"[\w-]+\",?\s*)+", text):
        of_checkpoints |= set(re.findall(r'"([\w-]+)"', constants[0]))
# The page has its title and what mistakes point to, and nothing else.
headings = anchors((room / "MISTAKES.md").read_text(encoding="utf-8")) - {"mistakes-of-checkpoints"}
missing |= {f"compiler/checkpoint/MISTAKES.md: found no heading #{topic}, which mistakes point to" for topic in of_checkpoints - headings}
missing |= {f"compiler/checkpoint/MISTAKES.md: #{topic}: found no mistake that points to it" for topic in headings - of_checkpoints}
for fault in sorted(missing):
    print(fault)
if not missing:
    print(f"{len(named) + len(of_checkpoints)} topics, each a heading")
sys.exit(bool(missing))
