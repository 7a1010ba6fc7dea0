"""Holds heddle to its promise about the user's mistakes, one mistake at a time.

A mistake is a command in a fresh directory and the errors it needs to give. The
promise: exit code 1; every mistake told on one line, `FILE:LINE:COLUMN: error: …`
or `error: …`; nothing on standard output; no file left, neither the output nor a
temporary one. `…` in an expected line stands for anything."""

import os
import re
import shutil
import subprocess

ERROR = re.compile(r"^(error: |\S+:\d+:\d+: error: )\S")


def matches(pattern, line):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line)


def files_below(directory):
    return {os.path.join(folder, name)
            for folder, _, names in os.walk(directory) for name in names}


def copy_checkpoint(source):
    shutil.copytree(source, "model", ignore=shutil.ignore_patterns("*.npy"))


def broken_promises(heddle, command, expected, directory):
    """What is wrong with how `command` is refused in the current directory."""
    before = files_below(directory)
    temporary = directory + ".tmp"
    os.makedirs(temporary)
    if command[0] == "build":  # for one processor: code for others would be time
        command = ["build", "--cpu=native"] + command[1:]
    done = subprocess.run([heddle] + command, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, TMPDIR=temporary),
                          capture_output=True, timeout=60)
    errors = done.stderr.decode(errors="replace").splitlines()
    found = [line for line in errors if ERROR.match(line)]
    if done.returncode != 1:
        yield f"exit code {done.returncode}"
    if done.stdout:
        yield f"{len(done.stdout)} bytes of standard output"
    for path in sorted(files_below(directory) - before | files_below(temporary)):
        yield "left " + path
    if len(found) != len(expected) or not all(map(matches, expected, found)):
        yield "\n".join(["needed", *expected, "found", *errors[:20]])
    elif errors[0] != found[0]:
        yield "the error is not what comes first:\n" + errors[0]


class Mistakes:
    """`prepare` writes into the current directory what all mistakes begin with."""

    def __init__(self, prepare=lambda: None):
        self.prepare = prepare
        self.mistakes = []

    def add(self, *expected, command=("build", "model", "-o", "out")):
        """Decorates the function that makes the mistake, and names it."""
        def decorate(make):
            name = make.__name__.strip("_").replace("_", "-")
            assert name not in [other[0] for other in self.mistakes], name
            self.mistakes.append((name, make, list(command), expected))
            return make
        return decorate

    def run(self, heddle, directory):
        """The process's exit code."""
        shutil.rmtree(directory, ignore_errors=True)
        failed = 0
        for name, make, command, expected in self.mistakes:
            place = os.path.join(directory, name)
            os.makedirs(place)
            os.chdir(place)
            self.prepare()
            make()
            for broken in broken_promises(heddle, command, expected, place):
                print(f"{name}: {broken}")
                failed = 1
        print(len(self.mistakes), "mistakes")
        return failed
