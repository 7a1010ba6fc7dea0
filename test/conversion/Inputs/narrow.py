"""Products in narrow types, against their formulas written out once more: how rows are rounded (nn.narrow), and what is summed
(nn.linear). Weights are such as the type holds exactly (dialects/kernel/PackedFormat.h), so that the quantiser has one answer.
The sums of integers are exact, so that little is left to the order in which f32 is added.

    narrow.py write CHECKPOINT q8
    heddle build narrow.mlir --weights CHECKPOINT --quant q8 -o narrow.so
    narrow.py check narrow.so CHECKPOINT q8 int8
"""
import array
import bisect
import ctypes
import json
import operator
import pathlib
import random
import struct
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import Library, address, numbers, pointer

SHAPES = {"groups.weight": (42, 301), "groups.bias": (42,), "turned.weight": (301, 69), "tied.weight": (69, 301)}
RELATIVE = 4e-6


class Format:
    """group: inputs that share a scale, 0: a row; least and most u; whether groups have minima; `steps`: scales and minima are
    integers, as large as that, times what 256 inputs have."""

    def __init__(self, bits, group=32, symmetric=False, minima=False, steps=0):
        self.bits, self.group, self.minima, self.steps = bits, group, minima, steps
        self.least, self.most = int(symmetric), 2 ** bits - 1
        self.zero = 0 if minima else 2 ** (bits - 1)


FORMATS = {"i8": Format(8, 0, symmetric=True), "q8": Format(8, symmetric=True), "q6": Format(6), "q5": Format(5), "q4": Format(4),
           "q5_1": Format(5, minima=True), "q4_1": Format(4, minima=True), "q6_k": Format(6, 16, steps=127),
           "q5_k": Format(5, minima=True, steps=63), "q4_k": Format(4, minima=True, steps=63), "q3_k": Format(3, 16, steps=32),
           "q2_k": Format(2, 16, minima=True, steps=15)}


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def bf16(x):
    bits, = struct.unpack("<I", struct.pack("<f", x))
    return struct.unpack("<f", struct.pack("<I", bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000))[0]


def scales_of(format, groups, signed):
    """One for each group; the first of a span has the most steps."""
    sign = lambda: random.choice((-1, 1)) if signed else 1
    if not format.steps:
        return [sign() * f16(random.uniform(0.02, 0.1)) for _ in range(groups)]
    scales = []
    for group in range(groups):
        if group * format.group % 256 == 0:
            steps, unit = format.steps, f16(random.uniform(0.02, 0.1) / format.steps)
        else:
            steps = random.randint(format.steps // 4, format.steps - 2)
        scales.append(f32(sign() * steps * unit))
    return scales


def row_of(format, inputs):
    """Weights of one output, each group with the least and the largest u."""
    size = format.group or inputs
    groups = -(-inputs // size)
    scales, minima = scales_of(format, groups, format.group and not format.least and not format.minima), [0.0] * groups
    if format.minima:
        minima = [-m for m in scales_of(format, groups, False)]
    row = []
    for group in range(groups):
        count = min(size, inputs - group * size)
        u = [format.least, format.most] + [random.randint(format.least, format.most) for _ in range(count - 2)]
        random.shuffle(u)
        row += [f32(f32(scales[group] * (v - format.zero)) + minima[group]) for v in u]
    return row


def matrix(name, shape, kind):
    outputs, inputs = shape if name != "turned.weight" else shape[::-1]
    if kind in FORMATS:
        rows = [row_of(FORMATS[kind], inputs) for _ in range(outputs)]
    else:
        rows = [[random.gauss(0, 0.5) for _ in range(inputs)] for _ in range(outputs)]
    if name == "tied.weight":
        rows[1] = [0.0] * inputs  # a row of nothing
    return rows if name != "turned.weight" else zip(*rows)


def write(folder, kind):
    random.seed(2)
    header, data = {}, b""
    for name, shape in SHAPES.items():
        if len(shape) == 1:
            values = [random.gauss(0, 0.5) for _ in range(shape[0])]
        else:
            values = [v for row in matrix(name, shape, kind) for v in row]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * len(values)]}
        data += struct.pack(f"<{len(values)}f", *values)
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


MULTIPLES = sorted({2 ** high + 2 ** low for high in range(16) for low in range(high + 1)})


def activations(x, format, wide):
    """Integers and scale of every group of a row of activations that shares a scale: of groups, a multiple of what makes
    L * 2^16 of the row's largest, with L = 127 or, of 16 bits, 127 * 255."""
    most = 127 * 255 if wide else 127
    largest = max(2.0 ** (-92 if wide else -100), *map(abs, x))
    groups = []
    for group in cut(x, format):
        scale, inverse = f32(largest / most), f32(most / largest)
        if format.group:
            least = f32(f32(max(map(abs, group)) / largest) * 65536)
            scale = f32(f32(largest / (most * 65536)) * MULTIPLES[bisect.bisect_left(MULTIPLES, least)])
            inverse = f32(1 / scale)
        groups.append(([round(f32(v * inverse)) for v in group], scale))
    return groups


def cut(values, format):
    size = format.group or len(values)
    return [values[i:i + size] for i in range(0, len(values), size)]


def product(x, weights, kind, wide):
    """What every output is of one row of activations."""
    multiply = lambda a, b: sum(map(operator.mul, a, b))
    if kind in ("f32", "bf16"):
        narrow = bf16 if kind == "bf16" else float
        x = [narrow(v) for v in x]
        return [multiply(x, map(narrow, w)) for w in weights]
    format = FORMATS[kind]
    groups = activations(x, format, wide)
    return [sum(multiply(q, group) * scale for (q, scale), group in zip(groups, cut(w, format))) for w in weights]


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


def check(path, folder, kind, wide):
    test, weights = Check(path, kind), read(folder)
    random.seed(3)
    for lengths in ([2], [3, 17, 1, 20]):
        tokens = sum(lengths)
        x = [[f32(random.gauss(0, 1)) for _ in range(301)] for _ in range(tokens)]
        x[0][7] = 40.0  # one large value makes the others' integers small
        x[-1] = [0.0] * 301
        given = array.array("f", [v for line in x for v in line])
        biases = [b for b, in weights["groups.bias"]]
        expected = [list(map(operator.add, product(line, weights["groups.weight"], kind, wide), biases)) for line in x]
        left, right = test.call("groups", lengths, given, tokens * 37, tokens * 5)
        test.compare(f"groups of {tokens}", [v for line in expected for v in line[:37]], left)
        test.compare(f"groups of {tokens}", [v for line in expected for v in line[37:]], right)
        columns = list(zip(*weights["turned.weight"]))
        found, = test.call("turned", lengths, given, tokens * 69)
        test.compare(f"turned {tokens}", [max(0.0, v) for line in x for v in product(line, columns, kind, wide)], found)
        ids = array.array("i", [(7 * t + 1) % 69 for t in range(tokens)])
        table = [[bf16(v) if kind == "bf16" else v for v in w] for w in weights["tied.weight"]]
        rows, found = test.call("tied", lengths, ids, tokens * 301, tokens * 69)
        test.compare(f"rows of {tokens}", [v for i in ids for v in table[i]], rows)
        test.compare(f"tied {tokens}", [v for i in ids for v in product(table[i], weights["tied.weight"], kind, wide)], found)
    sys.exit(test.failed)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4], sys.argv[5] == "int16")
