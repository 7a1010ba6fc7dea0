"""modules.py HEDDLE_MLIR_LSP WORK: MLIR's server knows our dialects."""
import pathlib
import sys

from client import Editor, equal

lsp, work = sys.argv[1], pathlib.Path(sys.argv[2])
work.mkdir(parents=True, exist_ok=True)
TEXT = """module {
  nn.size @D = 8
  nn.size @F = 12
}
"""
path = work / "sizes.mlir"
editor = Editor([lsp], work)


def diagnostics():
    editor.file_request("documentSymbol", path)
    return [one["message"] for one in editor.shown.get(editor.uri(path), [])]


def tell(method, **more):
    editor.tell("textDocument/" + method, {"textDocument": {"uri": editor.uri(path), "languageId": "mlir", "version": 1, **more}})


tell("didOpen", text=TEXT)
equal(diagnostics(), [])
editor.texts[editor.uri(path)] = TEXT
assert '"nn.size"' in editor.hover(path, "nn.|size @D"), editor.hover(path, "nn.|size @D")
tell("didClose")
tell("didOpen", text=TEXT.replace("nn.size @F", "nn.sice @F"))
[message] = diagnostics()
assert "nn.sice" in message, message
editor.leave()
print("knows our dialects")
