"""An editor for tests: speaks to a language server over its standard input and output.

A place in a text is given by a part of it with a bar where the cursor stands: "q = linear@|q_proj".
"""
import json
import pathlib
import subprocess


class Editor:
    def __init__(self, command, root, settings=None):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.texts = {}
        self.versions = {}
        self.shown = {}  # uri → diagnostics
        self.capabilities = self.ask("initialize", {"processId": None, "rootUri": pathlib.Path(root).resolve().as_uri(), "capabilities": {},
                                                    "initializationOptions": settings or {}})["capabilities"]
        self.tell("initialized", {})

    def send(self, message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.server.stdin.flush()

    def receive(self):
        length = None
        while (line := self.server.stdout.readline()) not in (b"\r\n", b""):
            if line.startswith(b"Content-Length: "):
                length = int(line.split()[1])
        if length is None:
            raise EOFError(f"the server ended with {self.server.wait()}")
        return json.loads(self.server.stdout.read(length))

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def answer_to(self, method, params):
        """The whole answer; what the server tells meanwhile is kept."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.shown[message["params"]["uri"]] = message["params"]["diagnostics"]
            if message.get("id") == self.number:
                return message

    def ask(self, method, params):
        answer = self.answer_to(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    # Texts

    def uri(self, path):
        return pathlib.Path(path).resolve().as_uri()

    def open(self, path, text=None):
        path = pathlib.Path(path)
        text = path.read_text(encoding="utf-8") if text is None else text
        uri = self.uri(path)
        self.texts[uri], self.versions[uri] = text, 1
        self.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "heddle", "version": 1, "text": text}})
        return self.diagnostics(path)

    def change(self, path, text):
        uri = self.uri(path)
        self.texts[uri] = text
        self.versions[uri] += 1
        self.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": self.versions[uri]}, "contentChanges": [{"text": text}]})
        return self.diagnostics(path)

    def edit(self, path, old, new):
        """Only the change is sent."""
        uri = self.uri(path)
        assert self.texts[uri].count(old) == 1, old
        begin = self.position(path, "|" + old)
        end = self.position(path, old + "|")
        self.texts[uri] = self.texts[uri].replace(old, new)
        self.versions[uri] += 1
        self.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": self.versions[uri]},
                                             "contentChanges": [{"range": {"start": begin, "end": end}, "text": new}]})
        return self.diagnostics(path)

    def close(self, path):
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})

    def diagnostics(self, path):
        """What is shown of the file, once the server has come so far."""
        self.file_request("foldingRange", path)
        return self.shown.get(self.uri(path), [])

    # Questions

    def position(self, path, marked):
        before, after = marked.split("|")
        text = self.texts[self.uri(path)]
        at = text.index(before + after) + len(before)
        line = text.count("\n", 0, at)
        column = len(text[text.rfind("\n", 0, at) + 1:at].encode("utf-16-le")) // 2
        return {"line": line, "character": column}

    def line(self, path, part):
        """The number of the line that begins with a text, from 0."""
        [number] = [number for number, line in enumerate(self.texts[self.uri(path)].split("\n")) if line.startswith(part)]
        return number

    def file_request(self, what, path, **more):
        return self.ask("textDocument/" + what, {"textDocument": {"uri": self.uri(path)}, **more})

    def at(self, what, path, marked, **more):
        return self.file_request(what, path, position=self.position(path, marked), **more)

    def hover(self, path, marked):
        answer = self.at("hover", path, marked)
        return answer and answer["contents"]["value"]

    def labels(self, path, marked):
        return [item["label"] for item in self.at("completion", path, marked)["items"]]

    def rename(self, path, marked, name):
        """path → the text with the edits made; or the reason why not."""
        answer = self.answer_to("textDocument/rename", {"textDocument": {"uri": self.uri(path)}, "position": self.position(path, marked), "newName": name})
        if "error" in answer:
            return answer["error"]["message"]
        return {pathlib.Path(uri.removeprefix("file://")).name: self.edited(uri, edits) for uri, edits in answer["result"]["changes"].items()}

    def edited(self, uri, edits):
        text = self.texts.get(uri) or pathlib.Path(uri.removeprefix("file://")).read_text(encoding="utf-8")
        lines = text.split("\n")
        for edit in sorted(edits, key=lambda edit: (edit["range"]["start"]["line"], edit["range"]["start"]["character"]), reverse=True):
            start, end = edit["range"]["start"], edit["range"]["end"]
            assert start["line"] == end["line"]
            line = lines[start["line"]].encode("utf-16-le")
            line = line[:2 * start["character"]] + edit["newText"].encode("utf-16-le") + line[2 * end["character"]:]
            lines[start["line"]] = line.decode("utf-16-le")
        return "\n".join(lines)

    def part(self, path, place):
        """The text of a range."""
        line = self.texts[self.uri(path)].split("\n")[place["start"]["line"]].encode("utf-16-le")
        return line[2 * place["start"]["character"]:2 * place["end"]["character"]].decode("utf-16-le")

    def leave(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        assert self.server.wait(timeout=20) == 0


def equal(found, needed):
    assert found == needed, f"found\n{found}\nneeded\n{needed}"
