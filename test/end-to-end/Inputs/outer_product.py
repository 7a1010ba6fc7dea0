"""outer_product.py HEDDLE: a toy network of gated units whose outer product with the input a last layer reads, by every path,
against plain sums in double precision. No size is a multiple of another."""
import math
import pathlib
import random
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "programs"))
import arrays
from programs import Guarded, Library, compile_model

heddle, D, F, C, ROWS = sys.argv[1], 13, 7, 5, 6
TEXT = f"""model m
config {{
  D = {D}
  F = {F}
  C = {C}
}}
dyn B in 1..64

entry classify(x: [B D]) -> [B C] {{
  g = linear@value(x, D -> F) * silu(linear@gate(x, D -> F, bias = yes))
  return linear@out((x as [B D 1]) * (g as [B 1 F]), D F -> C, bias = yes)
}}
"""
draw = random.Random(3)
SHAPES = {"value.weight": (F, D), "gate.weight": (F, D), "gate.bias": (F,), "out.weight": (C, D * F), "out.bias": (C,)}
weights = {name: arrays.Array(shape, [draw.uniform(-1, 1) for _ in range(math.prod(shape))]) for name, shape in SHAPES.items()}
x = [draw.uniform(-2, 2) for _ in range(ROWS * D)]


def product(name, row):
    numbers, columns = weights[f"{name}.weight"].data, len(row)
    bias = weights[f"{name}.bias"].data if f"{name}.bias" in weights else [0.0] * (len(numbers) // columns)
    return [sum(a * b for a, b in zip(numbers[line * columns:], row)) + one for line, one in enumerate(bias)]


def network(row):
    gated = [v * g / (1 + math.exp(-g)) for v, g in zip(product("value", row), product("gate", row))]
    return product("out", [a * b for a in row for b in gated])


expected = [number for start in range(0, len(x), D) for number in network(x[start:start + D])]
worst = 0.0
for flags in ([], ["--cpu", "x86-64-v3"], ["--cpu", "generic"], ["--reference"]):
    with tempfile.TemporaryDirectory() as folder:
        library = Library(*compile_model(heddle, TEXT, weights, pathlib.Path(folder), flags))
        given, found = Guarded("real", x), Guarded("real", [], ROWS * C)
        library.call("classify", library.session(ROWS), range(ROWS), [{}] * ROWS, {"x": given}, [found])
        error = max(abs(a - b) for a, b in zip(found.values(), expected)) / max(map(abs, expected))
        if not error <= 1e-5:
            sys.exit(f"{flags}: differs by {error:.1e} of the largest number")
        worst = max(worst, error)
print(f"four paths, within {worst:.0e}")
