"""The table of constructs: functions that add a statement to a body, or give None where nothing fits. operations.py, attention.py,
images.py and structure.py fill it with every construct of the language."""
from program import Type

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


def axis_of(body, x, fits=lambda a: True):
    """An axis that x has once, not its rows."""
    axes = body.types[x].axes
    found = [a for a in axes if axes.count(a) == 1 and a != "B" and fits(a)]
    return body.rng.choice(found) if found else None
