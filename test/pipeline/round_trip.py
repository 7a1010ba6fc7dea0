#!/usr/bin/env python3
"""round_trip.py HEDDLE HEDDLE-OPT MODEL DIRECTORY [FLAG...]: every stage that is a
module is text which heddle-opt reads, verifies and prints as it was, and from which
heddle build goes on to the same code. It has locations (-g), of which profile points
are made."""

import os
import re
import shutil
import subprocess
import sys

heddle, heddleOpt, model, directory, *flags = sys.argv[1:]
shutil.rmtree(directory, ignore_errors=True)
os.makedirs(directory)
failed = 0


def path(name):
    return os.path.join(directory, name)


def build(source, stage, output, *more):
    subprocess.run([heddle, "build", source, f"--emit={stage}", "-o", path(output),
                    "--weights-file=none", *flags, *more], check=True)


def content(name):
    """Without where each weight is used, which is the file that was read."""
    with open(path(name), "rb") as file:
        return re.sub(rb' at "[^"]*:\d+:\d+"', b"", file.read())


def hold_equal(first, second, what):
    global failed
    if content(first) != content(second):
        print(f"{what}: {path(first)} and {path(second)} differ")
        failed = 1


build(model, "llvm", "needed.mlir")
build(model, "obj", "model.o")
for stage in ["nn", "nn-fused", "kernel", "vector", "llvm"]:
    module = stage + ".mlir"
    build(model, stage, module, "-g")
    subprocess.run([heddleOpt, path(module), "--mlir-print-debuginfo", "-o", path("again.mlir")], check=True)
    hold_equal(module, "again.mlir", f"{stage}, read and printed again")
    # Which types the checkpoint stores, nn does not say yet.
    build(path(module), "llvm", "lowered.mlir", *(["--weights", model] if stage == "nn" else []))
    hold_equal("needed.mlir", "lowered.mlir", f"lowered from {stage}")
# What the checkpoint says of generation is no part of a module.
build(path("llvm.mlir"), "obj", "again.o", "--weights", model)
hold_equal("model.o", "again.o", "compiled from llvm")
sys.exit(failed)
