"""driven.py PAGE MODEL_FILE WORD: the page under a mouse and keys: a line that is clicked or pointed at lights what belongs to it, keys lead to
views, stages and lit lines. And on paper: texts are there as a whole, other views alone."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import drive, need, pages_on_paper
from page_file import Page

SCRIPT = """
  const seen = {};
  const press = async key => { document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); await drawn(); };
  const row = (pane, number) => document.querySelector(`#${pane} .line[data-line="${number}"]`);
  const numbers = (pane, kind) => [...document.querySelectorAll(`#${pane} .line.${kind}`)].map(line => Number(line.dataset.line));
  const lit = () => JSON.parse(document.getElementById('lit').dataset.lit);
  const first = numbers('view', 'lit')[0];
  await press('Escape');
  seen.nothing = numbers('view', 'lit').concat(numbers('model', 'lit'));
  row('view', first).dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await drawn();
  seen.clicked = [first, location.hash, lit().model];
  row('model', LINE).dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await drawn();
  seen.back = [location.hash, lit()];
  await press('n');
  seen.next = numbers('view', 'cursor');
  await press('Escape');
  row('model', LINE).dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
  await drawn();
  seen.pointed = numbers('view', 'hovered');
  await press('4');
  seen.stage = location.hash;
  seen.views = {};
  for (const { key, name } of views) { await press(key); seen.views[name] = document.body.dataset.ready; }
  await press('?');
  seen.keys = document.getElementById('shortcuts').open;
  return seen;"""


def main():
    page, (name, word) = Page(pathlib.Path(sys.argv[1])), sys.argv[2:]
    file = page.file_named(name)
    line = next(number for number, text in enumerate(page.facts["files"][file]["text"].split("\n"), 1) if word in text)
    needed = page.lines_from(file, line)
    seen = drive(page, f"view=text&stage=nn&line={name}:{line}", SCRIPT.replace("LINE", str(line)))
    first, hash_, model = seen["clicked"]
    need(f"line=nn:{first}" in hash_ and model == page.model_lines("nn", first), f"a click on line {first} of nn: found {hash_}, {model} lit")
    need(seen["nothing"] == [], f"Escape leaves {seen['nothing']} lit")
    hash_, lit = seen["back"]
    need(f"line={name}:{line}" in hash_ and lit["nn"] == needed["nn"], f"a click on {name}:{line}: found {hash_}, {lit['nn']} lit, needed {needed['nn']}")
    need(len(seen["next"]) == 1 and seen["next"][0] in needed["nn"], f"n leads to {seen['next']}, needed one of {needed['nn']}")
    need(seen["pointed"] and set(seen["pointed"]) <= set(needed["nn"]), f"pointing at {name}:{line} shows {seen['pointed']}, needed some of {needed['nn']}")
    need("stage=kernel" in seen["stage"], f"4 leads to {seen['stage']}, needed the stage kernel")
    need(all(view == drawn for view, drawn in seen["views"].items()) and len(seen["views"]) == 7, f"keys lead to the views {seen['views']}")
    need(seen["keys"] is True, "? shows no keys")
    # A sheet holds some 66 lines, of which long ones take several.
    lines = len(page.facts["files"][0]["text"].split("\n")) + len(page.text("nn").split("\n"))
    sheets = {"text": pages_on_paper(page, "view=text&stage=nn"), "fusions": pages_on_paper(page, "view=fusions&theme=dark")}
    need(lines / 66 <= sheets["text"] <= lines / 20 and sheets["fusions"] == 1, f"found {sheets} sheets of paper for {lines} lines and a table")
    print(f"{len(seen['views'])} views, a mouse and keys")


main()
