#!/usr/bin/env python3
"""damage.py HEDDLE GOLDEN MODELS DIRECTORY [COUNT [SEED]]: damages model files,
config.json and headers of weights at random. Whatever comes out is accepted or
refused with an error: no crash, no hang. The same seed damages the same way; many
thousands are for by hand."""

import json
import os
import random
import re
import shutil
import subprocess
import sys

import refused
from safetensors import Safetensors, read, write

HEDDLE, GOLDEN, MODELS, DIRECTORY = map(os.path.abspath, sys.argv[1:5])
COUNT, SEED = (list(map(int, sys.argv[5:])) + [45, 1][len(sys.argv) - 5:])[:2]
RANDOM = random.Random(SEED)
TOKEN = re.compile(rb'\s+|#[^\n]*|"[^"]*"|[\w.]+|->|.')
WRONG = [0, -1, 2**31, 2**63, 2**64, 1.5, 1e308, None, True, "", "x", [], {}, [[1]]]


def damage_text(text):
    tokens = TOKEN.findall(text)
    for _ in range(RANDOM.choice([1, 1, 2, 5])):
        at, other = RANDOM.randrange(len(tokens)), RANDOM.randrange(len(tokens))
        change = RANDOM.randrange(4)
        if change == 0 and len(tokens) > 1:
            del tokens[at]
        elif change == 1:
            tokens.insert(at, tokens[other])
        elif change == 2:
            tokens[at] = tokens[other]
        else:
            tokens[at] = bytes([RANDOM.randrange(256)])
    return b"".join(tokens)


def places(value):
    """The containers in a JSON value, each with one of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, element in list(items):
        yield value, key
        if isinstance(element, (dict, list)):
            yield from places(element)


def damage_json(value):
    container, key = RANDOM.choice(list(places(value)))
    if RANDOM.random() < 0.3:
        del container[key]
    else:
        container[key] = RANDOM.choice(WRONG)


def damaged_model():
    name = RANDOM.choice(["gpt2", "bert", "llama", "t5"])
    write("model.heddle", damage_text(read(f"{MODELS}/{name}.heddle")))
    return ["build", "model.heddle", f"--config={GOLDEN}/{name}/config.json",
            "--emit=nn", "-o", "out"]


def damaged_config():
    name = RANDOM.choice(["gpt2", "bert", "llama", "t5"])
    config = json.loads(read(f"{GOLDEN}/{name}/config.json"))
    damage_json(config)
    write("config.json", json.dumps(config))
    return ["build", f"{GOLDEN}/{name}", "--config=config.json", "--emit=nn", "-o", "out"]


def damaged_weights():
    refused.copy_checkpoint(GOLDEN + "/gpt2")
    with Safetensors("model/model.safetensors") as s:
        damage_json(s.header)
    return ["check", "model"]


failed = 0
shutil.rmtree(DIRECTORY, ignore_errors=True)
for i in range(COUNT):
    os.makedirs(f"{DIRECTORY}/{i}")
    os.chdir(f"{DIRECTORY}/{i}")
    make = [damaged_model, damaged_config, damaged_weights][i % 3]
    done = subprocess.run([HEDDLE] + make(), capture_output=True, timeout=60)
    errors = done.stderr.decode(errors="replace")
    told = any(map(refused.ERROR.match, errors.splitlines()))
    if done.returncode not in (0, 1) or (done.returncode == 1) != told \
            or "mistake of heddle" in errors:
        print(f"{os.getcwd()}: exit code {done.returncode}\n{errors[:1000]}")
        failed = 1
sys.exit(failed)
