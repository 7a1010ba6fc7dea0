"""The files that a tokenizer has where there is no tokenizer.json, written from a tokenizer.json or a SentencePiece model."""
import json
import pathlib
import shutil


def write(folder, tokenizer, files):
    """vocab.txt, or vocab.json and merges.txt, or the model; and `files`, names with what stands in them (the model: what it is)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    for name, content in files.items():
        if not name.endswith(".model"):
            (folder / name).write_text(json.dumps(content))
            continue
        shutil.copy(pathlib.Path(tokenizer).parent / content, folder / name)
        return
    model = json.loads(pathlib.Path(tokenizer).read_text())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    if model["type"] == "WordPiece":
        (folder / "vocab.txt").write_text("".join(token + "\n" for token in tokens))
    else:
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
