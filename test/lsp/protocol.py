"""protocol.py HEDDLE_LSP: what is no request of an editor, and how the server ends."""
import json
import subprocess
import sys

from client import Editor, equal

lsp = sys.argv[1]


def run(data, *flags):
    done = subprocess.run([lsp, *flags], input=data, capture_output=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def framed(message):
    data = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


EXIT = framed({"jsonrpc": "2.0", "method": "exit"})
SHUTDOWN = framed({"jsonrpc": "2.0", "id": 7, "method": "shutdown"})

equal(run(SHUTDOWN + EXIT)[0], 0)
equal(run(EXIT)[0], 1)
equal(run(b"")[0], 1)
equal(run(b"Content-Length: 5\r\n\r\n[1, 2" + SHUTDOWN + EXIT)[0], 0)
equal(run(b"Content-Length: 99999999999\r\n\r\n{")[0], 1)
equal(run(framed([1, 2]))[0], 1)
equal(run(b"", "--nothing"), (1, b"", b"error: found --nothing, needed no flag; see heddle-lsp --help\n"))
code, text, _ = run(b"", "--version")
equal((code, text.startswith(b"heddle-lsp ")), (0, True))

editor = Editor([lsp], ".")
unknown = editor.answer_to("textDocument/unheard", {})
equal(unknown["error"]["code"], -32601)
wrong = editor.answer_to("textDocument/hover", {"textDocument": 3})
equal(wrong["error"]["code"], -32602)
equal(editor.ask("textDocument/hover", {"textDocument": {"uri": "file:///nowhere.heddle"}, "position": {"line": 0, "character": 0}}), None)
editor.tell("textDocument/didChange", {"textDocument": {"uri": "file:///nowhere.heddle", "version": 2}, "contentChanges": [{"text": ""}]})
editor.tell("textDocument/didClose", {"textDocument": {"uri": "file:///nowhere.heddle"}})
editor.leave()
print("ends as it should")
