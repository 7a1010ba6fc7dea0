"""Every construct of the language, each a function that adds a statement to a body, or gives None where nothing fits."""
import math

import arrays
from arrays import Array, UNARY, Unstable
from program import Body, Compound, Env, Type, is_static, names_of

CONSTRUCTS = {}


def construct(weight=1):
    def register(function):
        CONSTRUCTS[function.__name__] = (function, weight)
        return function
    return register


def real(*axes):
    return Type(axes)


def shapes(model):
    """Of parameters: with sizes of every kind, and several that differ from row to row."""
    common = ["B D", "B T", "B T D", "B T F", "B T H K", "B H T K", "B M D", "B D T", "B U E", "B M H K", "B T A D"]
    several = ["B E E", "B M D M", "B T U", "B U T D", "B T T", "B U H T", "B D F"]
    return [s.split() for s in common * 2 + several + (["B S D", "B T S", "B S H K"] if model.session else [])]


def any_real(body, fits=lambda t: True):
    found = body.find(lambda t: t.kind == "real" and fits(t))
    if found and body.rng.random() < 0.75:
        return found
    fresh = [s for s in shapes(body.model) if fits(real(*s))]
    if fresh and body.rng.random() < 0.9 or not found and fresh:
        return body.parameter(real(*body.rng.choice(fresh)))
    return found


def static_axes(body, count):
    return [body.rng.choice(["D", "E", "F", "H", "K", "A", "G"]) for _ in range(count)]


def distinct(axes):
    return len(set(axes)) == len(axes)


# ---------------------------------------------------------------------------------------------------------------------
# Weights
# ---------------------------------------------------------------------------------------------------------------------


