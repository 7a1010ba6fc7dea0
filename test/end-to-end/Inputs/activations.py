"""activations.py HEDDLE GOLDEN: every function of a number, at the end of a product and in a loop of its own, by every path,
against PyTorch's numbers. The product's weight is the identity, so that both see the same numbers: they have the same bits."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "programs"))
import arrays
from programs import Guarded, Library, compile_model

heddle = sys.argv[1]
golden = json.loads(pathlib.Path(sys.argv[2]).read_text())
D, numbers, answers = 16, golden["x"], golden["answers"]
rows = len(numbers) // D
text = "model m\nconfig { D = 16 }\ndyn B in 1..64\n"
for number, expression in enumerate(answers):
    text += f"entry fused{number}(x: [B D]) -> [B D] {{\n y = linear@w(x, D -> D)\n return {expression}\n}}\n"
    text += f"entry alone{number}(y: [B D]) -> [B D] {{ return {expression} }}\n"
weights = {"w.weight": arrays.Array((D, D), (float(i == j) for i in range(D) for j in range(D)))}
good = True


def check(condition, message):
    global good
    if not condition:
        print(message)
        good = False


def run(library, entry, name):
    x, y = Guarded("real", numbers), Guarded("real", [], len(numbers))
    library.call(entry, library.session(rows), range(rows), [{}] * rows, {name: x}, [y])
    return list(y.values())


for flags in ([], ["--cpu", "x86-64-v3"], ["--cpu", "generic"], ["--reference"]):
    with tempfile.TemporaryDirectory() as folder:
        library = Library(*compile_model(heddle, text, weights, pathlib.Path(folder), flags))
        for number, (expression, expected) in enumerate(answers.items()):
            fused, alone = run(library, f"fused{number}", "x"), run(library, f"alone{number}", "y")
            for x, a, b, y in zip(numbers, fused, alone, expected):
                check(a == b, f"{flags} {expression} of {x}: {a} in the product, {b} alone")
                check(abs(a - y) <= 1e-6 * abs(y) + 6e-7 * min(4, abs(x)), f"{flags} {expression} of {x}: {a}, needs {y}")
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "m.heddle"
    path.write_text(text)
    fused = subprocess.run([heddle, "build", path, "--emit=nn-fused", "-o", "-"], capture_output=True, text=True, check=True).stdout
    check(fused.count(" then {") == len(answers), f"{fused.count(' then {')} of {len(answers)} are fused")
sys.exit(not good)
