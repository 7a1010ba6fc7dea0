"""diagnostics.py HEDDLE_LSP WORK: what is wrong with texts, as they are written and before they are saved."""
import pathlib
import re
import shutil
import sys

from client import Editor, equal

lsp, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
base, main = work / "base.heddle", work / "main.heddle"
base.write_text("config {\n  D = 8\n  E = 8\n}\n\nblock half(x: [B D]) { return linear@half(x, D -> E) }\n", encoding="utf-8")
TEXT = """model m for "Ü😀"
import "base.heddle"
dyn B in 1..4

entry e(x: [B D]) -> [B E] {
  return half(x) + x
}
"""
editor = Editor([lsp, "--stdio"], work)


def shown(path):
    """(text of the place, message) of each."""
    return [(editor.part(path, one["range"]), one["message"]) for one in editor.diagnostics(path)]


def check_elaboration():
    editor.open(main, TEXT)
    [mistake] = editor.diagnostics(main)
    equal(editor.part(main, mistake["range"]), "+")
    equal(mistake["severity"], 1)
    equal(mistake["source"], "heddle")
    assert mistake["message"].startswith("cannot combine real[B E] + real[B D]: no axis D in [B E]; both are 8, but under different names"), mistake
    [related] = mistake["relatedInformation"]
    equal(related["location"]["uri"], editor.uri(base))
    equal(related["location"]["range"]["start"], {"line": 2, "character": 2})
    equal(related["message"], "E = 8")
    editor.edit(main, " + x", "")
    equal(editor.diagnostics(main), [])


def check_imports():
    """A file that is imported counts as it stands in the editor, and shows its own mistakes."""
    [alone] = editor.open(base)
    equal((alone["severity"], alone["message"]), (3, f"{base}: found no 'model NAME', which every model file needs"))
    editor.edit(base, "D -> E", "D -> D")
    equal(shown(main)[0], ("return", "entry e returns real[B D], declared real[B E] at main.heddle:5:22"))
    [first, *_] = editor.diagnostics(main)
    equal(first["code"], "blocks-and-entries")
    assert re.fullmatch(r"file:///.*/REFERENCE\.md#blocks-and-entries", first["codeDescription"]["href"]), first
    editor.edit(base, "D -> D", "D -> G")
    equal(shown(base)[1:], [("G", "unknown size G")])
    editor.edit(base, "D -> G", "D -> ")
    equal([message for _, message in shown(base)], ["found ')', needed an axis"])
    editor.edit(base, "D -> ", "D -> E")
    equal((len(shown(base)), shown(main)), (1, []))


def check_columns():
    """Columns count units of UTF-16: two for a character beyond the first plane."""
    editor.edit(main, '"Ü😀"', '"Ü😀" more')
    [mistake] = editor.diagnostics(main)
    equal(mistake["message"], "found 'more', needed the end of the line")
    equal(mistake["range"], {"start": {"line": 0, "character": 18}, "end": {"line": 0, "character": 22}})
    editor.edit(main, '"Ü😀" more', '"Ü😀"')
    equal(editor.diagnostics(main), [])


def check_without_config():
    """Sizes that nothing gives a value stand for a number; what does not depend on it is checked."""
    editor.change(main, TEXT.replace('import "base.heddle"', "config {\n  D = .hidden_size\n  E = .out_size\n}").replace("half(x) + x", "linear@a(x, D -> E) + x"))
    mistakes = shown(main)
    equal(mistakes[0][0], "+")
    equal(mistakes[1], ("m", "no config.json is known, so a number stands for D, E"))
    (work / "config.json").write_text('{"hidden_size": 3, "out_size": 5, "left": 7}', encoding="utf-8")
    editor.tell("workspace/didChangeWatchedFiles", {"changes": []})
    mistakes = shown(main)
    equal(len(mistakes), 1)
    editor.edit(main, " + x", "")
    [(place, message)] = shown(main)
    equal(place, "m")
    assert message.startswith(f"{work}/config.json: found .left = 7, which {main} neither reads nor assumes\n"), message
    (work / "config.json").write_text('{"hidden_size": 3, "out_size": ]}', encoding="utf-8")
    editor.tell("workspace/didChangeWatchedFiles", {"changes": []})
    [mistake] = [one for one in editor.diagnostics(main) if f"{work}/config.json:1:" in one["message"]]
    equal(mistake["code"], "json")
    assert re.fullmatch(r"file:///.*/MISTAKES\.md#json", mistake["codeDescription"]["href"]), mistake
    (work / "config.json").unlink()


def check_settings():
    (work / "small.json").write_text('{"hidden_size": 3, "out_size": 5}', encoding="utf-8")
    editor.tell("workspace/didChangeConfiguration", {"settings": {"heddle": {"configs": {"main.heddle": "small.json"}}}})
    equal(shown(main), [])
    assert "D = 3" in editor.hover(main, "x|: [B D]"), editor.hover(main, "x|: [B D]")


def check_bytes():
    """What is no UTF-8 in files and their names is shown all the same."""
    (work / "latin.heddle").write_bytes(b"config { D = 8 }\n# gr\xfc\xdfe\nblock half(x: [B D]) { return x + \"\xff\" }\n")
    odd = work / "odd.heddle"
    text = 'model odd\nimport "latin.heddle"\ndyn B in 1..4\nentry e(x: [B D]) -> [B D] { return half(x) }\n'
    editor.open(odd, text)
    equal([one["message"] for one in editor.shown[editor.uri(work / "latin.heddle")]], ["found a string that is not UTF-8, needs UTF-8"])
    assert "gr\ufffd\ufffde" in editor.hover(odd, "return ha|lf"), editor.hover(odd, "return ha|lf")
    uri = editor.uri(work) + "/%FF.heddle"
    editor.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "heddle", "version": 1, "text": text.replace("half", "part")}})
    editor.close(odd)
    editor.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 38}})


def check_closing():
    editor.edit(main, "D -> E", "D -> F")
    equal(shown(main), [("F", "unknown size F")])
    editor.close(main)
    editor.ask("textDocument/foldingRange", {"textDocument": {"uri": editor.uri(main)}})
    equal(editor.shown[editor.uri(main)], [])


check_elaboration()
check_imports()
check_columns()
check_without_config()
check_settings()
check_bytes()
check_closing()
editor.leave()
print("diagnostics as they should be")
