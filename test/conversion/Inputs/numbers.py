"""What the entries of numbers.mlir give, against the formulas of the op descriptions written out once more, in f64.

    heddle build numbers.mlir --reference -o numbers.so
    numbers.py numbers.so
"""
import array
import ctypes
import itertools
import math
import pathlib
import random
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import Library, address, numbers, pointer

random.seed(1)
LENGTHS = [3, 1, 5, 2]
ROWS = len(LENGTHS)


class Array:
    """Values under several axes, outermost first."""

    def __init__(self, shape, values=None):
        self.shape = shape
        self.values = values if values is not None else [random.uniform(-2, 2) for _ in range(math.prod(shape))]

    def indices(self):
        return itertools.product(*map(range, self.shape))

    def __getitem__(self, at):
        place = 0
        for index, size in zip(at, self.shape):
            assert 0 <= index < size
            place = place * size + index
        return self.values[place]

    @staticmethod
    def of(shape, function):
        return Array(shape, [function(*at) for at in itertools.product(*map(range, shape))])


def rows(*shape):
    """One array a row, as long as the row is."""
    return [Array((length, *shape)) for length in LENGTHS]


def flat(arrays):
    return [value for one in (arrays if isinstance(arrays, list) else [arrays]) for value in one.values]


class Model:
    def __init__(self, path):
        self.library = Library(path)
        self.model = self.library.open()
        open_session = self.library.function("session_open", pointer, pointer, *[ctypes.c_int64] * 3)
        self.session = open_session(self.model, ROWS, 0, 0)
        self.failed = False

    def call(self, entry, inputs, outputs, lengths=None, count=ROWS):
        """inputs: arrays or lists of one a row; outputs: arrays to fill."""
        given = [array.array("f", flat(x)) for x in inputs]
        arguments = ([numbers(lengths)] if lengths else []) + [None] + given + outputs
        function = self.library.function(entry, ctypes.c_int32, pointer, ctypes.c_int64, *[pointer] * len(arguments))
        if function(self.session, count, *map(address, arguments)):
            sys.exit(f"error: {entry}: {self.library.error()}")

    def check(self, entry, inputs, expected, lengths=None, count=ROWS):
        expected = flat(expected)
        found = array.array("f", [math.nan]) * len(expected)
        self.call(entry, inputs, [found], lengths, count)
        self.compare(entry, expected, found)

    def compare(self, what, expected, found):
        worst = max((abs(a - b) if b == b else math.inf) / max(1, abs(a)) for a, b in zip(expected, found))
        self.failed |= worst > 1e-6 or len(expected) != len(found)
        print(f"{'ok' if worst <= 1e-6 else 'FAILED'}: {what}: largest difference {worst:.2g}")


