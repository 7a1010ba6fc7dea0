#!/usr/bin/env python3
"""Random small programs: compiled, by the fast path and by the reference, they answer what a plain evaluation answers.

    programs.py build/bin/heddle                          # 160 programs, a seed each for 8 of them
    programs.py build/bin/heddle --count 2000             # the long run
    programs.py build/bin/heddle --seed 17 --count 8      # one model again
    programs.py build/bin/heddle --only scan --list       # programs that have a scan, printed and not compiled

A program is an entry; operations.py, attention.py, images.py and structure.py have what it may be made of. Rows have lengths of
their own, calls follow one another in a session.
The reference is compiled with --bounds-checks. It is a failure if a program is refused, if anything but its answer comes of it, if fast,
reference and evaluation differ by more than 1e-4 of the largest value, or if memory beyond an array is read or written: inputs stand among
NaNs and outputs among marks. Of a failure the smallest program that still fails is printed. The standard library alone.
"""
import argparse
import array
import json
import math
import os
import pathlib
import pickle
import random
import re
import struct
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from arrays import Array, Unstable
from constructs import CONSTRUCTS, real
import operations, attention, images, structure  # they fill CONSTRUCTS, in this order
from library import Failure, Guarded, Library
from program import Entry, Env, Model

PER_MODEL, TOLERANCE = 8, 1e-4


def make_model(seed, only=None):
    model = Model(seed)
    rng = model.rng
    if rng.random() < 0.25:
        model.state = ("memory", rng.choice([real("B", "Q", "D"), real("B", "Q", "G", "K"), real("B", "E")]))
    names = [n for n, (_, weight) in CONSTRUCTS.items() for _ in range(weight)]
    for number in range(PER_MODEL):
        entry = Entry(model, f"e{number}")
        entry.allowed = only
        for step in range(rng.randint(2, 7)):
            name = only if only and step == 0 else rng.choice(names)
            CONSTRUCTS[name][0](entry)
        named = [n for s in entry.statements for n in s.names if entry.types[n].has_rows()]
        if not named:
            continue
        used = {u for s in entry.statements for u in s.uses()}
        leaves = [n for n in named if n not in used] or named[-1:]
        entry.returns = list(dict.fromkeys(leaves[-1:] + [rng.choice(named)] * (rng.random() < 0.3)))
        model.entries.append(entry)
    return model


def state_entry(model):
    if not model.state:
        return ""
    name, type = model.state
    return f"entry remember(x: {type.text()}) {{ {name} = tanh(x) }}\n"


# ---------------------------------------------------------------------------------------------------------------------
# Calls and their evaluation
# ---------------------------------------------------------------------------------------------------------------------


class Call:
    """Rows with their sizes and inputs, and what an entry answers."""

    def __init__(self, rows, sizes, of_call, inputs):
        self.rows, self.sizes, self.of_call, self.inputs = rows, sizes, of_call, inputs
        self.absent = set()  # inputs that have their defaults


def value_of(rng, model, type):
    if type.kind == "bool":
        return rng.randrange(2)
    if type.over:
        return rng.randrange(eval(type.over, {}, model.static))
    if type.kind == "int":
        return rng.randrange(4)
    return struct.unpack("f", struct.pack("f", rng.uniform(-2, 2)))[0]


def plan(model, entry, text):
    """Inputs of a few calls, and the answers as the evaluation gives them; the calls come one after another in a session."""
    rng = random.Random(f"{model.seed} {entry.name} {len(entry.returns)}")
    grows = "cache@" in text
    longest = 4 if model.session else 7
    state_lengths = [rng.randint(1, 5) for _ in range(4)]
    sessions = [{} for _ in range(4)]
    noisy = [{} for _ in range(4)]
    held = [0] * 4
    calls = []
    for rows in ([0, 1, 2], [0], [2, 1, 0, 3]):
        of_call = {"M": rng.randint(1, 5), "P": rng.choice([2, 4, 6, 8]), "B": len(rows)}
        call = Call(rows, [], of_call, {})
        call.absent = {name for name, _, default in entry.used if default is not None and rng.random() < 0.6}
        for row in rows:
            sizes = dict(model.static, **of_call, T=rng.choice([1, rng.randint(1, longest)]), U=rng.randint(1, 6), Q=state_lengths[row])
            sizes["S"] = sizes["T"] + (held[row] if grows else 0)
            call.sizes.append(sizes)
            for name, type, default in entry.used:
                shape = Env(model, sizes, 0, None).shape(type.row())
                one = call.inputs.setdefault(name, [])
                if not type.has_rows() and one:
                    one.append(one[0])
                    continue
                given = (lambda: default) if name in call.absent else (lambda: value_of(rng, model, type))
                one.append(Array(shape, [given() for _ in range(math.prod(shape))]))
        call.expected, call.noisy = [[] for _ in entry.returns], [[] for _ in entry.returns]
        for number, row in enumerate(rows):
            for results, kept, noise in ((call.expected, sessions, None), (call.noisy, noisy, random.Random(row))):
                env = Env(model, call.sizes[number], row, kept[row], noise)
                if model.state and "state" not in env.session:
                    given = state_input(model, row, state_lengths[row])
                    env.session["state"] = given.map(math.tanh)
                env.held = {"T": held[row] if grows else 0}
                for name, type, _ in entry.used:
                    value = call.inputs[name][number]
                    if noise and type.kind == "real":
                        value = value.map(lambda v: v * (1 + noise.uniform(-1e-7, 1e-7)))
                    env.variables[name] = value
                for result, value in zip(results, entry.evaluate(env)):
                    result += value.data
            if grows:
                held[row] += call.sizes[number]["T"]
        for expected, found, name in zip(call.expected, call.noisy, entry.returns):
            check_conditioned(expected, found)
        calls.append(call)
    return calls, state_lengths


