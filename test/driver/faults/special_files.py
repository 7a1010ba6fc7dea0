#!/usr/bin/env python3
"""special_files.py HEDDLE GOLDEN DIRECTORY: puts something that is no readable file, or
one without an end, in the place of each file that heddle reads. Each is one error that
names it, at once."""

import json
import os
import shutil
import socket
import subprocess
import sys

import refused
from safetensors import write

HEDDLE, GOLDEN, DIRECTORY = map(os.path.abspath, sys.argv[1:])

def sentence_transformer():
    write("model/modules.json", json.dumps([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]))
    write("model/sentence_bert_config.json", '{"max_seq_length": 8}')
    write("model/config_sentence_transformers.json", "{}")
    os.mkdir("model/1_Pooling")
    write("model/1_Pooling/config.json", '{"pooling_mode_mean_tokens": true}')


def shards():
    os.rename("model/model.safetensors", "model/shard.safetensors")
    write("model/model.safetensors.index.json", '{"weight_map": {"a": "shard.safetensors"}}')


def model_file():
    write("model.heddle", 'import "imported.heddle"\nmodel m\n')
    write("imported.heddle", "model m\n")


def generator():
    shutil.rmtree("model")
    refused.copy_checkpoint(GOLDEN + "/gpt2")


def tokenizer():
    write("model/tokenizer.json", json.dumps(
        {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
         "post_processor": None, "decoder": None,
         "model": {"type": "BPE", "unk_token": None, "fuse_unk": False, "vocab": {"a": 0}, "merges": []}}))


# The file, what stands around it, and the command that reads it.
ROLES = [
    ("model/config.json", None, ["check", "model"]),
    ("model/generation_config.json", generator, ["check", "model"]),
    ("model/tokenizer.json", None, ["check", "model"]),
    ("model/tokenizer_config.json", tokenizer, ["check", "model"]),
    ("model/model.safetensors", None, ["check", "model"]),
    ("model/model.safetensors.index.json", lambda: os.remove("model/model.safetensors"), ["check", "model"]),
    ("model/shard.safetensors", shards, ["check", "model"]),
    ("model/modules.json", sentence_transformer, ["check", "model"]),
    ("model/sentence_bert_config.json", sentence_transformer, ["check", "model"]),
    ("model/config_sentence_transformers.json", sentence_transformer, ["check", "model"]),
    ("model/1_Pooling/config.json", sentence_transformer, ["check", "model"]),
    ("other.json", None, ["check", "model", "--config=other.json"]),
    ("other.safetensors", None, ["check", "model", "--weights=other.safetensors"]),
    ("model.heddle", None, ["check", "model.heddle"]),
    ("model.heddle", None, ["build", "model.heddle", "--emit=ast"]),
    ("imported.heddle", model_file, ["check", "model.heddle"]),
    ("model.mlir", None, ["build", "model.mlir", "--emit=llvm"]),
    ("model.mlir", None, ["heddle-opt", "model.mlir", "--cse"]),
]


def bound_socket(path):
    """The name of a socket has to be short: it is bound where it lies."""
    here = os.getcwd()
    os.chdir(os.path.dirname(path) or ".")
    socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
    os.chdir(here)


def terabyte(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


def unreadable(path):
    write(path, "{}")
    os.chmod(path, 0)


KINDS = [
    ("a directory", os.mkdir, "found a directory, needed a regular file"),
    ("a pipe", os.mkfifo, "found a pipe, needed a regular file"),
    ("a socket", bound_socket, "found a socket, needed a regular file"),
    ("/dev/zero", lambda path: os.symlink("/dev/zero", path), "found a device, needed a regular file"),
    ("a link to nowhere", lambda path: os.symlink("nowhere", path), "no such file or directory"),
    ("a link to itself", lambda path: os.symlink(os.path.basename(path), path), "too many levels of symbolic links"),
    ("unreadable", unreadable, "permission denied"),
    ("a terabyte of zeros", terabyte, None),
]


def expected(path, reason):
    if reason:
        return f"…{path}: {reason}"
    if path.endswith(".safetensors"):
        return f"…{path}: header:1:1: malformed JSON: …"
    return f"…{path}: found 1099511627776 bytes, needed at most …"


def prepare(place, path, make, put):
    os.makedirs(place)
    os.chdir(place)
    refused.copy_checkpoint(GOLDEN + "/bert")
    if make:
        make()
    if os.path.lexists(path):
        os.remove(path)
    put(path)


def fault(command, needed):
    """What is wrong with how the command is refused, or nothing."""
    # What root may do is no test of a file that nobody may read: it goes without its capabilities.
    alike = ["setpriv", "--bounding-set=-all"] if "permission denied" in needed and os.geteuid() == 0 else []
    tool = [] if command[0] == "heddle-opt" else [HEDDLE]
    done = subprocess.run(alike + tool + command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    found = [line for line in done.stderr.decode().splitlines() if refused.ERROR.match(line)]
    if done.returncode != 1 or len(found) != 1 or not refused.matches(needed, found[0]):
        return "\n".join([f"exit code {done.returncode}, needed", needed, "found", *found[:5]])


shutil.rmtree(DIRECTORY, ignore_errors=True)
failed = 0
for role, (path, make, command) in enumerate(ROLES):
    for kind, (name, put, reason) in enumerate(KINDS):
        if put == os.mkdir and any(word.endswith(path) for word in command):
            continue  # a checkpoint is a directory: it has mistakes of its own
        prepare(f"{DIRECTORY}/{role}-{kind}", path, make, put)
        if broken := fault(command, expected(path, reason)):
            print(f"{path} is {name}: {broken}")
            failed = 1
        shutil.rmtree(f"{DIRECTORY}/{role}-{kind}")
sys.exit(failed)
