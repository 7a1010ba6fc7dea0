#!/usr/bin/env python3
"""reference.py grammar|builtins REFERENCE.md SOURCE...: holds the language reference to the compiler's sources.

grammar: every rule in the comments of the parser stands in the reference's grammar, and the reverse.
builtins: every operation of the table, with its options, stands in the reference, and the reverse.
"""
import re
import sys

RULE = re.compile(r"^(\w+)\s*= (.*? \.)$")


def squeeze(text):
    return " ".join(text.split())


def rules_of(lines):
    """name → body of rules `name = body .`, which may go over several lines."""
    rules, pending = {}, ""
    for line in lines:
        if not pending and not re.match(r"\w+\s*= ", line):
            continue
        pending = squeeze(pending + " " + line)
        if pending.endswith(" ."):
            name, body = RULE.match(pending).groups()
            rules[name] = body
            pending = ""
    return rules


def comments_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if found := re.match(r"\s*/// ?(.*)$", line):
                yield found[1]


def grammar(reference, sources):
    block = re.search(r"^```grammar\n(.*?)^```", reference, flags=re.M | re.S)[1]
    written = rules_of(block.splitlines())
    parsed = {}
    for source in sources:
        parsed |= rules_of(comments_of(source))
    return compare(written, parsed)


def builtins(reference, sources):
    real = {}
    for source in sources:
        with open(source, encoding="utf-8") as file:
            table = re.findall(r'\{"(\w+)",\s*build[\w:<>]+,[^"}]*"([\w ]*)"', file.read())
        real |= {name: " ".join(options.split()) for name, options in table}
    section = re.search(r"^## Built-in operations\n(.*?)^## ", reference, flags=re.M | re.S)[1]
    written = {}
    for line in section.splitlines():
        if found := re.match(r"\| `(\w+)(?:@path)?\(([^`]*)\)` \|", line):
            written[found[1]] = " ".join(re.findall(r"(\w+) = ", found[2]))
    return compare(written, real)


def compare(written, real):
    problems = [f"{name} is not in the sources" for name in written.keys() - real.keys()]
    problems += [f"{name} is not in the reference" for name in real.keys() - written.keys()]
    problems += [
        f"{name}\n  reference: {written[name]}\n  sources:   {real[name]}"
        for name in written.keys() & real.keys()
        if written[name] != real[name]
    ]
    return sorted(problems)


def main():
    what, path, *sources = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        reference = file.read()
    problems = {"grammar": grammar, "builtins": builtins}[what](reference, sources)
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
