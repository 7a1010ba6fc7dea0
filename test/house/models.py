#!/usr/bin/env python3
"""models.py ROOT [--write]: examples/models/README.md lists the model files that ship, as they are: their first line, the
architectures that they serve, how long they are. --write makes the page anew."""
import pathlib
import re
import sys

PAGE = "examples/models/README.md"
HEAD = """# The model files that ship

`heddle build DIR` takes the file that lists the architecture of DIR's config.json. Their numbers are those of transformers, setting
by setting: [test/end-to-end/configurations](../../test/end-to-end/configurations/README.md); how near, and what is fused, is in
[FAMILIES.md](FAMILIES.md). The language is described in [REFERENCE.md](../../compiler/language/REFERENCE.md). This page is made by
`test/house/models.py`.

| file | what | architectures | lines |
|---|---|---|---|
"""
MODEL = re.compile(r'^model\s+\w+((?:\s*for)?(?:\s*"\w+"\s*,?)*)', flags=re.M)


def row(path):
    text = path.read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    what = first[1:].strip() if first.startswith("#") else ""
    declared = MODEL.search(text)
    names = re.findall(r'"(\w+)"', declared[1]) if declared else []
    return f"| [{path.stem}]({path.name}) | {what} | {', '.join(names) or 'by name'} | {text.count(chr(10))} |\n"


def page(root):
    files = sorted((root / PAGE).parent.glob("*.heddle"))
    count = sum(len(re.findall(r'"\w+"', MODEL.search(f.read_text(encoding="utf-8"))[1])) for f in files)
    return HEAD + "".join(map(row, files)) + f"\n{len(files)} files, {count} architectures.\n"


def main():
    root = pathlib.Path(sys.argv[1])
    text = page(root)
    if "--write" in sys.argv:
        (root / PAGE).write_text(text, encoding="utf-8")
        return 0
    if not (root / PAGE).exists() or (root / PAGE).read_text(encoding="utf-8") != text:
        print(f"{PAGE} is not what the model files say: python3 test/house/models.py . --write")
        return 1
    print(text.strip().rsplit("\n", 1)[-1])
    return 0


sys.exit(main())
