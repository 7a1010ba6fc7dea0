"""windows.py LIBRARY PROGRAM: a model whose layers see 40 positions, compiled as a library and as a program. What a session with a
ring computes has the bits of a session whose calls are so long that its ring holds all."""
import random
import subprocess
import sys

import heddle
import numpy as np

WINDOW, VOCABULARY, CALL = 40, 97, 60  # a ring holds 128 then: its end cuts pieces at many places
library, program = sys.argv[1:]
random.seed(5)
ids = np.array([random.randrange(VOCABULARY) for _ in range(1400)], np.int32)


def step(session, pieces, rows=None):
    return session.call("step", ids=[ids[first:end] for first, end in pieces] if len(pieces) > 1 else ids[None, slice(*pieces[0])],
                        session_rows=rows)


def whole(model, end):
    with model.session(rows=1) as session:
        return step(session, [(0, end)])[0]


def pieces(end, most, start=0):
    while start < end:
        next_start = min(start + random.randint(1, most), end)
        yield start, next_start
        start = next_start


def check(name, good):
    if not good:
        sys.exit(f"FAILED: {name}")


for threads in (1, 3):
    with heddle.load(library, threads=threads) as model:
        for most in (1, 7, 31, CALL):
            with model.session(rows=1, tokens=CALL) as session:
                for first, end in pieces(700, most):
                    logits = step(session, [(first, end)])[0]
                    if end % 50 < most:
                        check(f"pieces of {most}, position {end}", np.array_equal(logits, whole(model, end)))
print("ok: 4 ways to cut")

with heddle.load(library) as model:
    with model.session(rows=3, tokens=CALL) as session:
        at = [0, 0, 0]
        for turn in range(60):
            rows = random.sample(range(3), random.randint(1, 3))
            calls = [(at[row], at[row] + random.randint(1, CALL // 3)) for row in rows]
            logits = step(session, calls, rows)
            for number, (row, (_, end)) in enumerate(zip(rows, calls)):
                at[row] = end
                check(f"a batch, row {row}, position {end}", turn % 9 or np.array_equal(logits[number], whole(model, end)))
    print("ok: a batch")

    with model.session(rows=1, tokens=CALL) as session:
        for first, end in pieces(500, CALL):
            step(session, [(first, end)])
        refused = least = 0
        for length in range(499, 380, -1):
            try:
                session.rewind(0, length)
                least = length
            except heddle.Error as error:
                check(str(error), f"it can be rewound to 0, or to {least} and more, not to {length}" in str(error))
                refused += 1
        check(f"rewound to {least}, refused {refused}", 400 < least <= 500 - (128 - WINDOW) + CALL and refused > 0)
        check("goes on where it was rewound to", np.array_equal(step(session, [(least, least + 9)])[0], whole(model, least + 9)))
        session.rewind(0, 0)
        check("begins anew", np.array_equal(step(session, [(0, 50)])[0], whole(model, 50)))
    print("ok: rewound")

    # Texts, of rows that share a prompt, too: each token is the likeliest behind all before it.
    prompt = ",".join(map(str, ids[:300]))
    for options in ([], ["--speculate", "lookup"], ["--samples", "3", "--temperature", "0.0001"]):
        text = subprocess.run([program, "--ids", prompt, "-n", "200", "--temperature", "0", "--context", "1000", *options], check=True,
                              capture_output=True, text=True).stdout
        for line in filter(None, text.split("\n")):
            ids = np.array(line.replace(",", " ").split(), np.int32)
            check(f"{options}: {len(ids)} tokens", len(ids) >= 300)
            for end in range(max(len(ids) - 200, 300), len(ids), 23):
                check(f"{options}: token {end}", whole(model, end).argmax() == ids[end])
    print("ok: texts")
