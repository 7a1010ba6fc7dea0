"""facts.py HEDDLE PAGE MODEL [FLAGS…]: what a page of `heddle explain` says is what `heddle build`, `heddle check` and the passes say of the
same model and flags."""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "Inputs")]
from loops import check_loops
from page_file import Page, evaluate

STAGES = ["ast", "nn", "nn-fused", "kernel", "vector", "llvm", "ll", "asm"]
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done


def need(condition, message):
    if not condition:
        sys.exit(message)


def check_stage(page, stage, text):
    need(page.text(stage) == text, f"{stage}: the page's text is another than that of --emit={stage}")
    need(len(page.stages[stage]) == text.count("\n"), f"{stage}: found {len(page.stages[stage])} places, needed one a line")
    need(any(page.stages[stage]), f"{stage}: no line leads to the model")


def check_stages(page, build):
    """Every stage's text is what --emit prints, and has a set of lines for each of its own."""
    for stage in STAGES:
        if stage == "llvm":
            continue  # which check_passes builds
        text = build("--emit", stage, *(["-g"] if stage in ("ll", "asm") else [])).stdout
        check_stage(page, stage, text)


def check_lines(page):
    """A weight's line in nn leads to the line of the model that names it."""
    lines = page.text("nn").split("\n")
    found = 0
    for number, line in enumerate(lines):
        name = re.search(r'nn\.weight "(?:[\w.{}]*\.)?(\w+)\.weight"', line)
        if not name:
            continue
        texts = [page.facts["files"][file]["text"].split("\n")[at - 1] for file, at in page.places[page.stages["nn"][number]]]
        need(any(name[1] in text for text in texts), f"nn:{number + 1}: {line.strip()} leads to {texts}")
        found += 1
    need(found, "found no weight in nn, needed some")


def check_assembly(page):
    """An instruction leads to the line that `.loc` says it is of."""
    names, place, found = {}, None, set()
    for number, line in enumerate(page.text("asm").split("\n")):
        if file := re.match(r'\t\.file\t(\d+) "[^"]*" "([^"]*)"', line):
            names[file[1]] = pathlib.Path(file[2]).name
        elif at := re.match(r"\t\.loc\t(\d+) (\d+) ", line):
            place = (names.get(at[1]), int(at[2])) if int(at[2]) else None  # line 0: of no line
        elif line.startswith("\t.cfi_endproc"):
            place = None
        elif place and re.match(r"\t[a-z]", line):
            shown = {(pathlib.Path(page.facts["files"][file]["name"]).name, at) for file, at in page.places[page.stages["asm"][number]]}
            need(place in shown, f"asm:{number + 1}: {line.strip()} leads to {sorted(shown)}, needed {place}")
            found.add(place)
    need(len(found) > 4, f"found instructions of the lines {sorted(found)} alone, needed more")


def check_tree(page):
    """A statement of the tree leads to the lines that it stands in: these hold its names."""
    found = 0
    for number, line in enumerate(page.text("ast").split("\n")):
        if not (names := re.match(r"\s*(\w+(?:, \w+)*) = ", line)):
            continue
        lines = [page.facts["files"][file]["text"].split("\n")[at - 1] for file, at in page.places[page.stages["ast"][number]]]
        need(lines and re.search(rf"\b{names[1]}\b", lines[0]), f"ast:{number + 1}: {line.strip()} leads to {lines}")
        found += 1
    need(found, "found no statement in the tree, needed some")


def check_llvm(page):
    """An instruction leads to the lines of its `!dbg`: its own, and those where a block became part of its caller."""
    text = page.text("ll")
    files = {number: pathlib.Path(name).name for number, name in re.findall(r'^(!\d+) = !DIFile\(filename: "([^"]*)"', text, flags=re.M)}
    scopes = {number: files[file] for number, file in re.findall(r"^(!\d+) = (?:distinct )?!DI(?:Subprogram|LexicalBlockFile)\(.*?file: (!\d+)", text, flags=re.M)}
    at = {number: (int(line), scopes[scope], rest) for number, line, scope, rest in re.findall(r"^(!\d+) = (?:distinct )?!DILocation\(line: (\d+),.*?scope: (!\d+)(.*)\)$", text, flags=re.M)}
    found = 0
    for number, line in enumerate(text.split("\n")):
        if not (own := re.match(r"  \S.*, !dbg (!\d+)", line)):
            continue
        needed, location = set(), own[1]
        while location:
            at_line, name, rest = at[location]
            needed |= {(name, at_line)} if at_line else set()
            location = (re.search(r"inlinedAt: (!\d+)", rest) or [None, None])[1]
        shown = {(pathlib.Path(page.facts["files"][file]["name"]).name, at_line) for file, at_line in page.places[page.stages["ll"][number]]}
        need(not needed or shown == needed, f"ll:{number + 1}: {line.strip()} leads to {sorted(shown)}, needed {sorted(needed)}")
        found += bool(needed)
    need(found > 100, f"found {found} instructions with a line, needed more")


