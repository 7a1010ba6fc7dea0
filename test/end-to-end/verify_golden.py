"""Runs `heddle verify` on the cases of golden/verify.json and demands the numbers that PyTorch finds.

    python3 verify_golden.py HEDDLE GOLDEN FOLDER
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE / "configurations"))
import checkpoint  # noqa: E402
import sample  # noqa: E402

# rounded: a regular expression for the weights that `quant` rounds.
CASES = [
    {"name": "text", "model": "examples/scripture", "text": "examples/sample.txt", "kind": "next", "tokens": 300,
     "quant": "**.mlp.**=bf16", "rounded": r"\.mlp\."},
    {"name": "ids", "model": "gpt2", "vocabulary": 97, "count": 150, "kind": "next", "tokens": 130,
     "quant": "h.*.attn.**=bf16", "rounded": r"\.attn\.c_"},
    {"name": "translated", "model": "t5", "vocabulary": 97, "count": 1400, "kind": "translated", "tokens": 1200, "decoder_start": 0,
     "quant": "**.SelfAttention.**=bf16", "rounded": r"SelfAttention\.[qkvo]\."},
    {"name": "masked", "sample": "bert-masked", "vocabulary": 29, "count": 190, "kind": "masked", "tokens": 1024, "mask": 4,
     "quant": "encoder.**=bf16", "rounded": r"encoder\.layer"},
    {"name": "vectors", "model": "bert", "vocabulary": 97, "count": 250, "kind": "vectors", "tokens": 1024,
     "quant": "encoder.**=bf16", "rounded": r"encoder\.layer"},
]


TOLERANCES = {"tokens": 0, "perplexity_f32": 1e-5, "perplexity": 5e-4, "kl_mean": 0.03, "kl_99": 0.2, "kl_largest": 0.2, "agreement": 0.01}


def ids_of(case):
    draw = random.Random(case["name"]).random
    return [int(draw() * case["vocabulary"]) for _ in range(case["count"])]


def checkpoint_of(case, folder):
    if "sample" in case:
        known = sample.read(case["sample"])[0]
        checkpoint.write(folder, known["config"], known["tensors"], known["copies"])
        (folder / "generation_config.json").write_text(json.dumps({"mask_token_id": case["mask"]}))
        return folder
    place = case["model"]
    shutil.copytree(ROOT / place if "/" in place else HERE.parent / "golden" / place, folder, ignore=shutil.ignore_patterns("*.npy"))
    return folder


def run(heddle, folder, case):
    source = checkpoint_of(case, folder / case["name"])
    given = ["--text", ROOT / case["text"]] if "text" in case else ["--ids", folder / f"{case['name']}.txt"]
    if "text" not in case:
        ids = ids_of(case)
        given[1].write_text("\n".join(map(str, ids[:20])) + " " + ", ".join(map(str, ids[20:])) + "\n")
    command = [heddle, "verify", source, *given, "--quant", case["quant"], "--tokens", str(case["tokens"]), "--quick", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["text"]


def differences(expected, found):
    """In f32 perplexity strays by 1e-6 of itself. Where it moves a product's factor across the middle between two numbers of bf16, it
    is as if a little more or less was rounded: what is judged of one token strays more than a mean."""
    faults = []
    for key, wanted in expected.items():
        if key in ("encode", "pool"):
            vectors = next(line for line in found["vectors"] if line["entry"] == key)
            got = [vectors["cosine_mean"], vectors["cosine_least"]]
            if any(abs((1 - a) / (1 - b) - 1) > 0.25 for a, b in zip(wanted, got)):
                faults.append(f"{key}: found {got}, needed {wanted}")
        elif key != "name":
            tolerance = TOLERANCES[key]
            if abs(found[key] - wanted) > tolerance * abs(wanted):
                faults.append(f"{key}: found {found[key]}, needed {wanted}")
    return faults


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    cases = {case["name"]: case for case in CASES}
    faults = []
    for expected in json.loads((golden / "verify.json").read_text()):
        name = expected["name"]
        faults += [f"{name}: {fault}" for fault in differences(expected, run(heddle, folder, cases[name]))]
    print("\n".join(faults) or f"{len(cases)} texts judged alike")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
