#!/usr/bin/env python3
"""comments.py ROOT: banners and pseudo-code in comments stand as they were written.

The formatter breaks a comment's line that is too long and fills the next one. So a banner is one line of 80 columns that names its
file, no `//` comment is wider than 80 columns, and in a block set off by spaces (pseudo-code, a table) no full line goes on at the same
indentation: what needs a second line has it further to the right. Between `// clang-format off` and `on` the formatter breaks nothing.

comments.py --self-test shows that each is found.
"""
import pathlib
import re
import sys

COLUMNS = 80
BANNER = re.compile(r"//===-+ (?P<name>\S+) - (?P<what>\S.*?) -*(?:\*- (?:C\+\+|tablegen) -\*-)?(?:===//)$")
COMMENT = re.compile(r"^(?P<space>\s*)(?P<slashes>///?<?)(?P<text>.*)$")


def banner_fault(name, line, tablegen):
    found = BANNER.match(line)
    if not found:
        return f"found the banner `{line}`, needed //===- {name} - what it is -…-===// in one line"
    if found["name"] != name:
        return f"found {found['name']} in the banner, needed {name}"
    if not tablegen and len(line) != COLUMNS:
        return f"found a banner of {len(line)} columns, needed {COLUMNS}"
    return None


def indent_of(text):
    return len(text) - len(text.lstrip(" "))


def columns_of(text):
    """Where a line's text begins, behind its indentation and behind every gap."""
    return {found.end() for found in re.finditer(r"^ +|  +|[-.:] ", text)}


def is_broken(texts, widths, index):
    """Whether a line of a block and the next look like one line that the formatter has broken: it fills the first, and the rest
    stands at the same indentation."""
    text, following = texts[index], texts[index + 1]
    if not following.strip() or indent_of(text) < 3 or indent_of(text) != indent_of(following):
        return False
    if widths[index] + 1 + len(following.split()[0]) <= COLUMNS:
        return False
    # Rows of a table.
    if (columns_of(text) & columns_of(following)) - {indent_of(text)}:
        return False
    # What an earlier line, further to the left, goes on with.
    first = index
    while first > 0 and indent_of(texts[first - 1]) == indent_of(text):
        first -= 1
    start = texts[first - 1] if first else ""
    if start.strip() and indent_of(start) < indent_of(text):
        hangs = indent_of(text) in columns_of(start) or widths[first - 1] + 1 + len(texts[first].split()[0]) > COLUMNS
        return not hangs
    return True


def faults(name, text, tablegen=False):
    lines = text.split("\n")
    if lines[0].startswith("//===-"):
        fault = banner_fault(name, lines[0], tablegen)
        if fault:
            yield 1, fault
    if tablegen:
        return
    lines = without_unformatted(lines)
    for number, line in enumerate(lines):
        if COMMENT.match(line) and len(line) > COLUMNS and not re.search(r"\S{60}", line):
            yield number + 1, f"found a comment of {len(line)} columns, needed at most {COLUMNS}"
    for first, block in blocks(lines):
        texts = [COMMENT.match(line)["text"].rstrip() for line in block]
        widths = [len(line) for line in block]
        for index in range(len(block) - 1):
            if is_broken(texts, widths, index):
                yield first + index + 2, "found a line that goes on at the same indentation, needed one that fits or stands further right"


def without_unformatted(lines):
    """The lines, empty where the formatter is told to keep away."""
    kept, off = [], False
    for line in lines:
        off = (off or line.strip() == "// clang-format off") and line.strip() != "// clang-format on"
        kept.append("" if off else line)
    return kept


def blocks(lines):
    """(index of the first line, lines) of every comment of several lines."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and COMMENT.match(lines[end]):
            end += 1
        if end > start + 1:
            yield start, lines[start:end]
        start = max(end, start + 1)


def sources(root):
    for room in ["compiler", "dialects", "runtime", "test"]:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in {".cpp", ".h", ".c", ".td"}:
                yield path


def check(root):
    count = found = 0
    for path in sources(root):
        count += 1
        for line, fault in faults(path.name, path.read_text(encoding="utf-8"), path.suffix == ".td"):
            print(f"{path.relative_to(root)}:{line}: {fault}")
            found += 1
    print(f"{count} files, {found or 'no'} broken comments")
    return 1 if found else 0


SOUND = """//===- File.cpp - what is in it -------------------------------------------===//
//
// Prose that is as long as a line can be, and then goes on as prose does on the
// next one.
//
//   for tiles of rows that admit keys of the block:
//     s = q·kt              scores of a tile and a block, no more than it
//     s += bias
//   name = "a", which is said at such length that it has to go on, as it does
//          further to the right, where a second line of it may be as long as
//          it likes

// clang-format off
    // type            name    precision  interleave  planes   group  scale       range
// clang-format on
"""
BROKEN = [
    SOUND.replace("File", "Other"),
    SOUND.replace(" --", "\n// --", 1),
    SOUND.replace("-===//", "===//"),
    SOUND.replace("//     s += bias", "//     needs, s += bias"),
    SOUND.replace("//          further", "//   further"),
    SOUND.replace("//   for tiles", "// " + 80 * "x "),
    SOUND.replace("// clang-format off\n", ""),
]


def self_test():
    if list(faults("File.cpp", SOUND)):
        sys.exit(f"found {list(faults('File.cpp', SOUND))} in what is sound")
    for number, text in enumerate(BROKEN):
        if not list(faults("File.cpp", text)):
            sys.exit(f"found nothing in\n{text}")
    print(f"{len(BROKEN)} broken comments, each found")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(check(pathlib.Path(sys.argv[1]).resolve()))
