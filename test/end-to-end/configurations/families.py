"""examples/models/FAMILIES.md: each family of the gate, its file, how far its program is from transformers, what was fused, and
whether a row's bits stay as they are. A run over the committed cases holds the page to the programs, or writes it.

Errors depend on the processor. The page says 1, 2 or 5 times a power of ten, at least twice what was found; they have to stay
below it wherever it is checked, and all else has to be the same to the letter. A family is shown by the first of its committed
cases that is answered. Standard library alone."""
import array
import collections
import pathlib
import re

from program import TOLERANCE, Batch, Library, Rows, call_all, compare, continues

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parents[2] / "examples/models"
PAGE = MODELS / "FAMILIES.md"
CUT = 2  # ids in the first of two calls
HEAD = """# The families, measured

A tiny model with random weights for each family of [the gate](../../test/end-to-end/configurations/README.md): heads of 12 or 24, no size a
multiple of 16, settings that are not the defaults. **Error** is the largest difference from transformers, of the row's largest
value, on the fast path and with `--reference`. **Same bits**: rows alone or together (*batch*), one thread or two (*threads*),
ids in one call or in two (*cuts*, where a session continues). **Fused**: how many products had something computed within
them (and what), pairs of products that became a gated one, products merged, and so on, as `--remarks` says. This page is made by
`test/end-to-end/configurations --sample --write-families`; `./check` holds it to the programs.

| family | file | lines | error | reference | same bits | fused |
|---|---|---|---|---|---|---|
"""
DECLARED = re.compile(r'^model\s+\w+(?:\s*for)?(?:\s*"\w+"\s*,?)*', flags=re.M)
REMARK = re.compile(r"remark: (.*) \[nn-([\w-]+): passed\]")


def bound(error):
    """The smallest 1, 2 or 5 times a power of ten that is at least twice the error."""
    return next(value for value in (float(f"{digit}e{power}") for power in range(-8, 0) for digit in (1, 2, 5)) if 2 * error <= value)


def error_of(expected, found):
    return max(compare(array.array("f", expected[entry]["values"]), Rows.pack(rows), expected[entry]["width"], TOLERANCE)[0]
               for entry, rows in found.items())


def same_bits(library, batch, expected, together):
    """What does not change a bit of the answers."""
    def bits(found):
        return {entry: [row.tobytes() for row in rows] for entry, rows in found.items()}
    alone = {entry: [] for entry in together}
    for number in range(len(batch)):
        for entry, rows in call_all(library, batch.rows([number]), expected).items():
            alone[entry] += rows
    checks = {"batch": (together, alone), "threads": (together, call_all(library, batch, expected, threads=2))}
    if continues(batch, expected):
        long = [number for number, row in enumerate(batch.targets or batch.ids) if len(row) > CUT]
        checks["cuts"] = ({entry: [rows[number] for number in long] for entry, rows in together.items()},
                          call_all(library, batch.rows(long), expected, cut=CUT))
    return [what for what, (needed, found) in checks.items() if bits(found) == bits(needed)], list(checks)


def fused(remarks):
    """As the remarks say, in few words."""
    within, others = collections.Counter(), collections.Counter()
    for text, name in REMARK.findall(remarks):
        if what := re.match(r"(\w+) computed within the product", text):
            within[what[1]] += 1
        elif name == "fuse-epilogue":
            others["gated"] += 1
        elif what := re.match(r"merged (\d+) products", text):
            others[f"{what[1]} merged to one"] += 1
        elif name != "inline-blocks":
            others[name] += 1
    words = [f"{within.total()} within ({', '.join(sorted(within))})"] if within else []
    return "; ".join(words + [f"{count} × {what}" for what, count in sorted(others.items())])


def file_of(architecture):
    def serves(path):
        return f'"{architecture}"' in DECLARED.search(path.read_text(encoding="utf-8"))[0]
    return next(path for path in sorted(MODELS.glob("*.heddle")) if serves(path))


def row(family, case, fast, reference, remarks):
    """The cells of a family's row, errors among them as numbers. fast, reference: programs of the case, the second may be None;
    remarks: of the first."""
    batch, expected, library = Batch.of(case["inputs"]), case["expected"], Library(fast)
    together = call_all(library, batch, expected)
    same, asked = same_bits(library, batch, expected, together)
    file = file_of(case["config"]["architectures"][0])
    return [family, f"[{file.stem}]({file.name})", str(file.read_text(encoding="utf-8").count("\n")),
            error_of(expected, together), error_of(expected, call_all(Library(reference), batch, expected)) if reference else None,
            ", ".join(same + [f"**not {what}**" for what in asked if what not in same]), fused(remarks)]


def line(cells):
    return "| " + " | ".join(f"{bound(cell):.0e}" if isinstance(cell, float) else cell or "" for cell in cells) + " |"


def holds(written, cells):
    """Whether the page's line says so: errors, where they were asked for, as bounds, all else to the letter."""
    fields = [field.strip() for field in written.strip("|").split("|")]
    return len(fields) == len(cells) and all(
        cell is None or (cell <= float(field) if isinstance(cell, float) else cell == field) for field, cell in zip(fields, cells))


def lines():
    """The page's rows by family."""
    if not PAGE.exists():
        return {}
    return {text.split("|")[1].strip(): text for text in PAGE.read_text(encoding="utf-8").splitlines() if text.startswith("| ") and ".heddle)" in text}


def write(rows):
    """These rows anew, the others as they are; none of a family that has no committed case."""
    known = {file.stem for file in (HERE / "sample").glob("*.json")}
    page = {name: text for name, text in lines().items() if name in known} | {cells[0]: line(cells) for cells in rows}
    PAGE.write_text(HEAD + "".join(text + "\n" for _, text in sorted(page.items())) + f"\n{len(page)} families.\n", encoding="utf-8")


def differences(rows):
    """(family, what the page says, what was found) of each row that the page does not hold."""
    page = lines()
    return [(cells[0], page.get(cells[0], "nothing"), line(cells)) for cells in rows if not holds(page.get(cells[0], ""), cells)]
