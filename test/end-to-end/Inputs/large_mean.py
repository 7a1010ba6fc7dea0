"""large_mean.py HEDDLE: layer norm of rows whose mean is large beside the distances from it, by both paths, against double
precision. PyTorch's float32 is off by 1e-2 where the mean is 4e4, by 1e-1 where it is 1e6."""
import pathlib
import random
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "programs"))
import arrays
from program import to_f32
from programs import Guarded, Library, compile_model

TEXT = """model m
config { D = 16 }
dyn B in 1..8
entry norm(x: [B D]) -> [B D] { return layernorm@n(x) }
"""
numbers = random.Random(1)
weights = {f"n.{name}": arrays.Array((16,), (to_f32(numbers.uniform(0.5, 1.5)) for _ in range(16))) for name in ("weight", "bias")}
centers = [4e4, -4e4, 1e6, 3.0, 0.0, 4e4, 100.0, 4e4]
rows = [[to_f32(center + numbers.gauss(0, 1)) for _ in range(16)] for center in centers]
expected = [v for row in rows for v in arrays.layer_norm(arrays.Array((16,), row), weights["n.weight"], weights["n.bias"], 1e-5).data]
good = True
for flags in ([], ["--cpu", "x86-64-v3"], ["--cpu", "generic"], ["--reference"]):
    with tempfile.TemporaryDirectory() as folder:
        library = Library(*compile_model(sys.argv[1], TEXT, weights, pathlib.Path(folder), flags))
        x, y = Guarded("real", [v for row in rows for v in row]), Guarded("real", [], len(expected))
        library.call("norm", library.session(8), range(8), [{}] * 8, {"x": x}, [y])
    worst = max(abs(a - b) if a == a else 1e9 for a, b in zip(y.values(), expected))
    good &= worst < 1e-5
    print(f"{' '.join(flags) or 'native'}: largest difference {worst:.2g}")
sys.exit(not good)
