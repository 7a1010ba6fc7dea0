"""Times one cell: all engines loaded side by side, each in its own process, taking turns; those not in turn are stopped, so
that no thread of theirs spins. The machine's limits are probed before and after."""
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys

import numpy as np

import limits
from turns import turns

HERE = pathlib.Path(__file__).parent
REFERENCE = "reference"


class Worker:
    """A process of worker.py. `failure` says why there are no results."""

    def __init__(self, engine, cell, cpus, store):
        logs = store / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.engine, self.times, self.failure = engine, [], None
        self.log = open(logs / f"{engine}-{cell.name.replace(' ', '-')}-{len(cpus)}.log", "w")
        job = {"engine": engine, "cell": dataclasses.asdict(cell), "cpus": cpus, "store": str(store)}
        environment = dict(os.environ, OMP_NUM_THREADS=str(len(cpus)), TOKENIZERS_PARALLELISM="false")
        self.process = subprocess.Popen([sys.executable, HERE / "worker.py", json.dumps(job)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        self.version = self.receive().get("version")
        self.pause()

    def receive(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"ended; see {self.log.name}"}
        self.failure = answer.get("error")
        return answer

    def ask(self, **request):
        if self.failure:
            return {}
        self.process.send_signal(signal.SIGCONT)
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.receive()
        self.pause()
        return answer

    def pause(self):
        if not self.failure:
            self.process.send_signal(signal.SIGSTOP)

    def output(self, store):
        path = store / f"output-{self.engine}.npy"
        self.ask(save=str(path))
        return None if self.failure else np.load(path)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def difference(expected, found):
    """The largest difference, relative to the largest value of its row."""
    if found.size != expected.size:
        return float("inf")
    expected = expected.reshape(-1, expected.shape[-1])
    worst = np.abs(expected - found.reshape(expected.shape)).max(-1) / np.abs(expected).max(-1)
    return float(worst.max()) if np.isfinite(worst).all() else float("inf")


def busy_seconds():
    """Of all processors since the start of the system."""
    fields = open("/proc/stat").readline().split()
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def processor_seconds(workers):
    def of(pid):
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return sum(of(w.process.pid) for w in workers if not w.failure)


def take_turns(workers, rounds, seconds):
    """Answers the mean number of processors that others kept busy meanwhile."""
    from time import perf_counter
    start, busy, own = perf_counter(), busy_seconds(), processor_seconds(workers)
    for worker in turns(workers, rounds):
        worker.times += worker.ask(run=seconds).get("times", [])
    elapsed = perf_counter() - start
    return max(0.0, (busy_seconds() - busy - (processor_seconds(workers) - own)) / elapsed)


def results_of(workers, expected, store):
    """By engine: version and times in seconds, and how far its answers are from PyTorch's in f32; or why there are none."""
    found = {}
    for w in workers:
        answers = w.output(store)
        found[w.engine] = {"failure": w.failure} if w.failure else {
            "version": w.version, "seconds": statistics.median(w.times), "best": min(w.times), "calls": len(w.times)}
        if not w.failure and expected is not None:
            found[w.engine]["difference"] = difference(expected, answers)
    return found


# Processors of other processes beyond which a figure is void, and how often a cell is tried for one that is not.
BUSY, TRIES = 0.1, 3


def why_void(limit, others, workers):
    """What makes a cell worth nothing; "" if nothing does. `limit`: with whatever a cache may keep from call to call."""
    if others > BUSY:
        return f"others kept {others:.1f} processors busy"
    faster = [w.engine for w in workers if w.times and statistics.median(w.times) < limit]
    return f"{', '.join(faster)} faster than the machine that was probed" if faster else ""


def measured(cell, cpus, workers, store, rounds, seconds):
    """Limit, probes and the others' part of the first try that is not void, or of the last, which says why it is."""
    for attempt in range(TRIES):
        for worker in workers:
            worker.times = []
        before = limits.probe(store, cpus)
        others = take_turns(workers, rounds, seconds)
        after = limits.probe(store, cpus)
        machine = {name: (before[name] + after[name]) / 2 for name in before}
        void = why_void(cell.limit(machine, limits.cache(cpus[0])), others, workers)
        if not void:
            break
        print(f"{cell.name}: void, {void}", file=sys.stderr)
    return {"limit": cell.limit(machine), "probes": [before, after], "others": others, "void": void}


def expected_of(cell, store):
    """PyTorch's answer in f32; None where it has none."""
    reference = Worker(REFERENCE, cell, sorted(os.sched_getaffinity(0)), store)
    try:
        return reference.output(store)
    finally:
        reference.close()


def cell(cell, threads, expected, engines, store, rounds, seconds):
    """`expected`: what expected_of() answered."""
    cpus = sorted(os.sched_getaffinity(0))[-threads:]
    if len(cpus) < threads:
        return {"missing": f"{len(cpus)} processors"}
    workers = []
    try:
        for engine in engines:
            print(f"{cell.name}, {threads} threads: {engine}", file=sys.stderr)
            workers.append(Worker(engine, cell, cpus, store))
        alive = [w for w in workers if not w.failure]
        if not alive:
            return {"missing": "no engine", "engines": results_of(workers, expected, store)}
        result = measured(cell, cpus, alive, store, rounds, seconds)
        return result | {"flops": cell.flops(), "traffic": cell.traffic(), "engines": results_of(workers, expected, store)}
    finally:
        for worker in workers:
            worker.close()
