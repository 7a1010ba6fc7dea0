"""What the operations of the language mean, in plain loops over numbers of double precision.

An array is of one row: the axis of rows is left out, and every other has the length that this row has. Nothing here is shared with
the compiler; the formulas are those of compiler/language/REFERENCE.md and of PyTorch's documentation.
"""
import itertools
import math


class Unstable(Exception):
    """The result hangs on a difference that f32 does not see."""


class Array:
    """`shape`, and the elements with the last axis fastest."""
    __slots__ = ("shape", "data")

    def __init__(self, shape, data):
        self.shape, self.data = tuple(shape), list(data)
        assert len(self.data) == math.prod(self.shape), (self.shape, len(self.data))

    def at(self, index):
        place = 0
        for i, size in zip(index, self.shape):
            assert 0 <= i < size, (index, self.shape)
            place = place * size + i
        return self.data[place]

    def map(self, f):
        return Array(self.shape, map(f, self.data))


def indices(shape):
    return itertools.product(*map(range, shape))


def build(shape, f):
    return Array(shape, (f(i) for i in indices(shape)))


def binary(f, a, b, at):
    """at: for each axis of the longer operand the one of the shorter, or None where it is repeated."""
    if len(a.shape) >= len(b.shape):
        return build(a.shape, lambda i: f(a.at(i), b.at([i[k] for k, own in enumerate(at) if own is not None])))
    return build(b.shape, lambda i: f(a.at([i[k] for k, own in enumerate(at) if own is not None]), b.at(i)))


def linear(x, weight, bias, contracts, groups, in_out):
    """groups: the axes' lengths of every result."""
    lead, size = x.shape[:-contracts], math.prod(x.shape[-contracts:])
    count = sum(map(math.prod, groups))
    results = [[] for _ in groups]
    for first in range(0, len(x.data), size):
        line = x.data[first:first + size]
        column = 0
        for group, result in zip(groups, results):
            for _ in range(math.prod(group)):
                w = weight.data[column::count] if in_out else weight.data[column * size:(column + 1) * size]
                result.append(sum(a * b for a, b in zip(line, w)) + (bias.data[column] if bias else 0))
                column += 1
    return [Array(lead + tuple(group), result) for group, result in zip(groups, results)]


def embed(ids, table):
    size = math.prod(table.shape[1:])
    return Array(ids.shape + table.shape[1:], (v for i in ids.data for v in table.data[i * size:(i + 1) * size]))


def lines(x, axis):
    """The places of the elements of every line along an axis, and the shape without it."""
    stride, size = math.prod(x.shape[axis + 1:]), x.shape[axis]
    found = [[outer * stride * size + k * stride + inner for k in range(size)]
             for outer in range(math.prod(x.shape[:axis])) for inner in range(stride)]
    return found, x.shape[:axis] + x.shape[axis + 1:]


def along(x, axis, f):
    """Every line along an axis becomes f of it."""
    result = [0] * len(x.data)
    for places in lines(x, axis)[0]:
        for place, value in zip(places, f([x.data[p] for p in places])):
            result[place] = value
    return Array(x.shape, result)


def reduce(x, axis, f):
    found, rest = lines(x, axis)
    return Array(rest, (f([x.data[p] for p in places]) for places in found))


def softmax(line):
    largest = max(line)
    if largest == -math.inf:
        return [0.0] * len(line)
    powers = [math.exp(v - largest) for v in line]
    return [p / sum(powers) for p in powers]


def normalise(eps):
    def of(line):
        norm = max(math.sqrt(sum(v * v for v in line)), eps)
        return [v / norm for v in line]
    return of


def rms_norm(x, weight, eps):
    def of(line):
        scale = 1 / math.sqrt(sum(v * v for v in line) / len(line) + eps)
        return [v * scale * w for v, w in zip(line, weight.data)]
    return along(x, len(x.shape) - 1, of)


def layer_norm(x, weight, bias, eps):
    def of(line):
        mean = sum(line) / len(line)
        scale = 1 / math.sqrt(sum((v - mean) ** 2 for v in line) / len(line) + eps)
        return [(v - mean) * scale * w + b for v, w, b in zip(line, weight.data, bias.data)]
    return along(x, len(x.shape) - 1, of)


def batch_norm(x, weight, bias, mean, variance, eps):
    """The channels are the row's first axis."""
    def of(i):
        c = i[0]
        return (x.at(i) - mean.data[c]) / math.sqrt(variance.data[c] + eps) * weight.data[c] + bias.data[c]
    return build(x.shape, of)


