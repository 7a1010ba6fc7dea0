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

    def check(self, entry, inputs, expected, lengths=None, count=ROWS, tolerance=1e-6):
        expected = flat(expected)
        found = array.array("f", [math.nan]) * len(expected)
        self.call(entry, inputs, [found], lengths, count)
        self.compare(entry, expected, found, tolerance)

    def compare(self, what, expected, found, tolerance=1e-6):
        worst = max((abs(a - b) if b == b else math.inf) / max(1, abs(a)) for a, b in zip(expected, found))
        self.failed |= worst > tolerance or len(expected) != len(found)
        print(f"{'ok' if worst <= tolerance else 'FAILED'}: {what}: largest difference {worst:.2g}")


def places(shape):
    return itertools.product(*map(range, shape))


def conv(x, w, b, stride, pad, dilation, groups):
    channels = x.shape[1] // groups

    def at(n, o, p, q):
        total = b[o,] if b else 0.0
        for c, i, j in places((channels, *w.shape[2:])):
            y, z = p * stride[0] + i * dilation[0] - pad[0], q * stride[1] + j * dilation[1] - pad[1]
            if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]:
                total += x[n, o // (w.shape[0] // groups) * channels + c, y, z] * w[o, c, i, j]
        return total
    size = [(x.shape[2 + a] + 2 * pad[a] - dilation[a] * (w.shape[2 + a] - 1) - 1) // stride[a] + 1 for a in range(2)]
    return Array.of((x.shape[0], w.shape[0], *size), at)


def conv_transposed(x, w, b, stride, pad, dilation, groups, size):
    """Every element of x is added to all places that it meets."""
    outs, ins = w.shape[1], x.shape[1] // groups
    y = {(n, o, *p): b[o,] for n, o, *p in places((x.shape[0], outs * groups, *size))}
    for n, c, p, q in x.indices():
        for o, i, j in places((outs, *w.shape[2:])):
            at = n, c // ins * outs + o, p * stride[0] + i * dilation[0] - pad[0], q * stride[1] + j * dilation[1] - pad[1]
            if at in y:
                y[at] += x[n, c, p, q] * w[c, o, i, j]
    return Array((x.shape[0], outs * groups, *size), list(y.values()))


def pool(x, window, stride, pad, size, of):
    """of(elements, places up to the pad)"""
    def at(n, c, *p):
        begin = [p[a] * stride[a] - pad[a] for a in range(2)]
        reach = [range(begin[a], min(begin[a] + window[a], x.shape[2 + a] + pad[a])) for a in range(2)]
        inside = [x[n, c, y, z] for y, z in itertools.product(*reach) if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]]
        return of(inside, len(reach[0]) * len(reach[1]))
    return Array.of((*x.shape[:2], *size), at)


def resized(x, size, sides):
    """sides(p, old size, new size): pairs of a place and what it counts, for one axis."""
    def at(n, c, p, q):
        return sum(u * v * x[n, c, y, z] for y, u in sides(p, x.shape[2], size[0]) for z, v in sides(q, x.shape[3], size[1]))
    return Array.of((*x.shape[:2], *size), at)


def source(p, old, new, corners):
    if corners:
        return p * (old - 1) / (new - 1) if new > 1 else 0.0
    return (p + 0.5) * old / new - 0.5


def nearest(p, old, new):
    return [(p * old // new, 1.0)]


def bilinear(corners):
    def sides(p, old, new):
        at = max(source(p, old, new, corners), 0)
        low = int(at)
        return [(low, 1 - (at - low)), (min(low + 1, old - 1), at - low)]
    return sides


def bicubic(corners):
    """Keys 1981, eq. 4."""
    def weight(d, a=-0.75):
        if d <= 1:
            return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1
        return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a

    def sides(p, old, new):
        at = source(p, old, new, corners)
        return [(min(max(k, 0), old - 1), weight(abs(at - k))) for k in range(math.floor(at) - 1, math.floor(at) + 3)]
    return sides


def check_convolutions(model):
    x, w, b = Array((ROWS, 4, 5, 3)), Array((6, 2, 3, 2)), Array((6,))
    model.check("conv", [x, w, b], conv(x, w, b, (2, 2), (1, 1), (1, 1), groups=2))
    r, s = Array((ROWS, 6, 2, 4)), Array((6,))
    y = conv(x, w, None, (2, 1), (1, 2), (2, 3), groups=2)
    model.check("conv_apart", [x, w, r, s], Array.of(y.shape, lambda n, o, p, q: y[n, o, p, q] * s[o,] + r[n, o, p, q]))
    w = Array((4, 3, 3, 2))
    model.check("conv_transposed", [x, w, b], conv_transposed(x, w, b, (3, 2), (1, 0), (1, 3), 2, (15, 8)))


def check_images(model):
    x = Array((ROWS, 2, 5, 7))
    model.check("pool_max", [x], pool(x, (3, 2), (2, 3), (1, 0), (3, 2), lambda inside, count: max(inside)))
    model.check("pool_max_up", [x], pool(x, (2, 3), (2, 3), (0, 1), (3, 3), lambda inside, count: max(inside)))
    model.check("pool_average", [x], pool(x, (2, 3), (2, 3), (1, 1), (3, 3), lambda inside, count: sum(inside) / len(inside)))
    model.check("pool_average_of_pad", [x], pool(x, (3, 4), (2, 2), (1, 1), (3, 4), lambda inside, count: sum(inside) / count))
    x = Array((ROWS, 2, 2, 3))
    for entry, size, sides in [("nearest", (4, 6), nearest), ("nearest_to", (5, 7), nearest),
                               ("bilinear", (4, 6), bilinear(False)), ("bilinear_to", (5, 7), bilinear(False)),
                               ("bilinear_corners", (5, 7), bilinear(True)), ("bilinear_corners_of_one", (1, 7), bilinear(True)),
                               ("bicubic", (5, 7), bicubic(False)), ("bicubic_corners", (5, 7), bicubic(True))]:
        # A cubic rises by up to 7 times the differences of its elements.
        model.check(entry, [x], resized(x, size, sides), tolerance=3e-6 if "bicubic" in entry else 1e-6)
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
    check_convolutions(model)
    check_images(model)
    check_axes(model)
    check_topk(model)
    check_reductions(model)
    check_attention(model)
    check_recurrence(model)
    model.library.close(model.model, model.session)
    sys.exit(model.failed)
