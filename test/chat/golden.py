#!/usr/bin/env python3
"""golden.py TOOL CASES: templates and snippets against golden.json, which make_golden.py wrote with Python's jinja2.

CASES is `templates` or `snippets`. Of texts of templates the file has only digests; differential.py shows how a text differs.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import conversations
import snippets

HERE = pathlib.Path(__file__).resolve().parent


def digest(result):
    """What golden.json has of a result."""
    import hashlib
    if "text" in result:
        return hashlib.sha256(result["text"].encode()).hexdigest()[:16]
    return "error"


def run(tool, cases, arguments):
    with tempfile.TemporaryDirectory() as folder:
        listed = pathlib.Path(folder) / "cases.json"
        listed.write_text(json.dumps(cases))
        sources = pathlib.Path(folder) / "sources.json"
        sources.write_text(json.dumps(snippets.SNIPPETS))
        arguments = arguments or ["--list", sources]
        done = subprocess.run([tool, listed, *arguments], check=True, capture_output=True, env={**os.environ, "TZ": "UTC"})
    # A line of JSON ends at "\n" alone: texts have other line ends in them.
    return [json.loads(line) for line in done.stdout.decode().strip("\n").split("\n")]


def check_templates(tool, golden):
    paths = sorted((HERE / "templates").glob("*/*.jinja"))
    wrong = 0
    for got, path in zip(run(tool, conversations.variables(), paths), paths, strict=True):
        name = f"{path.parent.name}/{path.name}"
        for case, wanted, result in zip(conversations.CONVERSATIONS, golden[name], got.get("results", [{}] * 10), strict=True):
            if digest(result) != wanted:
                wrong += 1
                print(f"{name}, {case}: found {got.get('refused') or result}, needed {wanted}")
    return len(paths), wrong


def check_snippets(tool, golden):
    wrong = 0
    for got, source in zip(run(tool, [snippets.VARIABLES], None), snippets.SNIPPETS, strict=True):
        result, wanted = got.get("results", [got])[0], golden[source]
        fits = "text" not in result if wanted is None or source in snippets.LACKING else result.get("text") == wanted
        if not fits:
            wrong += 1
            print(f"{source!r}: found {result}, needed {wanted!r}")
    return len(snippets.SNIPPETS), wrong


def main(tool, kind):
    golden = json.loads((HERE / "golden.json").read_text())[kind]
    tried, wrong = (check_templates if kind == "templates" else check_snippets)(tool, golden)
    print(f"{tried} {kind}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
