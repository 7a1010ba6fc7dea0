#!/usr/bin/env python3
"""limits.py HEDDLE SOURCES DIRECTORY [--all]

Runs builds under limits of the system: on the size of files and of the address space and, with --all and where a file
system may be mounted, on a disk of each size. Every build ends with its outputs or with one error and nothing left."""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys

ERROR = re.compile(r"^error: \S")
OLD = b"what was there before\n"
MB = 1 << 20


def limited(which, bytes_):
    return lambda: resource.setrlimit(which, (bytes_, bytes_))


class Limits:
    def __init__(self, heddle, sources, directory):
        self.directory, self.faults, self.errors, self.runs = directory, 0, 0, 0
        self.command = [heddle, "build", f"{sources}/test/golden/gpt2", "--reference", "--header=out.h", "-o", "out"]
        self.try_one("no limit", directory + "/free", None)
        if self.errors:
            sys.exit("a build without limits fails")

    def try_one(self, name, place, limit):
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place + "/made", exist_ok=True)
        os.makedirs(place + "/tmp", exist_ok=True)
        for output in ("out", "out.h"):
            with open(f"{place}/made/{output}", "wb") as file:
                file.write(OLD)
        done = subprocess.run(self.command, cwd=place + "/made", env=dict(os.environ, TMPDIR=place + "/tmp"),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, preexec_fn=limit)
        errors = [line for line in done.stderr.decode(errors="replace").splitlines() if ERROR.match(line)]
        old = [open(f"{place}/made/{output}", "rb").read() == OLD for output in ("out", "out.h")]
        left = sorted(os.listdir(place + "/made") + os.listdir(place + "/tmp"))
        is_error = done.returncode == 1 and len(errors) == 1 and all(old)
        self.runs += 1
        self.errors += is_error
        if left != ["out", "out.h"] or not is_error and (done.returncode != 0 or any(old)):
            self.faults += 1
            print(f"{name}: exit code {done.returncode}, files {left}\n{done.stderr.decode(errors='replace')[:500]}")

    def disk(self, kilobytes):
        """False: no file system can be mounted."""
        place = f"{self.directory}/disk"
        os.makedirs(place, exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", place],
                          stderr=subprocess.DEVNULL).returncode:
            return False
        try:
            self.try_one(f"a disk of {kilobytes} kB", place + "/on", None)
        finally:
            subprocess.run(["umount", place], check=True)
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heddle", type=os.path.abspath)
    parser.add_argument("sources", type=os.path.abspath)
    parser.add_argument("directory", type=os.path.abspath)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.directory, ignore_errors=True)
    limits = Limits(arguments.heddle, arguments.sources, arguments.directory)
    for kilobytes in range(1, 1500, 60) if arguments.all else (40, 400):
        limits.try_one(f"files of {kilobytes} kB", arguments.directory + "/files",
                       limited(resource.RLIMIT_FSIZE, kilobytes << 10))
    # Below, the libraries cannot be loaded, which is not for heddle to report.
    for megabytes in range(450, 900, 10) if arguments.all else (480, 600):
        limits.try_one(f"{megabytes} MB of memory", arguments.directory + "/memory",
                       limited(resource.RLIMIT_AS, megabytes * MB))
    for kilobytes in range(100, 3000, 100) if arguments.all else ():
        if not limits.disk(kilobytes):
            print("no disks: nothing can be mounted")
            break
    print(f"{limits.runs} runs, {limits.errors} errors, {limits.faults} faults")
    return 1 if limits.faults else 0


if __name__ == "__main__":
    sys.exit(main())
