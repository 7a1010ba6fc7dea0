"""The files that a tokenizer has where there is no tokenizer.json, written from a tokenizer.json."""
import json
import pathlib
import shutil


def write(folder, tokenizer, files):
    """vocab.txt, or vocab.json and merges.txt; and `files`, names with what stands in them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    model = json.loads(pathlib.Path(tokenizer).read_text())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    if model["type"] == "WordPiece":
        (folder / "vocab.txt").write_text("".join(token + "\n" for token in tokens))
    else:
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
