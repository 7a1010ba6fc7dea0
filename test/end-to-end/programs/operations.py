"""Operations with weights, element by element, along axes, of positions."""
import math

import arrays
from arrays import UNARY, Array
from constructs import CONSTRUCTS, alignment, any_real, axis_of, construct, distinct, real, static_axes
from program import Type, is_static


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
