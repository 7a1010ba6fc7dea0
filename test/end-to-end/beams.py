"""Builds the models of golden/beams.json with the settings of each case and demands the texts and scores that transformers found.

    python3 beams.py HEDDLE GOLDEN FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "configurations"))
import checkpoint  # noqa: E402
import sample  # noqa: E402

STOPS = {True: "yes", False: "no", "never": "never"}
OPTIONS = {"num_beams": "--beams", "num_return_sequences": "--n-best", "length_penalty": "--length-penalty",
           "repetition_penalty": "--repetition-penalty", "max_new_tokens": "-n"}


def build(heddle, golden, folder, case):
    """The program of a case, its settings in the file that the case names."""
    name = case["model"]
    source = folder / name
    if name == "bart":
        bart = sample.read("bart")[0]
        checkpoint.write(source, bart["config"], bart["tensors"], bart["copies"])
    else:
        shutil.copytree(golden / name, source, ignore=shutil.ignore_patterns("*.npy"))
    place = source / case["place"]
    known = json.loads(place.read_text()) if place.exists() else {}
    place.write_text(json.dumps({**known, **case["settings"]}))
    program = folder / f"{name}.program"
    subprocess.run([heddle, "build", "--cpu=native", source, "-o", program], check=True, capture_output=True, text=True)
    return program


def option(key, value):
    return f"--early-stopping={STOPS[value]}" if key == "early_stopping" else f"{OPTIONS[key]}={value}"


def ask(program, options, prompts):
    """By prompt: its texts, best first, and their scores."""
    command = [program, "--format=json", *options] + [f"--ids={','.join(map(str, ids))}" for ids in prompts]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in map(json.loads, lines):
        texts, scores = found.setdefault(tuple(line["prompt"]), ([], []))
        texts.append(line["ids"])
        scores.append(line["score"])
    return [found[tuple(ids)] for ids in prompts]


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    wrong = 0
    for case in json.loads((golden / "beams.json").read_text()):
        program, prompts = build(heddle, golden, folder, case), case["prompts"]
        for run in case["runs"]:
            options = [option(key, value) for key, value in run["options"].items()]
            together = ask(program, options, prompts)
            alone = [ask(program, options + ["--threads=1"], [ids])[0] for ids in prompts]
            for prompt, found, by_itself, texts, scores in zip(prompts, together, alone, run["texts"], run["scores"], strict=True):
                close = len(found[1]) == len(scores) and all(abs(a - b) <= 1e-5 * max(1, abs(b)) for a, b in zip(found[1], scores))
                if found[0] != texts or not close or found != by_itself:
                    print(f"{case['model']} {options} {prompt}\n  found  {found}\n  alone  {by_itself}\n  needed {texts, scores}")
                    wrong += 1
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