def conv(x, w, b, stride, pad, groups):
    channels = x.shape[1] // groups

    def at(n, o, p, q):
        total = b[o,]
        for c, i, j in itertools.product(range(channels), range(w.shape[2]), range(w.shape[3])):
            y, z = p * stride + i - pad, q * stride + j - pad
            if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]:
                total += x[n, o // (w.shape[0] // groups) * channels + c, y, z] * w[o, c, i, j]
        return total
    size = [(x.shape[2 + a] + 2 * pad - w.shape[2 + a]) // stride + 1 for a in range(2)]
    return Array.of((x.shape[0], w.shape[0], *size), at)


def bilinear(x, factor):
    """PyTorch's interpolate(mode="bilinear", align_corners=False)."""
    def source(p, size):
        at = max((p + 0.5) / factor - 0.5, 0)
        low = int(at)
        return low, min(low + 1, size - 1), at - low

    def at(n, c, p, q):
        y0, y1, v = source(p, x.shape[2])
        x0, x1, u = source(q, x.shape[3])
        above, below = [x[n, c, y, x0] * (1 - u) + x[n, c, y, x1] * u for y in (y0, y1)]
        return above * (1 - v) + below * v
    return Array.of((*x.shape[:2], x.shape[2] * factor, x.shape[3] * factor), at)


def check_images(model):
    x, w, b = Array((ROWS, 4, 5, 3)), Array((6, 2, 3, 2)), Array((6,))
    model.check("conv", [x, w, b], conv(x, w, b, stride=2, pad=1, groups=2))
    x = Array((ROWS, 2, 4, 6))
    windows = Array.of((ROWS, 2, 2, 3), lambda n, c, p, q: [x[n, c, 2 * p + i, 2 * q + j] for i in (0, 1) for j in (0, 1)])
    model.check("pool_max", [x], Array(windows.shape, [max(window) for window in windows.values]))
    model.check("pool_average", [x], Array(windows.shape, [sum(window) / 4 for window in windows.values]))
    x = Array((ROWS, 2, 2, 3))
    model.check("nearest", [x], Array.of((ROWS, 2, 4, 6), lambda n, c, p, q: x[n, c, p // 2, q // 2]))
    model.check("bilinear", [x], bilinear(x, 2))
    x, w, b, m, v = Array((ROWS, 2, 3)), Array((2,)), Array((2,)), Array((2,)), Array((2,), [0.25, 3.0])
    model.check("batch_norm", [x, w, b, m, v], Array.of(
        x.shape, lambda n, c, p: (x[n, c, p] - m[c,]) / math.sqrt(v[c,] + 0.5) * w[c,] + b[c,]))


def check_axes(model):
    x = rows(2, 3)
    model.check("rearrange", [x], [Array.of((len_, 6), lambda t, d: math.exp(r[t, d % 2, d // 2]))
                                   for len_, r in zip(LENGTHS, x)], LENGTHS)
    x = rows(3)
    model.check("turn", [x], [Array.of((3, len_), lambda d, t: r[t, d]) for len_, r in zip(LENGTHS, x)], LENGTHS)
    c = Array((1, 3))
    model.check("token_in_front", [c, x], [Array((len_ + 1, 3), c.values + r.values) for len_, r in zip(LENGTHS, x)], LENGTHS)
    x = rows(6)
    model.check("halves_swapped", [x], [Array.of((len_, 6), lambda t, d: r[t, (d + 3) % 6]) for len_, r in zip(LENGTHS, x)], LENGTHS)


def check_topk(model):
    """Equal elements: the lower index first. Infinities are elements like others."""
    x = rows(5)
    x[0].values[:5] = [1.0, 2.0, 1.0, 2.0, 1.0]
    x[1].values[:5] = [-math.inf] * 4 + [0.0]
    orders = [sorted(range(5), key=lambda i: (-r[t, i], i))[:3] for r, len_ in zip(x, LENGTHS) for t in range(len_)]
    lines = [[r[t, i] for i in range(5)] for r, len_ in zip(x, LENGTHS) for t in range(len_)]
    values, indices = array.array("f", [0]) * (3 * len(orders)), array.array("i", [7]) * (3 * len(orders))
    model.call("topk", [x], [values, indices], LENGTHS)
    model.compare("topk: indices", [i for order in orders for i in order], indices)
    finite = [(line[i], value) for line, order, at in zip(lines, orders, range(0, len(values), 3))
              for i, value in zip(order, values[at:at + 3]) if math.isfinite(line[i])]
    model.compare("topk: values", *zip(*finite))


def check_reductions(model):
    """Along the last axis, and along the tokens of a row."""
    x, lines = [Array(r.shape, [v / 4 for v in r.values]) for r in rows(37)], range(37)

    def check(entry, of, *others):
        model.check(entry, [x, *others], [of(b, len_, r) for b, (len_, r) in enumerate(zip(LENGTHS, x))], LENGTHS)

    def lengths(r, t):
        return math.sqrt(sum(r[t, g] ** 2 for g in lines))
    check("sum", lambda b, n, r: Array.of((n,), lambda t: sum(r[t, g] for g in lines)))
    check("mean", lambda b, n, r: Array.of((37,), lambda g: sum(r[t, g] for t in range(n)) / n))
    check("max", lambda b, n, r: Array.of((n,), lambda t: max(r[t, g] for g in lines)))
    check("max_of_tokens", lambda b, n, r: Array.of((37,), lambda g: max(r[t, g] for t in range(n))))
    check("softmax", lambda b, n, r: Array.of((n, 37), lambda t, g: 1 / sum(math.exp(r[t, h] - r[t, g]) for h in lines)))
    check("softmax_of_tokens", lambda b, n, r: Array.of(
        (n, 37), lambda t, g: 1 / sum(math.exp(r[u, g] - r[t, g]) for u in range(n))))
    check("normalize", lambda b, n, r: Array.of((n, 37), lambda t, g: r[t, g] / lengths(r, t)))
    check("normalize_tokens", lambda b, n, r: Array.of(
        (n, 37), lambda t, g: r[t, g] / max(0.5, math.sqrt(sum(r[u, g] ** 2 for u in range(n))))))
    w, p = Array((5, 37)), rows()
    check("dot", lambda b, n, r: Array.of((n, 5), lambda t, e: sum(r[t, g] * w[e, g] for g in lines)), w)
    check("dot_of_tokens", lambda b, n, r: Array.of((37,), lambda g: sum(p[b][t,] * r[t, g] for t in range(n))), p)


def check_attention(model):
    def softmax(scores):
        exps = [math.exp(s - max(scores)) for s in scores]
        return [e / sum(exps) for e in exps]
    x = [Array(r.shape, [abs(v) for v in r.values]) for r in rows(3)]
    x[2].values[6:9] = [0.0] * 3  # logarithms of −∞ all: zeros
    x[3].values[0] = 0.0
    expected = [value / (sum(line) or 1) for r in x for line in zip(*[iter(r.values)] * 3) for value in line]
    model.check("softmax_of_nothing", [x], Array((len(expected),), expected), LENGTHS)
    q = rows(1, 2)

    def window(r, t, d):
        keys = range(max(0, t - 2), t + 1)
        weights = softmax([sum(r[t, 0, e] * r[j, 0, e] for e in range(2)) for j in keys])
        return sum(w * r[j, 0, d] for w, j in zip(weights, keys))
    model.check("window", [q], [Array.of((len_, 1, 2), lambda t, _, d: window(r, t, d)) for len_, r in zip(LENGTHS, q)], LENGTHS)


def check_recurrence(model):
    """Two calls: what a row carries goes on where its first call ended, whatever the others' lengths."""
    x, expected = rows(2), []
    cuts = [1, 1, 2, 1]
    for r, len_ in zip(x, LENGTHS):
        h, y = [0.0, 0.0], []
        for t in range(len_):
            h = [r[t, d] + h[d] / 2 for d in range(2)]
            y += [h[d] * r[t, d] for d in range(2)]
        expected.append(Array((len_, 2), y))
    first = [Array((cut, 2), r.values[:2 * cut]) for r, cut in zip(x, cuts)]
    model.check("recurrence", [first], [Array((cut, 2), y.values[:2 * cut]) for y, cut in zip(expected, cuts)], cuts)
    # Row 1 has no more positions to give, and comes last so that it can be left out.
    order = [0, 2, 3]
    rest = [Array((LENGTHS[b] - cuts[b], 2), x[b].values[2 * cuts[b]:]) for b in order]
    found = array.array("f", [math.nan]) * sum(len(r.values) for r in rest)
    arguments = [numbers([r.shape[0] for r in rest]), numbers(order), array.array("f", flat(rest)), found]
    function = model.library.function("recurrence", ctypes.c_int32, pointer, ctypes.c_int64, *[pointer] * 4)
    if function(model.session, 3, *map(address, arguments)):
        sys.exit(f"error: recurrence: {model.library.error()}")
    model.compare("recurrence, went on", [v for b in order for v in expected[b].values[2 * cuts[b]:]], found)


if __name__ == "__main__":
    model = Model(pathlib.Path(sys.argv[1]))
    check_images(model)
    check_axes(model)
    check_topk(model)
    check_reductions(model)
    check_attention(model)
    check_recurrence(model)
    model.library.close(model.model, model.session)
    sys.exit(model.failed)
