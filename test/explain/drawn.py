"""drawn.py PAGE MODEL_FILE WORD [STAGES…]: the page in headless Chromium: every view is drawn, the first line of the model that has WORD
is linked both ways with these stages, or all, sliders' numbers are exact, and nothing is written to the console."""
import json
import math
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import attribute, dump, need
from page_file import Page, evaluate


def lit_of(dom):
    return json.loads(attribute(dom, r'id="lit"[^>]* data-lit="([^"]*)"'))


def rows(dom):
    """The lit lines that are in sight, in the model's text and in the stage's."""
    parts = re.split(r'<section id="(model|view)"', dom)
    return {name: [int(number) for number in re.findall(r'<div class="line lit[^"]*"[^>]* data-line="(\d+)"', text)] for name, text in zip(parts[1::2], parts[2::2])}


def check_links(page, folder, name, word, *stages):
    file = page.file_named(name)
    line = next(number for number, text in enumerate(page.facts["files"][file]["text"].split("\n"), 1) if word in text)
    place = f"{name}:{line}"
    needed = page.lines_from(file, line)
    for stage in stages or page.stages:
        dom = dump(page, f"view=text&stage={stage}&line={place}", folder)
        lit = lit_of(dom)
        need(lit["model"] == [place], f"{place}: found {lit['model']} lit in the model")
        for other, lines in needed.items():
            need(lit[other] == lines[:2000], f"{place}: found {lit[other]} lit in {other}, needed {lines[:2000]}")
        shown = rows(dom)
        need(shown["model"] == [line], f"{place}: found the rows {shown['model']} of the model")
        need(needed[stage], f"{place}: nothing came of it in {stage}")
        need(shown["view"] and set(shown["view"]) <= set(needed[stage]), f"{place}: found the rows {shown['view']} of {stage}, needed some of {needed[stage]}")
        # And back: from the first of these lines.
        back = f"{stage}:{needed[stage][0]}"
        lit = lit_of(dump(page, f"view=text&stage={stage}&line={back}", folder))
        came_of = page.model_lines(stage, needed[stage][0])
        need(lit["model"] == came_of and place in came_of, f"{back}: found {lit['model']} lit in the model, needed {came_of}, with {place}")


def check_memory(page, folder):
    for values in [{}, {"largest": True}]:
        sizes = {size["name"]: size["max"] if values else min(size["max"], max(size["min"], 3)) // size["step"] * size["step"] for size in page.facts["sizes"]}
        words = "&".join(f"{name}={value}" for name, value in sizes.items())
        dom = dump(page, f"view=memory&{words}", folder)
        for entry in page.facts["entries"]:
            found = attribute(dom, rf'data-name="arena of {entry["name"]}" data-bytes="(\d+)"')
            needed = evaluate(entry["arena"], sizes)
            need(int(found) == needed, f"arena of {entry['name']} at {sizes}: found {found}, needed {needed}")
        weights = sum(tensor["bytes"] for tensor in page.facts["weights"])
        need(int(attribute(dom, r'data-name="weights" data-bytes="(\d+)"')) == weights, "found other bytes of weights")


def check_costs(page, folder):
    sizes = {size["name"]: min(size["max"], max(size["min"], 7)) // size["step"] * size["step"] for size in page.facts["sizes"]}
    limits = {"f32": 50, "bf16": 70, "i8": 90, "memory": 10}
    words = "&".join([f"{name}={value}" for name, value in sizes.items()] + [f"limit.{name}={value}" for name, value in limits.items()])
    entry = page.facts["entries"][0]["name"]
    dom = dump(page, f"view=costs&entry={entry}&{words}", folder)
    found = float(attribute(dom, r'id="expected" data-seconds="([^"]*)"'))
    needed = 0
    for site in page.facts["sites"]:
        if entry in site["runs"]:
            flops, size = evaluate(site["flops"], sizes), evaluate(site["bytes"], sizes)
            needed += max(flops / limits[site["arithmetic"]], size / limits["memory"]) / 1e9 * evaluate(site["runs"][entry], sizes)
    need(math.isclose(found, needed, rel_tol=1e-9), f"{entry} at {sizes}: found {found} s at least, needed {needed}")


def check_views(page, folder):
    changed = next(number for number, one in enumerate(page.facts["passes"]) if one["changed"])
    dom = dump(page, f"view=passes&pass={changed}", folder)
    need('class="row added"' in dom or 'class="row removed"' in dom, "found no line of a difference")
    same = next((number for number, one in enumerate(page.facts["passes"]) if not one["changed"]), None)
    if same is not None:
        need("It changed nothing here" in dump(page, f"view=passes&pass={same}", folder), "a pass that changed nothing does not say so")
    for stage in ["nn", "nn-fused"]:
        for graph in page.facts["graphs"][stage][:3]:
            dom = dump(page, f"view=graph&graph={stage}&fn={graph['name']}&open=none", folder)
            found = len(re.findall(r"<g [^>]*data-op=", dom))
            need(found == len(graph["body"]["nodes"]), f"{graph['name']} in {stage}: found {found} nodes, needed {len(graph['body']['nodes'])}")
    dom = dump(page, "view=fusions&theme=dark", folder)
    need('data-theme="dark"' in dom, "the page is not dark")
    need(dom.count('class="made"') + dom.count('class="refused"') == len(page.facts["remarks"]), "found another number of fusions")
    dom = dump(page, "view=weights&theme=light", folder)
    need('data-theme="light"' in dom, "the page is not light")
    total = sum(tensor["bytes"] for tensor in page.facts["weights"])
    need(int(attribute(dom, r'id="weights-total" data-bytes="(\d+)"')) == total, "found other bytes of weights")


def main():
    page = Page(pathlib.Path(sys.argv[1]))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        check_links(page, folder, *sys.argv[2:])
        check_memory(page, folder)
        check_costs(page, folder)
        check_views(page, folder)
    print(f"{page.path.name}: drawn, linked both ways, exact")


main()
