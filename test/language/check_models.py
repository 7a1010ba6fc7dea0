#!/usr/bin/env python3
"""check_models.py HEDDLE FILE: checks the small models in FILE, and that exactly the expected errors are reported.

A line `#--- name.heddle` starts a model; each is written to a file of that name, beside those of Inputs/, which it may
import. Names that start with `part-` are there to be imported too, and are not checked themselves. Within a model,

    x = f(y)        # error: message        expects `name.heddle:LINE:COLUMN: error: message` on this line
    x = f(y)        # error 7: message      also at column 7
    # error: message                        expects `error: message`, without a place
    # options: --set D=3                    more arguments for `heddle check`

Of a Markdown file the code blocks are checked: ```heddle model``` is a whole file, ```heddle base``` one to be imported,
```heddle file``` a file that imports it, ```heddle body``` statements of an entry.

A model without expected errors must check. Every message is compared whole, and none may be left over.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

EXPECTED = re.compile(r"^(.*?)#\s*error(?: (\d+))?: (.*?)\s*$")
OPTIONS = re.compile(r"^#\s*options: (.*?)\s*$")
LOCATED = re.compile(r"^(.*?):(\d+):(\d+): error: (.*)$")
BARE = re.compile(r"^error: (.*)$")

Error = collections.namedtuple("Error", "line column message")


def sections(text):
    parts = re.split(r"^#--- (\S+)\n", text, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


BODY = """model example
import "base.heddle"
entry example(x: [B T D], y: [B T F], ids: V[B T], q: [B T H K], k: [B T G K], n: int[B], img: image[B 4 16 16]) {{
{0}return x
}}
"""
WRAPPERS = {
    "model": "{0}",
    "base": "{0}",
    "file": 'model example\nimport "base.heddle"\n{0}entry other(x: [B T D]) {{ return x }}\n',
    "body": BODY,
}


def code_blocks(text):
    for number, (kind, code) in enumerate(re.findall(r"^```heddle (\w+)\n(.*?)^```", text, flags=re.M | re.S), 1):
        name = "base.heddle" if kind == "base" else f"block-{number}.heddle"
        yield name, WRAPPERS[kind].format(code)


def expected_errors(text):
    errors, options = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if found := OPTIONS.match(line):
            options += found[1].split()
        elif found := EXPECTED.match(line):
            here = number if found[1].strip() else None
            errors.append(Error(here, int(found[2]) if found[2] else None, found[3]))
    return errors, options


def reported_errors(stderr, directory):
    stderr = stderr.replace(directory + os.sep, "")
    errors = []
    for line in stderr.splitlines():
        if found := LOCATED.match(line):
            errors.append(Error(int(found[2]), int(found[3]), found[4]))
        elif found := BARE.match(line):
            errors.append(Error(None, None, found[1]))
    return errors


def matches(want, got):
    return want.line == got.line and want.message == got.message and want.column in (None, got.column)


def check(heddle, directory, name, text):
    wanted, options = expected_errors(text)
    run = subprocess.run([heddle, "check", os.path.join(directory, name)] + options, capture_output=True, text=True)
    got = reported_errors(run.stderr, directory)
    problems = []
    for want in wanted:
        if fit := next((error for error in got if matches(want, error)), None):
            got.remove(fit)
        else:
            problems.append(f"lacks  {want.line}: {want.message}")
    problems += [f"found  {error.line}:{error.column}: {error.message}" for error in got]
    if run.returncode != (1 if wanted else 0):
        problems.append(f"exit code {run.returncode}\n{run.stderr}")
    for problem in problems:
        print(f"{name}: {problem}")
    return not problems


def main():
    heddle, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    models = list(code_blocks(text)) if path.endswith(".md") else sections(text)
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"), directory, dirs_exist_ok=True)
        for name, text in models:
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        checked = [check(heddle, directory, name, text) for name, text in models if not name.startswith(("part-", "base."))]
    assert checked, "a test file holds models"
    sys.exit(not all(checked))


main()
