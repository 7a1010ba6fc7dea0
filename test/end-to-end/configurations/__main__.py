"""Tiny random models of transformers, with settings that change the mathematics, against what heddle makes of them:

    python3 test/end-to-end/configurations                     every case
    python3 test/end-to-end/configurations qwen2 qwen3 window  of these families, with this in the setting's name
    python3 test/end-to-end/configurations --classes           what save_pretrained writes of every class, as it is; a table
    python3 test/end-to-end/configurations --sample bert       the committed ones, without PyTorch: what ./check runs

Each has to be right within 1e-4 of the row's largest value, or refused with an error that names the key. See README.md."""
import argparse
import collections
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE))
PACKAGES = ["torch==2.13.0", "transformers==5.23.0", "numpy", "safetensors"]


def arguments():
    parser = argparse.ArgumentParser(prog="configurations", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="WORD", help="families, and what a setting's name has to contain")
    parser.add_argument("--sample", action="store_true", help="the committed cases, with committed numbers")
    parser.add_argument("--classes", action="store_true", help="one model of every class, saved by transformers: a table of verdicts")
    parser.add_argument("--write-sample", action="store_true", help="write the committed cases anew")
    parser.add_argument("--write-families", action="store_true", help="with --sample: write examples/models/FAMILIES.md anew")
    parser.add_argument("--reference", type=int, default=5, metavar="N", help="every Nth case through --reference too (default: %(default)s)")
    parser.add_argument("--heddle", type=pathlib.Path, default=ROOT / "build/bin/heddle", help="the compiler (default: build/bin/heddle)")
    parser.add_argument("--cpu", default="native", help="what code is compiled for, as heddle has it (default: %(default)s)")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the checkpoints (default: a temporary one)")
    parser.add_argument("--this-python", action="store_true", help="use the packages of this Python, install nothing")
    return parser.parse_args()


def enter_environment():
    """Continues in a virtual environment with transformers, installed when first needed."""
    folder = ROOT / "build/configurations"
    python = folder / "bin/python"
    installed = folder / "installed"
    if not installed.exists() or installed.read_text().split() != PACKAGES:
        print("installing", *PACKAGES, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        installed.write_text("\n".join(PACKAGES))
    os.execv(python, [python, *sys.argv, "--this-python"])


def say(family, setting, verdict):
    print(f"{family:16} {setting:58.58} {verdict}", flush=True)


def chosen(options, family, name):
    """Words that name families ask for one of them, the others stand in the setting's name."""
    families = [word for word in options.cases if word in options.families]
    return (not families or family in families) and all(word in name for word in options.cases if word not in families)


def judged(options, folder, case, number, flags=()):
    """The verdict on a case, as sample.read() gives it with `keys` that a refusal may name, and the one on its reference: on that
    of every Nth that is right, or None."""
    from program import Verdict, judge
    asked = [options.heddle, folder, case["expected"], case["inputs"], case["keys"]]
    verdict, reference = judge(*asked, ["--cpu", options.cpu, *flags]), None
    if verdict.word == "right" and (options.write_families or number % options.reference == 0):
        reference = judge(*asked, ["--cpu", options.cpu, "--reference"])
        if reference.word != "right":
            verdict = Verdict(reference.word, f"--reference: {reference.detail}")
    return verdict, reference


def run_all(options, folder):
    from cases import FAMILIES, SAMPLE
    from oracle import Oracle
    from program import Verdict
    import sample
    totals, numbers = collections.Counter(), itertools.count(1)
    for family in FAMILIES:
        kept = []
        for name, setting in family.cases():
            if not chosen(options, family.name, name) or (options.write_sample and name not in SAMPLE.get(family.name, ())):
                continue
            number = next(numbers)
            oracle = Oracle(family, setting, folder / f"{number}")
            case = {"name": name, "config": oracle.config, "tensors": oracle.tensors, "copies": oracle.copies, "inputs": oracle.inputs,
                    "keys": oracle.keys(), "expected": oracle.expected() or {}}
            verdict, _ = judged(options, folder / f"{number}", case, number)
            if not case["expected"] and verdict.word != "refused":
                verdict = Verdict("no answer", f"transformers: {oracle.why}; heddle: {verdict.word}")
            elif case["expected"] and verdict.good and (bad := oracle.insensitive()):
                verdict = Verdict("insensitive", ", ".join(bad) + f" ({verdict.word})")
            say(family.name, name, verdict)
            totals[verdict.word] += 1
            if verdict.good:
                case["must"] = verdict.word
                kept.append(case)
        if options.write_sample and kept:
            if left := set(SAMPLE[family.name]) - {case["name"] for case in kept}:
                sys.exit(f"error: {family.name}: found no good case {', '.join(sorted(left))}")
            sample.write(family.name, kept)
    return totals


def run_sample(options, folder):
    """A family's first case that is answered is what examples/models/FAMILIES.md shows of it."""
    import checkpoint
    import families
    import sample
    from program import Verdict
    totals, numbers, rows = collections.Counter(), itertools.count(1), {}
    for family in options.families:
        for case in sample.read(family):
            if not chosen(options, family, case["name"]):
                continue
            number = next(numbers)
            place = folder / f"{number}"
            checkpoint.write(place, case["config"], case["tensors"], case["copies"])
            shown = case["must"] == "right" and family not in rows
            verdict, reference = judged(options, place, case, number, ["--remarks"] if shown else [])
            if verdict.good and verdict.word != case["must"]:
                verdict = Verdict("changed", f"found {verdict}, needed {case['must']}")
            if shown and verdict.word == "right":
                rows[family] = families.row(family, case, verdict.program, reference and reference.program, verdict.remarks)
            say(family, case["name"], verdict)
            totals[verdict.word] += 1
    if options.write_families:
        families.write(rows.values())
    for family, page, found in families.differences(rows.values()):
        say(family, families.PAGE.name, f"says   {page}\n{'':76}needs  {found}")
        totals["drifted"] += 1
    return totals


def run_classes(options, folder):
    """Every class once: its weights and config.json are what save_pretrained writes, and no flag helps heddle."""
    import transformers
    from cases import FAMILIES
    from oracle import saved
    from program import judge
    totals = collections.Counter()
    families = {family.model: family for family in reversed(FAMILIES) if family.kind != "chatglm" and hasattr(transformers, family.model)}
    for number, (name, family) in enumerate(sorted(families.items())):
        if options.cases and family.name not in options.cases:
            continue
        expected, inputs = saved(family, folder / f"{number}")
        verdict = judge(options.heddle, folder / f"{number}", expected, inputs, [], ["--cpu", options.cpu])
        print(f"{name:44} {family.config:24} {verdict}", flush=True)
        totals[verdict.word] += 1
    return totals


def main():
    options = arguments()
    if not options.heddle.exists():
        sys.exit(f"error: found no {options.heddle}, needed the compiler")
    options.heddle = options.heddle.resolve()
    if not options.sample and not options.this_python:
        enter_environment()
    if options.sample:
        options.families = sorted(file.stem for file in (HERE / "sample").glob("*.json"))
    else:
        from cases import FAMILIES
        options.families = [family.name for family in FAMILIES]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        run = run_sample if options.sample else run_classes if options.classes else run_all
        totals = run(options, folder)
    print(", ".join(f"{count} {word}" for word, count in sorted(totals.items())), f"of {sum(totals.values())}")
    sys.exit(0 if totals and set(totals) <= {"right", "refused"} else 1)


if __name__ == "__main__":
    main()
