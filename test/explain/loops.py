"""loops.py PAGE: a hot loop of the page ends in a jump to its first line, what is in a row begins and ends with multiply-adds, and every product has
one of both."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from page_file import Page

MULTIPLY_ADD = r"v?(?:fn?madd|pmadd|pdp|dpbf16)|fml[as]|[us]+dot|bf(?:dot|mmla)|[us]+mmla"


def need(condition, message):
    if not condition:
        sys.exit(message)


def check_loops(page):
    lines = page.text("asm").split("\n")
    for loop in page.facts["loops"]:
        if not loop["repeats"]:
            ends = [lines[loop[end] - 1].strip() for end in ("first", "last")]
            need(all(re.match(MULTIPLY_ADD, end) for end in ends), f"{loop['function']}: the row goes from {ends[0]} to {ends[1]}")
            continue
        label = lines[loop["first"] - 1].split(":")[0]
        need(label in lines[loop["last"] - 1], f"{loop['function']}: the loop from {label} ends in `{lines[loop['last'] - 1]}`")
    by_site = {site for loop in page.facts["loops"] if loop["multiplyAdds"] for site in loop["sites"]}
    products = {number for number, site in enumerate(page.facts["sites"]) if re.search(r": (linear|conv) ", site["name"])}
    need(products and products <= by_site, f"found hot loops of {sorted(products & by_site)}, needed those of {sorted(products)}")
    return len(products)


if __name__ == "__main__":
    print(f"{check_loops(Page(pathlib.Path(sys.argv[1])))} products, each with its loop")
