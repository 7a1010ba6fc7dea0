#!/usr/bin/env python3
"""compare.py HEDDLE MODEL FILES WORK [TOLERANCE]: what programs read of files is what transformers reads (make_*.py).

For each folder of FILES a program of MODEL with its preprocessor_config.json, and each file that it has an answer for. Prints a line a
case; exit code 1 if a number differs by more than TOLERANCE: without one, by a bit.
"""
import array
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).parents[1] / "end-to-end"))
from golden_compare import read_npy  # noqa: E402


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")


def difference(found, expected, tolerance):
    (shape, numbers), (needed, answers) = read_npy(found), read_npy(expected)
    if list(shape[1:]) != list(needed):
        return f"found the shape {shape}, needed 1 x {needed}"
    if array.array("f", numbers).tobytes() == array.array("f", answers).tobytes():
        return None
    most = max(abs(a - b) for a, b in zip(numbers, answers))
    return f"differs by {most}" if not most <= tolerance else None


def main():
    heddle, (model, files, work) = sys.argv[1], map(pathlib.Path, sys.argv[2:5])
    tolerance = float(sys.argv[5]) if len(sys.argv) > 5 else 0
    work.mkdir(parents=True, exist_ok=True)
    faults = 0
    for case in sorted(path.parent for path in files.glob("*/preprocessor_config.json")):
        program = work / case.name
        run(heddle, "build", "--cpu=native", model, "--config", case / "config.json", "-o", program)
        answers = sorted(case.glob("*.npy"))
        for answer in answers:
            run(program, "read", "--in", files / answer.stem, "--out", work / "found.npy")
            if fault := difference(work / "found.npy", answer, tolerance):
                print(f"{case.name}: {answer.stem}: {fault}")
                faults += 1
        print(f"{case.name}: {len(answers)} files")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
