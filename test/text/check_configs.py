"""Encodes the texts of golden/configs.json with each tokenizer and the tokenizer_config.json beside it.

    python3 configs.py GOLDEN FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

golden, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
expected = json.loads((golden / "configs.json").read_text())
wrong = 0
for case in expected["cases"]:
    shutil.copy(golden / f"{case['tokenizer']}.tokenizer.json", folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text(json.dumps(case["config"]))
    result = subprocess.run(["heddle-text-test", "encode", folder / "tokenizer.json"], input="\n".join(expected["texts"]) + "\n",
                            capture_output=True, text=True)
    ids = [[int(id) for id in line.split()] for line in result.stdout.splitlines()]
    print(case["tokenizer"], case["config"], result.stderr.replace(str(folder), "FOLDER"), sep="\n", end="")
    for text, given, needed in zip(expected["texts"], ids or [[]] * 3, case["ids"], strict=True):
        if given != needed:
            print(f"  wrong: {text}\n  given  {given}\n  needed {needed}")
            wrong += 1
sys.exit(wrong > 0)
