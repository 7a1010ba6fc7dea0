#!/usr/bin/env python3
"""pages.py ROOT OUT: the repository's documents, laid out in OUT as mkdocs reads them.

Pages keep their place in the tree, so that links among them hold. A file of source that a page links to becomes a page of its own with
its text; a folder leads to its README, or to a list of what is in it. What mkdocs' Markdown wants otherwise than GitHub's is changed on the way.
"""
import pathlib
import re
import shutil
import sys

from pygments.formatters import HtmlFormatter

SKIPPED = {"build", ".git", "seeds", "__pycache__", "node_modules"}
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```[^\n]*$|^(?: {4}|\t)[^\n]*$", flags=re.S | re.M)
PICTURES = {".svg", ".png"}
LANGUAGES = {".cpp": "cpp", ".h": "cpp", ".c": "c", ".hpp": "cpp", ".py": "python", ".td": "cpp", ".mlir": "mlir", ".inc": "cpp"}
ITEM = re.compile(r"^ *(?:[-*]|\d+\.) ")


def place_of(path):
    """mkdocs leaves out what begins with a dot."""
    return pathlib.Path(*(part.lstrip(".") or part for part in path.parts))


def is_skipped(path):
    return any(part in SKIPPED or re.fullmatch(r"build([-_].*)?", part) for part in path.parts)


def with_links(text, change):
    """The text with what its links lead to changed, but for those that stand in code."""
    hide = lambda code: re.sub(r"[^\n]", ".", code.group())
    visible, end, out = re.sub(r"`[^`\n]*`", hide, CODE.sub(hide, text)), 0, []
    for link in LINK.finditer(visible):
        out += [text[end:link.start(2)], change(link[2])]
        end = link.end(2)
    return "".join(out) + text[end:]


def as_mkdocs_reads(text):
    """A list begins a block of its own, which here needs an empty line before it, and a fence says its language alone."""
    lines, out, fenced = text.split("\n"), [], False
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
            line = line.split(" ")[0]
        before = out[-1] if out else ""
        if not fenced and ITEM.match(line) and before.strip() and not ITEM.match(before) and not before.startswith(" "):
            out.append("")
        out.append(line)
    return "\n".join(out)


def colours():
    """Of code, by light and by dark."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".codehilite") for style in ("default", "native"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


class Site:
    def __init__(self, root, out):
        self.root, self.out = root.resolve(), out
        self.sources, self.pictures, self.folders = set(), set(), set()

    def target(self, page, link):
        """Where a link of a page leads to in the site."""
        name, hash_, anchor = link.partition("#")
        if not name or re.match(r"[a-z]+:", link):
            return link
        path = (page.parent / name).resolve()
        if path.is_dir():
            path /= "README.md"
        inside = path.relative_to(self.root)
        if not path.exists():
            self.folders.add(inside.parent)
        if path.suffix in PICTURES:
            self.pictures.add(inside)
        elif path.suffix != ".md":
            self.sources.add(inside)
            inside = inside.with_name(inside.name + ".md")
        up = pathlib.Path(*[".."] * len(page.relative_to(self.root).parent.parts))
        return (up / place_of(inside)).as_posix() + hash_ + anchor

    def write(self, path, text):
        file = self.out / place_of(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def add_page(self, page):
        text = with_links(page.read_text(encoding="utf-8"), lambda link: self.target(page, link))
        self.write(page.relative_to(self.root), as_mkdocs_reads(text))

    def add_source(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        fence = "`" * (max((len(run) for run in re.findall(r"`{3,}", text)), default=2) + 1)
        self.write(path.with_name(path.name + ".md"), f"# {path}\n\n{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text}\n{fence}\n")

    def add_folder(self, path):
        names = sorted(entry.name for entry in (self.root / path).iterdir() if not is_skipped(entry.relative_to(self.root)))
        self.write(path / "README.md", f"# {path}\n\n" + "".join(f"- `{name}`\n" for name in names))

    def run(self):
        pages = sorted(page for page in self.root.rglob("*.md") if not is_skipped(page.relative_to(self.root)))
        for page in pages:
            self.add_page(page)
        for path in sorted(self.sources):
            self.add_source(path)
        for path in sorted(self.folders):
            self.add_folder(path)
        for path in sorted(self.pictures):
            (self.out / place_of(path)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / path, self.out / place_of(path))
        (self.out / "code.css").write_text(colours(), encoding="utf-8")
        for sheet in sorted((self.root / ".site").glob("*.css")):
            shutil.copy(sheet, self.out / sheet.name)
        return len(pages), len(self.sources)


def main():
    root, out = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    pages, sources = Site(root, out).run()
    print(f"{pages} pages, {sources} files of source that they lead to")


if __name__ == "__main__":
    main()