def state_input(model, row, length):
    rng = random.Random(f"{model.seed} state {row}")
    type = model.state[1]
    shape = Env(model, dict(model.static, Q=length), 0, None).shape(type.row())
    return Array(shape, [value_of(rng, model, type) for _ in range(math.prod(shape))])


def largest(values):
    return max(map(abs, values), default=0) or 1.0


def check_conditioned(expected, noisy):
    """A rounding error in every step may not move the answer by a tenth of what is tolerated."""
    if any(not math.isfinite(v) for v in expected) or len(expected) != len(noisy):
        raise Unstable
    if max((abs(a - b) for a, b in zip(expected, noisy)), default=0) > TOLERANCE / 10 * largest(expected):
        raise Unstable


# ---------------------------------------------------------------------------------------------------------------------
# Compiled
# ---------------------------------------------------------------------------------------------------------------------


def write_safetensors(path, weights):
    header, data = {}, b""
    for name, value in weights.items():
        content = array.array("f", value.data).tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def compile_model(heddle, text, weights, folder, flags):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "m.heddle").write_text(text)
    (folder / "config.json").write_text("{}")
    write_safetensors(folder / "model.safetensors", weights)
    name = "reference" if flags else "fast"
    flags = flags if "--cpu" in flags else [*flags, "--cpu", "native"]
    command = [heddle, "build", "m.heddle", "--weights", ".", "--threads", "1", "-o", f"{name}.so", "--header", f"{name}.h"] + flags
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        ours = re.search(r"error: '|LLVM|Assertion|mistake of heddle|[Pp]lease", done.stderr) or done.returncode != 1
        raise Failure("internal error" if ours else "refused", " ".join(command) + "\n" + done.stderr.strip())
    return folder / f"{name}.so", (folder / f"{name}.h").read_text()


def run_entry(library, model, entry, calls, state_lengths):
    session = library.session()
    if model.state:
        values = Guarded("real", [v for row in range(4) for v in state_input(model, row, state_lengths[row]).data])
        library.call("remember", session, range(4), [{"Q": n} for n in state_lengths], {"x": values}, [])
    for number, call in enumerate(calls):
        inputs = {}
        for name, type, _ in entry.used:
            rows = call.inputs[name] if type.has_rows() else call.inputs[name][:1]
            inputs[name] = None if name in call.absent else Guarded(type.kind, [v for row in rows for v in row.data])
        outputs = [Guarded(entry.types[r].kind, [], len(expected)) for r, expected in zip(entry.returns, call.expected)]
        library.call(entry.name, session, call.rows, call.sizes, inputs, outputs)
        for name, output, expected in zip(entry.returns, outputs, call.expected):
            compare(f"call {number}, {name}: {entry.types[name].text()}", entry.types[name].kind, output, expected)
        for name, value in inputs.items():
            if value and value.array.tobytes() != value.bytes:
                raise Failure("writes", f"call {number} writes to its input {name}")
    library.close(session)


def compare(what, kind, output, expected):
    if not output.is_whole():
        raise Failure("writes", f"{what}: writes beyond its result")
    found = output.values()
    if kind != "real":
        if list(found) != [int(v) for v in expected]:
            raise Failure("differs", f"{what}: found {list(found)[:12]}, needed {expected[:12]}")
        return
    scale = largest(expected)
    worst = max(range(len(expected)), key=lambda i: abs(found[i] - expected[i]) if found[i] == found[i] else math.inf, default=None)
    if worst is not None and not abs(found[worst] - expected[worst]) <= TOLERANCE * scale:
        raise Failure("differs", f"{what}: element {worst} is {found[worst]:.9g}, needed {expected[worst]:.9g}, of {scale:.3g}")


# ---------------------------------------------------------------------------------------------------------------------
# Trials
# ---------------------------------------------------------------------------------------------------------------------


def used_text(model, entry):
    return model.text([entry])


