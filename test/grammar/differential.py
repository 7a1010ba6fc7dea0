#!/usr/bin/env python3
"""differential.py --tool TOOL --packages FOLDER [--count N]: texts of schemas at random, judged by jsonschema.

Every text has to be JSON that keeps to its schema. The judge is fetched from PyPI into FOLDER.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import schemas


def judge(packages):
    if not (packages / "jsonschema").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", packages, "jsonschema[format-nongpl]"], check=True)
    sys.path.insert(0, str(packages))
    import jsonschema
    judge = jsonschema.Draft202012Validator
    return lambda schema: judge(schema, format_checker=judge.FORMAT_CHECKER)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    validator, texts, wrong = judge(options.packages), 0, 0
    for seed in range(options.count):
        schema = schemas.Maker(seed).whole()
        file = options.packages / "schema.json"
        file.write_text(json.dumps(schema, ensure_ascii=seed % 2 == 0), encoding="utf-8")
        run = subprocess.run([options.tool, file, "12", str(seed)], capture_output=True, timeout=300, text=True)
        if run.returncode:
            # A conjunction may be impossible; nothing else of these may be refused.
            wrong += "no value keeps to this schema" not in run.stdout
            print(f"schema {seed}: {run.stdout}{run.stderr}")
            continue
        for line in run.stdout.split():
            texts += 1
            text = bytes.fromhex(line).decode()
            for error in validator(schema).iter_errors(json.loads(text)):
                wrong += 1
                print(f"schema {seed}: {text}: {error.message}")
    print(f"{options.count} schemas, {texts} texts, {wrong} wrong")
    sys.exit(wrong > 0)


main()
