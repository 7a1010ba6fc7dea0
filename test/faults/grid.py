#!/usr/bin/env python3
"""grid.py HEDDLE SHIM SOURCES DIRECTORY [--sample] [--only TEXT] [--most N] [--threads N]

Lets one call of the system after the other fail in every command, and judges what comes of it. Either the command ends
with exit code 1, one `error:` line, no file that was not there and the old outputs as they were; or it ends with exit code
0 and the very outputs of a run without faults. Interrupted calls and short counts have to be of the second kind. The
README beside says what is counted; --sample is what ./check has time for, --most tries so many calls of a kind."""

import argparse
import collections
import concurrent.futures
import errno
import os
import random
import re
import shutil
import subprocess
import sys

ERROR = re.compile(r"^(\S+: |\S+:\d+:\d+: )?error: \S")
SECONDS = 60
OLD = b"model   what_was_there_before\n" # which heddle fmt has something to do with

# How a kind of call fails: its name, the number of the error (0: short), whether later calls fail too, and whether the
# command has to succeed all the same.
Fault = collections.namedtuple("Fault", "kind name number stays heals")
WRITES = [Fault("write", "ENOSPC, and ever after", errno.ENOSPC, 1, False),
          Fault("write", "EIO", errno.EIO, 0, False),
          Fault("write", "EDQUOT", errno.EDQUOT, 0, False),
          Fault("write", "EFBIG, and ever after", errno.EFBIG, 1, False),
          Fault("write", "EINTR", errno.EINTR, 0, True),
          Fault("write", "short", 0, 0, True)]
READS = [Fault("read", "EIO", errno.EIO, 0, False)]
MEMORY = [Fault("memory", "ENOMEM", errno.ENOMEM, 0, False),
          Fault("memory", "ENOMEM, and ever after", errno.ENOMEM, 1, False)]

Outcome = collections.namedtuple("Outcome", "code stdout errors files left")


class Case:
    """A command, the outputs it makes in the current directory, and how many calls of memory are tried. By `stdio`, a
    call that was interrupted is an error."""

    def __init__(self, name, command, outputs=(), text=b"", memory=60, stdio=False):
        self.name, self.command, self.outputs = name, command, outputs
        self.text, self.memory, self.stdio = text, memory, stdio


def contents(directory):
    files = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, directory)] = file.read()
    return files


