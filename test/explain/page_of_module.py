"""page_of_module.py PAGE STAGES…: the page of a module has these stages, the module's own text beside them, and what the program is."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from page_file import Page

page = Page(pathlib.Path(sys.argv[1]))
stages = list(page.stages)
if stages != sys.argv[2:]:
    sys.exit(f"found the stages {stages}, needed {sys.argv[2:]}")
first = stages[0]
if page.facts["files"][0]["text"] != page.text(first):
    sys.exit(f"found another text of {first} than that of the module's file")
# What is printed again is where it was: a line leads to itself, or to the line above in which its op begins.
away = [line for line, number in enumerate(page.stages[first], 1)
        if number and (0, line) not in page.places[number] and number != page.stages[first][line - 2]]
if away:
    sys.exit(f"found lines of {first} that do not lead to themselves: {away[:10]}")
if not page.facts["sites"] or not page.facts["weights"]:
    sys.exit("found no sites or no weights, needed those of the program")