def dot(a, b, axis_a, axis_b, batch, own):
    """batch: for each other axis of a the same axis of b, or None; own: b's further axes."""
    rest = [k for k in range(len(a.shape)) if k != axis_a]
    shape = [a.shape[k] for k in rest] + [b.shape[k] for k in own]

    def of(index):
        total = 0.0
        at_a, at_b = [0] * len(a.shape), [0] * len(b.shape)
        for position, k in enumerate(rest):
            at_a[k] = index[position]
            if batch[position] is not None:
                at_b[batch[position]] = index[position]
        for position, k in enumerate(own):
            at_b[k] = index[len(rest) + position]
        for k in range(a.shape[axis_a]):
            at_a[axis_a] = at_b[axis_b] = k
            total += a.at(at_a) * b.at(at_b)
        return total
    return build(shape, of)


def attention(q, k, v, scale, admits, bias, held):
    """q [T H K], k [S G K], v [S G D]; admits and bias of (h, i, j)."""
    (tokens, heads, depth), (keys, groups, width) = q.shape, v.shape
    result = []
    for t in range(tokens):
        for h in range(heads):
            g, i = h // (heads // groups), t + held
            scores = [sum(q.at((t, h, d)) * k.at((j, g, d)) for d in range(depth)) * scale + bias(h, i, j)
                      if admits(h, i, j) else -math.inf for j in range(keys)]
            p = softmax(scores)
            result += [sum(p[j] * v.at((j, g, d)) for j in range(keys)) for d in range(width)]
    return Array((tokens, heads, width), result)


def rearrange(x, sources):
    """sources: for every new axis the old ones, in order, whose product it is."""
    shape = [math.prod(x.shape[k] for k in group) for group in sources]

    def of(index):
        at = [0] * len(x.shape)
        for i, group in zip(index, sources):
            for k in reversed(group):
                i, at[k] = divmod(i, x.shape[k])
        return x.at(at)
    return build(shape, of)


def concat(parts, axis):
    """Along the same axis of arrays that are otherwise alike."""
    rest = math.prod(parts[0].shape[axis + 1:])
    runs = [p.shape[axis] * rest for p in parts]
    shape = list(parts[0].shape)
    shape[axis] = sum(p.shape[axis] for p in parts)
    data = []
    for outer in range(math.prod(shape[:axis])):
        for part, run in zip(parts, runs):
            data += part.data[outer * run:(outer + 1) * run]
    return Array(shape, data)


def split(x, axis, sizes):
    pieces, first = [], 0
    for size in sizes:
        shape = x.shape[:axis] + (size,) + x.shape[axis + 1:]
        pieces.append(build(shape, lambda i, first=first: x.at(i[:axis] + (i[axis] + first,) + i[axis + 1:])))
        first += size
    return pieces


def topk(x, count):
    values, chosen = [], []
    size = x.shape[-1]
    for first in range(0, len(x.data), size):
        line = x.data[first:first + size]
        order = sorted(range(size), key=lambda i: -line[i])
        if any(abs(line[a] - line[b]) < 1e-4 for a, b in zip(order[:count], order[1:])):
            raise Unstable
        values += [line[i] for i in order[:count]]
        chosen += order[:count]
    shape = x.shape[:-1] + (count,)
    return Array(shape, values), Array(shape, chosen)


