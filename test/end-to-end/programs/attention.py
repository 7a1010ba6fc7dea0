"""Attention, as the word and spelled from primitives, with conditions and biases of every form; caches."""
import math

import arrays
from arrays import Unstable
from constructs import alignment, construct, real
from program import Type


class Pairs:
    """Random conditions and numbers over b, h, i and j: as text, and as functions of (env, h, i, j)."""

    def __init__(self, body, query, key, heads):
        self.body, self.rng, self.heads = body, body.rng, heads
        grows = body.model.session and query == "T"
        # Of which size queries are positions depends on whether something is cached.
        self.query = query if not grows else "S" if key == "S" else None
        self.key, self.named = key, []

    def tensor(self, axes, kind="real", over=None):
        name = self.body.get(Type(axes, kind, over), fresh=0.4)
        self.named.append(name)
        return name

    def read(self, name, *at):
        """The array of a tensor, then the element."""
        return lambda env, h, i, j: env.variables[name].at([p(env, h, i, j) for p in at])

    def condition(self, depth=2):
        rng = self.rng
        if depth and rng.random() < 0.45:
            (a, f), (b, g) = self.condition(depth - 1), self.condition(depth - 1)
            if rng.random() < 0.15:
                c, k = self.condition(0)
                return f"({c} ? {a} : {b})", lambda *p: f(*p) if k(*p) else g(*p)
            if rng.random() < 0.5:
                return f"({a}) and ({b})", lambda *p: f(*p) and g(*p)
            return f"({a}) or ({b})", lambda *p: f(*p) or g(*p)
        i, j = (lambda env, h, i, j: i), (lambda env, h, i, j: j)
        choices = ["causal", "window", "far", "count", "keep", "flag", "real", "unequal", "half", "both"]
        if self.query:
            choices += ["pair", "query"]
        if self.heads:
            choices.append("head")
        if self.query == self.key:
            choices += ["segment", "segment"]
        choice = rng.choice(choices)
        if choice == "causal":
            return "j <= i", lambda env, h, i, j: j <= i
        if choice == "window":
            return "i - j < 3", lambda env, h, i, j: i - j < 3
        if choice == "far":
            return "j > i - F / 2", lambda env, h, i, j: j > i - env.sizes["F"] / 2
        if choice == "count":
            n = self.tensor(("B",), "int")
            read = self.read(n)
            return f"j < {n}[b]", lambda env, h, i, j: j < read(env, h, i, j)
        if choice == "keep":
            m = self.tensor(("B", self.key), "int")
            read = self.read(m, j)
            return f"{m}[b, j] == 1", lambda *p: read(*p) == 1
        if choice == "flag":
            m = self.tensor(("B", self.key), "bool")
            return f"{m}[b, j]", self.read(m, j)
        if choice == "query":
            m = self.tensor(("B", self.query), "bool")
            return f"{m}[b, i]", self.read(m, i)
        if choice == "pair":
            m = self.tensor(("B", self.query, self.key), rng.choice(["real", "bool"]))
            read = self.read(m, i, j)
            if self.body.types[m].kind == "bool":
                return f"{m}[b, i, j]", read
            return f"{m}[b, i, j] > 0.25", lambda *p: above(read(*p), 0.25)
        if choice == "real":
            m = self.tensor(("B", self.key))
            read = self.read(m, j)
            return f"0.3 >= {m}[b, j]", lambda *p: not above(read(*p), 0.3)
        if choice == "unequal":
            return "i != j", lambda env, h, i, j: i != j
        if choice == "both":
            return "(i + j) / 2 < 3", lambda env, h, i, j: (i + j) // 2 < 3
        if choice == "half":
            return "j * 2 <= i + 3", lambda env, h, i, j: j * 2 <= i + 3
        if choice == "head":
            return "h < 1 or j <= i", lambda env, h, i, j: h < 1 or j <= i
        m = self.tensor(("B", self.key), "int")
        a, b = self.read(m, i), self.read(m, j)
        return f"{m}[b, i] == {m}[b, j]", lambda *p: a(*p) == b(*p)

    def number(self, depth=1):
        rng = self.rng
        if depth and rng.random() < 0.3:
            (a, f), (b, g) = self.number(depth - 1), self.number(depth - 1)
            return f"{a} + {b}", lambda *p: f(*p) + g(*p)
        i, j = (lambda env, h, i, j: i), (lambda env, h, i, j: j)
        choices = ["key", "slope", "choice", "clamped", "count", "table"]
        if self.query:
            choices += ["query", "pair"]
        if self.heads:
            choices += ["head", "bucket", "relative"]
        choice = rng.choice(choices)
        if choice in ("key", "query"):
            axis, at, name = (self.key, j, "j") if choice == "key" else (self.query, i, "i")
            m = self.tensor(("B", axis))
            return f"{m}[b, {name}]", self.read(m, at)
        if choice == "pair":
            m = self.tensor(("B", self.query, self.key))
            return f"{m}[b, i, j]", self.read(m, i, j)
        if choice == "slope":
            return "0.1 * (j - i)", lambda env, h, i, j: 0.1 * (j - i)
        if choice == "choice":
            c, f = self.condition(0)
            return f"({c} ? 0.5 : -1.5)", lambda *p: 0.5 if f(*p) else -1.5
        if choice == "clamped":
            m = self.tensor(("B", "F"))
            return f"{m}[b, j < F ? j : F - 1]", lambda env, h, i, j: env.variables[m].at((min(j, env.sizes["F"] - 1),))
        if choice == "count":
            n = self.tensor(("B",), "int")
            read = self.read(n)
            return f"{n}[b] * 0.1", lambda *p: read(*p) * 0.1
        if choice == "table":
            ids = self.tensor(("B", self.key), "int", "V")
            table = self.body.add([real("V")], [], lambda: f"param@{path}(V)", lambda env: [env.weight(path, ("V",), 1)])
            path = self.body.path()
            self.named.append(table.names[0])
            read, name = self.read(ids, j), table.names[0]
            return f"{name}[{ids}[b, j]]", lambda *p: p[0].variables[name].at((read(*p),))
        path = self.body.path()
        if choice == "head":
            axes = (self.heads,)
        else:
            axes = ("R" if choice == "bucket" else "2*N-1", self.heads)
        if choice == "bucket" and self.body.model.static["R"] < 4:
            return "0.2 * i", lambda env, h, i, j: 0.2 * i
        name = self.body.add([real(*axes)], [], lambda: f"param@{path}({' '.join(axes)})",
                             lambda env: [env.weight(path, axes, 1)]).names[0]
        self.named.append(name)
        if choice == "head":
            return f"{name}[h]", lambda env, h, i, j: env.variables[name].at((h,))
        if choice == "relative":
            return f"{name}[i - j + N - 1, h]", lambda env, h, i, j: env.variables[name].at((i - j + env.sizes["N"] - 1, h))
        both = rng.random() < 0.5
        return (f"{name}[bucket(j - i, R, 9, both = {'yes' if both else 'no'}), h]",
                lambda env, h, i, j: env.variables[name].at((arrays.bucket(j - i, env.sizes["R"], 9, both), h)))


