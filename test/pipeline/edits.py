#!/usr/bin/env python3
"""edits.py EVERY-PASS HEDDLE ROOT DIRECTORY [COUNT [SEED]]: modules of every stage with
a few tokens edited at random. Each goes through every pass of heddle-opt and through
the pipelines, and what they make a module of is built to an object. Whatever comes out
is a module or an error: no signal, no assertion, no step of more than 10 s, nothing
beyond 4 GB. The same seed edits the same way. Modules at fault stay in DIRECTORY."""

import collections
import difflib
import glob
import os
import random
import re
import resource
import shutil
import subprocess
import sys

EVERY_PASS, HEDDLE, ROOT, DIRECTORY = map(os.path.abspath, sys.argv[1:5])
COUNT, SEED = (list(map(int, sys.argv[5:])) + [60, 1][len(sys.argv) - 5:])[:2]
RANDOM = random.Random(SEED)
BATCH = 20
MODELS = ["gpt2", "llama", "bert", "t5", "mixtral", "vit", "marian", "glm4", "mistral-window"]
STAGES = [["--emit=nn"], ["--emit=nn-fused"], ["--emit=nn-fused", "--quant=q4", "--cache=bf16"], ["--emit=kernel"],
          ["--emit=kernel", "--dtype=bf16"], ["--emit=kernel", "--quant=q8"], ["--emit=kernel", "--reference"],
          ["--emit=vector", "--reference", "--bounds-checks"]]

TOKEN = re.compile(r'\s+|"[^"\n]*"|[%@#!^][\w.$-]+|[A-Za-z_][\w.$]*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|->|.')
HOSTILE = ["0", "-1", "1", "2147483648", "9223372036854775807", "-9223372036854775808", "99999999999999999999999", "1e308",
           '""', '"../x"', '"a b"', '"32*B +"', '"B*B*Q"', '"T"', '"S/T"', '"{0}{7}"', '"9223372036854775807*B"', "?", "*",
           "index", "i1", "i999999", "f64", "none", "true", "[]", "{}", "array<i64>", "tensor<*xf32>", "tensor<0xf32>",
           "memref<?xf32>", "memref<9223372036854775807xf32>", "vector<4xf32>", "tensor<?xf32, #nn.axes<Q>>", "x0x", "dense<0>"]
ATTRIBUTES = ["nn.buffers", "nn.places", "nn.arena", "nn.site", "nn.entry", "nn.name", "nn.default", "nn.model", "nn.generate",
              "nn.weights", "nn.tokenizer", "kernel.entry", "kernel.monomials", "kernel.sizes", "layout", "llvm.emit_c_interface", "sym_visibility"]
VALUES = ["unit", "0 : i64", "-1 : i64", '"B"', '"32*B +"', '["32*B +"]', '["64", "B*T"]', "array<i64: 0, 1>", "array<i64: -7>",
          "array<i64>", "array<i32: 5>", '[""]', "[3]", "{}", "@f", '#kernel.layout<"panel<0> f32">',
          '#kernel.layout<"panel<32> f32">', '#kernel.layout<"panel<32, 4> q4 groups<4>">', '"../../x"', "1.0 : f64"]


def kind_of(token):
    return "number" if token[0].isdigit() or token[0] == "-" and len(token) > 1 and token != "->" else \
        token[0] if token[0] in '"%@#!^' else "word" if token[0].isalpha() else token


def edit(text):
    tokens = TOKEN.findall(text)
    seen = [i for i, token in enumerate(tokens) if not token.isspace()]
    kinds = collections.defaultdict(list)
    for i in seen:
        kinds[kind_of(tokens[i])].append(tokens[i])
    for _ in range(RANDOM.choice([1, 1, 1, 2, 3])):
        at, other = RANDOM.choice(seen), RANDOM.choice(seen)
        change = RANDOM.randrange(10)
        if change < 4:
            tokens[at] = RANDOM.choice(kinds[kind_of(tokens[at])] or [""]) if tokens[at] else ""
        elif change < 6:
            numbers = [i for i in seen if tokens[i] and kind_of(tokens[i]) in ("number", '"')]
            tokens[RANDOM.choice(numbers or seen)] = RANDOM.choice(HOSTILE)
        elif change == 6:
            tokens[at] = ""
        elif change == 7:
            tokens[at] += " " + tokens[other]
        elif change == 8:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens[at] = RANDOM.choice(HOSTILE)
    return "".join(tokens)


