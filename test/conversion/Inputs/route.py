"""What experts give to tokens that are grouped by the one they chose, against the reference, which runs every expert on all
tokens; and that a token's bits do not depend on the others, on what these chose, or on the number of threads.

    heddle build route.mlir --random-weights=1 -o fast.so
    heddle build route.mlir --random-weights=1 --reference -o reference.so
    route.py fast.so reference.so BOUND
"""
import array
import ctypes
import pathlib
import random
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import Library, address, numbers, pointer

D, F, E, A = 45, 37, 5, 2
LENGTHS = [1, 150, 7, 2, 40]
TOKENS = sum(LENGTHS)
random.seed(3)

# How tokens choose: at random; all the same two; nobody expert 3; one expert twice.
ROUTINGS = {
    "at random": lambda t: random.sample(range(E), A),
    "all one": lambda t: [4, 0],
    "none to one": lambda t: random.sample([0, 1, 2, 4], A),
    "one twice": lambda t: [random.randrange(E)] * A,
}


class Program:
    def __init__(self, path, threads):
        self.library = Library(path)
        self.model = self.library.open(threads)
        self.session = self.library.session(self.model)

    def call(self, entry, x, chosen, lengths, width):
        """[tokens, A, width], flat."""
        tokens = len(chosen) // A
        y = array.array("f", [float("nan")]) * (tokens * A * width)
        sizes = [numbers(lengths)] if entry != "heads" else []
        function = self.library.function(entry, ctypes.c_int32, pointer, ctypes.c_int64, *[pointer] * (len(sizes) + 3))
        rows = len(lengths)
        if function(self.session, rows, *map(address, [*sizes, x, chosen, y])):
            sys.exit(f"error: {entry}: {self.library.error()}")
        return y


def say(good, what):
    print(f"{'ok' if good else 'FAILED'}: {what}")
    return good


def check(fast, threaded, reference, entry, routing, width, bound):
    lengths = LENGTHS if entry != "heads" else [1] * 8
    tokens = sum(lengths)
    x = array.array("f", [random.uniform(-2, 2) for _ in range(tokens * D)])
    chosen = array.array("i", [e for t in range(tokens) for e in ROUTINGS[routing](t)])
    found = fast.call(entry, x, chosen, lengths, width)
    expected = reference.call(entry, x, chosen, lengths, width)
    scale = max(map(abs, expected))
    worst = max(abs(a - b) if b == b else float("inf") for a, b in zip(expected, found)) / scale
    say(worst <= bound, f"{entry}, {routing}: largest difference {worst:.2g}")
    say(threaded.call(entry, x, chosen, lengths, width) == found, f"{entry}, {routing}: same bits with three threads")
    if entry == "mixing":
        return
    line, same = A * width, True
    for t in random.sample(range(tokens), 8):
        alone = fast.call(entry, x[t * D:(t + 1) * D], chosen[t * A:(t + 1) * A], [1], width)
        same &= alone == found[t * line:(t + 1) * line]
    say(same, f"{entry}, {routing}: same bits of a token alone")


def main():
    fast, threaded = Program(pathlib.Path(sys.argv[1]), 1), Program(pathlib.Path(sys.argv[1]), 3)
    reference, bound = Program(pathlib.Path(sys.argv[2]), 1), float(sys.argv[3])
    for entry, width in [("experts", D), ("heads", F), ("moving", D), ("mixing", D)]:
        for routing in ROUTINGS:
            check(fast, threaded, reference, entry, routing, width, bound)


main()
