"""spelled.py HEDDLE: words of the language against what they stand for, spelled out in other words: of every pair of entries
one has the word. The same weights, rows of different lengths, every path."""
import pathlib
import random
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "programs"))
import arrays
from programs import Guarded, Library, compile_model

D, N, LENGTHS = 24, 64, [7, 1, 19, 4]
HEAD = f"""model m
config {{
  D = {D}
  H = 4
  G = 2
  K = D / H
  P = 6
  Q = D / P
  E = 6
  N = {N}
}}
dyn B in 1..8
dyn T in 1..N per B
dyn S in 1..N per B
dyn U = T
block powers(x: [B T D], exponent, twice, factor = 0.5) {{
  y = abs(x) ^ exponent * factor
  return twice ? y + y : y
}}
"""
WEIGHTS = {"n.weight": (D,), "n.bias": (D,), "q.weight": (D, D), "h.weight": (D, D), "n2.weight": (D, D), "k.weight": (12, D), "v.weight": (12, D), "a.weight": (6, D),
           "b.weight": (4, D), "e.weight": (D, D), "f.weight": (N + 3, D), "pair.weight": (2 * D, D), "one": (1,), "channels": (D,), "sinks": (4,), "heat": (4,),
           "far.weight": (4, 6), "k1.weight": (6, D)}