class Grid:
    def __init__(self, shim, directory):
        self.shim, self.directory = shim, directory
        self.wrong = []
        self.counts = collections.Counter()

    def run(self, case, place, fault=None, at=0):
        """The outcome of the command in a directory that holds old outputs."""
        shutil.rmtree(place, ignore_errors=True)
        work, temporary = place + "/made", place + "/tmp"
        os.makedirs(work)
        os.makedirs(temporary)
        for name in case.outputs:
            with open(f"{work}/{name}", "wb") as file:
                file.write(OLD)
        environment = dict(os.environ, TMPDIR=temporary, FAULT_LOG=place + "/call", LD_PRELOAD=self.shim, NO_COLOR="1")
        if fault:
            environment.update(FAULT_KIND=fault.kind, FAULT_AT=str(at), FAULT_HOW=str(fault.number),
                               FAULT_STAYS=str(fault.stays))
        try:
            done = subprocess.run(case.command, cwd=work, env=environment, input=case.text, capture_output=True,
                                  timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return Outcome("none: it hangs", b"", [], {}, [])
        files = contents(work)
        left = [name for name in files if name not in case.outputs] + ["TMPDIR/" + name for name in contents(temporary)]
        return Outcome(done.returncode, done.stdout, done.stderr.decode(errors="replace").splitlines(), files, left)

    def count(self, case, kind):
        """How many calls a run without faults makes."""
        place = f"{self.directory}/{case.name}-count"
        outcome = self.run(case, place, Fault(kind, "", 0, 0, True), 0)
        if outcome.code != 0:
            sys.exit(f"{case.name}: exit code {outcome.code}\n" + "\n".join(outcome.errors))
        with open(place + "/call") as file:
            calls = int(file.read())
        return calls, outcome

    @staticmethod
    def judge(case, clean, fault, outcome):
        """What is wrong with the outcome, or nothing."""
        errors = [line for line in outcome.errors if ERROR.match(line)]
        if outcome.left:
            return "left " + ", ".join(outcome.left)
        if outcome.code == 0:
            if outcome.files != clean.files or outcome.stdout != clean.stdout:
                return "a wrong success"
        elif outcome.code != 1 or fault.heals and not (case.stdio and fault.number == errno.EINTR):
            return f"exit code {outcome.code}"
        elif len(errors) != 1:
            return f"{len(errors)} errors"
        elif any(outcome.files.get(name) != OLD for name in case.outputs):
            return "outputs that are not the old ones"
        return None

    def inject(self, case, clean, fault, at):
        place = f"{self.directory}/{case.name}-{fault.kind}-{fault.number}-{fault.stays}-{at}"
        outcome = self.run(case, place, fault, at)
        wrong = self.judge(case, clean, fault, outcome)
        self.counts[fault.kind, fault.name, "refused" if outcome.code else "done"] += 1
        if wrong:
            call = "?"
            if os.path.exists(place + "/call"):
                with open(place + "/call") as file:
                    call = file.read()
            self.wrong.append(f"{case.name}: {call} ({fault.kind} {at}, {fault.name}): {wrong}\n"
                              + "".join(f"    {line}\n" for line in outcome.errors[:6]))
        shutil.rmtree(place)


def chosen(calls, most, seed):
    """So many of 1 .. calls, spread over all of them, and some of the last, which are about the outputs."""
    if calls <= most:
        return range(1, calls + 1)
    random_ = random.Random(seed)
    spread = {1 + calls * i // most + random_.randrange(max(1, calls // most)) for i in range(most)}
    return sorted(spread | {max(1, calls - 8 * i) for i in range(most // 4)})


def write_ids(path):
    """12 ids of tokens, as npy."""
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 12), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
                   + b"".join(i.to_bytes(4, "little") for i in range(12)))


def cases(heddle, sources, directory, sample):
    gpt2, toy = f"{sources}/test/golden/gpt2", f"{sources}/test/codegen/Inputs/double.mlir"
    ids, program, writer = (f"{directory}/{name}" for name in ("ids.npy", "program", "writer"))
    write_ids(ids)
    quick = ["--reference", "--threads=1"]
    small = [f"{sources}/test/faults/Inputs/small.heddle", "--random-weights=1", "--threads=1", "--cpu=generic"]
    reader = [f"{sources}/test/faults/Inputs/reader.heddle", *small[1:]]
    text = f"{directory}/ids.txt"
    with open(text, "w") as file:
        file.write("3 1 4 1 5 9 2 6 5 3 5 8 9 7 9\n")
    subprocess.run([heddle, "build", gpt2, *quick, "-o", program], check=True)
    all_cases = [
        Case("check", [heddle, "check", gpt2], memory=2000),
        Case("build-exe", [heddle, "build", gpt2, *quick, "--header=out.h", "-o", "out"], ["out", "out.h"]),
        Case("build-beside", [heddle, "build", gpt2, *quick, "--weights-file=beside", "-o", "out"],
             ["out", "out.weights"]),
        Case("build-quantised", [heddle, "build", *small, "--quant=q4", "-o", "out"], ["out"]),
        Case("build-toy-so", [heddle, "build", toy, "-o", "out.so"], ["out.so"], memory=300),
        Case("build-toy-lib", [heddle, "build", toy, "-o", "out.a"], ["out.a"]),
        Case("build-toy-obj", [heddle, "build", toy, "-o", "out.o"], ["out.o"]),
        Case("build-toy-header", [heddle, "build", toy, "-o", "out.h"], ["out.h"]),
        Case("build-module", [heddle, "build", gpt2, "--emit=nn", "-o", "out.mlir"], ["out.mlir"], memory=300),
        Case("format", [heddle, "fmt", "out.heddle"], ["out.heddle"], memory=300),
        Case("build-stdout", [heddle, "build", toy, "--emit=ll"]),
        Case("run", [heddle, "run", gpt2, *quick, "--", "score", f"--in=ids={ids}", "--out=result=out.npy"], ["out.npy"],
             stdio=True),
        Case("verify", [heddle, "verify", *small, "--quant=q8"], stdio=True),
        Case("verify-text", [heddle, "verify", *reader, "--quant=q8", f"--ids={text}"], stdio=True),
        Case("program-arrays", [program, "score", f"--in=ids={ids}", "--out=result=out.npy"], ["out.npy"], memory=1000,
             stdio=True),
    ]
    if sample:
        return [case for case in all_cases if case.name in ("check", "build-beside", "format", "program-arrays")]
    subprocess.run([heddle, "build", f"{sources}/examples/scripture", "--threads=1", "-o", writer], check=True)
    media, pixels, waves = f"{sources}/test/media/Inputs", f"{directory}/pixels", f"{directory}/waves"
    for program, case in ((pixels, "pictures/vit"), (waves, "sounds/tiny")):
        subprocess.run([heddle, "build", f"{media}/{os.path.basename(program)}.heddle", "--config", f"{media}/{case}/config.json", "-o", program],
                       check=True)
    pictures = Case("program-pictures", [pixels, "read", f"--in={media}/pictures/rgb.png", f"--in={media}/pictures/turned6.jpg", "--out=out.npy"],
                    ["out.npy"], memory=1000, stdio=True)
    sound = Case("program-sound", [waves, "read", f"--in={media}/sounds/rate22050.wav", "--out=out.npy"], ["out.npy"], memory=1000, stdio=True)
    text = Case("program-text", [writer, "-n", "8", "--temperature=0.7", "--seed=1"], text=b"And God said", memory=1000,
                stdio=True)
    return all_cases + [pictures, sound, text]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heddle", type=os.path.abspath)
    parser.add_argument("shim", type=os.path.abspath)
    parser.add_argument("sources", type=os.path.abspath)
    parser.add_argument("directory", type=os.path.abspath)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int, default=sys.maxsize)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    shutil.rmtree(arguments.directory, ignore_errors=True)
    os.makedirs(arguments.directory)
    grid = Grid(arguments.shim, arguments.directory)
    with concurrent.futures.ThreadPoolExecutor(arguments.threads) as pool:
        waiting = []
        for case in cases(arguments.heddle, arguments.sources, arguments.directory, arguments.sample):
            if arguments.only not in case.name:
                continue
            for faults in (WRITES, READS, MEMORY):
                calls, clean = grid.count(case, faults[0].kind)
                most = min(arguments.most, calls if faults != MEMORY else case.memory)
                for fault in faults:
                    if arguments.sample:
                        most = 5 if fault.number in (errno.ENOSPC, errno.ENOMEM) else 2
                    for at in chosen(calls, most, case.name + fault.name):
                        waiting.append(pool.submit(grid.inject, case, clean, fault, at))
        for done in waiting:
            done.result()
    for wrong in grid.wrong:
        print(wrong, end="")
    for kind, name, _ in sorted({key[:2] + ("",) for key in grid.counts}):
        refused, done = grid.counts[kind, name, "refused"], grid.counts[kind, name, "done"]
        print(f"{kind:8}{name:26}{refused + done:7} faults  {refused:7} errors  {done:7} without effect")
    print(f"{sum(grid.counts.values())} faults, {len(grid.wrong)} wrong")
    return 1 if grid.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