def edit_lines(text):
    """Whole lines: what is left often is a module still."""
    lines = text.splitlines()
    at, other = RANDOM.randrange(len(lines)), RANDOM.randrange(len(lines))
    change = RANDOM.randrange(4)
    if change == 0:
        del lines[at]
    elif change == 1:
        lines.insert(at, lines[other])
    elif change == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = lines[other]
    return "\n".join(lines) + "\n"


def add_attribute(text):
    """Of ours, where it may mean something and where it does not."""
    lines = text.splitlines()
    places = [i for i, line in enumerate(lines) if " : " in line or "attributes {" in line]
    if not places:
        return edit(text)
    name, value = RANDOM.choice(ATTRIBUTES), RANDOM.choice(VALUES)
    at = RANDOM.choice(places)
    if "attributes {" in lines[at]:
        lines[at] = lines[at].replace("attributes {", "attributes {%s = %s, " % (name, value), 1)
    else:
        before, _, after = lines[at].partition(" : ")
        if before.endswith("}"):
            before = before[:-1] + ", %s = %s}" % (name, value)
        else:
            before += " {%s = %s}" % (name, value)
        lines[at] = before + " : " + after
    return "\n".join(lines) + "\n"


def sources():
    """Texts of modules: of small models at each stage, and those of the tests."""
    texts = []
    for model in MODELS:
        for stage in STAGES:
            made = subprocess.run([HEDDLE, "build", f"{ROOT}/test/golden/{model}", *stage, "-o", "-"], capture_output=True)
            texts.append(made.stdout.decode())
    for path in sorted(glob.glob(f"{ROOT}/test/*/*.mlir") + glob.glob(f"{ROOT}/test/*/nn/*.mlir")):
        if "invalid" in path:
            continue
        with open(path) as file:
            for text in file.read().split("// -----"):
                texts.append(re.sub(r"^\s*//.*\n", "", text, flags=re.M))
    return [text for text in texts if text.strip()]


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_passes(paths):
    """(path, verdict, what was said last) of each; one that ends the process does not keep the others from running."""
    while paths:
        done = subprocess.run([EVERY_PASS, *paths], capture_output=True, preexec_fn=limit)
        lines = done.stdout.decode(errors="replace").splitlines()
        ended = [line.rsplit(" is ", 1) for line in lines if " is " in line]
        yield from ((path, verdict, "") for path, verdict in ended)
        paths = paths[len(ended):]
        if paths:
            said = done.stderr.decode(errors="replace").strip().splitlines()[:3]
            step = lines[-1].split(" begins ")[-1] if lines else "start"
            yield paths[0], f"fault {done.returncode} in {step}", " | ".join(said)
            paths = paths[1:]


def build(path):
    """What is wrong with how it is built, if anything."""
    try:
        done = subprocess.run([HEDDLE, "build", path, "--emit=obj", "-o", path + ".o"], capture_output=True, timeout=60,
                              preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "build takes more than a minute"
    errors = done.stderr.decode(errors="replace")
    for left in glob.glob(path + ".o*"):
        os.remove(left)
    if done.returncode == 0 or done.returncode == 1 and re.search(r"(^|: )error: ", errors, re.M):
        return ""
    return f"build: exit code {done.returncode} | " + " | ".join(errors.splitlines()[:4])


def difference(before, after):
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "".join(f"\n    {line[:300]}" for line in lines if not line.startswith(("---", "+++", "@@")))


shutil.rmtree(DIRECTORY, ignore_errors=True)
os.makedirs(DIRECTORY)
TEXTS = sources()
counts = collections.Counter()
faults = 0
before = {}
for i in range(COUNT):
    path = f"{DIRECTORY}/{i}.mlir"
    before[path] = RANDOM.choice(TEXTS)
    text = RANDOM.choice([edit, edit, edit, edit_lines, add_attribute])(before[path])
    with open(path, "w") as file:
        file.write(text)
for start in range(0, COUNT, BATCH):
    for path, verdict, said in run_passes(list(before)[start:start + BATCH]):
        counts[verdict if verdict in ("refused", "lowered") else "at fault"] += 1
        wrong = build(path) if verdict == "lowered" else "" if verdict == "refused" else verdict + " | " + said
        if wrong:
            with open(path) as file:
                print(f"{path}: {wrong}{difference(before[path], file.read())}", flush=True)
            faults += 1
        else:
            os.remove(path)
print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
sys.exit(faults != 0)
