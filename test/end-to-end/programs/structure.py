"""Blocks, loops, conditions, recurrences, chosen blocks, states."""
import math

import arrays
from arrays import UNARY, Array
from constructs import CONSTRUCTS, any_real, construct, real, shapes
from program import Body, Compound, Type, is_static

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


# What a turn of a loop does by its number: as text, and what it makes of an element.
DIFFERS = {
    "if": ("if {l} == 1 {{ {x} = relu({x}) }} else {{ {x} = {x} * 0.9 }}",
           lambda turn: UNARY["relu"] if turn == 1 else lambda v: v * 0.9),
    "number": ("{x} = ({l} - 0.5) / ({l} + 2) * {x}", lambda turn: lambda v: (turn - 0.5) / (turn + 2) * v),
}


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
    kind = rng.choice(["plain", "number", "block", "if"])
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
    if kind in DIFFERS:
        lines.append(DIFFERS[kind][0].format(l=index, x=names[0]))

        def differ(env):
            f = DIFFERS[kind][1](env.loops[index])
            env.variables[names[0]] = env.variables[names[0]].map(f)
        steps.append(differ)
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
    """A recurrence of one or two carried values, which may change places; over a session what they were stays, unless the scan
    begins anew or goes back. A cache may grow along T."""
    rng = body.rng
    if body.depth > 0:
        return None
    axis = rng.choice(["T", "T", "U", "M"])
    size = rng.choice(["D", "F", "E"])
    x = body.get(real("B", axis, size))
    swap, two = rng.random() < 0.5, rng.random() < 0.7
    h, c, path, o = body.fresh(), body.fresh(), body.path(), body.fresh()
    key = ("scan", body.name, len(body.statements))
    order = rng.choice(["", "", " anew", " reversed"]) if axis != "T" else ""
    carry = f"{h}: [B {size}]" + (f", {c}: [B {size}]" if two else "")
    pattern = f"{size} | {size} -> 2*{size}"

    def write():
        lines = [f"scan t in {axis}{order} carry {carry} {{", f"  {o} = tanh(linear@{path}(concat({x}[t], {h}, {pattern}), 2*{size} -> {size}))"]
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
        hv, cv = a if order else env.session.get(key, a)
        value = env.variables[x]
        length = value.shape[0]
        outs, hs = [None] * length, [None] * length
        for t in reversed(range(length)) if order == " reversed" else range(length):
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
            outs[t], hs[t] = ov, hv
        env.session[key] = (hv, cv)
        env.variables[o] = Array(value.shape, sum(outs, []))
        env.variables[h] = Array(value.shape, sum(hs, []))
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
