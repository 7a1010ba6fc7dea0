"""examples.py HEDDLE_OPT PREAMBLE REFERENCE.md…: every op of the references has an example, and each example is what it
says it is: heddle-opt reads it, its verifiers admit it, and it is the same text when read and printed again."""
import pathlib
import re
import subprocess
import sys

heddle_opt, preamble, *references = sys.argv[1:]
PREAMBLE = pathlib.Path(preamble).read_text()


def optimise(text):
    return subprocess.run([heddle_opt], input=text, capture_output=True, text=True)


def as_module(example, types):
    """Where `types` has those of the values that the example takes from elsewhere."""
    if example.startswith("#"):
        return f"module attributes {{example.of = {example}}} {{}}"
    if re.match(r"nn\.(size|state) @", example):
        return example
    arguments = ", ".join(f"{name}: {type}" for name, type in types.items())
    return f"{PREAMBLE}func.func @example({arguments}) {{\n{example}\nreturn\n}}\n"


def problem(example):
    """What heddle-opt has against it, once every value from elsewhere has the type of its first use; or nothing."""
    types = {}
    while (run := optimise(as_module(example, types))).returncode:
        if found := re.search(r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs 'none'", run.stderr):
            types[found[1]] = found[2]
        elif places := re.findall(r":(\d+):(\d+): error: use of undeclared SSA value name", run.stderr):
            lines = as_module(example, types).split("\n")
            types |= {re.match(r"%\w+", lines[int(line) - 1][int(column) - 1:])[0]: "none" for line, column in places}
        else:
            return run.stderr
    again = optimise(run.stdout)
    return again.stderr or ("" if again.stdout == run.stdout else "it is another text when read again")


def main():
    faults, ops, count = [], 0, 0
    for reference in references:
        for section in re.split(r"^##+ ", pathlib.Path(reference).read_text(), flags=re.M):
            title = section.split("\n")[0].strip("`")
            examples = re.findall(r"^```mlir\n(.*?)^```", section, flags=re.M | re.S)
            if re.match(r"(nn|kernel|scalar)\.\w+$", title):
                ops += 1
                if not any(re.search(rf"\b{re.escape(title)}\b", example) for example in examples):
                    faults.append(f"{title} has no example")
            count += len(examples)
            faults += [f"{title}: {fault}" for example in examples if (fault := problem(example))]
    if faults or ops < 80:
        sys.exit("\n".join(faults) or f"found {ops} ops only")
    print(f"{count} examples of {ops} ops")


main()
