#!/usr/bin/env python3
"""grammars.py ROOT: the grammars for editors know the words of the language, and no others.

Words are those of the grammar in REFERENCE.md, which a test holds to the parser, and the operations in the tables of the compiler.
grammars.py --self-test shows that a missing and a superfluous word are found.
"""
import json
import pathlib
import re
import sys

LANGUAGE = "compiler/language"
TEXTMATE = f"{LANGUAGE}/editors/vscode/syntaxes/heddle.tmLanguage.json"
TABLES = ["Builtins.cpp", "BuiltinsElementwise.cpp"]
CONSTANTS = {"yes", "no", "none"}


def operations(root):
    text = "".join((root / LANGUAGE / name).read_text(encoding="utf-8") for name in TABLES)
    return set(re.findall(r'\{"(\w+)",\s*build[\w:<>]+,', text))


def keywords(root):
    reference = (root / LANGUAGE / "REFERENCE.md").read_text(encoding="utf-8")
    grammar = re.search(r"^```grammar\n(.*?)^```", reference, flags=re.M | re.S)[1]
    return set(re.findall(r'"([a-z]\w*)"', grammar))


def expressions(rule):
    """All regular expressions of a TextMate grammar, with the name that each match gets."""
    if isinstance(rule, dict):
        for key in ("match", "begin", "end"):
            if key in rule:
                yield rule.get("name", ""), rule[key]
    for inner in rule.values() if isinstance(rule, dict) else rule if isinstance(rule, list) else ():
        yield from expressions(inner)


def words(expression):
    expression = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", " ", expression)
    return set(re.findall(r"[a-z]\w+", expression))


def faults(grammar, keywords, operations):
    found = {"operations": set(), "words": set()}
    for name, expression in expressions(grammar):
        found["operations" if name == "support.function.builtin.heddle" else "words"] |= words(expression)
    for kind, needed in ("operations", operations), ("words", keywords | CONSTANTS):
        yield from (f"{kind}: {word} is missing" for word in sorted(needed - found[kind]))
        yield from (f"{kind}: {word} is none of the language" for word in sorted(found[kind] - needed))


def self_test():
    grammar = {"patterns": [{"match": r"\b(block|of)\b|[a-z]\s+no|yes|none"},
                            {"name": "support.function.builtin.heddle", "match": r"\b(linear|conv)(?=\s*[@(])"}]}
    needed = ["operations: gelu is missing", "operations: conv is none of the language", "words: entry is missing",
              "words: of is none of the language"]
    assert list(faults(grammar, {"block", "entry"}, {"linear", "gelu"})) == needed


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    root = pathlib.Path(sys.argv[1])
    known = keywords(root), operations(root)
    found = list(faults(json.loads((root / TEXTMATE).read_text(encoding="utf-8")), *known))
    print("\n".join(found) or f"{len(known[0])} words and {len(known[1])} operations")
    return bool(found)


sys.exit(main())
