#!/usr/bin/env python3
"""topics.py ROOT: the topics of mistakes, in compiler/language, are headings of its REFERENCE.md."""
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
missing = named - anchors((room / "REFERENCE.md").read_text(encoding="utf-8"))
for topic in sorted(missing):
    print(f"found no heading #{topic} in compiler/language/REFERENCE.md, which mistakes point to")
if not missing:
    print(f"{len(named)} topics, each a heading")
sys.exit(bool(missing))
