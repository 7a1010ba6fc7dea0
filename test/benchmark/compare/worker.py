"""One engine running one cell, in a process of its own: libraries bring their thread pools and must not meet. Reads requests
from standard input and answers on standard output, a line of JSON each; what libraries print goes to standard error.

    {"run": SECONDS}    -> {"times": [...]}     calls it for about that long, at least once, after an untimed call
    {"save": "x.npy"}   -> {}                   writes the outputs of the last call
"""
import importlib
import json
import os
import pathlib
import sys
import time

import numpy as np

from cells import Cell


def run(engine, seconds, last):
    """The untimed call brings back to the caches what other engines drove out, which a call that took longer than `seconds` does
    itself in no time to speak of; `after` undoes what a call left behind."""
    times = []
    if last < seconds:
        engine.run()
        engine.after()
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        engine.run()
        times.append(time.perf_counter() - start)
        engine.after()
    return times


def main():
    job = json.loads(sys.argv[1])
    os.sched_setaffinity(0, job["cpus"])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**what):
        print(json.dumps(what), file=answers, flush=True)

    try:
        module = importlib.import_module(f"engines.{job['engine']}")
        engine = module.Engine(Cell(**job["cell"]), len(job["cpus"]), pathlib.Path(job["store"]))
        times = run(engine, 0, 0)
    except Exception as error:  # an engine that is missing or cannot run the cell is a gap in the table, not the end of it
        say(error=f"{type(error).__name__}: {error}".splitlines()[0])
        raise
    say(version=engine.version)
    for line in sys.stdin:
        request = json.loads(line)
        if "run" in request:
            times = run(engine, request["run"], times[-1])
            say(times=times)
        else:
            np.save(request["save"], engine.output())
            say()


if __name__ == "__main__":
    main()
