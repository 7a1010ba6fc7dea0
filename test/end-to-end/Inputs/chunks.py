"""chunks.py HEDDLE DIRECTORY: prompts that are read in several calls.

A step that takes six tokens a call, and one that takes three and so reads a prompt of six as 3 + 3, choose the same tokens; or
else the second says that it must read a prompt in one call. Which of the two is known of every model here."""

import pathlib
import subprocess
import sys

HEDDLE, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
PROMPTS = ["1,2,3,4,5,6", "7,7,7,1,1,2", "12,0,3,9,9,4", "5,4,3,2,1,0", "8,11,2,2,10,6"]

MODEL = """model m
config {{
  V = 13
  D = 8
  H = 2
  K = 4
  N = 24
}}
dyn B in 1..2
dyn T in 1..{most} per B
dyn S in 1..N per B
block expert(x: [B T D]) {{ return linear@w(silu(x), D -> D) }}
block recurrent(x: [B T D], U) {{
  u = linear@u(x, D -> U)
  scan t in T carry h: [B U], c: [B U] {{
    c = 0.5 * c + u[t]
    h = tanh(linear@h(h, U -> U) + c)
    yield h
  }}
  return x + linear@o(h, U -> D)
}}
entry step(ids: V[B T]) -> [B V] {{
  x = embed@e(ids, V -> D) * 30
  {body}
  x = normalize(x, D) + normalize(y, D)
  return linear@o(last(x, T), D -> V)
}}
generate step
"""

IN_CHUNKS = {
    "causal": "y = linear@a(attention(q, ks, ks) where j <= i, H K -> D)",
    "window": "y = linear@a(attention(q, ks, ks) where j <= i and i - j < 3, H K -> D)",
    "from_primitives": """s = dot(q, ks, K) / K^0.5
  y = linear@a(dot(softmax(s where j <= i, S), ks, S), H K -> D)""",
    "rotary": """rs = cache@r(rope(k, positions(T)), T -> S)
  y = linear@a(attention(rope(q, positions(T)), rs, rs) where j <= i, H K -> D)""",
    "positions": "y = linear@a(attention(q, ks, ks) where j <= i, H K -> D) + embed@p(positions(T, N), N -> D)",
    "scan": """scan t in T carry h: [B D] { h = tanh(linear@c(concat(x[t], h, D | D -> D+D), D+D -> D))
    yield h }
  y = h""",
    "scans": """scan t in T carry h: [B D], g: [B D] { g = h + x[t]
    h = tanh(linear@c(g, D -> D))
    yield h }
  scan t in T carry a: [B D] { a = a * 0.5 + h[t]
    b = a * x[t]
    yield b }
  y = normalize(b, D) + h""",
    "scans_of_a_loop": """y = x
  for l in 0..3 {
    u = linear@c[l](y, D -> D)
    scan t in T carry h: [B D] { h = tanh(u[t] + h * 0.7)
      yield h }
    y = y + h
  }""",
    "layers": """y = recurrent@first(x, 2*D)
  for l in 0..3 { y = recurrent@layers[l](y, D) }""",
    "linear_attention": """qf = elu(q) + 1
  kf = elu(k) + 1
  v = linear@v(x, D -> H V)
  scan t in T carry s: [B H K V], z: [B H K] {
    s = s + (kf[t] as [B H K 1]) * (v[t] as [B H 1 V])
    z = z + kf[t]
    o = dot(s, qf[t], K) / (sum(z * qf[t], K) as [B H 1])
    yield o
  }
  y = linear@a(o, H V -> D)""",
    "norms": "y = rmsnorm@n(layernorm@m(x)) + softmax(x, D) + linear@a(attention(q, ks, ks) where j <= i, H K -> D)",
    "other_axes": """a, b = split(concat(x, x, D | D -> D+D), D+D -> D | D)
  y = linear@a(b * 2 - a, D -> D) + linear@b(max(q, H), K -> D) + linear@c(sum(q, K), H -> D)
  y = y + linear@d(q as [B T H*K], H*K -> D)""",
    "experts": """w, e = topk(softmax(linear@gate(x, D -> H), H), H -> 1)
  y = sum(w * expert@experts[e](x), 1)""",
}
IN_ONE_CALL = {
    "later_keys": "y = linear@a(attention(q, ks, ks), H K -> D)",
    "prefix": "y = linear@a(attention(q, ks, ks) where j <= i or j < 4, H K -> D)",
    "keys_of_the_call": "y = linear@a(attention(q, k, k) where j <= i, H K -> D)",
    "all_keys_of_the_call": "y = linear@a(attention(q, k, k), H K -> D)",
    "dot_over_keys": "y = linear@a(dot(dot(q, ks, K), ks, S), H K -> D)",
    "unmasked_softmax": "y = linear@a(dot(softmax(dot(q, ks, K), S), ks, S), H K -> D)",
    "mean": "y = x - mean(x, T)",
    "sum": "y = x * sum(x, T)",
    "max": "y = max(x, T)",
    "first": "y = x - first(x, T)",
    "mean_of_keys": "y = linear@a(mean(ks, S), H K -> D)",
    "norm": "y = normalize(x, T)",
    "softmax": "y = softmax(x, T)",
    "dot_over_tokens": "y = x + dot(x, x, T)",
}


# No cache counts positions, but the scan does.
ALONE = {"scan", "scans", "scans_of_a_loop", "layers"}
KEYS = """q = linear@q(x, D -> H K)
  k = linear@k(x, D -> H K)
  ks = cache@k(k, T -> S)
  """


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def texts(name, body, most):
    """What the model makes of every prompt, or the refusal."""
    source, program = FOLDER / f"{name}_{most}.heddle", FOLDER / f"{name}_{most}"
    source.write_text(MODEL.format(most=most, body=body if name in ALONE else KEYS + body))
    built = run(HEDDLE, "build", source, "--random-weights=3", "--cpu=generic", "-o", program)
    if built.returncode:
        sys.exit(f"{name}: {built.stderr}")
    ran = [run(program, "--ids", prompt, "-n", 6, "--temperature", 0) for prompt in PROMPTS]
    return [one.stdout if one.returncode == 0 else one.stderr.strip() for one in ran]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    faults = 0
    for name, body in {**IN_CHUNKS, **IN_ONE_CALL}.items():
        cut = texts(name, body, 3)
        if name in IN_ONE_CALL:
            good, whole = all("this model must read a prompt in one call" in text for text in cut), None
        else:
            whole = texts(name, body, 6)
            good = whole == cut and len(set(whole)) > 2 and "error" not in "".join(whole)
        if not good:
            faults += 1
            print(f"{name}:\n  at once {whole}\n  in two calls {cut}")
    print(f"{len(IN_CHUNKS)} read in chunks, {len(IN_ONE_CALL)} in one call, {faults} faults")
    return faults != 0


sys.exit(main())