def above(value, limit):
    if abs(value - limit) < 1e-5:
        raise Unstable
    return value > limit


def keys_of(body, query):
    """The axis of keys, and a variable of them: of this call, of another sequence, or of the session."""
    rng = body.rng
    if body.model.session and query == "T" and rng.random() < 0.7:
        return "S"
    return rng.choice([query, query, "U", "M"])


def cached(body, name, axis="T"):
    """cache@path(name, T -> S)"""
    type, path = body.types[name], body.path()

    def run(env, a):
        key = ("cache", env.path(path))
        before = env.session.get(key)
        whole = arrays.concat([before, a], 0) if before else a
        env.session[key] = whole
        return [whole]
    return body.add([type.with_axes(("B", "S") + type.axes[2:])], [name], lambda a: f"cache@{path}({a}, T -> S)", run).names[0]


@construct(6)
def attention(body):
    rng = body.rng
    query = rng.choice(["T", "T", "T", "U", "M"])
    key = keys_of(body, query)
    heads = rng.choice(["H", "H", "G"])
    groups = rng.choice(["G", heads])
    width = rng.choice(["K", "K", "E"])
    q = body.get(real("B", query, heads, "K"))
    fed = "T" if key == "S" else key
    k, v = body.get(real("B", fed, groups, "K")), body.get(real("B", fed, groups, width))
    if key == "S":
        k, v = cached(body, k), cached(body, v)
    pairs = Pairs(body, query, key, heads)
    condition, admits = pairs.condition() if rng.random() < 0.8 else ("", lambda *p: True)
    bias_text, bias = pairs.number() if rng.random() < 0.5 else ("", lambda *p: 0.0)
    scale = rng.choice([None, 0.7])
    options = (f", scale = {scale}" if scale else "") + (f", bias = {bias_text}" if bias_text else "")
    where = f" where {condition}" if condition else ""

    def run(env, a, b, c):
        held = env.held.get("T", 0) if query == "T" else 0
        factor = scale or 1 / math.sqrt(env.sizes["K"])
        return [arrays.attention(a, b, c, factor, lambda h, i, j: admits(env, h, i, j), lambda h, i, j: bias(env, h, i, j), held)]
    return body.add([real("B", query, heads, width)], [q, k, v],
                    lambda a, b, c: f"attention({a}, {b}, {c}{options}){where}", run, pairs.named)


