"""long_texts.py HEDDLE MODELS FOLDER: memory of long texts, where scores of eight heads alone would take 537 MB.

Every architecture whose attention has something besides the product is built small, with random weights, and asked for 4096
tokens. What `heddle check` says of it has no product of two axes along tokens, and the process stays within what it says."""
import array
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent / "configurations")]
import sample  # noqa: E402
from cut_npy import write  # noqa: E402

LONG = 4096
PAIRS = re.compile(r"[MSTU](\*[MSTU]|\^)")  # sizes along tokens, multiplied
OWN_PAGES = 1 << 20  # besides the arena: stacks, tables of the runtime, buffers of the reader of .npy
# The model file, the committed case that is the base of its configuration, and what makes it long and its heads eight.
HEADS = {"num_attention_heads": 8, "hidden_size": 96}
CASES = {
    "capped scores, windows": ("gemma", "gemma2", HEADS),
    "windows, two rotations": ("gemma", "gemma3", HEADS),
    "latent keys and values": ("deepseek2", "deepseek2", {**HEADS, "num_key_value_heads": 8}),
    "linear biases": ("bloom", "bloom", {"n_head": 8, "hidden_size": 96, "seq_length": LONG}),
    "sinks": ("gpt_oss", "gpt_oss", HEADS),
    "buckets of distances": ("t5", "t5", {"num_heads": 8}),
    "scores of distances": ("deberta2", "deberta2", {**HEADS, "position_buckets": 16, "max_relative_positions": LONG}),
}


def run(command):
    """Its peak resident memory in bytes."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}: exit code {child.returncode}")
    return usage.ru_maxrss * 1024


def checked(heddle, model):
    """{entry or `session`: its memory as a polynomial of sizes}, and the entries that answer, of `heddle check`."""
    text = subprocess.run([heddle, "check", *model], check=True, capture_output=True, text=True).stdout
    memory = dict(re.findall(r"^  (\w+)  ([\w*+^]+) bytes", text.split("\nmemory\n")[1], re.M))
    return memory, re.findall(r"^  (\w+)\(.*\) -> ", text, re.M)


def value(polynomial, tokens):
    sizes = dict.fromkeys("MSTU", tokens) | {"B": 1}
    return sum(eval(monomial.replace("^", "**"), {}, sizes) for monomial in polynomial.split("+"))


def check(heddle, what, model, entries, folder):
    said, answering = checked(heddle, model)
    program = folder / "program"
    subprocess.run([heddle, "build", "--cpu=native", *model, "--random-weights", "1", "-o", program], check=True)
    found = []
    for entry in entries:
        if PAIRS.search(said[entry]):
            sys.exit(f"error: {what}: {entry} takes {said[entry]} bytes")
        out = ["--out", folder / "out.npy"] if entry in answering else []
        one, long = (run([program, entry, "--in", folder / f"{tokens}.npy", *out]) for tokens in (1, LONG))
        allowed = one + value(said[entry], LONG) + value(said.get("session", "0"), LONG) + OWN_PAGES
        found.append(f"{entry} {long / 1e6:.1f} of {allowed / 1e6:.1f} MB")
        if long > allowed:
            sys.exit(f"error: {what}: {entry} takes {long:,} bytes, {allowed:,} allowed")
    print(f"{what}: {', '.join(found)}")


def main(heddle, models, folder):
    folder = pathlib.Path(folder)
    for tokens in 1, LONG:
        write(folder / f"{tokens}.npy", array.array("i", (7 * i * i % 29 for i in range(tokens))))
    config = folder / "config.json"
    for what, (file, base, changes) in CASES.items():
        settings = sample.read(base)[0]["config"] | changes
        if "max_position_embeddings" in settings:
            settings["max_position_embeddings"] = LONG
        config.write_text(json.dumps(settings))
        model = [f"{models}/{file}.heddle", "--config", config]
        said, _ = checked(heddle, model)
        check(heddle, what, model, ["encode" if "encode" in said else "step"], folder)
    check(heddle, "spelled", [HERE / "long-scores.heddle"], ["cosines", "distances", "sums", "caps"], folder)


main(*sys.argv[1:])
