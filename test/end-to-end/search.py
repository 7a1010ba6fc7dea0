"""What a search finds among vectors of texts is what Python finds, by every kind of similarity, on any number of threads.

    python3 search.py HEDDLE GOLDEN FOLDER
"""
import json
import math
import pathlib
import random
import struct
import subprocess
import sys

from sentences import build

QUERIES = ["a cat in the sun", "b", "the bank raised rates"]


def words(count):
    """Texts, of which some are there twice."""
    draw = random.Random(5)
    texts = [" ".join(draw.choice("cat sun bank rates the of year naps kitten in raised".split()) for _ in range(draw.randrange(1, 5)))
             for _ in range(count)]
    return texts + texts[:3]


def matrix(path):
    data = path.read_bytes()
    size, = struct.unpack_from("<H", data, 8)
    shape = eval(data[10:10 + size], {"__builtins__": {}})["shape"]
    numbers = struct.unpack_from(f"<{shape[0] * shape[1]}f", data, 10 + size)
    return [numbers[i:i + shape[1]] for i in range(0, len(numbers), shape[1])]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


SIMILARITIES = {"cosine": cosine, "dot": lambda a, b: sum(x * y for x, y in zip(a, b)), "euclidean": lambda a, b: -math.dist(a, b),
                "manhattan": lambda a, b: -sum(abs(x - y) for x, y in zip(a, b))}


def run(*command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def main():
    heddle, golden, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    expected = json.loads((golden / "sentences.json").read_text())
    texts = words(700)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.txt").write_text("\n".join(texts) + "\n")
    wrong = 0
    for name, similarity in SIMILARITIES.items():
        files = {**expected["cases"][0]["files"], "config_sentence_transformers.json": {"similarity_fn_name": name}}
        program = build(heddle, golden, folder / name, files, expected["tokenizer"])
        vectors, asked = folder / f"{name}.npy", folder / f"{name}-asked.npy"
        run(program, "--out", vectors, text="\n".join(texts))
        run(program, *QUERIES, "--out", asked)
        search = [program, *QUERIES, "--search", vectors, "--texts", folder / "texts.txt", "--top", 7, "--format", "json"]
        found = run(*search)
        wrong += any(run(*search, "--threads", threads) != found for threads in (1, 3))
        for line, query, vector in zip(found.splitlines(), QUERIES, matrix(asked), strict=True):
            scores = [similarity(vector, row) for row in matrix(vectors)]
            best = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:7]
            answer = json.loads(line)
            same = answer["text"] == query and [f["text"] for f in answer["found"]] == [texts[f["index"]] for f in answer["found"]]
            close = all(abs(f["score"] - scores[i]) < 1e-6 * max(1, abs(scores[i])) for f, i in zip(answer["found"], best, strict=True))
            if not (same and close and answer["found"] == sorted(answer["found"], key=lambda f: (-f["score"], f["index"]))):
                print(f"{name}, {query!r}: found {answer['found']}, needed {[(i, scores[i]) for i in best]}")
                wrong += 1
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