def rope(x, positions, base, dims, halves):
    """The positions' axes are the first of x."""
    pairs = dims // 2

    def of(i):
        d = i[-1]
        if d >= dims:
            return x.at(i)
        p, first = (d % pairs, d < pairs) if halves else (d // 2, d % 2 == 0)
        a, b = (p, p + pairs) if halves else (2 * p, 2 * p + 1)
        angle = positions.at(i[:len(positions.shape)]) * base ** (-2 * p / dims)
        sine, cosine = math.sin(angle), math.cos(angle)
        u, v = x.at(i[:-1] + (a,)), x.at(i[:-1] + (b,))
        return u * cosine - v * sine if first else v * cosine + u * sine
    return build(x.shape, of)


def sinusoid(positions, depth, base, halves):
    def of(i):
        d = i[-1]
        p, is_sine = (d % (depth // 2), d < depth // 2) if halves else (d // 2, d % 2 == 0)
        angle = positions.at(i[:-1]) * base ** (-2 * p / depth)
        return math.sin(angle) if is_sine else math.cos(angle)
    return build(positions.shape + (depth,), of)


def bucket(distance, count, far, both):
    """T5's (Raffel et al. 2020, section 2.1)."""
    base, back = 0, -distance
    if both:
        count //= 2
        base, back = (count if distance > 0 else 0), abs(distance)
    back, exact = max(back, 0), count // 2
    if back < exact:
        return base + back
    steps = math.log(back / exact) / math.log(far / exact) * (count - exact)
    if abs(steps - round(steps)) < 1e-4 and back < far:
        raise Unstable
    return base + min(exact + int(steps + 1e-9), count - 1)


def conv(x, weight, bias, stride, pad, dilation, groups):
    """x [C, spatial…], weight [O, C / groups, kernel…]."""
    outs, ins, kernel = weight.shape[0], weight.shape[1], weight.shape[2:]
    spatial = [(size + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for size, k in zip(x.shape[1:], kernel)]

    def of(i):
        total = bias.data[i[0]] if bias else 0.0
        first = i[0] // (outs // groups) * ins
        for c in range(ins):
            for k in indices(kernel):
                at = [place * stride + step * dilation - pad for place, step in zip(i[1:], k)]
                if all(0 <= a < size for a, size in zip(at, x.shape[1:])):
                    total += x.at([first + c] + at) * weight.at((i[0], c) + k)
        return total
    return build([outs] + spatial, of)


def conv_transpose(x, weight, bias, stride, pad, more, groups):
    """x [C, spatial…], weight [C, O / groups, kernel…]: every element is added to the places that its window covers."""
    outs, ins, kernel = weight.shape[1] * groups, x.shape[0] // groups, weight.shape[2:]
    spatial = [(size - 1) * stride - 2 * pad + k + more for size, k in zip(x.shape[1:], kernel)]
    y = {i: bias.data[i[0]] if bias else 0.0 for i in indices([outs] + spatial)}
    for i in indices(x.shape):
        for o in range(weight.shape[1]):
            for k in indices(kernel):
                at = (i[0] // ins * weight.shape[1] + o, *(place * stride + step - pad for place, step in zip(i[1:], k)))
                if at in y:
                    y[at] += x.at(i) * weight.at((i[0], o) + k)
    return Array([outs] + spatial, y.values())


def pool(x, window, stride, pad, f):
    """f(elements, places of the window)"""
    spatial = [(size + 2 * pad - window) // stride + 1 for size in x.shape[1:]]

    def of(i):
        places = [[place * stride + step - pad for place, step in zip(i[1:], steps)] for steps in indices([window] * len(spatial))]
        inside = [p for p in places if all(0 <= a < size for a, size in zip(p, x.shape[1:]))]
        return f([x.at([i[0]] + p) for p in inside], len(places))
    return build([x.shape[0]] + spatial, of)


def keys(distance, a=-0.75):
    """Keys 1981, eq. 4."""
    if distance <= 1:
        return (a + 2) * distance ** 3 - (a + 3) * distance ** 2 + 1
    return a * distance ** 3 - 5 * a * distance ** 2 + 8 * a * distance - 4 * a


def upsample(x, factor, kind, corners):
    """Centres of pixels stay where they are, or those at the corners do; beyond the edge is the edge."""
    def side(place, size):
        if kind == "nearest":
            return [(place // factor, 1.0)]
        at = place * (size - 1) / max(size * factor - 1, 1) if corners else (place + 0.5) / factor - 0.5
        if kind == "bilinear":
            low = min(int(max(at, 0.0)), size - 1)
            part = max(at, 0.0) - low
            return [(low, 1 - part), (min(low + 1, size - 1), part)]
        low = math.floor(at)
        return [(min(max(k, 0), size - 1), keys(abs(at - k))) for k in range(low - 1, low + 3)]

    def of(i):
        sides = [side(place, size) for place, size in zip(i[1:], x.shape[1:])]
        return sum(x.at([i[0]] + [place for place, _ in choice]) * math.prod(share for _, share in choice)
                   for choice in itertools.product(*sides))
    return build([x.shape[0]] + [size * factor for size in x.shape[1:]], of)


def sigmoid(v):
    return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))


UNARY = {
    "relu": lambda v: max(v, 0.0),
    "gelu": lambda v: v / 2 * (1 + math.erf(v / math.sqrt(2))),
    "gelu_tanh": lambda v: v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3))),
    "quick_gelu": lambda v: v * sigmoid(1.702 * v),
    "silu": lambda v: v * sigmoid(v),
    "tanh": math.tanh,
    "sigmoid": sigmoid,
}
