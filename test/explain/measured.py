"""measured.py PAGE PROFILE: the page has the profile, and its table, sorted by what was measured, has its numbers."""
import html
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import attribute, dump, need
from page_file import Page


def check(page, profile):
    need(page.facts["profile"] == profile, "the page has another profile")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        dom = dump(page, "view=costs", folder)
    shown = [html.unescape(name) for name in re.findall(r'<tr[^>]* data-site="([^"]*)"', dom)]
    longest = sorted(profile["sites"], key=lambda site: -site["seconds"])
    need(set(shown) >= {site["name"] for site in longest}, f"found the rows {shown}, needed one of each op that ran")
    need(shown[0] == longest[0]["name"], f"found {shown[0]} first, needed {longest[0]['name']}")
    seconds = longest[0]["seconds"]
    share = f"{seconds / sum(site['seconds'] for site in longest) * 100:.1f}%"
    bound = next(site for site in longest if "bound" in site)
    for name, texts in [(shown[0], [share]), (bound["name"], [rf"{bound['limit'] * 100:.0f}% {bound['bound']}"])]:
        row = re.search(rf'data-site="{re.escape(html.escape(name))}".*?</tr>', dom)[0]
        for text in texts:
            need(f">{text}<" in row, f"found no {text} in {row}")
    probed = float(attribute(dom, r'f32 GFLOP/s <input[^>]* value="([^"]*)"'))
    need(abs(probed - profile["limits"]["f32"] / 1e9) <= 1e-3 * probed, f"found the limit {probed}, needed {profile['limits']['f32']}")
    print("measured beside expected")


check(Page(pathlib.Path(sys.argv[1])), json.loads(pathlib.Path(sys.argv[2]).read_text())["heddle"])
