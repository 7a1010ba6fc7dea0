"""Builds the model `bert` with the files of each case of golden/sentences.json and demands the vectors and similarities of
sentence-transformers.

    python3 sentences.py HEDDLE GOLDEN FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

TOLERANCE = 1e-4                             # of a vector's largest number


def build(heddle, golden, folder, files, tokenizer):
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(golden / "bert" / name, folder)
    for name, content in {**files, "tokenizer.json": tokenizer}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    subprocess.run([heddle, "build", "--cpu=native", folder, "-o", folder / "program"], check=True)
    return folder / "program"


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    expected = json.loads((golden / "sentences.json").read_text())
    mistakes = 0
    for number, case in enumerate(expected["cases"]):
        program = build(heddle, golden, folder / str(number), case["files"], expected["tokenizer"])
        words = [program, *expected["texts"], *(["--prompt", case["asked"]] if case["asked"] else [])]
        output = subprocess.run([*words, "--format", "json"], check=True, capture_output=True, text=True).stdout
        for line, needed in zip(output.splitlines(), case["vectors"], strict=True):
            found = json.loads(line)
            largest = max(map(abs, needed))
            error = max(abs(a - b) for a, b in zip(found["embedding"], needed, strict=True)) / largest
            if error > TOLERANCE:
                print(f"case {number}, {found['text']!r}: off by {error:.1e}")
                mistakes += 1
        table = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split("similarity")[1]
        rows = [[float(x) for x in line.split()[1:]] for line in table.splitlines()[2:] if line.strip()]
        for row, needed in zip(rows, case["similarity"], strict=True):
            if any(abs(a - b) > 2e-3 for a, b in zip(row, needed, strict=True)):
                print(f"case {number}: similarities {row}, needed {needed}")
                mistakes += 1
    sys.exit(mistakes > 0)


if __name__ == "__main__":
    main()
