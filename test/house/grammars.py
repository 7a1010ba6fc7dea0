#!/usr/bin/env python3
"""grammars.py ROOT: the grammars for editors know the words of the language, and no others.

Words are those of the grammar in REFERENCE.md, which a test holds to the parser, and the operations in the tables of the compiler.
grammars.py --self-test shows that a missing and a superfluous word are found.
"""
import hashlib
import json
import pathlib
import re
import sys

LANGUAGE = "compiler/language"
TEXTMATE = f"{LANGUAGE}/editors/vscode/syntaxes/heddle.tmLanguage.json"
TREE_SITTER = f"{LANGUAGE}/editors/tree-sitter"
TABLES = ["Builtins.cpp", "BuiltinsElementwise.cpp"]
CONSTANTS = {"yes", "no", "none"}


def operations(root):
    text = "".join((root / LANGUAGE / name).read_text(encoding="utf-8") for name in TABLES)
    return set(re.findall(r'\{"(\w+)",\s*build[\w:<>]+,', text))


def keywords(root):
    """Those of the grammar, and those of them that are types."""
    reference = (root / LANGUAGE / "REFERENCE.md").read_text(encoding="utf-8")
    grammar = re.search(r"^```grammar\n(.*?)^```", reference, flags=re.M | re.S)[1]
    rule = re.search(r"^type .*$", grammar, flags=re.M)[0]
    return set(re.findall(r'"([a-z]\w*)"', grammar)), set(re.findall(r'"([a-z]\w*)"', rule))


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


def tree_sitter(grammar, parser, colours):
    """The words of tree-sitter's grammar and of its parser, those that have a colour, and the operations, which are listed twice."""
    word = r'"([a-z]\w*)"'
    yield "grammar.js", set(re.findall(word, re.sub(r'//.*|field\("\w+"|^ *name: .*', "", grammar, flags=re.M)))
    yield "parser.c", set(re.findall(r"\[anon_sym_\w+\] = " + word, parser))
    colours = re.sub(r";.*", "", colours)
    for operations in re.findall(r"#any-of\? @function.builtin([^)]*)", colours):
        yield "operations", set(re.findall(word, operations))
    yield "highlights.scm", set(re.findall(word, re.sub(r"\(#any-of[^)]*\)", "", colours)))


def faults_of_tree_sitter(texts, keywords, operations):
    for place, found in tree_sitter(*texts):
        needed = operations if place == "operations" else keywords
        yield from (f"{place}: {word} is missing" for word in sorted(needed - found))
        yield from (f"{place}: {word} is none of the language" for word in sorted(found - needed))


def faults_of_parser(grammar, generated_from):
    """The parser is of this very grammar: the sum that was written down when it was generated is the grammar's."""
    if hashlib.sha256(grammar.encode()).hexdigest() != generated_from.split()[0]:
        yield "parser.c: generated from another grammar.js than this (editors/README.md says how to generate it)"


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
    texts = ('name: "m", // "x"\nf: seq("block", field("name", $.name))', '[anon_sym_block] = "block",\n[anon_sym_of] = "of",',
             '((name) @function.builtin (#any-of? @function.builtin "linear")) ["block" "entry"] @keyword ; "of"')
    needed = ["grammar.js: entry is missing", "parser.c: entry is missing", "parser.c: of is none of the language",
              "operations: gelu is missing"]
    assert list(faults_of_tree_sitter(texts, {"block", "entry"}, {"linear", "gelu"})) == needed
    assert len(list(faults_of_parser("x", "0  grammar.js"))) == 1


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    root = pathlib.Path(sys.argv[1])
    words, types = keywords(root)
    known = operations(root)
    found = list(faults(json.loads((root / TEXTMATE).read_text(encoding="utf-8")), words, known))
    texts = [(root / TREE_SITTER / name).read_text(encoding="utf-8")
             for name in ("grammar.js", "src/parser.c", "queries/highlights.scm")]
    found += faults_of_tree_sitter(texts, words - types, known)
    found += faults_of_parser(texts[0], (root / TREE_SITTER / "src/grammar.sha256").read_text(encoding="utf-8"))
    print("\n".join(found) or f"{len(words)} words and {len(known)} operations")
    return bool(found)


sys.exit(main())