@construct(6)
def linear(body):
    rng = body.rng
    x = any_real(body, lambda t: len(t.axes) > 1 and is_static(t.axes[-1]))
    if not x:
        return None
    type = body.types[x]
    contracts = 2 if len(type.axes) > 2 and is_static(type.axes[-2]) and rng.random() < 0.5 else 1
    into, lead = type.axes[-contracts:], type.axes[:-contracts]
    groups = [static_axes(body, rng.choice([1, 1, 2])) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    bias, in_out = rng.random() < 0.4, rng.random() < 0.3
    path = body.path()
    options = (", bias = " + rng.choice(["yes", "on"]) if bias else "") + (", layout = in_out" if in_out else "")

    def run(env, a):
        inputs, outputs = math.prod(env.shape(into)), sum(math.prod(env.shape(g)) for g in groups)
        w = env.model.weight(env.path(path) + ".weight", (inputs, outputs) if in_out else (outputs, inputs), 1 / math.sqrt(inputs))
        b = env.model.weight(env.path(path) + ".bias", (outputs,)) if bias else None
        return arrays.linear(a, w, b, contracts, [env.shape(g) for g in groups], in_out)
    pattern = f"{' '.join(into)} -> {' | '.join(map(' '.join, groups))}"
    return body.add([Type(lead + tuple(g)) for g in groups], [x], lambda a: f"linear@{path}({a}, {pattern}{options})", run)


@construct(2)
def embed(body):
    rng = body.rng
    if rng.random() < 0.3:
        size = rng.choice(["T", "M"])
        over, type = ("N" if size == "T" else "5"), Type(("B", "T") if size == "T" else ("M",), "int", "N")
        if size == "M":
            return None
        ids = body.find(lambda t: t == type) or positions(body).names[0]
    else:
        ids = body.get(Type(rng.choice([("B", "T"), ("B", "M"), ("B",), ("B", "T", "U")]), "int", rng.choice(["V", "N"])))
    type = body.types[ids]
    into = tuple(static_axes(body, rng.choice([1, 1, 2])))
    path = body.path()

    def run(env, a):
        return [arrays.embed(a, env.weight(path + ".weight", (type.over,) + into))]
    return body.add([Type(type.axes + into)], [ids], lambda a: f"embed@{path}({a}, {type.over} -> {' '.join(into)})", run)


@construct()
def param(body):
    axes = tuple(static_axes(body, body.rng.choice([1, 2])))
    path = body.path()
    return body.add([Type(axes)], [], lambda: f"param@{path}({' '.join(axes)})", lambda env: [env.weight(path, axes)])


def norm(name, default):
    def add(body):
        x = any_real(body, lambda t: len(t.axes) > 1 and is_static(t.axes[-1]))
        if not x:
            return None
        type, path = body.types[x], body.path()
        eps, option = body.rng.choice([(default, ""), (1e-3, ", eps = eps"), (1e-5, ", eps = 1e-5")])

        def run(env, a):
            w = env.weight(path + ".weight", type.axes[-1:], 1, positive=True)
            if name == "rmsnorm":
                return [arrays.rms_norm(a, w, eps)]
            return [arrays.layer_norm(a, w, env.weight(path + ".bias", type.axes[-1:]), eps)]
        return body.add([type], [x], lambda a: f"{name}@{path}({a}{option})", run)
    return add


CONSTRUCTS["rmsnorm"] = (norm("rmsnorm", 1e-6), 2)
CONSTRUCTS["layernorm"] = (norm("layernorm", 1e-5), 2)


@construct()
def batchnorm(body):
    x = any_real(body, lambda t: t.has_rows() and len(t.axes) > 1 and is_static(t.axes[1]))
    if not x:
        return None
    type, path = body.types[x], body.path()

    def run(env, a):
        w = [env.weight(f"{path}.{n}", type.axes[1:2], 1, positive=n in ("weight", "running_var"))
             for n in ("weight", "bias", "running_mean", "running_var")]
        return [arrays.batch_norm(a, *w, 1e-5)]
    return body.add([type], [x], lambda a: f"batchnorm@{path}({a})", run)


# ---------------------------------------------------------------------------------------------------------------------
# Element by element
# ---------------------------------------------------------------------------------------------------------------------


@construct(4)
def unary(body):
    x = any_real(body)
    if not x:
        return None
    forms = {name: (f"{name}({{}})", f) for name, f in UNARY.items()}
    forms.update({
        "act": ("act({})", UNARY["silu"]), "swish": ("swish({}, beta = 0.7)", lambda v: v * arrays.sigmoid(0.7 * v)),
        "exp": ("exp(tanh({}))", lambda v: math.exp(math.tanh(v))), "log": ("log(({0})^2 + 1)", lambda v: math.log(v * v + 1)),
        "sqrt": ("sqrt(({0})^2 + 0.5)", lambda v: math.sqrt(v * v + 0.5)), "negate": ("-{}", lambda v: -v),
        "dropout": ("dropout({}, 0.1)", lambda v: v), "plus": ("{} + 1.5", lambda v: v + 1.5),
        "scale": ("{} * D^-0.5", None), "minus": ("2 - {}", lambda v: 2 - v), "over": ("{} / 3", lambda v: v / 3),
        "power": ("sigmoid({}) ^ 1.5", lambda v: arrays.sigmoid(v) ** 1.5), "square": ("{} ^ 2", lambda v: v * v)})
    text, f = forms[body.rng.choice(sorted(forms))]
    f = f or (lambda v, d=body.model.static["D"]: v * d ** -0.5)
    return body.add([body.types[x]], [x], lambda a: text.format(a), lambda env, a: [a.map(f)])


def alignment(longer, shorter):
    """For each axis of `longer` that of `shorter`, or None; nothing where they do not align."""
    at, matched = [], 0
    for axis in longer:
        if matched < len(shorter) and axis == shorter[matched]:
            at.append(matched)
            matched += 1
        else:
            at.append(None)
    return at if matched == len(shorter) else None


@construct(5)
def binary(body):
    rng = body.rng
    x = any_real(body)
    if not x:
        return None
    type = body.types[x]
    y = body.find(lambda t: t.kind == "real" and (alignment(t.axes, type.axes) or alignment(type.axes, t.axes)), reach=4)
    if not y or rng.random() < 0.4:
        kept = [a for k, a in enumerate(type.axes) if (k == 0 and a == "B") or rng.random() < 0.6]
        if kept in ([], ["B"]) or rng.random() < 0.4:
            kept = list(type.axes)
        y = body.parameter(real(*kept))
    other = body.types[y]
    a, b = (x, y) if rng.random() < 0.5 else (y, x)
    first, second = body.types[a], body.types[b]
    longer, shorter = (first, second) if len(first.axes) >= len(second.axes) else (second, first)
    if alignment(longer.axes, shorter.axes) is None:
        return None
    # Of one row: a shorter operand without rows is the same in each.
    at = alignment(longer.row(), shorter.row())
    if at is None or shorter.has_rows() and not longer.has_rows():
        return None
    form, f = rng.choice([("{} + {}", lambda u, v: u + v), ("{} - {}", lambda u, v: u - v), ("{} * {}", lambda u, v: u * v),
                          ("{} / (({}) ^ 2 + 1)", lambda u, v: u / (v * v + 1))])
    return body.add([longer], [a, b], lambda p, q: form.format(p, q),
                    lambda env, p, q: [arrays.binary(f, p, q, at)])


# ---------------------------------------------------------------------------------------------------------------------
# Along axes
# ---------------------------------------------------------------------------------------------------------------------


def axis_of(body, x, fits=lambda a: True):
    """An axis that x has once, not its rows."""
    axes = body.types[x].axes
    found = [a for a in axes if axes.count(a) == 1 and a != "B" and fits(a)]
    return body.rng.choice(found) if found else None


@construct(5)
def along(body):
    rng = body.rng
    x = any_real(body, lambda t: len(t.row()) > 0)
    axis = x and axis_of(body, x)
    if not axis:
        return None
    type = body.types[x]
    at = type.row().index(axis)
    rest = type.with_axes(a for a in type.axes if a != axis)
    kinds = {"softmax": lambda a: arrays.along(a, at, arrays.softmax), "normalize": lambda a: arrays.along(a, at, arrays.normalise(1e-12)),
             "mean": lambda a: arrays.reduce(a, at, lambda l: sum(l) / len(l)), "sum": lambda a: arrays.reduce(a, at, sum),
             "max": lambda a: arrays.reduce(a, at, max), "first": lambda a: arrays.reduce(a, at, lambda l: l[0]),
             "last": lambda a: arrays.reduce(a, at, lambda l: l[-1])}
    name = rng.choice(sorted(kinds))
    keeps = name in ("softmax", "normalize")
    if not keeps and not rest.axes:
        return None
    return body.add([type if keeps else rest], [x], lambda a: f"{name}({a}, {axis})", lambda env, a: [kinds[name](a)])


@construct(2)
def pick(body):
    """first and last of whole numbers and truth values."""
    kind, over = body.rng.choice([("int", None), ("int", "V"), ("bool", None)])
    x = body.get(Type(body.rng.choice([("B", "T"), ("B", "T", "D"), ("B", "U", "M")]), kind, over))
    type = body.types[x]
    axis = axis_of(body, x)
    name = body.rng.choice(["first", "last"])
    at = type.row().index(axis)
    return body.add([type.with_axes(a for a in type.axes if a != axis)], [x], lambda a: f"{name}({a}, {axis})",
                    lambda env, a: [arrays.reduce(a, at, lambda l: l[0 if name == "first" else -1])])


@construct()
def integers(body):
    """Arithmetic of whole numbers; what they were indices into is forgotten."""
    rng = body.rng
    axes = rng.choice([("B", "T"), ("B",), ("B", "U", "M")])
    x, y = body.get(Type(axes, "int", rng.choice([None, "V"]))), body.get(Type(axes[:2] if len(axes) > 2 else axes, "int"))
    at = alignment(axes[1:], body.types[y].row())
    form, f = rng.choice([("{} + {} * 2", lambda u, v: u + v * 2), ("{} - {}", lambda u, v: u - v), ("{} * {} + 3", lambda u, v: u * v + 3)])
    return body.add([Type(axes, "int")], [x, y], lambda p, q: form.format(p, q), lambda env, p, q: [arrays.binary(f, p, q, at)])


@construct(3)
def rearrange(body):
    rng = body.rng
    x = body.find(lambda t: len(t.axes) > 2) or any_real(body, lambda t: len(t.axes) > 2)
    if not x:
        return None
    type = body.types[x]
    row = list(enumerate(type.row()))
    if not distinct(type.row()):
        return None  # which of two equal axes is meant, the language decides
    rng.shuffle(row)
    sources, k = [], 0
    while k < len(row):
        count = 2 if k + 1 < len(row) and rng.random() < 0.3 and all("+" not in a and "-" not in a for _, a in row[k:k + 2]) else 1
        sources.append([at for at, _ in row[k:k + count]])
        k += count
    new = [body.model.product(*[type.row()[at] for at in group]) for group in sources]
    if not distinct(new):
        return None
    lead = ("B",) if type.has_rows() else ()
    # A product counts its axes in the order in which it names them; where it names them by another name, as they stood.
    written = ["*".join(type.row()[at] for at in group) for group in sources]
    for k, (group, axis) in enumerate(zip(sources, new)):
        if len(group) > 1 and "*" not in axis and rng.random() < 0.5:
            sources[k], written[k] = sorted(group), axis
    return body.add([type.with_axes(lead + tuple(new))], [x], lambda a: f"{a} as [{' '.join(lead + tuple(written))}]",
                    lambda env, a: [arrays.rearrange(a, sources)])


@construct(2)
def concat(body):
    rng = body.rng
    x = any_real(body, lambda t: t.has_rows() and len(t.axes) > 1)
    axis = x and axis_of(body, x, lambda a: len(a) == 1)
    if not axis:
        return None
    type = body.types[x]
    others = [a for a in ["D", "F", "T", "A", "1"] if a != axis and (a not in ("T",) or type.has_rows())]
    other = rng.choice(others)
    swapped = type.with_axes(other if a == axis else a for a in type.axes)
    if other in type.axes:
        return None
    y = body.get(swapped)
    parts = [(x, axis), (y, other)]
    if rng.random() < 0.5:
        parts.reverse()
    whole = f"{parts[0][1]}+{parts[1][1]}"
    at = type.row().index(axis)
    return body.add([type.with_axes(whole if a == axis else a for a in type.axes)], [p for p, _ in parts],
                    lambda a, b: f"concat({a}, {b}, {parts[0][1]} | {parts[1][1]} -> {whole})",
                    lambda env, a, b: [arrays.concat([a, b], at)])


@construct(2)
def split(body):
    rng = body.rng
    x = body.find(lambda t: t.has_rows() and any("+" in a for a in t.axes))
    if x:
        axis = next(a for a in body.types[x].axes if "+" in a)
        pieces = axis.split("+")
    else:
        x = any_real(body, lambda t: t.has_rows() and t.axes.count("F") == 1)
        if not x:
            return None
        axis, pieces = "F", ["1", "2", "F-3"]
    type = body.types[x]
    if type.axes.count(axis) != 1:
        return None
    at = type.row().index(axis)
    types = [type.with_axes(p if a == axis else a for a in type.axes) for p in pieces]
    return body.add(types, [x], lambda a: f"split({a}, {axis} -> {' | '.join(pieces)})",
                    lambda env, a: arrays.split(a, at, env.shape(pieces)))


@construct(3)
def dot(body):
    rng = body.rng
    a = any_real(body, lambda t: t.has_rows() and len(t.axes) > 2 and distinct(t.axes))
    axis = a and axis_of(body, a)
    if not axis:
        return None
    left = body.types[a]
    b = body.find(lambda t: t.kind == "real" and t.has_rows() and axis in t.axes and distinct(t.axes))
    if not b or rng.random() < 0.5:
        own = [x for x in ["U", "E", "T", "M"] if x not in left.axes and x != axis]
        kept = [x for x in left.row() if x != axis and rng.random() < 0.4]
        axes = kept + [axis] + ([rng.choice(own)] if own and rng.random() < 0.8 else [])
        rng.shuffle(axes)
        b = body.parameter(real("B", *axes))
    right = body.types[b]
    rest = [x for x in left.row() if x != axis]
    own = [k for k, x in enumerate(right.row()) if x not in left.axes]
    batch = [right.row().index(x) if x in right.row() else None for x in rest]
    axes = ["B"] + rest + [right.row()[k] for k in own]
    if len(axes) > 6:
        return None
    at = left.row().index(axis), right.row().index(axis)
    return body.add([real(*axes)], [a, b], lambda p, q: f"dot({p}, {q}, {axis})",
                    lambda env, p, q: [arrays.dot(p, q, *at, batch, own)])


# ---------------------------------------------------------------------------------------------------------------------
# Positions
# ---------------------------------------------------------------------------------------------------------------------


@construct()
def positions(body):
    size = body.rng.choice(["T", "U"])
    return body.add([Type(("B", size), "int", "N")], [], lambda: f"positions({size})",
                    lambda env: [Array(env.shape([size]), (i + env.held.get(size, 0) for i in range(env.length(size))))])


@construct()
def sinusoid(body):
    p = positions(body).names[0]
    if body.model.static["D"] % 2:
        return None
    order = body.rng.choice(["", ", order = halves", ", order = adjacent, base = 100"])
    halves, base = "halves" in order, 100 if "100" in order else 10000
    return body.add([Type(body.types[p].axes + ("D",))], [p], lambda a: f"sinusoid({a}, D{order})",
                    lambda env, a: [arrays.sinusoid(a, env.length("D"), base, halves)])


@construct(2)
def rope(body):
    rng = body.rng
    x = body.get(real("B", "T", rng.choice(["H", "G"]), "K"))
    if rng.random() < 0.5:
        p = body.get(Type(("B", "T"), "int", "N"))
    else:
        name = body.fresh()
        p = body.add([Type(("B", "T"), "int", "N")], [], lambda: "positions(T)",
                     lambda env: [Array(env.shape(["T"]), (i + env.held.get("T", 0) for i in range(env.length("T"))))]).names[0]
    base, option = rng.choice([(10000, ""), (500, ", base = 500")])
    halves = rng.random() < 0.5
    option += "" if halves else ", pairs = adjacent"
    depth = body.model.static["K"]
    dims = 2 if depth > 2 and rng.random() < 0.3 else depth
    option += f", dims = {dims}" if dims != depth else ""
    return body.add([body.types[x]], [x, p], lambda a, q: f"rope({a}, {q}{option})",
                    lambda env, a, q: [arrays.rope(a, q, base, dims, halves)])


# ---------------------------------------------------------------------------------------------------------------------
# Attention
# ---------------------------------------------------------------------------------------------------------------------


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


# ---------------------------------------------------------------------------------------------------------------------
# Images
# ---------------------------------------------------------------------------------------------------------------------


SPATIAL = ("Y", "X", "P", "U", "M")


def is_image(type):
    """Rows, channels, and axes that a convolution goes along; one of them may differ from row to row."""
    return type.kind == "real" and type.axes[0] == "B" and len(type.axes) > 2 and type.axes[1] in ("C", "D") and all(
        a.lstrip("2*") in SPATIAL for a in type.axes[2:])


@construct(3)
def image(body):
    rng = body.rng
    x = body.find(is_image) if rng.random() < 0.7 else None
    x = x or body.parameter(real("B", "C", *rng.choice([("Y", "X"), ("Y", "X"), ("P", "X"), ("U",), ("M",), ("P",)])))
    type = body.types[x]
    spatial = type.axes[2:]
    kind = rng.choice(["conv", "conv", "conv", "patches", "maxpool", "avgpool", "upsample", "bilinear"])
    halves = all(a in ("Y", "X", "P") or a.startswith("2*") for a in spatial)
    halved = [a[2:] if a.startswith("2*") else f"{a}/2" for a in spatial]
    if kind in ("conv", "patches"):
        if kind == "patches" and not halves:
            return None
        kernel, stride, pad = (2, 2, 0) if kind == "patches" else rng.choice([(3, 1, 1), (1, 1, 0)])
        bias, path, into = rng.random() < 0.5, body.path(), rng.choice(["C", "D"])
        size = body.model.static[type.axes[1]]
        groups = size if into == type.axes[1] and rng.random() < 0.3 else 1
        options = "".join(f", {n} = {v}" for n, v, default in (("kernel", kernel, 0), ("stride", stride, 1), ("pad", pad, 0), ("groups", groups, 1))
                          if v != default) + (", bias = yes" if bias else "")

        def run(env, a):
            outs, ins = env.length(into), env.length(type.axes[1]) // groups
            w = env.model.weight(env.path(path) + ".weight", (outs, ins) + (kernel,) * len(spatial), 1 / math.sqrt(ins * kernel ** len(spatial)))
            b = env.model.weight(env.path(path) + ".bias", (outs,)) if bias else None
            return [arrays.conv(a, w, b, stride, pad, groups)]
        return body.add([real("B", into, *(halved if stride == 2 else spatial))], [x],
                        lambda a: f"conv@{path}({a}, {type.axes[1]} -> {into}{options})", run)
    if kind in ("maxpool", "avgpool"):
        if not halves:
            return None
        f = max if kind == "maxpool" else lambda values: sum(values) / len(values)
        return body.add([real("B", type.axes[1], *halved)], [x], lambda a: f"{kind}({a}, 2)", lambda env, a: [arrays.pool(a, 2, f)])
    if any("*" in a for a in spatial):
        return None
    bilinear = kind == "bilinear"
    return body.add([real("B", type.axes[1], *(f"2*{a}" for a in spatial))], [x],
                    lambda a: f"upsample({a}, 2, {'bilinear' if bilinear else 'nearest'})",
                    lambda env, a: [arrays.upsample(a, 2, bilinear)])


# ---------------------------------------------------------------------------------------------------------------------
# Structure
# ---------------------------------------------------------------------------------------------------------------------

SIMPLE = ["linear", "rmsnorm", "layernorm", "unary", "unary", "binary", "binary", "along", "rearrange", "attention", "dot", "embed", "param",
          "concat", "split", "rope", "cache", "primitives", "pick"]


def fill(body, count, names):
    for _ in range(count):
        CONSTRUCTS[body.rng.choice(names)][0](body)


def same_again(body, name, path=None):
    """A value of the type of `name`, computed from what there is."""
    type = body.types[name]
    last = body.find(lambda t: t == type, reach=3) or name
    if is_static(type.axes[-1]) and len(type.axes) > 1 and body.rng.random() < 0.7:
        path = path or body.path()

        def run(env, a, b):
            size = env.length(type.axes[-1])
            w = env.model.weight(env.path(path) + ".weight", (size, size))
            y = arrays.linear(b, w, None, 1, [(size,)], False)[0]
            return [arrays.binary(lambda u, v: u + v, a, y, range(len(a.shape)))]
        return body.add([type], [name, last], lambda a, b: f"{a} + linear@{path}({b}, {type.axes[-1]} -> {type.axes[-1]})", run).names[0]
    return body.add([type], [name, last], lambda a, b: f"tanh({a} * 0.5 + {b})",
                    lambda env, a, b: [arrays.binary(lambda u, v: math.tanh(u * 0.5 + v), a, b, range(len(a.shape)))]).names[0]


def make_block(body):
    """A block for one kind of arguments; its first parameter has the type of its result, or not."""
    model = body.model
    model.counter += 1
    name = f"block{model.counter}"
    inner = Body(model, name, body)
    x = inner.parameter(real(*body.rng.choice([s for s in shapes(model) if len(s) > 1])))
    fill(inner, body.rng.choice([1, 2, 3]), SIMPLE)
    return name, inner, x


def write_block(name, inner, result, types):
    def write():
        needed = inner.needed([result])
        parameters = ", ".join(f"{n}: {t.text()}" for n, t, _ in inner.parameters)
        return "\n".join([f"block {name}({parameters}) {{"] + inner.lines([result]) + [f"  return {result}", "}"])
    return write


def run_block(inner, result, env, path, arguments):
    frame = env.inner()
    frame.prefix = env.path(path)
    for (name, _, _), value in zip(inner.parameters, arguments):
        frame.variables[name] = value
    for statement in inner.needed([result]):
        statement.execute(frame)
    return frame.variables[result]


@construct(3)
def block(body):
    if body.depth > 1:
        return None
    name, inner, x = make_block(body)
    result = inner.statements[-1].names[-1] if inner.statements else x
    if inner.types[result].kind == "bool":
        return None
    path = body.path()
    body.model.blocks.append((name, write_block(name, inner, result, inner.types)))
    arguments = [body.get(type) for _, type, _ in inner.parameters]
    return body.add([inner.types[result]], arguments, lambda *a: f"{name}@{path}({', '.join(a)})",
                    lambda env, *a: [run_block(inner, result, env, path, a)])


@construct(2)
def generic_block(body):
    """Generic sizes, .., sizes as parameters, defaults, arguments by name."""
    rng, model = body.rng, body.model
    model.counter += 1
    name, path = f"block{model.counter}", body.path()
    kind = rng.choice(["ellipsis", "generic", "default"])
    if kind == "ellipsis":
        x = any_real(body, lambda t: len(t.axes) > 1 and is_static(t.axes[-1]) and len(t.axes[-1]) == 1)
        if not x:
            return None
        type, into = body.types[x], rng.choice(["D", "F", "2*E"])
        size = type.axes[-1]
        model.blocks.append((name, lambda: f"block {name}(x: [.. {size}], O) -> [.. O] {{\n  h = gelu(linear@up(rmsnorm@n(x), {size} -> F))\n"
                                           f"  return linear@down(h, F -> O, bias = yes)\n}}"))

        def run(env, a):
            base = env.path(path)
            n, f, o = env.length(size), env.length("F"), env.length(into)
            y = arrays.rms_norm(a, model.weight(base + ".n.weight", (n,), 1, True), 1e-6)
            y = arrays.linear(y, model.weight(base + ".up.weight", (f, n)), None, 1, [(f,)], False)[0].map(UNARY["gelu"])
            return arrays.linear(y, model.weight(base + ".down.weight", (o, f)), model.weight(base + ".down.bias", (o,)), 1, [(o,)], False)
        call = rng.choice([f"{{}}, {into}", f"{{}}, O = {into}", f"O = {into}, x = {{}}"])
        return body.add([type.with_axes(type.axes[:-1] + (into,))], [x], lambda a: f"{name}@{path}({call.format(a)})", run)
    if kind == "generic":
        x = any_real(body, lambda t: t.has_rows() and len(t.axes) == 3 and t.axes[1] != t.axes[2])
        if not x:
            return None
        type = body.types[x]
        model.blocks.append((name, lambda: f"block {name}(x: [B W Z]) {{\n  return softmax(x, W), mean(x, W)\n}}"))
        return body.add([type, real("B", type.axes[2])], [x], lambda a: f"{name}({a})",
                        lambda env, a: [arrays.along(a, 0, arrays.softmax), arrays.reduce(a, 0, lambda l: sum(l) / len(l))])
    x = body.get(real("B", "T", "D"))
    given = rng.random() < 0.5
    ids = [body.get(Type(("B", "T"), "int", "V"))] if given else []
    model.blocks.append((name, lambda: f"block {name}(x: [B T D], ids: V[B T] = 2) {{\n  return x + embed@e(ids, V -> D)\n}}"))

    def run(env, a, *ids):
        table = model.weight(env.path(path) + ".e.weight", (env.length("V"), env.length("D")))
        chosen = ids[0] if ids else Array(a.shape[:-1], [2] * a.shape[0])
        return [arrays.binary(lambda u, v: u + v, a, arrays.embed(chosen, table), [0, 1])]
    return body.add([real("B", "T", "D")], [x] + ids, lambda *a: f"{name}@{path}({', '.join(a)})", run)


@construct(3)
def loop(body):
    """A loop that stays one, or is unrolled; one or two values go from turn to turn, and may change places."""
    rng = body.rng
    if body.depth > 0 or body.model.session and rng.random() < 0.5:
        return None
    carried = [any_real(body, lambda t: t.has_rows())]
    if rng.random() < 0.5:
        carried.append(body.get(body.types[carried[0]], fresh=0.9))
    if len(set(carried)) != len(carried) or None in carried:
        return None
    # The loop assigns names of its own, which begin as what is carried.
    names = [body.fresh() for _ in carried]
    index, turns = f"l{len(body.statements)}", rng.choice([1, 2, 3])
    inner = Body(body.model, body.name, body)
    inner.depth = body.depth + 1
    for outer, name in zip(carried, names):
        inner.types[name] = body.types[outer]
    inner.assigned |= set(names)
    kind = rng.choice(["plain", "plain", "block", "if"])
    swap = len(names) == 2 and rng.random() < 0.6
    lines, steps = [], []
    path = body.path()
    if kind == "block":
        block_name, block_body, x = make_block(body)
        result = same_again(block_body, block_body.parameters[0][0])
        first_type = block_body.types[result]
        if first_type != body.types[carried[0]]:
            return None
        body.model.blocks.append((block_name, write_block(block_name, block_body, result, None)))
        arguments = [names[0]] + [body.get(t) for _, t, _ in block_body.parameters[1:]]
        lines.append(f"{names[0]} = {block_name}@{path}[{index}]({', '.join(arguments)})")

        def call(env):
            env.variables[names[0]] = run_block(block_body, result, env, f"{path}[{index}]", [env.variables[a] for a in arguments])
        steps.append(call)
        named = arguments[1:]
    else:
        outside = [n for n in body.types if n not in carried][:2]
        same = same_again(inner, names[0], f"{path}[{index}].w")
        lines += inner.lines(None, "")
        lines.append(f"{names[0]} = {same}")

        def compute(env):
            inner.execute(env)
            env.variables[names[0]] = env.variables[same]
        steps.append(compute)
        named = []
    if kind == "if":
        lines.append(f"if {index} == 1 {{ {names[0]} = relu({names[0]}) }} else {{ {names[0]} = {names[0]} * 0.9 }}")

        def choose(env):
            f = UNARY["relu"] if env.loops[index] == 1 else lambda v: v * 0.9
            env.variables[names[0]] = env.variables[names[0]].map(f)
        steps.append(choose)
    if swap:
        lines += [f"{names[0]}s = {names[0]}", f"{names[0]} = {names[1]}", f"{names[1]} = {names[0]}s"]

        def exchange(env):
            a, b = names
            env.variables[a], env.variables[b] = env.variables[b], env.variables[a]
        steps.append(exchange)

    def write():
        return ([f"{n} = {outer}" for n, outer in zip(names, carried)] + [f"for {index} in 0..{turns} {{"]
                + ["  " + line for line in lines] + ["}"])

    def execute(env):
        for n, outer in zip(names, carried):
            env.variables[n] = env.variables[outer]
        for turn in range(turns):
            env.loops[index] = turn
            for step in steps:
                step(env)
        del env.loops[index]
    body.assigned |= set(names)
    return body.append(Compound(names, [body.types[c] for c in carried], carried + named, write, execute))


@construct(2)
def condition(body):
    x = any_real(body)
    if not x or body.depth > 0:
        return None
    name, static = body.fresh(), body.model.static
    text, holds = body.rng.choice([("K == 4", static["K"] == 4), ("D != E and H > 1", static["H"] > 1), ("on", True), ("not_on", None)])
    if holds is None or text.startswith("D !="):
        text, holds = "H > 1", static["H"] > 1

    def write():
        return [f"{name} = {x}", f"if {text} {{ {name} = tanh({x}) }} else if G == 1 {{ {name} = {x} * 2 }} else {{ {name} = sigmoid({x}) }}"]

    def execute(env):
        f = math.tanh if holds else (lambda v: v * 2) if static["G"] == 1 else arrays.sigmoid
        env.variables[name] = env.variables[x].map(f)
    body.assigned.add(name)
    return body.append(Compound([name], [body.types[x]], [x], write, execute))


@construct(3)
def scan(body):
    """A recurrence of one or two carried values, which may change places; over a session what they were stays."""
    rng = body.rng
    if body.depth > 0:
        return None
    axis = rng.choice(["T", "T", "U", "M"])
    size = rng.choice(["D", "F", "E"])
    x = body.get(real("B", axis, size))
    swap, two = rng.random() < 0.5, rng.random() < 0.7
    h, c, path, o = body.fresh(), body.fresh(), body.path(), body.fresh()
    key = ("scan", body.name, len(body.statements))
    carry = f"{h}: [B {size}]" + (f", {c}: [B {size}]" if two else "")
    pattern = f"{size} | {size} -> 2*{size}"

    def write():
        lines = [f"scan t in {axis} carry {carry} {{", f"  {o} = tanh(linear@{path}(concat({x}[t], {h}, {pattern}), 2*{size} -> {size}))"]
        if two and swap:
            lines += [f"  {h} = {c}", f"  {c} = {o}"] if rng_order else [f"  {o}s = {h}", f"  {h} = {c} * 0.5", f"  {c} = {o} + {o}s"]
        elif two:
            lines += [f"  {c} = {c} * 0.5 + {o}", f"  {h} = tanh({c})"]
        else:
            lines += [f"  {h} = {o}"]
        if pure_swap:
            lines += [f"  {o}z = {h}", f"  {h} = {c}", f"  {c} = {o}z"]
        return lines + [f"  yield {o}, {h}", "}"]
    rng_order, pure_swap = rng.random() < 0.5, two and rng.random() < 0.4

    def execute(env):
        n = env.length(size)
        w = env.weight(path + ".weight", (size, f"2*{size}"))
        a = [0.0] * n, [0.0] * n
        a = env.session.get(key, a)
        hv, cv = a
        value, outs, hs = env.variables[x], [], []
        for t in range(value.shape[0]):
            line = Array((2 * n,), value.data[t * n:(t + 1) * n] + hv)
            ov = [math.tanh(v) for v in arrays.linear(line, w, None, 1, [(n,)], False)[0].data]
            if two and swap and rng_order:
                hv, cv = cv, ov
            elif two and swap:
                hv, cv = [v * 0.5 for v in cv], [u + v for u, v in zip(ov, hv)]
            elif two:
                cv = [v * 0.5 + u for u, v in zip(ov, cv)]
                hv = [math.tanh(v) for v in cv]
            else:
                hv = ov
            if pure_swap:
                hv, cv = cv, hv
            outs += ov
            hs += hv
        env.session[key] = (hv, cv)
        env.variables[o] = Array(value.shape, outs)
        env.variables[h] = Array(value.shape, hs)
    body.assigned |= {h, c, o}
    return body.append(Compound([o, h], [real("B", axis, size)] * 2, [x], write, execute))


@construct(2)
def experts(body):
    """topk chooses blocks by indices; the choice has to be clear, so that it is made among what comes from outside."""
    rng, model = body.rng, body.model
    if body.depth > 0:
        return None
    lead = rng.choice([("B", "T"), ("B", "M"), ("B", "T")])
    logits = body.parameter(real(*lead, "R"))
    chosen = body.add([real(*lead, "A"), Type(lead + ("A",), "int", "R")], [logits], lambda a: f"topk(softmax({a}, R), R -> A)",
                      lambda env, a: list(arrays.topk(arrays.along(a, len(a.shape) - 1, arrays.softmax), 2)))
    w, e = chosen.names
    if rng.random() < 0.3:
        path = body.path()
        return body.add([real(*lead, "A", "E")], [e], lambda a: f"embed@{path}({a}, R -> E)",
                        lambda env, a: [arrays.embed(a, env.weight(path + ".weight", ("R", "E")))])
    x = body.get(real(*lead, "D"))
    model.counter += 1
    name, path = f"block{model.counter}", body.path()
    model.blocks.append((name, lambda: f"block {name}(x: [{' '.join(lead)} D]) {{ return linear@w2(silu(linear@w1(x, D -> F)), F -> D) }}"))

    def run(env, p, e, a):
        d, f, result = env.length("D"), env.length("F"), []
        for t in range(a.shape[0]):
            line, total = Array((d,), a.data[t * d:(t + 1) * d]), [0.0] * d
            for share, number in zip(p.data[2 * t:2 * t + 2], e.data[2 * t:2 * t + 2]):
                base = f"{env.path(path)}.{number}"
                # Every expert is in the checkpoint, chosen or not.
                all_weights = [(model.weight(f"{env.path(path)}.{r}.w1.weight", (f, d)), model.weight(f"{env.path(path)}.{r}.w2.weight", (d, f)))
                               for r in range(env.length("R"))]
                w1, w2 = all_weights[number]
                y = arrays.linear(line, w1, None, 1, [(f,)], False)[0].map(UNARY["silu"])
                y = arrays.linear(y, w2, None, 1, [(d,)], False)[0]
                total = [u + share * v for u, v in zip(total, y.data)]
            result += total
        return [Array(a.shape, result)]
    return body.add([real(*lead, "D")], [w, e, x], lambda p, q, a: f"sum({p} * {name}@{path}[{q}]({a}), A)", run)


@construct(2)
def state(body):
    if not body.model.state or body.depth > 0:
        return None
    name, type = body.model.state
    return body.add([type], [], lambda: name, lambda env: [env.session["state"]])
