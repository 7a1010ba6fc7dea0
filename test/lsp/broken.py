"""broken.py HEDDLE_LSP MODELS GOLDEN WORK: a text with mistakes keeps what they do not hide, and no text ends the server."""
import pathlib
import random
import shutil
import sys

from client import Editor, equal

lsp, models, golden, work = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
editor = Editor([lsp], work, {"configs": {"*": str(golden / "llama" / "config.json")}})
WHOLE = """model m
config {
  D = .hidden_size
  V = .vocab_size
}
dyn B in 1..4
dyn T in 1..8 per B

block glu(x: [B T D]) {
  up = linear@up_proj(x, D -> D)
  return silu(up)
}

entry step(ids: V[B T]) -> [B T D] {
  x = embed@embed_tokens(ids, V -> D)
  y = glu@mlp(x)
  return x + y
}
"""


def names(path):
    return [symbol["name"] for symbol in editor.file_request("documentSymbol", path)]


def check_kept():
    """Symbols, what names are worth and completion, with a mistake in each part of the text in turn."""
    path = work / "kept.heddle"
    editor.open(path, WHOLE)
    all_names = ["m", "D", "V", "B", "T", "glu", "step"]
    equal(names(path), all_names)
    for old, new, lost in [("up = linear@up_proj(x, D -> D)", "up = linear@up_proj(x,", []),  # a statement
                           ("  return silu(up)\n}", "  return silu(up", []),  # the end of a block
                           ("block glu(x: [B T D]) {", "block glu(x: [B T D] {", []),  # its signature
                           ("  V = .vocab_size", "  V = .", ["V"]),  # a field
                           ("dyn B in 1..4", "dyn B in 1..", ["T"])]:
        editor.change(path, WHOLE.replace(old, new))
        assert editor.diagnostics(path), new
        equal(names(path), [name for name in all_names if name not in lost])
        if not lost:
            assert "x: real[B T D]" in editor.hover(path, "|x = embed"), new
        labels = editor.labels(path, "return x + |y")
        assert {"x", "y", "ids", "glu", "linear"} <= set(labels), labels
    editor.change(path, WHOLE.replace("  return silu(up)\n}", "  return silu(up"))
    assert {"x", "up", "D", "silu"} <= set(editor.labels(path, "silu(|up"))
    equal(editor.rename(path, "|glu(x", "gated"), "a mistake hides a part of the text; mend it first")


def check_any_text():
    """Texts of shipped models with pieces cut out, doubled and swapped, and every question at random places."""
    choose = random.Random(15)
    texts = [path.read_text(encoding="utf-8") for path in sorted(models.glob("*.heddle"))]
    path = work / "any.heddle"
    editor.open(path, "")
    for turn in range(150):
        text = choose.choice(texts)
        for _ in range(choose.randint(1, 4)):
            a, b = sorted(choose.choices(range(len(text) + 1), k=2))
            b = min(b, a + 60)
            text = text[:a] + choose.choice(["", text[a:b] * 2, text[b:a:-1], "\"", "{", "}", "(", "😀", "@", ".", "\0", "\r\n"]) + text[b:]
        editor.change(path, text)
        for what in ("hover", "definition", "completion", "documentHighlight", "prepareRename"):
            line = choose.randint(0, text.count("\n") + 1)
            editor.answer_to("textDocument/" + what, {"textDocument": {"uri": editor.uri(path)},
                                                      "position": {"line": line, "character": choose.randint(0, 80)}})
        for what in ("documentSymbol", "semanticTokens/full", "documentLink"):
            editor.file_request(what, path)
        editor.file_request("inlayHint", path, range={"start": {"line": 0, "character": 0}, "end": {"line": 200, "character": 0}})


check_kept()
check_any_text()
editor.leave()
print("no text was too much")
