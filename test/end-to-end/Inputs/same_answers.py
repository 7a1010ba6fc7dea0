"""Two compiled models with an entry step(x: [B T 24]) -> [B T 24] answer alike, over two calls of one session. --stateless: of
entries that keep nothing in it."""
import array
import math
import pathlib
import random
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import ctypes
from golden import Library, address, numbers, pointer

WIDTH, CALLS = 24, [[7, 1, 5, 4], [2, 3, 4, 1]]


def answers(path):
    library, values = Library(pathlib.Path(path)), random.Random(1)
    model = library.open()
    session = library.function("session_open", pointer, pointer, *[ctypes.c_int64] * 3)(model, 4, 0, 0)
    rows = [] if "--stateless" in sys.argv else [None]
    step = library.function("step", ctypes.c_int32, pointer, ctypes.c_int64, *[pointer] * (3 + len(rows)))
    found = []
    for lengths in CALLS:
        x = array.array("f", [values.gauss(0, 2) for _ in range(WIDTH * sum(lengths))])
        y, counts = array.array("f", [math.nan]) * len(x), numbers(lengths)
        if step(session, 4, *map(address, [counts, *rows, x, y])):
            sys.exit(f"error: {library.error()}")
        found += y
    return found


expected, found = map(answers, sys.argv[1:3])
scale = max(map(abs, expected))
worst = max(abs(a - b) if a == a and b == b else math.inf for a, b in zip(expected, found)) / scale
allowed = 0 if "--bits" in sys.argv else 1e-6
print(f"largest difference {worst:.2g} of the largest value {scale:.3g}")
sys.exit(not (worst <= allowed and scale > 1e-3))
