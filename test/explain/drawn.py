"""drawn.py PAGE MODEL_FILE WORD [STAGES…]: the page in headless Chromium: every view is drawn, the first line of the model that has WORD
is linked both ways with these stages, or all, sliders' numbers are exact, and nothing is written to the console."""
import html
import json
import math
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import attribute, need, visit
from page_file import Page, evaluate


def lit_of(dom):
    return json.loads(attribute(dom, r'id="lit"[^>]* data-lit="([^"]*)"'))


def rows(dom):
    """The lit lines that are in sight, in the model's text and in the stage's."""
    parts = re.split(r'<section id="(model|view)"', dom)
    return {name: [int(number) for number in re.findall(r'<div class="line lit[^"]*"[^>]* data-line="(\d+)"', text)] for name, text in zip(parts[1::2], parts[2::2])}


class Check:
    """Views to be asked for, and what is to be found in each."""

    def __init__(self, page):
        self.page, self.checks = page, []

    def of(self, words, look):
        self.checks.append((words, look))

    def run(self):
        doms = visit(self.page, [words for words, _ in self.checks])
        for words, look in self.checks:
            look(doms[words])


def check_links(check, name, word, *stages):
    page = check.page
    file = page.file_named(name)
    line = next(number for number, text in enumerate(page.facts["files"][file]["text"].split("\n"), 1) if word in text)
    place = f"{name}:{line}"
    needed = page.lines_from(file, line)

    def look(stage, dom):
        lit = lit_of(dom)
        need(lit["model"] == [place], f"{place}: found {lit['model']} lit in the model")
        for other, lines in needed.items():
            need(lit[other] == lines[:2000], f"{place}: found {lit[other]} lit in {other}, needed {lines[:2000]}")
        shown = rows(dom)
        need(shown["model"] == [line], f"{place}: found the rows {shown['model']} of the model")
        need(shown["view"] and set(shown["view"]) <= set(needed[stage]), f"{place}: found the rows {shown['view']} of {stage}, needed some of {needed[stage]}")

    def look_back(stage, back, dom):
        lit = lit_of(dom)
        came_of = page.model_lines(stage, needed[stage][0])
        need(lit["model"] == came_of and place in came_of, f"{back}: found {lit['model']} lit in the model, needed {came_of}, with {place}")

    for stage in stages or page.stages:
        need(needed[stage], f"{place}: nothing came of it in {stage}")
        back = f"{stage}:{needed[stage][0]}"
        check.of(f"view=text&stage={stage}&line={place}", lambda dom, stage=stage: look(stage, dom))
        check.of(f"view=text&stage={stage}&line={back}", lambda dom, stage=stage, back=back: look_back(stage, back, dom))


