"""images.py HEDDLE GOLDEN MODELS: the words of the language about images, and two models of examples/, by every path, against PyTorch's
numbers. What is done to a convolution has the same bits within it and after it."""
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("programs", "configurations")]
import arrays
import checkpoint
from programs import Guarded, Library, write_safetensors

heddle, golden, models = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text()), pathlib.Path(sys.argv[3])
FUSED = re.compile(r"^(.*)\b((?:conv|conv_transpose)@\w\(.*?bias = yes\)|conv@\w\(.*?groups = 4\))(.*)$")
FLAGS = ([], ["--cpu", "x86-64-v3"], ["--cpu", "generic"], ["--reference"])
good = True


def check(condition, message):
    global good
    if not condition:
        print(message)
        good = False


def build(folder, text, config, tensors, flags):
    (folder / "m.heddle").write_text(text)
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors",
                      {name: arrays.Array(tuple(shape), checkpoint.values(name, shape)) for name, shape in tensors.items()})
    command = [heddle, "build", "m.heddle", "--weights", ".", "--config", "config.json", "--cpu", "native", "-o", "m.so", "--header", "m.h"] + flags
    subprocess.run(command, cwd=folder, check=True)
    return Library(folder / "m.so", (folder / "m.h").read_text())


def call(library, entry, name, shape, sizes, counts):
    outputs = [Guarded("real", [], count) for count in counts]
    library.call(entry, library.session(shape[0]), range(shape[0]), [sizes] * shape[0],
                 {name: Guarded("real", checkpoint.image(math.prod(shape)))}, outputs)
    return [list(output.values()) for output in outputs]


def compare(what, found, expected):
    worst = max(abs(a - b) if b == b else math.inf for a, b in zip(expected, found))
    check(len(found) == len(expected) and worst <= 3e-6 * max(1, *map(abs, expected)), f"{what}: off by {worst:.2g}")


def cases_model():
    """An entry a case; where something is done to a convolution, another that gives the convolution too, which keeps it apart."""
    text = "model m\nconfig {\n  Y = 9\n  X = 7\n  N = 13\n  M = 7\n}\ndyn B in 1..4\n"
    apart = []
    for number, (expression, case) in enumerate(golden["cases"].items()):
        parameter = "x: [B 4 Y X]" if case["given"] == "x" else "t: [B 6 N]"
        text += f"entry e{number}({parameter}) {{ return {expression} }}\n"
        found = FUSED.match(expression)
        if found and (found[1] or found[3]):
            text += f"entry apart{number}({parameter}) {{\n  h = {found[2]}\n  return {found[1]}h{found[3]}, h\n}}\n"
            apart.append(number)
    return text, apart


def check_cases(flags):
    text, apart = cases_model()
    check(len(apart) == 3, f"{len(apart)} cases do something to a convolution, needed 3")
    with tempfile.TemporaryDirectory() as folder:
        library = build(pathlib.Path(folder), text, {}, golden["weights"], flags)
        for number, (expression, case) in enumerate(golden["cases"].items()):
            given = case["given"], golden["inputs"][case["given"]], {}
            count = math.prod(case["shape"])
            found, = call(library, f"e{number}", *given, [count])
            compare(f"{flags} {expression}", found, case["values"])
            if number in apart:
                again, _ = call(library, f"apart{number}", *given, [count, count])
                check(found == again, f"{flags} {expression}: other bits where the convolution is apart")


def check_fusion():
    text, apart = cases_model()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.heddle"
        path.write_text(text)
        fused = subprocess.run([heddle, "build", path, "--emit=nn-fused", "-o", "-"], capture_output=True, text=True, check=True).stdout
        check(fused.count(" then {") == len(apart), f"{fused.count(' then {')} of {len(apart)} are fused")


def check_models(flags):
    for name, cases in golden["models"].items():
        for case in cases:
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                shutil.copy(models / f"{name}.heddle", folder)
                text = f'model m\nimport "{name}.heddle"\n'
                library = build(folder, text, case["config"], case["tensors"], flags)
                sizes = dict(zip("YX", case["input"][2:]))
                found, = call(library, "segment", "img", case["input"], sizes, [math.prod(case["shape"])])
                compare(f"{flags} {name} {case['config']}", found[::golden["every"]], case["values"])


check_fusion()
for flags in FLAGS:
    check_cases(flags)
for flags in FLAGS[:1] + FLAGS[3:]:
    check_models(flags)
sys.exit(not good)
