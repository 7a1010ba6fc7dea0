"""A random model: its text, and what it computes.

A model has sizes of every kind (numbers, definitions, known at run time, of every row, grown by a cache) and a few entries. An entry, a block, a
loop and a scan are lists of statements; a statement knows how it is written and what it computes of a row. What is `per B` makes rows
independent, so that the evaluation goes row by row and sees no axis B.
"""
import array
import math
import random
import re

from arrays import Array

DYNAMIC = {"B", "T", "U", "S", "M", "Q", "P"}
LONGEST = 12  # N: the bound of sizes known at run time


def names_of(axis):
    return re.findall(r"[A-Z]", axis)


def is_static(axis):
    return not DYNAMIC & set(names_of(axis))


def to_f32(value):
    return array.array("f", [value])[0]


class Type:
    def __init__(self, axes, kind="real", over=None):
        self.axes, self.kind, self.over = tuple(axes), kind, over

    def __eq__(self, other):
        return (self.axes, self.kind, self.over) == (other.axes, other.kind, other.over)

    def has_rows(self):
        return self.axes[:1] == ("B",)

    def row(self):
        """The axes of one row."""
        return self.axes[1:] if self.has_rows() else self.axes

    def text(self):
        element = self.over or {"real": "", "int": "int", "bool": "bool"}[self.kind]
        return f"{element}[{' '.join(self.axes)}]"

    def with_axes(self, axes):
        return Type(axes, self.kind, self.over)


class Env:
    """One row of one call."""

    def __init__(self, model, sizes, row, session, noise=None):
        self.model, self.sizes, self.row, self.session, self.noise = model, sizes, row, session, noise
        self.variables, self.prefix, self.loops, self.held = {}, "", {}, {}

    def length(self, axis):
        return eval(axis.replace("/", "//"), {}, self.sizes)

    def shape(self, axes):
        return tuple(self.length(a) for a in axes)

    def path(self, path):
        for name, value in self.loops.items():
            path = path.replace(f"[{name}]", f".{value}")
        return f"{self.prefix}.{path}" if self.prefix and path else self.prefix or path

    def weight(self, path, axes, scale=None, positive=False):
        return self.model.weight(self.path(path), self.shape(axes), scale, positive)

    def inner(self):
        env = Env(self.model, self.sizes, self.row, self.session, self.noise)
        env.prefix, env.held = self.prefix, self.held
        return env


class Statement:
    """names = expr(operands); `run` gets the operands' arrays and gives one array a name."""
    def __init__(self, names, types, operands, expr, run, named=()):
        self.names, self.types, self.operands, self.expr, self.run = list(names), types, list(operands), expr, run
        self.named = list(named)  # variables that `expr` names by itself
        self.inline, self.may_inline = None, False  # whether it stands within its user, and may

    def uses(self):
        return self.operands + self.named

    def execute(self, env):
        results = self.run(env, *[env.variables[o] for o in self.operands])
        for name, result, kind in zip(self.names, results, self.types):
            if env.noise and kind.kind == "real":
                result = result.map(lambda v: v * (1 + env.noise.uniform(-2e-7, 2e-7)))
            env.variables[name] = result

    def lines(self, inlined):
        text = self.expr(*[inlined.get(o, o) for o in self.operands])
        if self.inline:
            inlined[self.names[0]] = text if re.fullmatch(r"\w+(@[\w.\[\]]+)?\([^()]*\)", text) else f"({text})"
            return []
        return [f"{', '.join(self.names)} = {text}"]


class Compound(Statement):
    """A statement with others within."""
    def __init__(self, names, types, uses, write, execute):
        super().__init__(names, types, [], None, None, uses)
        self.write, self.execute = write, execute

    def lines(self, inlined):
        return self.write()


class Body:
    """Statements under construction, with the variables they may use."""

    def __init__(self, model, name, parent=None):
        self.model, self.name, self.parent = model, name, parent
        self.rng = model.rng
        self.types, self.statements, self.parameters = {}, [], []
        self.assigned = set()  # more than once: no statement may move across it
        self.cuts = set()      # made parameters, for the sake of a smaller program
        self.depth = parent.depth + 1 if parent else 0
        self.paths = 0

    def fresh(self):
        self.model.counter += 1
        return f"x{self.model.counter}"

    def path(self):
        self.paths += 1
        return f"{self.rng.choice('abcdefg')}{self.paths}"

    def parameter(self, type):
        name = self.fresh()
        self.parameters.append((name, type, None))
        self.types[name] = type
        return name

    def find(self, fits, reach=6):
        found = [name for name, type in self.types.items() if fits(type)]
        return self.rng.choice(found[-reach:]) if found else None

    def get(self, type, fresh=0.25):
        """A variable of this very type."""
        found = self.find(lambda t: t == type)
        return found if found and self.rng.random() > fresh else self.parameter(type)

    def add(self, types, operands, expr, run, named=()):
        names = [self.fresh() for _ in types]
        statement = Statement(names, types, operands, expr, run, named)
        statement.may_inline = self.rng.random() < 0.4
        self.statements.append(statement)
        self.types.update(zip(names, types))
        return statement

    def append(self, statement):
        self.statements.append(statement)
        self.types.update(zip(statement.names, statement.types))
        return statement

    def execute(self, env):
        for statement in self.statements:
            statement.execute(env)

    def lines(self, keep=None, indent="  "):
        """keep: only what these variables need; None: all."""
        statements = self.statements if keep is None else self.needed(keep)
        uses = {}
        for statement in statements:
            for name in statement.uses():
                uses.setdefault(name, []).append(statement)
        for statement in statements:
            users = uses.get(statement.names[0], []) if len(statement.names) == 1 else []
            statement.inline = (statement.may_inline and len(users) == 1
                                and statement.names[0] in users[0].operands and users[0].operands.count(statement.names[0]) == 1
                                and not set(statement.uses() + statement.names) & self.assigned
                                and statement.names[0] not in (keep or ()))
        inlined, lines = {}, []
        for statement in statements:
            lines += [indent + line for line in statement.lines(inlined)]
        return lines

    def needed(self, names):
        wanted, found = set(names), []
        for statement in reversed(self.statements):
            if wanted & set(statement.names) - self.cuts:
                found.append(statement)
                wanted |= set(statement.uses())
        return found[::-1]


