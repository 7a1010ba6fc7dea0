"""The table, results.json and results.svg."""
import datetime
import json
import pathlib
import platform
import sys

# The largest difference from PyTorch in f32, relative to the largest value of a row; beyond it an answer is wrong and its
# time void. Some peers look GELU up in half precision; narrow types round.
HEDDLE_TOLERANCE = {"f32": 1e-4, "stored": 1e-4, "bf16": 5e-2, "int8": 0.15, "q8": 0.1, "q4": 1.0, "Q4_1": 1.0, "Q4_K": 1.0, "Q6_K": 0.3}
PEER_TOLERANCE = {"f32": 2e-2, "stored": 5e-2, "bf16": 5e-2, "int8": 0.15, "q8": 0.1, "q4": 1.0, "Q4_1": 1.0, "Q4_K": 1.0, "Q6_K": 0.3}
NAMES = {"heddle": "Heddle", "heddle_avx2": "Heddle for AVX2", "heddle_before": "Heddle before",
         "torch_eager": "PyTorch", "torch_compile": "torch.compile", "onnx_runtime": "ONNX Runtime", "openvino": "OpenVINO",
         "ctranslate2": "CTranslate2", "llama_cpp": "llama.cpp", "iree": "IREE"}


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def peers(cell, result):
    """(seconds, engine) of every peer whose answers are right, fastest first."""
    found = [(e["seconds"], name) for name, e in result.get("engines", {}).items()
             if not name.startswith("heddle") and not e.get("failure") and e.get("difference", 0) <= PEER_TOLERANCE[cell.dtype]]
    return sorted(found)


def notes(cell, result):
    heddle, found = result["engines"].get("heddle", {}), []
    if heddle.get("failure"):
        found.append(f"Heddle: {heddle['failure']}")
    elif heddle and "difference" not in heddle:
        found.append("answers not compared: no PyTorch")
    elif heddle and not heddle["difference"] <= HEDDLE_TOLERANCE[cell.dtype]:
        found.append(f"Heddle differs by {heddle['difference']:.1e}")
    return "; ".join(found)


def time_of(cell, name, result):
    """In milliseconds; in brackets where the answer was wrong."""
    engine = result["engines"].get(name, {"failure": "not asked"})
    if engine.get("failure"):
        return ""
    right = name.startswith("heddle") or engine.get("difference", 0) <= PEER_TOLERANCE[cell.dtype]
    return f"{engine['seconds'] * 1e3:.2f}" if right else f"({engine['seconds'] * 1e3:.2f})"


def row(cell, threads, result):
    """A dictionary by the names of columns."""
    line = {"cell": cell.name, "threads": str(threads), "goal": f"{cell.goal:.0%}"}
    if why := result.get("missing") or result.get("void"):
        return line | {"note": why}
    own, ordered = result["engines"].get("heddle", {}).get("seconds"), peers(cell, result)
    line |= {"limit": f"{result['limit'] * 1e3:.2f}", "note": notes(cell, result)}
    line |= {NAMES[name]: time_of(cell, name, result) for name in NAMES}
    if own:
        line["of limit"] = f"{result['limit'] / own:.0%}"
    if own and ordered:
        line["best peer / Heddle"] = f"{ordered[0][0] / own:.2f}"
    if before := result["engines"].get("heddle_before", {}).get("seconds"):
        line["Heddle / before"] = f"{own / before:.3f}" if own else ""
    return line


WHOLE = ["cell", "threads", "limit", "Heddle", "of limit", "goal", "best peer / Heddle",
         "Heddle / before", *(name for name in NAMES.values() if name != "Heddle"), "note"]


def table(rows, columns):
    """Markdown; columns in which nothing stands are left out."""
    columns = [c for c in columns if any(r.get(c) for r in rows)]
    lines = [columns, ["---"] * len(columns), *([r.get(c, "") for c in columns] for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join("| " + " | ".join(field.ljust(width) for field, width in zip(line, widths)) + " |" for line in lines)


class Results:
    """Of the cells in their order, by cell and number of threads. `continues`: what the folder holds of them is known already."""

    def __init__(self, folder, cells, continues=False):
        self.folder, self.cells, self.known = folder, {cell.name: cell for cell in cells}, {}
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "results.json"
        if continues and file.exists():
            for result in json.loads(file.read_text())["results"]:
                if result["cell"] in self.cells:
                    self.known[result["cell"], result["threads"]] = result

    def has(self, cell, threads):
        result = self.known.get((cell.name, threads))
        return bool(result) and not result.get("missing") and not result.get("void")

    def add(self, cell, threads, result):
        """Kept at once, so that an interrupted run leaves what it had."""
        today = datetime.date.today().isoformat()
        self.known[cell.name, threads] = {"cell": cell.name, "threads": threads, "date": today, "goal": cell.goal, **result}
        print("  ".join(f"{name} {value}" for name, value in row(cell, threads, result).items() if value), file=sys.stderr)
        (self.folder / "results.json").write_text(json.dumps(self.document(), indent=1))
        (self.folder / "results.md").write_text(self.page(WHOLE))

    @property
    def results(self):
        order = list(self.cells)
        return sorted(self.known.values(), key=lambda result: (order.index(result["cell"]), result["threads"]))

    @property
    def rows(self):
        return [row(self.cells[result["cell"]], result["threads"], result) for result in self.results]

    def page(self, columns):
        return f"Medians in milliseconds. {self.caption()}\n\n{table(self.rows, columns)}\n"

    def versions(self):
        engines = [item for result in self.results for item in result.get("engines", {}).items()]
        return {name: engine["version"] for name, engine in engines if engine.get("version")}

    def document(self):
        return {"processor": processor(), "system": platform.release(),
                "versions": self.versions(), "results": self.results}

    def caption(self):
        document, dates = self.document(), sorted({result["date"] for result in self.results})
        days = " to ".join(dict.fromkeys([dates[0], dates[-1]]))
        return f"{days}, {document['processor']}; " + ", ".join(dict.fromkeys(document["versions"].values()))

    def finish(self):
        print(self.page(WHOLE))
        self.plot()

    def plot(self):
        """Bars a cell: the share of the limit that each engine reaches."""
        measured = [r for r in self.results if "limit" in r and not r.get("void")]
        if not measured:
            return
        import matplotlib
        matplotlib.use("svg")
        import textwrap
        from matplotlib import pyplot
        figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.9 * len(measured)), layout="constrained")
        colours = dict(zip(NAMES, ["#c0392b", "#e08e7d", "#d9b3ab", "#7f8c8d", "#95a5a6", "#2c3e50", "#34708f", "#8e7cc3", "#6aa84f", "#bfa14a"]))
        labelled = set()
        for i, result in enumerate(measured):
            shown = [n for n in NAMES if not result["engines"].get(n, {"failure": 1}).get("failure")]
            height = 0.8 / max(1, len(shown))
            for k, name in enumerate(shown):
                share = result["limit"] / result["engines"][name]["seconds"]
                axes.barh(i - 0.4 + (k + 0.5) * height, share * 100, height * 0.9, color=colours[name],
                          label=None if name in labelled else NAMES[name])
                labelled.add(name)
        axes.set_yticks(range(len(measured)), [f"{r['cell']}\n{r['threads']} thread{'s'[:r['threads'] > 1]}" for r in measured])
        axes.invert_yaxis()
        axes.set_xlabel("% of the machine's limit, probed in the same run\n\n" + "\n".join(textwrap.wrap(self.caption(), 90)))
        axes.axvline(100, color="black", linewidth=0.8)
        axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
        figure.savefig(self.folder / "results.svg")