@construct(3)
def primitives(body):
    """softmax(dot(q, k, K) / √K where …, S), and its product with v."""
    rng = body.rng
    query = rng.choice(["T", "T", "U"])
    key = keys_of(body, query)
    if key == query:
        key = "U" if query == "T" else "M"
    heads = rng.choice([("H",), ("H",), ()])
    q = body.get(real("B", query, *heads, "K"))
    fed = "T" if key == "S" else key
    k, v = body.get(real("B", fed, *heads, "K")), body.get(real("B", fed, *heads, "E"))
    if key == "S":
        k, v = cached(body, k), cached(body, v)
    pairs = Pairs(body, query, key, heads[0] if heads else None)
    condition, admits = pairs.condition()
    shape = real("B", query, *heads, key)
    batch = [None] + [1] * len(heads)
    s = body.add([shape], [q, k], lambda a, b: f"dot({a}, {b}, K) / K^0.5",
                 lambda env, a, b: [arrays.dot(a, b, len(heads) + 1, len(heads) + 1, batch, [0]).map(lambda x: x / env.sizes["K"] ** 0.5)])
    if rng.random() < 0.3:
        bias = body.get(rng.choice([shape, real("B", query, key)]) if heads else shape)
        at = alignment(shape.row(), body.types[bias].row())
        s = body.add([shape], [s.names[0], bias], lambda a, b: f"{a} + {b}",
                     lambda env, a, b: [arrays.binary(lambda u, w: u + w, a, b, at)])

    def mask(env, a):
        held = env.held.get("T", 0) if query == "T" else 0
        return [arrays.along(arrays.build(a.shape, lambda i: a.at(i) if admits(env, i[1] if heads else 0, i[0] + held, i[-1]) else -math.inf),
                             len(a.shape) - 1, arrays.softmax)]
    p = body.add([shape], [s.names[0]], lambda a: f"softmax(({a}) where {condition}, {key})", mask, pairs.named)
    return body.add([real("B", query, *heads, "E")], [p.names[0], v], lambda a, b: f"dot({a}, {b}, {key})",
                    lambda env, a, b: [arrays.dot(a, b, len(heads) + 1, 0, [None] + [1] * len(heads), [len(heads) + 1])])


@construct(2)
def cache(body):
    if not body.model.session:
        return None
    x = body.get(real("B", "T", *body.rng.choice([("D",), ("H", "K"), ()])))
    cached(body, x)
    return body.statements[-1]
