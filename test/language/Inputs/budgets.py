#!/usr/bin/env python3
"""budgets.py HEDDLE FOLDER: texts that ask for more than any model, and what `heddle check` has to say of each.

Some nest or chain as deep as they are long, some are short and ask for work without end. Each ends in one located error, or
in a result, within ten seconds of processor time and a gigabyte: the bounds of compiler/language/Budgets.h, with room for a
slow machine. A compiler without them overflows its stack, or takes hours and all memory.
"""
import os
import pathlib
import re
import subprocess
import sys

SECONDS, KILOBYTES = 10, 1 << 20
HEAD = "model m\nconfig { D = 8\n N = 16 }\ndyn B in 1..4\ndyn T in 1..N per B\n"


def entry(body):
    return HEAD + "entry e(x: [B T D]) -> [B T D] {\n" + body + "\n}\n"


def lines(count, line):
    return "".join(line.format(i, i + 1) for i in range(count))


def twice(count, first, call):
    """Blocks that call the one before twice: 2^count calls."""
    blocks = "".join(f"block b{i}(x: [..]) {{ return {call.format(i - 1)} }}\n" for i in range(1, count + 1))
    return HEAD + first + blocks + f"entry e(x: [B T D]) -> [B T D] {{ return b{count}(x) }}\n"


DEEP = "more than 64 deep"
USED = "weights and caches are used more than 500000 times, over all entries, layers and experts"
SPENT = "the model asks for more than 1000000 expressions, over all loops and blocks"
TEXTS = {  # name: text, error or None
    "else_if": (entry("if no { x = x } " + "else if no { x = x } " * 40000 + "\nreturn x"), "'if' has too many branches"),
    "axis_sum": (HEAD + "entry e(x: [B T D" + "+D" * 100000 + "]) { return x }\n", "expression is too long"),
    "axis_product": (HEAD + "entry e(x: [B T D" + "*D" * 100000 + "]) { return x }\n", "expression is too long"),
    "calls": (entry("return " + "relu(" * 100000 + "x" + ")" * 100000), "expression is nested too deeply"),
    "negations": (entry("return " + "-" * 100000 + "x"), "expression is nested too deeply"),
    "nots": (entry("if " + "not " * 100000 + "yes { x = x }\nreturn x"), "expression is nested too deeply"),
    "config_chain": ("model m\nconfig {\n" + lines(50000, " a{0} = a{1}\n") + " a50000 = 1\n D = a0\n}\n"
                     "entry e(x: [D]) -> [D] { return x }\n", f"config values are computed from each other {DEEP}"),
    "block_chain": (HEAD + lines(20000, "block b{0}(x: [..]) {{ return b{1}(x) }}\n") + "block b20000(x: [..]) { return x }\n"
                    "entry e(x: [B T D]) -> [B T D] { return b0(x) }\n", f"blocks call each other {DEEP}"),
    "inputs": (HEAD + "entry e(" + ", ".join(f"x{i}: [B T D]" for i in range(30000)) + ") -> [B T D] { return x0 }\n",
               "entry e has 30000 inputs, a program takes at most 32"),
    "dyn_sizes": ("model m\n" + lines(50000, "dyn T{0} in 1..4\n") + "entry e(x: [T0 4]) { return x }\n",
                  "found 50000 dyn sizes, a program has at most 8"),
    "names": (entry(lines(30000, "y{0} = relu(x)\n") + "return x"), None),
    "entries": (HEAD + lines(1024, "entry e{0}(x: [B T D]) -> [B T D] {{ return relu(x) }}\n"), None),
    "more_entries": (HEAD + lines(20000, "entry e{0}(x: [B T D]) -> [B T D] {{ return x }}\n"),
                     "found 20000 entries, a program has at most 1024"),
    "nested_loops": (entry("for i in 0..1 {\n" * 60 + "x = relu(x)\n" + "}\n" * 60 + "return x"), None),
    "doubled_calls": (twice(60, "block b0(x: [..]) { return relu(x) }\n", "b{0}(b{0}(x))"), None),
    "doubled_paths": (twice(60, "block b0(x: [..]) { return linear@w(x, D -> D) }\n", "b{0}@a(b{0}@b(x))"), USED),
    "layers": (entry("for i in 0..2147483647 { x = relu(linear@l[i](x, D -> D)) }\nreturn x"), USED),
    "layers_of_layers": (entry("for i in 0..4000 { for j in 0..4000 { x = linear@w[i][j](x, D -> D) } }\nreturn x"), USED),
    "unrolled": (entry("for i in 0..4000 { x = x * i }\nreturn x"), None),
    "unrolled_twice": (entry("for i in 0..4000 { for j in 0..4000 { x = linear@w[i + 1][j + 1](x, D -> D) } }\nreturn x"), SPENT),
    "conditions": (entry("for i in 0..2147483647 { if i == 2147483646 { x = relu(x) } }\nreturn x"),
                   "the loop runs 2147483647 times and cannot stay a loop; at most 4096 are unrolled"),
}


def check(heddle, folder, name, text, wanted):
    path = folder / f"{name}.heddle"
    path.write_text(text)
    with open(folder / f"{name}.err", "w+") as errors:
        child = subprocess.Popen([heddle, "check", path], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(child.pid, 0)
        errors.seek(0)
        found = re.findall(r"^(.*): error: (.*)$", errors.read(), flags=re.M)
    problems = []
    if os.waitstatus_to_exitcode(status) != (1 if wanted else 0):
        problems.append(f"exit code {os.waitstatus_to_exitcode(status)}")
    if [message for _, message in found] != ([wanted] if wanted else []):
        problems.append(f"found {found[:3]}, needed {wanted}")
    if any(not re.search(r"\.heddle:\d+:\d+$", place) for place, _ in found):
        problems.append(f"no place: {found}")
    if used.ru_utime + used.ru_stime > SECONDS or used.ru_maxrss > KILOBYTES:
        problems.append(f"took {used.ru_utime + used.ru_stime:.1f} s and {used.ru_maxrss} kB")
    for problem in problems:
        print(f"{name}: {problem}")
    return not problems


def imports(folder):
    """A chain of files; the last ones are never opened."""
    for i in range(100):
        (folder / f"chain{i}.heddle").write_text(f'model m\nimport "chain{i + 1}.heddle"\n')
    return f'model m\nimport "chain0.heddle"\n', f"files import each other {DEEP}"


def main():
    heddle, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    texts = {**TEXTS, "imports": imports(folder)}
    sys.exit(not all([check(heddle, folder, name, *text) for name, text in texts.items()]))


main()
