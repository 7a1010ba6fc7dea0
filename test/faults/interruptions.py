#!/usr/bin/env python3
"""interruptions.py HEDDLE SOURCES DIRECTORY [--times N] [--seed N]

Ends builds by signals at random moments, lets several write to one output at a time, and kills some (kill -9) before one
that is not. What lies in the place of the outputs is always the old files or the new ones, whole and of one build; nothing
else is left, or, of those that were killed, no more than the next build takes away."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

OLD = b"what was there before\n"
OUTPUTS = ("out", "out.h")


class Builds:
    def __init__(self, heddle, sources, directory):
        self.command = [heddle, "build", f"{sources}/test/golden/gpt2", "--reference", "--header=out.h", "-o", "out"]
        self.work, self.temporary = directory + "/made", directory + "/tmp"
        self.faults = 0
        self.restart()
        before = time.monotonic()
        self.expect(self.start().wait() == 0, "a build that nothing disturbs fails")
        self.seconds = time.monotonic() - before
        self.new = self.outputs()

    def restart(self):
        for directory in (self.work, self.temporary):
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
        for name in OUTPUTS:
            with open(f"{self.work}/{name}", "wb") as file:
                file.write(OLD)

    def start(self):
        return subprocess.Popen(self.command, cwd=self.work, env=dict(os.environ, TMPDIR=self.temporary),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def outputs(self):
        contents = []
        for name in OUTPUTS:
            with open(f"{self.work}/{name}", "rb") as file:
                contents.append(file.read())
        return contents

    def others(self):
        return [name for name in os.listdir(self.work) if name not in OUTPUTS] + os.listdir(self.temporary)

    def expect(self, holds, what):
        if not holds:
            self.faults += 1
            print(what)

    def expect_whole(self, when):
        self.expect(self.outputs() in (self.new, [OLD, OLD]), when + ": the outputs are neither the old nor the new ones")

    def signals(self, times, random_):
        for _ in range(times):
            self.restart()
            which = random_.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
            build = self.start()
            time.sleep(random_.uniform(0, self.seconds))
            build.send_signal(which)
            code = build.wait()
            when = f"{which.name}, exit code {code}"
            self.expect(code in (-which, 0, 1), when)
            self.expect(not self.others(), f"{when}: left {self.others()}")
            self.expect_whole(when)
            if code == 0:
                self.expect(self.outputs() == self.new, when + ": a wrong success")

    def at_once(self, times, count=4):
        for _ in range(times):
            self.restart()
            builds = [self.start() for _ in range(count)]
            codes = [build.wait() for build in builds]
            self.expect(codes == [0] * count, f"{count} at once: exit codes {codes}")
            self.expect(not self.others(), f"{count} at once: left {self.others()}")
            self.expect(self.outputs() == self.new, f"{count} at once: an output is wrong")

    def kills(self, times, random_):
        self.restart()
        left = 0
        for _ in range(times):
            build = self.start()
            time.sleep(random_.uniform(self.seconds / 4, self.seconds))
            build.kill()
            build.wait()
            others = self.others()
            left = max(left, len(others))
            self.expect(len(others) <= len(OUTPUTS), f"killed: {others} pile up")
            for name in OUTPUTS:
                with open(f"{self.work}/{name}", "rb") as file:
                    self.expect(file.read() in (OLD, *self.new), f"killed: {name} is no whole file")
        self.expect(self.start().wait() == 0, "the build after one that was killed fails")
        self.expect(self.outputs() == self.new, "the build after one that was killed is wrong")
        self.expect(not self.others(), f"the build after one that was killed leaves {self.others()}")
        return left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heddle", type=os.path.abspath)
    parser.add_argument("sources", type=os.path.abspath)
    parser.add_argument("directory", type=os.path.abspath)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random_ = random.Random(arguments.seed)
    builds = Builds(arguments.heddle, arguments.sources, arguments.directory)
    builds.signals(arguments.times, random_)
    builds.at_once(max(1, arguments.times // 8))
    left = builds.kills(arguments.times, random_)
    print(f"{arguments.times} signals, {max(1, arguments.times // 8)} times 4 builds at once, {arguments.times} kills "
          f"(at most {left} files left until the next build): {builds.faults} faults")
    return 1 if builds.faults else 0


if __name__ == "__main__":
    sys.exit(main())
