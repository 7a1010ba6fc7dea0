"""What programs answer is what pipelines of transformers answer (golden/make_answers.py): labels, stretches, words, spans.

    python3 answers.py HEDDLE TEST FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "configurations"))
import checkpoint

TOLERANCE = 2e-4                             # of a score


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def differs(found, needed, place):
    """Where two answers are not the same; None: nowhere."""
    if isinstance(needed, float):
        return None if abs(found - needed) <= TOLERANCE * max(1, abs(needed)) else f"{place}: found {found}, needed {needed}"
    if isinstance(needed, dict):
        if not isinstance(found, dict) or found.keys() != needed.keys():
            return f"{place}: found {found}, needed {needed}"
        return next(filter(None, (differs(found[key], needed[key], f"{place}.{key}") for key in needed)), None)
    if isinstance(needed, list):
        if not isinstance(found, list) or len(found) != len(needed):
            return f"{place}: found {found}, needed {needed}"
        return next(filter(None, (differs(f, n, f"{place}[{i}]") for i, (f, n) in enumerate(zip(found, needed)))), None)
    return None if found == needed else f"{place}: found {found!r}, needed {needed!r}"


def build(heddle, test, folder, case):
    checkpoint.write(folder, case["config"], case["tensors"], {name: f"{name} {case['seed']}" for name in case["tensors"]})
    for name, content in case["files"].items():
        (folder / name).write_text(json.dumps(content))
    if case["tokenizer"]:
        shutil.copy(test / f"text/golden/{case['tokenizer']}.tokenizer.json", folder / "tokenizer.json")
    program = folder.with_suffix(".program")
    run(heddle, "build", "--cpu=native", folder, "-o", program)
    return program


def main():
    heddle, test, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    cases = json.loads((test / "golden/answers.json").read_text())
    wrong = asked = 0
    for number, case in enumerate(cases):
        program = build(heddle, test, folder / f"model{number}", case)
        for question in case["asked"]:
            words = [word.replace("%media", str(test / "media/Inputs")) for word in question["words"]]
            found = [json.loads(line) for line in run(program, *words, "--format", "json").splitlines()]
            for answer in found:
                answer.pop("file", None)
            difference = differs(found, question["answers"], "answers")
            asked += 1
            if difference:
                print(f"case {number} ({case['config']['architectures'][0]}) {words}\n  {difference}")
                wrong += 1
    print(f"{len(cases)} models, {asked} questions, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