CENTRED = "c = x - mean(x, D)\n"
HEADS = "q = linear@q(x, D -> H K)\n k = linear@k(x, D -> G K)\n v = linear@v(x, D -> G K)\n"
KEPT = """q = linear@q(x, D -> H K)
 k = cache@k(linear@h(x, D -> H K), T -> S)
 v = cache@v(linear@n2(x, D -> H K), T -> S)
"""
CALL = """q = linear@q(x, D -> H K)
 k = linear@h(x, D -> H K)
 v = linear@n2(x, D -> H K)
"""
# Katharopoulos et al. 2020: what would be a softmax is a product of features, so that a state is enough.
LINEAR = CALL + """w = linear@n2(x, D -> H E)
 f = elu(q) + 1
 g = elu(k) + 1
 scan t in T carry s: [B H K E], z: [B H K] {
  s = s + (g[t] as [B H K 1]) * (w[t] as [B H 1 E])
  z = z + g[t]
  o = dot(f[t], s, K) / (sum(f[t] * z, K) as [B H 1])
  yield o
 }
"""
PRODUCT = "z = linear@e(x, D -> D)\n"
HALVES = "a, b = linear@pair(x, D -> D | D)\n"
# Of every query and key: their sums, their differences.
BOTH = """t = q as [B T 1 H K]
 s = k as [B 1 S H K]
"""
WEIGHED = "w = exp((dot(q, k, K) / K^0.5) where j <= i)\n"
GROUPED = """q = linear@q(x, D -> H K)
 k = cache@kg(linear@k(x, D -> G K), T -> S)
 v = cache@vg(linear@v(x, D -> G K), T -> S)
 p = q as [B T G H/G K]
"""
ONE_KEY = """q = linear@q(x, D -> H K)
 k = cache@k1(linear@k1(x, D -> K), T -> S)
 v = cache@v1(linear@a(x, D -> K), T -> S)
"""
PAIR = "a = linear@a(x, D -> P)\n b = linear@b(x, D -> Q)\n"
SLOPE = "(h + 1) * (0 - 8) / 4"
# What both begin with, the word, what it stands for.
CASES = [
    ("", "rmsnorm@n(x, eps = 1e-2, offset = 1)", "x / sqrt(mean(x * x, D) + 1e-2) * (param@n.weight(D) + 1)"),
    ("", "rmsnorm(x, eps = 1e-2, weight = no)", "x / sqrt(mean(x * x, D) + 1e-2)"),
    (CENTRED, "layernorm(x, eps = 1e-2, weight = no)", "c / sqrt(mean(c * c, D) + 1e-2)"),
    (CENTRED, "layernorm@n(x, eps = 1e-2, bias = no)", "c / sqrt(mean(c * c, D) + 1e-2) * param@n.weight(D)"),
    (CENTRED, "layernorm@n(x, eps = 1e-2, offset = 1)",
     "c / sqrt(mean(c * c, D) + 1e-2) * (1 + param@n.weight(D)) + param@n.bias(D)"),
    ("", "((x as [B T P Q]) as [B T Q P]) as [B T P*Q]", "x * 1"),
    ("", "(x as [B T 1 D]) as [B T D]", "x * 1"),
    (PAIR, "sum((a as [B T P 1]) * (b as [B T 1 Q]), Q)", "a * sum(b, Q)"),
    (PAIR, "sum((a as [B T P 1]) * (b as [B T 1 Q]), P)", "b * sum(a, P)"),
    ("", "min(x, D) * x", "(0 - max(0 - x, D)) * x"),
    ("w, e = topk(x, D -> 1)\n", "embed@e(argmax(x, D), D -> D)", "sum(embed@e(e, D -> D), 1)"),
    ("", "x < 0 ? 0 : x", "relu(x)"),
    ("", "x > 1 ? 1 : x < 0 - 1 ? 0 - 1 : x", "1 - relu(2 - relu(x + 1))"),
    ("", "(x > 0 and not (x >= 1)) or x != x ? x : 0", "relu(x) - (x >= 1 ? x : 0)"),
    ("", "(x == x) == (x <= mean(x, D)) ? x : 0", "x > mean(x, D) ? 0 : x"),
    ("", "mean(x > 0 ? 1 : 0, T) * x", "mean(relu(x) / (relu(x) + 1e-30), T) * x"),
    ("w, e = topk(x, D -> P)\n", "sum(take(x, e), P) * x", "sum(w, P) * x"),
    ("w, e = topk(x, D -> 1)\n", "sum((positions(D) as [1 1 D]) == e ? x : 0, D) * x", "max(x, D) * x"),
    ("", "take(param@f.weight(N+3 D), positions(T) + 3)", "embed@f(positions(T) + 3, N + 3 -> D)"),
    ("", "embed@f(positions(T) + 3, N + 3 -> D)", "embed@f(1 + positions(T) + 2, N + 3 -> D)"),
    ("", "abs(x) + sin(x) * sin(x) + cos(x) * cos(x)", "relu(x) + relu(0 - x) + 1"),
    ("", "erf(x / 2^0.5) * x", "2 * gelu(x) - x"),
    ("", "powers(x, 1.5, yes) + powers(x, 1.5000001, no, factor = 0)", "abs(x) * abs(x) ^ 0.5"),
    (KEPT, "attention(q, k, v, scale = 2, cap = 0.5) where j <= i",
     "dot(softmax(0.5 * tanh(4 * dot(q, k, K)) where j <= i, S), v, S)"),
    (KEPT, "attention(q, k, v, cap = 1, scale = 0.7) where j <= i",
     "dot(softmax(tanh(dot(q, k, K) * 0.7) where j <= i, S), v, S)"),
    (PRODUCT, "z * sigmoid(z)", "silu(z)"),
    (PRODUCT, "swish(z, beta = 1.5)", "z / (1 + exp(0 - 1.5 * z))"),
    (PRODUCT, "swish(z, beta = param@one(1))", "z / (1 + exp(0 - sum(param@one(1), 1) * z))"),
    (PRODUCT, "swish(z, beta = param@channels(D))", "z / (1 + exp(0 - param@channels(D) * z))"),
    ("", "swish(x, beta = param@one(1)) + param@one(1)", "x / (1 + exp(0 - x * sum(param@one(1), 1))) + sum(param@one(1), 1)"),
    (PRODUCT, "relu(z) ^ 2 + quick_gelu(z)", "relu_squared(z) + z / (1 + exp(0 - 1.702 * z))"),
    (PRODUCT, "0.5 * z * (1 + tanh((2 / 3.141592653589793) ^ 0.5 * (z + 0.044715 * z ^ 3)))", "gelu_tanh(z)"),
    (PRODUCT, "z * tanh(log(1 + exp(z)))", "mish(z)"),
    (PRODUCT, "x * sigmoid(z) + z", "x / (1 + exp(0 - z)) + z"),
    (HALVES, "a * silu(b)", "a * b / (1 + exp(0 - b))"),
    (HALVES, "a * sigmoid(a * 1.702) * (b + 1)", "quick_gelu(a) * b + quick_gelu(a)"),
    (HALVES, "sigmoid(a) * tanh(b) + (1 - sigmoid(a)) * x", "x + (tanh(b) - x) / (1 + exp(0 - a))"),
    (KEPT, "attention(q, k, v, sink = param@sinks(H)) where j <= i",
     "dot(w / (sum(w, S) + exp(param@sinks(H))), v, S)"),
    (KEPT, "attention(normalize(q, K) * param@heat(H), normalize(k, K), v, scale = 1) where j <= i",
     "dot(softmax((dot(normalize(q, K), normalize(k, K), K) * param@heat(H)) where j <= i, S), v, S)"),
    (KEPT + "n = 0 - sum(k * k, K) / 3\n", "attention(q, k, v, scale = 2 / 3, bias = n[b, j, h]) where j <= i",
     "dot(softmax((0 - sum((t - s) ^ 2, K) / 3) as [B T H S] where j <= i, S), v, S)"),
    (KEPT + "n = sum(k * k, K) as [B H S]\n", "dot(softmax(((2 * dot(q, k, K) - n) / 3) where j <= i, S), v, S)",
     "dot(softmax((0 - sum((t - s) ^ 2, K) / 3) as [B T H S] where j <= i, S), v, S)"),
    (KEPT, "dot(softmax(sum(param@far.weight(H K) * tanh(t + s), K) as [B T H S] where j <= i, S), v, S)",
     "sum(softmax(sum(param@far.weight(H K) * tanh(t + s), K) as [B T H S] where j <= i, S) as [B T S H 1] * (v as [B 1 S H K]), S)"),
    (GROUPED, "attention(q, k, v) where j <= i and i - j < 9",
     "dot(softmax(((dot(p, k, K) where j <= i) / K^0.5) where i - j < 9, S), v, S) as [B T H K]"),
    (ONE_KEY, "attention(q, k as [B S 1 K], v as [B S 1 K], scale = 0 - 1) where j <= i",
     "dot(softmax((0 - dot(q, k, K)) where j <= i, S), v, S)"),
    (HEADS, f"attention(q, k, v, bias = 2 ^ ({SLOPE}) * (j - i)) where j <= i",
     f"attention(q, k, v, bias = exp({SLOPE} * 0.6931471805599453) * (j - i)) where j <= i"),
    (HEADS, f"attention(q, k, v, bias = sqrt(abs(i - j + h)) - log(1 + i - j) + tanh(sin(i) * cos(j)))  where j <= i",
     f"attention(q, k, v, bias = (h + i - j) ^ 0.5 - log(i - j + 1) + tanh(cos(j) * sin(i))) where i >= j"),
    (CALL, "attention(q, k, v) where j <= i", "dot(softmax((dot(q, k as [B U H K], K) / K^0.5) where j <= i, U), v as [B U H K], U)"),
    (CALL, "attention(q, k, v, scale = 0.3) where i - j < 4",
     "dot(softmax((dot(q, linear@h(x as [B U D], D -> H K), K) * 0.3 + dot(q, k as [B U H K], K) * 0) where i - j < 4, U), v as [B U H K], U)"),
    (LINEAR, "o", "dot(softmax(log(dot(f, g as [B U H K], K)) where j <= i, U), v as [B U H K], U)"),
]


