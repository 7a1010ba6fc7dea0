"""Holds what `--calibrate-ids` finds of weights' inputs to golden/calibration.json, and what it makes of them to be the same on every
run and any number of threads.

    python3 calibrate_golden.py HEDDLE GOLDEN FOLDER
"""
import json
import os
import pathlib
import random
import subprocess
import sys

# Transposed weights and a tied head; experts, each of which sees tokens of its own.
MODELS = ["gpt2", "mixtral"]
VOCABULARY, COUNT = 97, 300


def ids_of(name):
    draw = random.Random(name).random
    return [int(draw() * VOCABULARY) for _ in range(COUNT)]


def differences(name, expected, found):
    """The largest input is told by its number unless another is as large."""
    faults = []
    if set(expected) != set(found):
        faults.append(f"{name}: found {sorted(found)}, needed {sorted(expected)}")
    for path, (number, largest, least) in expected.items():
        line = found.get(path, {"input": None, "largest": 0, "least": 0})
        if line["input"] != number or abs(line["largest"] / largest - 1) > 1e-4 or abs(line["least"] / least - 1) > 1e-4:
            faults.append(f"{name}: {path}: found {line}, needed {number} {largest} {least}")
    return faults


def weights_of(heddle, model, folder, flags, cpus):
    """The packed weights of a build."""
    out = folder / "built.o"
    subprocess.run([heddle, "build", model, "--cpu", "generic", "--quant", "q4_k", *flags, "-o", out], check=True,
                   preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    return (folder / "built.o.weights").read_bytes()


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    faults = []
    for name, expected in json.loads((golden / "calibration.json").read_text()).items():
        ids = folder / f"{name}.txt"
        ids.write_text(" ".join(map(str, ids_of(name))))
        command = [heddle, "verify", golden / name, "--cpu", "generic", "--quant", "q4", "--ids", ids, "--calibrate-ids", ids, "--quick", "--json"]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["calibration"]
        if report["tokens"] != COUNT or not report["is_judged"]:
            faults.append(f"{name}: found {report['tokens']} tokens, not judged")
        faults += differences(name, expected, {line["weight"]: line for line in report["weights"]})
    every = os.sched_getaffinity(0)
    flags = ["--calibrate-ids", folder / "gpt2.txt"]
    plain = weights_of(heddle, golden / "gpt2", folder, [], every)
    calibrated = weights_of(heddle, golden / "gpt2", folder, flags, every)
    alone = weights_of(heddle, golden / "gpt2", folder, [*flags, "--threads", "1"], {min(every)})
    if plain == calibrated:
        faults.append("calibration changes nothing")
    if calibrated != alone:
        faults.append("with one thread, the weights are others")
    print("\n".join(faults) or f"{len(MODELS)} models calibrated alike")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
