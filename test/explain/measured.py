"""measured.py write PAGE: a profile of the page's program, in the form of --profile=FILE, on standard output.
measured.py check PAGE PROFILE: the page has the profile, and its table, sorted by what was measured, has its numbers."""
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import attribute, dump, need
from page_file import Page

LIMITS = {"f32": 5e10, "bf16": 6e10, "i8": 7e10, "memory": 8e9}


def write(page):
    """The middle site takes longest; all work is the same."""
    count = len(page.facts["sites"])
    sites = [{"name": site["name"], "place": site["at"], "runs": 2, "seconds": 1e-3 * (1 + min(number, count - number)), "flops": 1e6, "bytes": 4e3, "arithmetic": "f32"}
             for number, site in enumerate(page.facts["sites"])]
    entries = [{"entry": entry["name"], "runs": 2, "seconds": 0.5} for entry in page.facts["entries"]]
    print(json.dumps({"traceEvents": [], "displayTimeUnit": "ms", "heddle": {"model": page.facts["model"], "version": "0.1", "threads": 1, "limits": LIMITS, "calls": entries, "sites": sites}}))


def check(page, profile):
    need(page.facts["profile"] == profile, "the page has another profile")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        dom = dump(page, "view=costs", folder)
    shown = re.findall(r'<tr[^>]* data-site="([^"]*)"', dom)
    longest = sorted(profile["sites"], key=lambda site: -site["seconds"])
    need(len(shown) == len(longest), f"found {len(shown)} rows, needed {len(longest)}")
    need(shown[0] == longest[0]["name"], f"found {shown[0]} first, needed {longest[0]['name']}")
    seconds = longest[0]["seconds"]
    share = f"{seconds / sum(site['seconds'] for site in longest) * 100:.1f}%"
    of_limit = f"{max(1e6 / LIMITS['f32'], 4e3 / LIMITS['memory']) / seconds * 100:.0f}%"
    row = re.search(rf'data-site="{re.escape(shown[0])}".*?</tr>', dom)[0]
    for text in [f"{seconds * 1e3:.2f} ms", share, of_limit]:
        need(f">{text}<" in row, f"found no {text} in {row}")
    need(attribute(dom, r'f32 GFLOP/s <input[^>]* value="([^"]*)"') == "50", "the limits are not those that were probed")
    print("measured beside expected")


if sys.argv[1] == "write":
    write(Page(pathlib.Path(sys.argv[2])))
else:
    check(Page(pathlib.Path(sys.argv[2])), json.loads(pathlib.Path(sys.argv[3]).read_text())["heddle"])