def check_models(heddle):
    values = random.Random(5)
    number = lambda count: [values.gauss(0, 1) for _ in range(count)]
    weights = {name: arrays.Array(shape, number(shape[0] * (shape[1:] or (1,))[0])) for name, shape in WEIGHTS.items()}
    x, good = number(D * sum(LENGTHS)), True
    text = HEAD
    for case, (begin, word, spelled) in enumerate(CASES):
        for name, expression in ("word", word), ("spelled", spelled):
            more = BOTH if "t + s" in expression or "t - s" in expression else WEIGHED if "(w, S)" in expression else ""
            text += f"entry {name}{case}(x: [B T D]) {{\n {begin}{more} return {expression}\n}}\n"
    for flags in ([], ["--cpu", "x86-64-v3"], ["--cpu", "generic"], ["--reference"]):
        with tempfile.TemporaryDirectory() as folder:
            library = Library(*compile_model(heddle, text, weights, pathlib.Path(folder), flags))
            for case, (_, word, spelled) in enumerate(CASES):
                answers = []
                for name in "word", "spelled":
                    size = {7: 6, 8: 4}.get(case, D)
                    y = Guarded("real", [], size * sum(LENGTHS))
                    library.call(f"{name}{case}", library.session(len(LENGTHS)), range(len(LENGTHS)), [{"T": n} for n in LENGTHS],
                                 {"x": Guarded("real", x)}, [y])
                    answers.append(list(y.values()))
                largest = max(map(abs, answers[1]))
                worst = max(abs(a - b) for a, b in zip(*answers))
                if not worst <= 3e-6 * largest or largest < 1e-3:
                    print(f"{flags} {word}: differs from {spelled} by {worst} of {largest}")
                    good = False
    return good


sys.exit(not check_models(sys.argv[1]))