def attempt(options, model, entries, folder):
    """Compiles entries together and runs each; returns what failed as (entry, kind, text)."""
    weights_of, plans = {}, []
    for entry in entries:
        text = used_text(model, entry)
        model.weights = {}
        try:
            plans.append((entry, *plan(model, entry, text)))
        except Unstable:
            continue
        weights_of.update(model.weights)
    if not plans:
        return [], 0
    text = model.text([p[0] for p in plans]) + state_entry(model)
    failures = []
    for flags in ([], ["--reference"] + options.reference_flags):
        path = "reference" if flags else "fast"
        try:
            library = Library(*compile_model(options.heddle, text, weights_of, folder, flags))
        except Failure as failure:
            return failures + [(p[0] if len(plans) == 1 else None, f"{path}: {failure.kind}", str(failure)) for p in plans[:1]], len(plans)
        for entry, calls, state_lengths in plans:
            try:
                run_entry(library, model, entry, calls, state_lengths)
            except Failure as failure:
                failures.append((entry, f"{path}: {failure.kind}", str(failure)))
    return failures, len(plans)


def in_child(function):
    """What `function` gives, computed by a process of its own: programs may crash."""
    read, write = os.pipe()
    errors = tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(errors.fileno(), 2)
        try:
            result = function()
        except BaseException:
            result = ([("?", "mistake of the test", traceback.format_exc())], 0)
        with os.fdopen(write, "wb") as file:
            pickle.dump(result, file)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        content = file.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        errors.seek(0)
        text = errors.read().decode(errors="replace").strip()
        return ([(None, "crash", f"signal {os.WTERMSIG(status)}\n{text}")], 0)
    return pickle.loads(content)


def try_entries(options, model, entries, folder):
    names = {e.name: e for e in entries}

    def run():
        failures, count = attempt(options, model, entries, folder)
        return [(e.name if e else None, kind, text) for e, kind, text in failures], count
    failures, count = in_child(run)
    return [(names.get(name), kind, text) for name, kind, text in failures], count


def fails_alike(options, model, entry, folder, kind):
    failures, _ = try_entries(options, model, [entry], folder)
    return next((text for _, k, text in failures if k == kind), None)


def shrink(options, model, entry, folder, kind, text):
    """The first value that is wrong, computed from as little as possible."""
    for statement in entry.statements:
        for name in statement.names:
            if not entry.types[name].has_rows():
                continue
            before, entry.returns = entry.returns, [name]
            found = fails_alike(options, model, entry, folder, kind)
            if found:
                return cut(options, model, entry, folder, kind, found)
            entry.returns = before
    return cut(options, model, entry, folder, kind, text)


def cut(options, model, entry, folder, kind, text):
    """Makes parameters of values on the way."""
    for statement in entry.needed(entry.returns)[:-1][::-1]:
        if not all(entry.types[n].has_rows() for n in statement.names) or set(statement.names) & set(entry.returns):
            continue
        added = [(n, entry.types[n], None) for n in statement.names]
        entry.cuts |= set(statement.names)
        entry.parameters += added
        found = fails_alike(options, model, entry, folder, kind)
        if found:
            text = found
            continue
        entry.cuts -= set(statement.names)
        entry.parameters = entry.parameters[:-len(added)]
    return text


def report(options, model, entry, folder, kind, text):
    if entry and kind != "mistake of the test":
        text = shrink(options, model, entry, folder, kind, text)
        program = model.text([entry]) + state_entry(model)
    else:
        program = model.text() + state_entry(model)
    again = f"{pathlib.Path(sys.argv[0]).name} HEDDLE --seed {model.seed} --count {PER_MODEL}" + (f" --only {options.only}" if options.only else "")
    print(f"FAILED: {kind}\n{text}\n\n{program}\nagain: {again}\n", flush=True)


def run_model(options, seed, folder):
    model = make_model(seed, options.only)
    if options.list:
        print(model.text() + state_entry(model))
        return len(model.entries), 0
    failures, count = try_entries(options, model, model.entries, folder)
    if any(entry is None for entry, _, _ in failures):
        # Which of them?
        failures = [f for e in model.entries for f in
                    [(e, kind, text) for _, kind, text in try_entries(options, model, [e], folder)[0]]]
    seen = set()
    for entry, kind, text in failures:
        if (entry, kind) not in seen and len(seen) < options.failures:
            report(options, model, entry, folder, kind, text)
        seen.add((entry, kind))
    return count, len({e.name if e else None for e, _, _ in failures})


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("heddle")
    options.add_argument("--count", type=int, default=160, help="programs, a multiple of 8")
    options.add_argument("--seed", type=int, default=1, help="of the first model")
    options.add_argument("--only", choices=sorted(CONSTRUCTS), help="programs that begin with this construct")
    options.add_argument("--list", action="store_true", help="print the models, and compile none")
    options.add_argument("--failures", type=int, default=3, help="how many to shrink and print, a model")
    options.add_argument("--reference-flags", default="--bounds-checks", help="for the reference path")
    o = options.parse_args()
    o.heddle, o.reference_flags = os.path.abspath(o.heddle), o.reference_flags.split()
    programs = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(o.seed, o.seed + (o.count + PER_MODEL - 1) // PER_MODEL):
            count, wrong = run_model(o, seed, pathlib.Path(folder) / str(seed))
            programs += count
            failed += wrong
    print(f"{programs} programs, {failed} failed")
    sys.exit(failed > 0 or programs == 0)


if __name__ == "__main__":
    main()