def check_remarks(page, build):
    """Fusions are those of --remarks, in their order."""
    said = re.findall(r"^(\S+:\d+:\d+): remark: (.*) \[([\w-]+): (passed|missed)\]$", build("--emit", "nn-fused", "--remarks").stderr, flags=re.M)
    shown = [(remark["at"], remark["text"], remark["pass"], "passed" if remark["made"] else "missed") for remark in page.facts["remarks"]]
    need(shown[:len(said)] == said, f"found the remarks {shown}, needed {said}")
    need(said, "found no remark, needed some")


def check_memory(page, report):
    """The polynomials of entries are those of `heddle check`, and so are their values where every size is largest."""
    largest = {size["name"]: size["max"] for size in page.facts["sizes"]}
    said = {name: (text, float(value) * UNITS[unit]) for name, text, value, unit in re.findall(r"^  (\w+)  (\S+) bytes, at most ([\d.]+) (\w+)$", report, flags=re.M)}
    for entry in page.facts["entries"]:
        text, most = said[entry["name"]]
        need(entry["arena"] == text, f"{entry['name']}: found the arena {entry['arena']}, needed {text}")
        value = evaluate(text, largest)
        need(abs(value - most) <= 0.06 * most, f"{entry['name']}: found {value} bytes at most, needed {most}")
    for plan in page.facts["memory"]:
        for buffer, first, last, name, _, _ in plan["bars"]:
            need(0 <= buffer < len(plan["buffers"]) and 0 <= first <= last < len(plan["steps"]), f"{plan['name']}: the bar of {name} lies outside")
        values = [bar for bar in plan["bars"] if bar[5] == "value"]
        apart = {}
        for buffer, first, last, name, _, _ in sorted(values, key=lambda bar: bar[1]):
            if buffer in apart and first < apart[buffer][0]:
                sys.exit(f"{plan['name']}: {name} and {apart[buffer][1]} lie in buffer {buffer} at once")
            apart[buffer] = (last, name)


def check_costs(page, kernel):
    """Sites are those of the module, by number, and each is run."""
    said = re.findall(r'program\.site \d+ "((?:[^"\\]|\\.)*)"(?: flops "([^"]*)")?(?: bytes "([^"]*)")?', kernel)
    shown = [(site["name"], site["flops"], site["bytes"]) for site in page.facts["sites"]]
    need(shown == [(name, flops or "0", size or "0") for name, flops, size in said], f"found the sites {shown}, needed {said}")
    entries = {entry["name"] for entry in page.facts["entries"]}
    for site in page.facts["sites"]:
        need(site["runs"] and set(site["runs"]) <= entries, f"{site['name']}: found the runs {site['runs']}")


def check_weights(page, kernel):
    tensors = re.findall(r"program\.tensor \d+ .*", kernel)
    need(len(tensors) == len(page.facts["weights"]), f"found {len(page.facts['weights'])} weights, needed {len(tensors)}")
    for tensor, line in zip(page.facts["weights"], tensors):
        need(f'<"{tensor["parts"][0][0]}"' in line and tensor["layout"] in line, f"found {tensor}, needed {line}")


def check_passes(page, build):
    """The passes are those that ran, and those that changed something by their texts changed it on the page."""
    with tempfile.TemporaryDirectory() as folder:
        check_stage(page, "llvm", build("--emit", "llvm", "--print-ir-dir", folder).stdout)
        texts = [(path.stem.split("-", 1)[1], path.read_text()) for path in sorted(pathlib.Path(folder).iterdir(), key=lambda path: int(path.name.split("-")[0]))]
    shown = page.facts["passes"]
    need([one["name"] for one in shown] == [name for name, _ in texts], f"found the passes {[one['name'] for one in shown]}, needed {[name for name, _ in texts]}")
    for number, ((name, text), (_, before)) in enumerate(zip(texts[1:], texts), 1):
        need(not (text == before and shown[number]["changed"]), f"{name} changed nothing, and the page says that it did")
    for number, one in enumerate(shown):
        need((f"pass-{number}" in page.chunks) == one["changed"], f"{one['name']}: the page has a difference, or none, against its word")


def main():
    heddle, path, *model = sys.argv[1:]
    page = Page(pathlib.Path(path))
    build = lambda *flags: run(heddle, "build", *model, *([] if any(word.startswith("--cpu") for word in model) else ["--cpu=native"]), *flags, "-o", "-")
    kernel = build("--emit", "kernel").stdout
    need("http://" not in page.html.replace("http://www.w3.org/2000/svg", "") and "https://" not in page.html, "the page names something to fetch")
    check_stages(page, build)
    check_lines(page)
    check_tree(page)
    check_llvm(page)
    check_assembly(page)
    check_remarks(page, build)
    check_memory(page, run(heddle, "check", *[word for word in model if not word.startswith("--cpu")]).stdout)
    check_costs(page, kernel)
    check_weights(page, kernel)
    check_passes(page, build)
    check_loops(page)
    print(f"{page.facts['model']}: {len(page.facts['passes'])} passes, {len(page.facts['remarks'])} remarks, {len(page.facts['sites'])} sites, {page.size} bytes: all as the compiler says")


main()