class Entry(Body):
    def __init__(self, model, name):
        super().__init__(model, name)
        self.returns, self.sets = [], []

    def parameter(self, type):
        name = super().parameter(type)
        if self.rng.random() < 0.1:  # may be left out
            self.parameters[-1] = (name, type, {"real": 0.5, "int": 1, "bool": 1}[type.kind])
        return name

    def text(self):
        used = set(self.returns)
        for statement in self.needed(self.returns + self.sets):
            used |= set(statement.uses())
        self.used = [p for p in self.parameters if p[0] in used]
        # Every size has to be that of a parameter; what it grows from, that of S.
        axes = " ".join(a for n in used | set(self.returns) if n in self.types for a in self.types[n].axes)
        given = " ".join(a for _, t, _ in self.used for a in t.axes)
        for size in "TUMP":
            wanted = size in axes or size == "T" and "S" in axes and self.model.session
            if wanted and size not in given:
                self.used.append((f"given_{size.lower()}", Type(("B", size)), None))
        parameters = ", ".join(f"{n}: {t.text()}" + (f" = {d:g}" if d is not None else "") for n, t, d in self.used)
        results = ", ".join(self.types[r].text() for r in self.returns)
        lines = [f"entry {self.name}({parameters})" + (f" -> {results}" if results else "") + " {"]
        lines += self.lines(self.returns + self.sets)
        if self.returns:
            lines.append(f"  return {', '.join(self.returns)}")
        return "\n".join(lines + ["}"])

    def evaluate(self, env):
        for statement in self.needed(self.returns + self.sets):
            statement.execute(env)
        return [env.variables[name] for name in self.returns]


class Model:
    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(seed)
        rng, self.counter = self.rng, 0
        self.session = rng.random() < 0.45
        self.alias = rng.random() < 0.4  # K = D / H, so that H K is D
        heads, group = rng.choice([(1, 1), (2, 1), (2, 2), (3, 1), (4, 2), (4, 1)])
        depth = rng.choice([2, 4, 6, 8])
        self.static = {"H": heads, "G": group, "K": depth, "D": heads * depth if self.alias else rng.choice([1, 3, 4, 8, 17, 20]),
                       "E": rng.choice([2, 5, 8, 16]), "F": rng.choice([4, 7, 12, 33]), "V": rng.choice([5, 20]), "N": LONGEST,
                       "R": rng.choice([3, 4, 6]), "A": 2, "C": rng.choice([1, 2, 4]), "Y": 4, "X": rng.choice([4, 6])}
        self.weights, self.entries, self.blocks = {}, [], []
        self.state = None

    def sizes_text(self):
        lines = ["config {"]
        for name, value in self.static.items():
            lines.append(f"  {name} = " + ("D / H" if name == "K" and self.alias else str(value)))
        lines += ["  eps = 1e-3", "  act = silu", "  on = yes", "}", "dyn B in 1..4"]
        per_call = "1..N"
        lines += [f"dyn T in {per_call} per B", f"dyn U in {per_call} per B", "dyn M in 1..5", "dyn P in 2..8 step 2"]
        if self.session:
            lines.append(f"dyn S in {per_call} per B")
        if self.state:
            lines += [f"dyn Q in {per_call} per B", f"state {self.state[0]}: {self.state[1].text()}"]
        return "\n".join(lines)

    def text(self, entries=None):
        blocks = []
        entries = [e.text() for e in (entries or self.entries)]
        everything = "\n".join(entries)
        for name, write in reversed(self.blocks):
            if re.search(rf"\b{name}\b", everything):
                blocks.insert(0, write())
                everything += blocks[0]
        # What only an unused value needs is in the checkpoint all the same.
        return "\n".join(["model m", 'weights { ignore "**" }', self.sizes_text()] + blocks + entries) + "\n"

    def product(self, *axes):
        names = sorted(a for axis in axes for a in axis.split("*"))
        if self.alias and "H" in names and "K" in names:
            names.remove("H"), names.remove("K"), names.append("D")
        return "*".join(sorted(names))

    def weight(self, path, shape, scale=None, positive=False):
        if path not in self.weights:
            rng = random.Random(f"{self.seed} {path}")
            spread = scale or 1 / math.sqrt(shape[-1] if shape else 1)
            low = 0.5 if positive else -spread
            self.weights[path] = Array(shape, (to_f32(rng.uniform(low, spread + positive)) for _ in range(math.prod(shape))))
        assert self.weights[path].shape == tuple(shape), path
        return self.weights[path]
