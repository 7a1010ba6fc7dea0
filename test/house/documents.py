#!/usr/bin/env python3
"""documents.py ROOT: what the documents point to is there.

Links of Markdown files and `see README.md` of CMakeLists lead to files; a heading that a link names exists; a file that a README names in
the first column of a table lies in its folder. documents.py --self-test shows that each is found.
"""
import pathlib
import re
import sys
import tempfile

SKIPPED = {"build", ".git", "seeds", "__pycache__"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SOURCE = re.compile(r"^[\w*]+\.(?:h|cpp|td|c|py)$")


def anchors(text):
    """The names by which GitHub links to the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)}


def faults_of_page(page, text):
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "code", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        if not path.exists():
            yield f"there is no {target}"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text(encoding="utf-8")):
            yield f"there is no heading #{anchor} in {name or page.name}"
    if page.name != "README.md":
        return
    for table in re.findall(r"^\| ?files? ?\|.*\n((?:\|.*\n)*)", text, flags=re.M):
        for word in re.split(r"[\s,`]+", " ".join(line.split("|")[1] for line in table.splitlines())):
            # `NNToLinalg*.cpp` stands for at least one file.
            if SOURCE.match(word) and not list(page.parent.glob(word)):
                yield f"there is no {word}"


def files(root, pattern):
    """Of the project, not of what is built; the folders of builds are large."""
    tops = [path for path in root.iterdir() if path.is_dir() and path.name not in SKIPPED]
    found = [*root.glob(pattern), *(path for top in tops for path in top.rglob(pattern))]
    return sorted(path for path in found if not SKIPPED & set(path.relative_to(root).parts))


def check(root):
    found, pages = [], 0
    for page in files(root, "*.md"):
        pages += 1
        found += [f"{page.relative_to(root)}: {fault}" for fault in faults_of_page(page, page.read_text(encoding="utf-8"))]
    for page in files(root, "CMakeLists.txt"):
        if "README.md" in page.read_text(encoding="utf-8") and not (page.parent / "README.md").exists():
            found.append(f"{page.relative_to(root)}: there is no README.md beside it")
    return pages, found


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "README.md").write_text("# A title\n[a](b.md) [b](README.md#no) [c](README.md#a-title) [d](https://e.f)\n"
                                        "| file | is |\n|---|---|\n| `No.cpp`, `Yes*.h` | x |\n")
        (root / "YesIndeed.h").write_text("")
        (root / "room").mkdir()
        (root / "room/CMakeLists.txt").write_text("# see README.md\n")
        _, found = check(root)
    needed = ["README.md: there is no b.md", "README.md: there is no heading #no in README.md", "README.md: there is no No.cpp",
              "room/CMakeLists.txt: there is no README.md beside it"]
    if found != needed:
        sys.exit(f"found {found}, needed {needed}")
    print(f"{len(needed)} faults, each found")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        pages, problems = check(pathlib.Path(sys.argv[1]).resolve())
        print("\n".join([*problems, f"{pages} pages, {'not all' if problems else 'all'} of what they point to is there"]))
        sys.exit(1 if problems else 0)
