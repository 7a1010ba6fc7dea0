#!/usr/bin/env python3
"""adding.py ROOT: the lists of compiler/ADDING.md name all files that know of what they follow, and no others.

A list stands behind `<!-- all files with REGEX -->`: the files of compiler/, dialects/ and runtime/ (.cpp, .h, .td, CMakeLists.txt) in which
it occurs outside of `//` comments are the first column of the table. In a list whose files have it in comments too, a file that is named
has to have it somewhere. adding.py ROOT --self-test shows that a file too few and one too many are found.
"""
import pathlib
import re
import sys

MARK = re.compile(r"<!-- all files with (.*?) -->\n((?:\|.*\n)+)")


def read(root):
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8")
            for top in ["compiler", "dialects", "runtime"] for path in (root / top).rglob("*")
            if path.suffix in {".cpp", ".h", ".td"} or path.name == "CMakeLists.txt"}


def faults(page, files):
    lists = MARK.findall(page)
    if len(lists) < 4:
        yield f"found {len(lists)} lists, needed four"
    for pattern, table in lists:
        named = set(re.findall(r"^\| `([^`]+)` \|", table, flags=re.M))
        code = {name for name, text in files.items() if re.search(pattern, re.sub(r"//.*", "", text))}
        anywhere = {name for name, text in files.items() if re.search(pattern, text)}
        yield from (f"{pattern}: {name} is not listed" for name in sorted(code - named))
        yield from (f"{pattern}: {name} has no such thing" for name in sorted(named - anywhere))


def self_test(page, files):
    more = {**files, "compiler/driver/New.cpp": "safetensors();", "compiler/driver/Comment.cpp": "// safetensors"}
    fewer = {name: text for name, text in files.items() if name != "dialects/nn/NNImageOps.td"}
    for changed, needed in [(more, "compiler/driver/New.cpp is not listed"), (fewer, "NNImageOps.td has no such thing")]:
        found = [fault for fault in faults(page, changed) if fault not in set(faults(page, files))]
        if len(found) != 1 or needed not in found[0]:
            sys.exit(f"found {found}, needed {needed}")
    print("a file too few and one too many are found")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    page, files = (root / "compiler/ADDING.md").read_text(encoding="utf-8"), read(root)
    if "--self-test" in sys.argv:
        return self_test(page, files)
    found = list(faults(page, files))
    print("\n".join([*found, f"{len(MARK.findall(page))} lists, {'not all' if found else 'all'} of them true"]))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
