"""Builds the models of golden/generation.json with the settings of each case and demands the ids that transformers wrote.

    python3 generation.py HEDDLE GOLDEN FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys


def build(heddle, golden, folder, case):
    """The program of a case, its settings in the file that the case names."""
    checkpoint = folder / case["model"]
    shutil.copytree(golden / case["model"], checkpoint, ignore=shutil.ignore_patterns("*.npy"))
    place = checkpoint / case["place"]
    known = json.loads(place.read_text()) if place.exists() else {}
    place.write_text(json.dumps({**known, **case["settings"]}))
    program = folder / (case["model"] + ".program")
    # A tokenizer that Heddle does not have yet is no hindrance to ids.
    (checkpoint / "tokenizer.json").write_text('{"model": {"type": "Subwords"}}')
    build = subprocess.run([heddle, "build", "--cpu=native", checkpoint, "-o", program], check=True, capture_output=True, text=True)
    note = f"{checkpoint}/tokenizer.json: model: found model Subwords, needed BPE, WordPiece, WordLevel or Unigram: the program takes token ids"
    if note not in build.stderr:
        sys.exit(f"found {build.stderr!r}, needed the note {note}")
    return program


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    wrong = 0
    for case in json.loads((golden / "generation.json").read_text()):
        program = build(heddle, golden, folder, case)
        prompts = [",".join(map(str, ids)) for ids in case["prompts"]]
        # All prompts in one batch, and each by itself.
        batch = subprocess.run([program, "--no-echo"] + [f"--ids={p}" for p in prompts], check=True, capture_output=True, text=True)
        written = [line for line in batch.stdout.splitlines() if line]
        for prompt, text, ids in zip(prompts, written, case["texts"], strict=True):
            alone = subprocess.run([program, "--no-echo", "--ids", prompt], check=True, capture_output=True, text=True).stdout.strip()
            needed = ",".join(map(str, ids))
            if (text, alone) != (needed, needed):
                print(f"{case['model']} {prompt}\n  in a batch {text}\n  alone      {alone}\n  needed     {needed}")
                wrong += 1
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
