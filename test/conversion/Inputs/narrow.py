"""Products in narrow types, against their formulas written out once more: how weights are rounded (compiler/checkpoint/
Quantise.h), how rows are (nn.narrow), and what is summed (nn.linear). The sums of integers are exact, so that little is left
to the order in which f32 is added.

    narrow.py write CHECKPOINT
    heddle build narrow.mlir --weights CHECKPOINT --quant q8 -o narrow.so
    narrow.py check narrow.so CHECKPOINT q8
"""
import array
import ctypes
import json
import pathlib
import random
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import Library, address, numbers, pointer

SHAPES = {"groups.weight": (42, 45), "groups.bias": (42,), "turned.weight": (45, 69), "tied.weight": (69, 45)}
RELATIVE = 2e-6


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def bf16(x):
    bits, = struct.unpack("<I", struct.pack("<f", x))
    return struct.unpack("<f", struct.pack("<I", bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000))[0]


def write(folder):
    random.seed(2)
    header, data = {}, b""
    for name, shape in SHAPES.items():
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        values = [random.gauss(0, 0.5) for _ in range(count)]
        if name == "tied.weight":
            values[45:90] = [0.0] * 45  # a row of nothing
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
        data += struct.pack(f"<{count}f", *values)
    header = json.dumps(header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)


def read(folder):
    content = (folder / "model.safetensors").read_bytes()
    size, = struct.unpack("<Q", content[:8])
    tensors = {}
    for name, entry in json.loads(content[8:8 + size]).items():
        begin, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - begin) // 4}f", content[8 + size + begin:8 + size + end])
        width = entry["shape"][-1] if len(entry["shape"]) == 2 else 1
        tensors[name] = [values[i:i + width] for i in range(0, len(values), width)]
    return tensors


def quantised(group, kind):
    """Integers and scale of weights that share one."""
    if kind in ("q4", "q6"):
        extreme, steps = max(group, key=abs), {"q4": 8, "q6": 32}[kind]
        scale = f16(f32(extreme / -steps))
        return [min(steps - 1, round(x / scale)) if scale else 0 for x in group], scale
    scale = f32(max(map(abs, group)) / 127)
    scale = f16(scale) if kind == "q8" else scale
    return [max(-127, min(127, round(x / scale))) if scale else 0 for x in group], scale


MULTIPLES = sorted({2 ** high + 2 ** low for high in range(16) for low in range(high + 1)})


def activations(x, kind):
    """Integers and scale of every group of a row of activations that shares a scale: of groups of 32, a multiple of what
    makes 127 * 2^16 of the row's largest."""
    largest = max(2.0 ** -100, *map(abs, x))
    groups = []
    for group in cut(x, kind):
        scale, inverse = f32(largest / 127), f32(127 / largest)
        if kind != "i8":
            least = f32(f32(max(map(abs, group)) / largest) * 65536)
            scale = f32(f32(largest / (127 * 65536)) * next(m for m in MULTIPLES if m >= least))
            inverse = f32(1 / scale)
        groups.append(([round(f32(v * inverse)) for v in group], scale))
    return groups


def cut(values, kind):
    size = len(values) if kind == "i8" else 32
    return [values[i:i + size] for i in range(0, len(values), size)]


def dequantised(weight, kind):
    """A row of a table."""
    if kind == "f32":
        return list(weight)
    if kind == "bf16":
        return [bf16(w) for w in weight]
    return [q * scale for group in cut(weight, kind) for q, scale in [quantised(group, kind)] for q in q]


def dot(x, weight, kind):
    if kind in ("f32", "bf16"):
        narrow = bf16 if kind == "bf16" else float
        return sum(narrow(a) * narrow(w) for a, w in zip(x, weight))
    total = 0
    for (qa, da), w in zip(activations(x, kind), cut(weight, kind)):
        qw, dw = quantised(w, kind)
        total += sum(i * j for i, j in zip(qa, qw)) * da * dw
    return total


class Check:
    def __init__(self, path, kind):
        self.library = Library(path)
        self.model = self.library.open()
        self.session = self.library.session(self.model)
        self.kind, self.failed = kind, False

    def call(self, entry, lengths, given, *counts):
        outputs = [array.array("f", [float("nan")]) * count for count in counts]
        arguments = [numbers(lengths), given] + outputs
        function = self.library.function(entry, ctypes.c_int32, pointer, ctypes.c_int64, *[pointer] * len(arguments))
        if function(self.session, len(lengths), *map(address, arguments)):
            sys.exit(f"error: {entry}: {self.library.error()}")
        return outputs

    def compare(self, what, expected, found):
        largest = max(map(abs, expected))
        worst = max(abs(a - b) if b == b else float("inf") for a, b in zip(expected, found)) / largest
        good = worst <= RELATIVE and len(expected) == len(found)
        self.failed |= not good
        print(f"{'ok' if good else 'FAILED'}: {self.kind}: {what}: largest difference {worst:.2g}")


def check(path, folder, kind):
    test, weights = Check(path, kind), read(folder)
    random.seed(3)
    for lengths in ([2], [3, 17, 1, 20]):
        tokens = sum(lengths)
        x = [[f32(random.gauss(0, 1)) for _ in range(45)] for _ in range(tokens)]
        x[0][7] = 40.0  # one large value makes the others' integers small
        x[-1] = [0.0] * 45
        given = array.array("f", [v for line in x for v in line])
        biases = [b for b, in weights["groups.bias"]]
        expected = [[dot(line, w, kind) + b for w, b in zip(weights["groups.weight"], biases)] for line in x]
        left, right = test.call("groups", lengths, given, tokens * 37, tokens * 5)
        test.compare(f"groups of {tokens}", [v for line in expected for v in line[:37]], left)
        test.compare(f"groups of {tokens}", [v for line in expected for v in line[37:]], right)
        columns = list(zip(*weights["turned.weight"]))
        found, = test.call("turned", lengths, given, tokens * 69)
        test.compare(f"turned {tokens}", [max(0.0, dot(line, w, kind)) for line in x for w in columns], found)
        ids = array.array("i", [(7 * t + 1) % 69 for t in range(tokens)])
        table = [[f32(v) for v in dequantised(w, kind)] for w in weights["tied.weight"]]
        rows, found = test.call("tied", lengths, ids, tokens * 45, tokens * 69)
        test.compare(f"rows of {tokens}", [v for i in ids for v in table[i]], rows)
        expected = [dot(table[i], w, kind) if any(table[i]) else 0.0 for i in ids for w in weights["tied.weight"]]
        test.compare(f"tied {tokens}", expected, found)
    sys.exit(test.failed)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(pathlib.Path(sys.argv[2]))
    else:
        check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4])