def check_memory(check):
    page = check.page

    def look(sizes, dom):
        for entry in page.facts["entries"]:
            found = attribute(dom, rf'data-name="arena of {entry["name"]}" data-bytes="(\d+)"')
            needed = evaluate(entry["arena"], sizes)
            need(int(found) == needed, f"arena of {entry['name']} at {sizes}: found {found}, needed {needed}")
        weights = sum(tensor["bytes"] for tensor in page.facts["weights"])
        need(int(attribute(dom, r'data-name="weights" data-bytes="(\d+)"')) == weights, "found other bytes of weights")

    for largest in [False, True]:
        sizes = {size["name"]: size["max"] if largest else min(size["max"], max(size["min"], 3)) // size["step"] * size["step"] for size in page.facts["sizes"]}
        check.of("&".join(["view=memory", *(f"{name}={value}" for name, value in sizes.items())]), lambda dom, sizes=sizes: look(sizes, dom))


def check_costs(check):
    page = check.page
    sizes = {size["name"]: min(size["max"], max(size["min"], 7)) // size["step"] * size["step"] for size in page.facts["sizes"]}
    limits = {"f32": 50, "bf16": 70, "i8": 90, "memory": 10}
    entry = page.facts["entries"][0]["name"]
    needed = 0
    for site in page.facts["sites"]:
        if entry in site["runs"]:
            flops, size = evaluate(site["flops"], sizes), evaluate(site["bytes"], sizes)
            needed += max(flops / limits[site["arithmetic"]], size / limits["memory"]) / 1e9 * evaluate(site["runs"][entry], sizes)

    def look(dom):
        found = float(attribute(dom, r'id="expected" data-seconds="([^"]*)"'))
        need(math.isclose(found, needed, rel_tol=1e-9), f"{entry} at {sizes}: found {found} s at least, needed {needed}")

    check.of("&".join([f"view=costs&entry={entry}", *(f"{name}={value}" for name, value in sizes.items()), *(f"limit.{name}={value}" for name, value in limits.items())]), look)


def check_loops(check):
    """Of an op that is chosen, the loop is the assembly's."""
    page = check.page
    loop = max(page.facts["loops"], key=lambda loop: (len(loop["sites"]) > 0, loop["multiplyAdds"]))
    number = loop["sites"][0]

    def look(dom):
        need(f"Hot loop of {page.facts['sites'][number]['name']}".replace("&", "&amp;") in dom, "the page has no hot loop of the op that is chosen")
        instruction = re.split(r"\t", page.text("asm").split("\n")[loop["last"] - 1].strip())[0]
        shown = re.search(r'<pre class="asm">([^<]*)</pre>', dom)[1]
        need(shown.strip().split("\n")[-1].strip().startswith(instruction), f"found a loop that ends in {shown[-60:]}, needed {instruction}")

    check.of(f"view=costs&loop={number}", look)


def parts_of(hunk):
    """What of a line that came is other than in the one that went, where one came for one."""
    for before, one, other, after in zip([" ", *hunk], hunk, hunk[1:], [*hunk[2:], " "]):
        if before[0] != "-" and one[0] == "-" and other[0] == "+" and after[0] != "+":
            a, b = one[1:], other[1:]
            head = len(os.path.commonprefix([a, b]))
            tail = len(os.path.commonprefix([a[head:][::-1], b[head:][::-1]]))
            if head + tail >= min(len(a), len(b)) / 2 and len(b) < 2000:
                yield b[head:len(b) - tail]


def check_differences(check):
    """A line that came for another has what is new of it marked."""
    page = check.page
    for number, one in enumerate(page.facts["passes"]):
        functions = json.loads(page.chunk(f"pass-{number}")) if one["changed"] and one["added"] < 200 else []
        parts = [part for function in functions for hunk in function["hunks"] for part in parts_of(hunk[2]) if part]
        if not parts:
            continue

        def look(dom):
            rows = [row for row in re.findall(r'<div class="row added">(.*?)</div>', dom) if 'class="part"' in row]
            shown = ["".join(html.unescape(re.sub("<[^>]*>", "", part)) for part in re.findall(r'<b class="part">(.*?)</b>', row)) for row in rows]
            need(set(parts) <= set(shown), f"found {shown} marked, needed {parts}")
        check.of(f"view=passes&pass={number}", look)
        return


def check_views(check):
    page = check.page
    changed = next(number for number, one in enumerate(page.facts["passes"]) if one["changed"])
    check.of(f"view=passes&pass={changed}", lambda dom: need('class="row added"' in dom or 'class="row removed"' in dom, "found no line of a difference"))
    same = next((number for number, one in enumerate(page.facts["passes"]) if not one["changed"]), None)
    if same is not None:
        check.of(f"view=passes&pass={same}", lambda dom: need("It changed nothing here" in dom, "a pass that changed nothing does not say so"))
    for stage in ["nn", "nn-fused"]:
        for graph in page.facts["graphs"][stage][:3]:
            def look(dom, stage=stage, graph=graph):
                found = len(re.findall(r"<g [^>]*data-op=", dom))
                need(found == len(graph["body"]["nodes"]), f"{graph['name']} in {stage}: found {found} nodes, needed {len(graph['body']['nodes'])}")
            check.of(f"view=graph&graph={stage}&fn={graph['name']}&open=none", look)

    def look_fusions(dom):
        need('data-theme="dark"' in dom, "the page is not dark")
        need(dom.count('class="made"') + dom.count('class="refused"') == len(page.facts["remarks"]), "found another number of fusions")

    def look_weights(dom):
        need('data-theme="light"' in dom, "the page is not light")
        total = sum(tensor["bytes"] for tensor in page.facts["weights"])
        need(int(attribute(dom, r'id="weights-total" data-bytes="(\d+)"')) == total, "found other bytes of weights")

    check.of("view=fusions&theme=dark", look_fusions)
    check.of("view=weights&theme=light", look_weights)


def main():
    check = Check(Page(pathlib.Path(sys.argv[1])))
    check_links(check, *sys.argv[2:])
    check_memory(check)
    check_costs(check)
    check_loops(check)
    check_differences(check)
    check_views(check)
    check.run()
    print(f"{check.page.path.name}: drawn, linked both ways, exact")


main()
