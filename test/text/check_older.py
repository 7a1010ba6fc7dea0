"""Encodes the texts of golden/configs.json with a tokenizer of each case of golden/older.json, in files older than tokenizer.json.

    python3 check_older.py GOLDEN FOLDER
"""
import json
import pathlib
import subprocess
import sys

golden, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sys.path.insert(0, str(golden))
import older_files  # noqa: E402

texts = json.loads((golden / "configs.json").read_text())["texts"]
wrong = 0
for case in json.loads((golden / "older.json").read_text()):
    older_files.write(folder, golden / f"{case['tokenizer']}.tokenizer.json", case["files"])
    result = subprocess.run(["heddle-text-test", "encode", folder], input="\n".join(texts) + "\n", capture_output=True, text=True)
    ids = [[int(id) for id in line.split()] for line in result.stdout.splitlines()]
    print(case["tokenizer"], case["files"], result.stderr.replace(str(folder), "FOLDER"), sep="\n", end="")
    for text, given, needed in zip(texts, ids or [[]] * 3, case["ids"], strict=True):
        if given != needed:
            print(f"  wrong: {text}\n  given  {given}\n  needed {needed}")
            wrong += 1
print(f"{wrong} wrong")
sys.exit(wrong > 0)
