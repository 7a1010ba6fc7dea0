"""The committed cases: sample/FAMILY.json holds each case's config.json, its tensors' names and shapes, and what transformers
answers. The standard library alone, so that ./check can run them anywhere."""
import itertools
import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent / "sample"


def shortened(tensors):
    """{"h.0.w": [2], "h.1.w": [2]} -> {"h.0-1.w": [2]}, for as many numbers as a name has."""
    for _ in range(2):
        groups = {}
        for name, shape in tensors.items():
            numbers = list(re.finditer(r"(?<=\.)\d+(?=\.)", name))
            if numbers:
                at = numbers[0]
                groups.setdefault((name[:at.start()], name[at.end():], str(shape)), []).append((int(at.group()), shape))
            else:
                groups.setdefault((name, None, str(shape)), []).append((0, shape))
        tensors = {}
        for (head, tail, _), found in groups.items():
            found.sort(key=lambda pair: pair[0])
            first, last = found[0][0], found[-1][0]
            if tail is None:
                tensors[head] = found[0][1]
            elif last > first and last - first == len(found) - 1:
                tensors[f"{head}{first}-{last}{tail}"] = found[0][1]
            else:
                tensors.update({f"{head}{number}{tail}": shape for number, shape in found})
    return tensors


def expanded(tensors):
    found = {}
    for name, shape in tensors.items():
        parts = re.split(r"(?<=\.)(\d+)-(\d+)(?=\.)", name)
        ranges = [range(int(a), int(b) + 1) for a, b in zip(parts[1::3], parts[2::3])]
        for numbers in itertools.product(*ranges):
            pieces = parts[0::3]
            found["".join(p + str(n) for p, n in zip(pieces, numbers)) + pieces[-1]] = shape
    return found


def write(family, cases):
    """cases: of one family, as read() gives them."""
    FOLDER.mkdir(exist_ok=True)
    for case in cases:
        case["tensors"] = shortened(case["tensors"])
        for answer in case.get("expected", {}).values():
            answer["values"] = [float(f"{value:.6g}") for value in answer["values"]]
    text = ",\n".join("{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in case.items()) + "\n}"
                      for case in cases)
    (FOLDER / f"{family}.json").write_text(f"[\n{text}\n]\n")


def read(family):
    cases = json.loads((FOLDER / f"{family}.json").read_text())
    for case in cases:
        case["tensors"] = expanded(case["tensors"])
    return cases
