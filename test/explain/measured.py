"""measured.py PAGE PROFILE: the page has the profile's totals, and the calls of its trace by their sizes; its table, sorted by what was measured,
has these numbers."""
import collections
import html
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from browser import attribute, need, visit
from page_file import Page


def row_of(dom, name):
    return re.search(rf'data-site="{re.escape(html.escape(name))}".*?</tr>', dom)[0]


def names_of(dom):
    return [html.unescape(name) for name in re.findall(r'<tr[^>]* data-site="([^"]*)"', dom)]


def check_whole(dom, profile):
    shown = names_of(dom)
    longest = sorted(profile["sites"], key=lambda site: -site["seconds"])
    need(set(shown) >= {site["name"] for site in longest}, f"found the rows {shown}, needed one of each op that ran")
    need(shown[0] == longest[0]["name"], f"found {shown[0]} first, needed {longest[0]['name']}")
    seconds = longest[0]["seconds"]
    share = f"{seconds / sum(site['seconds'] for site in longest) * 100:.1f}%"
    bound = next(site for site in longest if "bound" in site)
    for name, text in [(shown[0], share), (bound["name"], f"{bound['limit'] * 100:.0f}% {bound['bound']}")]:
        need(f">{text}<" in row_of(dom, name), f"found no {text} in {row_of(dom, name)}")
    probed = float(attribute(dom, r'f32 GFLOP/s <input[^>]* value="([^"]*)"'))
    need(abs(probed - profile["limits"]["f32"] / 1e9) <= 1e-3 * probed, f"found the limit {probed}, needed {profile['limits']['f32']}")


def calls_of(events):
    """`(entry, sizes, seconds, {op: seconds})` of each call of the trace."""
    calls = []
    for event in events:
        if event.get("cat") == "call":
            calls.append((event["name"], event["args"], event["dur"] / 1e6, collections.Counter()))
        elif event.get("cat") == "op":
            calls[-1][3][event["name"]] += event["dur"] / 1e6
    return calls


def check_alike(page, doms, calls):
    """Calls of one token behind 20 or 21: the page means them, as no other history is so near."""
    groups = page.facts["measured"]
    need(sum(group["runs"] for group in groups) == len(calls), f"found {groups}, needed {len(calls)} calls")
    alike = [call for call in calls if call[0] == "step" and call[1]["T"] == 1 and call[1]["S"] in (20, 21)]
    need(len(alike) == 2, f"found {len(alike)} calls behind 20 tokens, needed 2")
    dom = doms["view=costs&entry=step&B=1&T=1&S=20"]
    need("2 calls of step with" in attribute(dom, r'<p id="measured"[^>]*>([^<]*)'), "the page does not say which calls it means")
    found, needed = float(attribute(dom, r'id="measured" data-seconds="([^"]*)"')), sum(call[2] for call in alike) / 2
    need(abs(found - needed) < 1e-9, f"found {found} s a call, needed {needed}")
    took = sum((call[3] for call in alike), collections.Counter())
    first = took.most_common(1)[0][0]
    need(names_of(dom)[0] == first and f">{first}<" in dom.split('id="most"')[1].split("</p>")[0], f"found {names_of(dom)[0]} first, needed {first}")
    share = f"{took[first] / sum(took.values()) * 100:.1f}%"
    need(f">{share}<" in row_of(dom, first), f"found no {share} in {row_of(dom, first)}")


def main():
    page, trace = Page(pathlib.Path(sys.argv[1])), json.loads(pathlib.Path(sys.argv[2]).read_text())
    profile, calls = trace["heddle"], calls_of(trace["traceEvents"])
    need(page.facts["profile"] == profile, "the page has another profile")
    whole, nobody = "view=costs&run=whole", "view=costs&entry=step&B=1&T=17&S=17"
    doms = visit(page, [whole, "view=costs&entry=step&B=1&T=1&S=20", nobody, "view=costs"])
    check_whole(doms[whole], profile)
    check_alike(page, doms, calls)
    need("no call of this entry and these sizes" in doms[nobody], "the page does not say that no such call was measured")
    # Nobody has asked for sizes: those of the calls that took longest.
    longest = max(page.facts["measured"], key=lambda group: group["seconds"])
    needed = longest["seconds"] / longest["runs"]
    need(abs(float(attribute(doms["view=costs"], r'id="measured" data-seconds="([^"]*)"')) - needed) < 1e-9, f"found other calls than {longest}")
    print("measured beside expected")


main()
