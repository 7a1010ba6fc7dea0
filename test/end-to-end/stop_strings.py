"""stop_strings.py HEDDLE EXAMPLES GOLDEN FOLDER: the ids that transformers wrote with stop_strings (golden/stop_strings.json)."""
import json
import pathlib
import shutil
import subprocess
import sys

heddle, examples, golden, folder = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
checkpoint, program, built = folder / "checkpoint", folder / "program", None
shutil.copytree(examples / "scripture", checkpoint)
config = json.loads((checkpoint / "generation_config.json").read_text())


def run(*arguments, code=0):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.stderr)
    return done


for case in json.loads((golden / "stop_strings.json").read_text()):
    if case["stops"] != built:
        built = case["stops"]
        (checkpoint / "generation_config.json").write_text(json.dumps({**config, "stop_strings": built}))
        subprocess.run([heddle, "build", "--cpu=native", checkpoint, "-o", program], check=True, capture_output=True)
    told = json.loads(run(case["prompt"], "-n", 40, "--temperature", 0, "--format", "json", "--logprobs", 1).stdout)
    assert [token["id"] for token in told["logprobs"]] == case["ids"], (case, told)

# The caller's own strings as well, which are no part of the text: here both come with one token.
assert 'ends a text behind "#"' in run("--info").stdout
(checkpoint / "generation_config.json").write_text(json.dumps({**config, "stop_strings": "LORD"}))
subprocess.run([heddle, "build", "--cpu=native", checkpoint, "-o", program], check=True, capture_output=True)
options = ["And Moses said unto the", "-n", 40, "--temperature", 0, "--no-echo"]
kept = run(*options).stdout
assert kept.endswith("LORD\n"), kept
assert run(*options, "--stop", "LORD").stdout == kept.removesuffix("LORD\n") + "\n"
assert "does not look for stop_strings" in run(*options, "--beams", 2, code=1).stderr
