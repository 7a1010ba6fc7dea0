"""serve.py HEDDLE EXAMPLES FOLDER: examples/scripture, which has got a chat template for that, serves; each answer is held against what
the command line of the same program writes."""
import contextlib
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import threading
import time

from server import Server, hammer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end-to-end"))
from trace_file import TraceFile  # noqa: E402

TEMPLATE = """{%- for message in messages %}{{ message.role ~ ': ' ~ message.content | trim ~ '\\n' }}{% endfor %}
{%- if mood %}{{ mood ~ '\\n' }}{% endif %}
{%- if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"""
TEXT, CHAT = "/v1/completions", "/v1/chat/completions"
GREEDY = {"temperature": 0, "max_tokens": 12}


def text_of(reply):
    """Of a reply, or of the events of a stream: every choice's text, and why it ends."""
    if isinstance(reply, dict):
        return {c["index"]: (c["text"] if "text" in c else c["message"]["content"], c["finish_reason"]) for c in reply["choices"]}
    found = {}
    for choice in (choice for event in reply for choice in event["choices"]):
        text, reason = found.get(choice["index"], ("", None))
        piece = choice["text"] if "text" in choice else choice["delta"].get("content", "")
        found[choice["index"]] = text + piece, choice["finish_reason"] or reason
    return found


class Tests:
    def __init__(self, heddle, examples, folder):
        self.heddle, self.examples, self.folder = heddle, examples, pathlib.Path(folder)
        checkpoint = self.folder / "checkpoint"
        shutil.copytree(pathlib.Path(examples) / "scripture", checkpoint)
        (checkpoint / "chat_template.jinja").write_text(TEMPLATE)
        self.program = self.build(checkpoint, "scripture", "--serve", "--speculate", checkpoint, "--speculate-quant", "q8")

    def build(self, checkpoint, name, *options):
        done = subprocess.run([self.heddle, "build", "--cpu=native", checkpoint, *options, "-o", self.folder / name], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return self.folder / name

    def command_line(self, prompt, *options):
        done = subprocess.run([self.program, prompt, "--no-echo", *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def texts(self, server):
        for prompt in ["And God said", "And it came to pass", "The LORD"]:
            expected = self.command_line(prompt, "-n", "12", "--temperature", "0")
            reply = server.post(TEXT, {"model": server.name, "prompt": prompt, **GREEDY})
            assert text_of(reply) == {0: (expected, "length")}, (reply, expected)
            assert reply["usage"]["completion_tokens"] == 12 and reply["object"] == "text_completion"
            assert text_of(server.stream(TEXT, {"prompt": prompt, **GREEDY})) == text_of(reply)
        drawn = {"prompt": "And Moses", "max_tokens": 12, "temperature": 0.9, "top_k": 20, "seed": 7, "repetition_penalty": 1.1}
        expected = self.command_line("And Moses", "-n", "12", "--temperature", "0.9", "--top-k", "20", "--seed", "7", "--repetition-penalty", "1.1")
        assert text_of(server.post(TEXT, drawn))[0][0] == expected

    def several(self, server):
        """Prompts times choices; token ids; the prompt before its text."""
        reply = server.post(TEXT, {"prompt": ["And God said", "The LORD"], "n": 2, "max_tokens": 6, "temperature": 1, "seed": 3, "echo": True})
        texts = text_of(reply)
        assert len(texts) == 4 and texts[0] != texts[1] and texts[1][0].startswith("And God said") and texts[2][0].startswith("The LORD")
        lines = self.command_line("And God said", "-n", "6", "--temperature", "1", "--seed", "3", "--samples", "2", "--format", "json").splitlines()
        assert [texts[i][0] for i in range(2)] == ["And God said" + json.loads(line)["text"] for line in lines], (texts, lines)
        assert text_of(server.stream(TEXT, {"prompt": ["And God said", "The LORD"], "n": 2, "max_tokens": 6, "temperature": 1, "seed": 3,
                                            "echo": True})) == texts
        ids = server.post(TEXT, {"prompt": [12, 7, 99], **GREEDY})
        assert ids["usage"]["prompt_tokens"] == 3

    def stops(self, server):
        whole = server.post(TEXT, {"prompt": "And God said", "temperature": 0, "max_tokens": 40})["choices"][0]["text"]
        stop = whole[10:16]
        for body in [{"stop": stop}, {"stop": ["never there", stop]}]:
            reply = server.post(TEXT, {"prompt": "And God said", "temperature": 0, "max_tokens": 40, **body})
            assert text_of(reply) == {0: (whole[:whole.index(stop)], "stop")}, reply
            assert text_of(server.stream(TEXT, {"prompt": "And God said", "temperature": 0, "max_tokens": 40, **body})) == text_of(reply)

    def probabilities(self, server):
        line = json.loads(self.command_line("And God said", "-n", "4", "--temperature", "0", "--format", "json", "--logprobs", "3"))
        found = server.post(TEXT, {"prompt": "And God said", "temperature": 0, "max_tokens": 4, "logprobs": 3})["choices"][0]["logprobs"]
        told = [token["logprob"] for token in line["logprobs"]]
        assert all(abs(a - b) < 1e-5 for a, b in zip(found["token_logprobs"], told, strict=True)), (found, line)
        assert len(found["top_logprobs"]) == 4 and all(len(top) == 3 for top in found["top_logprobs"])
        assert "".join(found["tokens"]) == line["text"] and found["text_offset"][0] == 0, (found, line)
        body = {"messages": [{"role": "user", "content": "And God said"}], "temperature": 0, "max_tokens": 4, "logprobs": True, "top_logprobs": 2}
        told = server.post(CHAT, body)["choices"][0]["logprobs"]["content"]
        assert len(told) == 4 and all(len(token["top_logprobs"]) == 2 and token["top_logprobs"][0]["token"] == token["token"] for token in told)
        assert bytes(told[0]["bytes"]).decode() == told[0]["token"]
        streamed = [token for event in server.stream(CHAT, body) for choice in event["choices"] for token in (choice["logprobs"] or {"content": []})["content"]]
        assert streamed == told

    def conversations(self, server):
        messages = [{"role": "system", "content": "Thou art wise."}, {"role": "user", "content": "And God said"}]
        expected = self.command_line("system: Thou art wise.\nuser: And God said\nassistant:", "-n", "8", "--temperature", "0")
        body = {"messages": messages, "temperature": 0, "max_completion_tokens": 8}
        reply = server.post(CHAT, body)
        assert text_of(reply)[0][0] == expected and reply["choices"][0]["message"]["role"] == "assistant", (reply, expected)
        events = server.stream(CHAT, {**body, "stream_options": {"include_usage": True}})
        assert text_of(events) == text_of(reply) and events[-1]["usage"]["completion_tokens"] == 8 and not events[-1]["choices"]
        assert events[0]["choices"][0]["delta"]["role"] == "assistant"
        # What has been read of it is not read again.
        assert events[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] == reply["usage"]["prompt_tokens"] - 1
        parts = [{"role": "user", "content": [{"type": "text", "text": "And God"}, {"type": "text", "text": "said"}]}]
        joined = server.post(CHAT, {**body, "messages": parts})
        assert joined["choices"] == server.post(CHAT, {**body, "messages": [{"role": "user", "content": "And God\nsaid"}]})["choices"]
        mood = server.post(CHAT, {**body, "chat_template_kwargs": {"mood": "glad"}})
        assert mood["usage"]["prompt_tokens"] > reply["usage"]["prompt_tokens"]

    def schemas(self, server):
        schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 999}},
                  "required": ["name", "age"], "additionalProperties": False}
        for seed in range(4):
            body = {"messages": [{"role": "user", "content": "Who?"}], "seed": seed, "temperature": 1.2, "max_tokens": 80,
                    "response_format": {"type": "json_schema", "json_schema": {"name": "man", "schema": schema}}}
            text, reason = text_of(server.post(CHAT, body))[0]
            man = json.loads(text)
            assert reason == "stop" and set(man) == {"name", "age"} and 0 <= man["age"] <= 999 and len(man["name"]) <= 12, text
            assert text_of(server.stream(CHAT, body))[0] == (text, reason)
        server.refuse(400, "#/patternProperties", path=CHAT, body={
            "messages": [{"role": "user", "content": "x"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"patternProperties": {}}}}})

    def refusals(self, server):
        for body, *words in [({"prompt": "x", "max_tokenz": 1}, "unknown parameter max_tokenz"), ({}, "no prompt"), ({"prompt": ""}, "prompt"),
                             ({"model": "other", "prompt": "x"}, "the model is scripture"), ({"prompt": "x", "temperature": -1}, "temperature"),
                             ({"prompt": "x", "top_p": 1.5}, "top-p needed: more than 0"), ({"prompt": "x", "top_p": 0}, "top-p needed: more than 0"),
                             ({"prompt": "x", "suffix": "y"}, "suffix"), ({"prompt": "x", "max_tokens": 0}, "max_tokens is 0"),
                             ({"prompt": "x", "logit_bias": {"99999999": 1}}, "token 99999999"), ({"prompt": "x", "logit_bias": {"a": 1}}, "logit_bias"),
                             ({"prompt": [10 ** 6]}, "1000000"), ({"prompt": "x", "stop": ""}, "stop"), ({"prompt": "x", "n": 1000}, "n is 1000"),
                             ({"prompt": "x " * 5000}, "the context has room for"), ({"prompt": "x", "stream_options": {}}, "stream_options"),
                             ({"prompt": "x", "repetition_penalty": 0}, "repetition_penalty"), ({"prompt": "x", "echo": True, "logprobs": 1}, "echo")]:
            server.refuse(400, *words, body=body)
        for body, *words in [({}, "messages"), ({"messages": []}, "messages"), ({"messages": [{"content": "x"}]}, "message 0 has no role"),
                             ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "texts only"),
                             ({"messages": [{"role": "user", "content": "x"}], "tools": [{}]}, "tools is not supported"),
                             ({"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "xml"}}, "response_format")]:
            server.refuse(400, *words, path=CHAT, body=body)
        server.refuse(400, "no JSON", body="{")
        server.refuse(400, "no JSON object", body="[]")
        server.refuse(415, "application/json", body="{}", headers={"Content-Type": "text/plain"})
        server.refuse(404, "makes no vectors", path="/v1/embeddings", body={"input": "x"})
        server.refuse(404, "no such route", path="/v2", body={})
        server.refuse(404, "no /nothing to get", path="/nothing", method="GET")
        server.refuse(403, "evil.example", path="/v1/models", method="GET", headers={"Host": "evil.example"})
        assert server.request("GET", "/health") == (200, '{"status":"ok"}')
        code, page = server.request("GET", "/")
        assert code == 200 and "<!doctype html>" in page
        models = json.loads(server.request("GET", "/v1/models")[1])["data"]
        assert [model["id"] for model in models] == ["scripture"] and models[0]["max_model_len"] == 256, models
        assert server.request("PUT", "/health")[0] == 501
        for noise in [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET /%00%zz HTTP/1.1\r\n\r\n",
                      b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n", b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]:
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                # The server may have refused it and hung up before all of it is sent.
                with contextlib.suppress(OSError):
                    connection.sendall(noise)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(100)
        assert server.request("GET", "/health")[0] == 200

    def side_by_side(self, server):
        """16 clients for some seconds: no answer differs from what it is alone."""
        bodies = [{"prompt": prompt, "max_tokens": tokens, "temperature": temperature, "seed": tokens, "n": n}
                  for prompt in ["And God said", "And God saw", "The LORD spake unto Moses, saying, Speak unto the children of Israel", "In"]
                  for tokens, temperature, n in [(1, 0, 1), (9, 0, 1), (17, 1.1, 2), (40, 0.8, 1)]]
        answers = hammer(server, TEXT, bodies, text_of, 16, 8, random.Random)
        metrics = server.settle()
        assert answers > 100 and metrics["heddle_clients_gone_total"] > 0, (answers, metrics)
        assert metrics["heddle_shared_prompt_tokens_total"] > 0 and metrics['heddle_replies_total{code="5xx"}'] == 0
        calls, written = metrics["heddle_model_calls_total"], metrics["heddle_written_tokens_total"]
        assert written > 2 * calls, ("texts hardly share calls", written, calls)

    def translations(self):
        """An encoder reads the prompts of texts that come at once, and of some later."""
        program = self.build(pathlib.Path(self.examples) / "dates", "dates", "--serve")
        lines = [line.split("\t")[0] for line in (pathlib.Path(self.examples) / "dates/heldout.tsv").read_text().splitlines()[:24]]
        done = subprocess.run([program, "--lines", "--beams", "1"], input="\n".join(lines) + "\n", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for options in [["--speculate", "lookup"], []]:
            with Server(program, "--parallel", 5, *options) as server:
                found = text_of(server.post(TEXT, {"prompt": lines, "max_tokens": 40}))
                assert [found[i][0] for i in range(len(lines))] == done.stdout.splitlines(), (found, done.stdout)
        with Server(program, "--parallel", 5) as server:
            hammer(server, TEXT, [{"prompt": line, "max_tokens": 40} for line in lines], text_of, 8, 2, random.Random)
            server.refuse(404, "has no chat template", path=CHAT, body={"messages": [{"role": "user", "content": "x"}]})

    def drafts(self):
        """Texts whose tokens are drafted: the same, alone and side by side."""
        repeats = "And God said unto Moses, Go in unto Pharaoh, and say unto him, Go in unto Pharaoh, and say unto him, Go in unto"
        for source in ["lookup", "model"]:
            self.drafts_of(source, repeats)

    def drafts_of(self, source, repeats):
        with Server(self.program, "--parallel", 5, "--speculate", source) as server:
            for test in [self.texts, self.several, self.stops, self.probabilities, self.conversations, self.schemas]:
                test(server)
            expected = self.command_line(repeats, "-n", "60", "--temperature", "0")
            assert text_of(server.post(TEXT, {"prompt": repeats, "temperature": 0, "max_tokens": 60}))[0][0] == expected
            bodies = [{"prompt": repeats[:40 * n], "max_tokens": 20 * n, "temperature": n / 3, "seed": n} for n in range(1, 4)]
            assert hammer(server, TEXT, bodies, text_of, 6, 3, random.Random) > 10
            metrics = server.settle()
            assert 0 < metrics["heddle_accepted_tokens_total"] < metrics["heddle_drafted_tokens_total"], metrics

    def run(self):
        with Server(self.program, "--parallel", 6) as server:
            for test in [self.texts, self.several, self.stops, self.probabilities, self.conversations, self.schemas, self.refusals, self.side_by_side]:
                test(server)
        self.drafts()
        self.translations()
        self.limits()
        self.keys()
        self.profiled()
        self.ending()

    def limits(self):
        long = {"prompt": "And God said", "temperature": 0, "max_tokens": 200}
        with Server(self.program, "--parallel", 1, "--queue", 3, "--body-limit", 2000) as server:
            assert server.request("POST", TEXT, {"prompt": "x" * 3000})[0] == 413
            server.refuse(400, "asks for 4 texts, there is room for 3", body={"prompt": ["x"] * 4, **GREEDY})
            first = threading.Thread(target=server.post, args=(TEXT, {**long, "n": 3}))
            first.start()
            while server.metrics()["heddle_texts_waiting"] < 2:
                pass
            server.refuse(429, "too many requests", body={**long, "n": 2})
            first.join()
            # Texts whose client has gone make room.
            server.leave(TEXT, {**long, "n": 3}, 0.2)
            server.settle()
            server.post(TEXT, {**GREEDY, "prompt": "x", "n": 3})
        with Server(self.program, "--parallel", 1, "--timeout", 1) as server:
            server.refuse(503, "the time for a request is over", body={"prompt": "x", "n": 128, "max_tokens": 200})

    def keys(self):
        keys = self.folder / "keys"
        keys.write_text("first key\nsecond\n")
        with Server(self.program, "--api-key-file", keys, "--name", "named") as server:
            for header in [{}, {"Authorization": "Bearer third"}, {"Authorization": "second"}, {"Authorization": "Bearer "},
                           {"Authorization": "Bearer secondsecond"}, {"Authorization": "Bearer first"}]:
                server.refuse(401, "key", body={"prompt": "x"}, headers=header)
            for key in ["first key", "second"]:
                reply = server.post(TEXT, {"prompt": "x", "model": "named", **GREEDY}, headers={"Authorization": f"Bearer {key}"})
                assert reply["model"] == "named"
            assert server.request("GET", "/health")[0] == 200
            server.refuse(401, "key", path="/metrics", method="GET")
        keys.write_text("\n")
        for options, words in [(["--api-key-file", keys], "found no key"), (["--api-key-file", self.folder / "none"], "none"),
                               (["--host", "203.0.113.1"], "cannot listen"), (["--port", "70000"], "--port"), (["--beams", "2"], "serve takes no --beams"),
                               (["text"], "serve takes options only"), (["--context", "100000"], "context")]:
            done = subprocess.run([self.program, "serve", *options], capture_output=True, text=True)
            assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1, (options, done.stderr)
        done = subprocess.run([self.program, "serve", "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and "--api-key-file" in done.stdout

    def profiled(self):
        """A server that is stopped tells where the time of its calls went."""
        path = self.folder / "trace.json"
        with Server(self.program, "--speculate", "model", f"--profile={path}") as server:
            body = {"prompt": "And God said", "temperature": 0, "max_tokens": 60}
            assert text_of(server.post(TEXT, body)) == {0: (self.command_line("And God said", "-n", "60", "--temperature", "0"), "length")}
        trace = TraceFile(path)
        trace.check_totals()
        assert trace.of("call") and "calls" in trace.about["draft"]

    def ending(self):
        """A signal ends the server with its last answer."""
        with Server(self.program, "--parallel", 2) as server:
            found = []
            body = {"prompt": "And God said", "temperature": 0, "max_tokens": 200}
            expected = text_of(server.post(TEXT, body))
            thread = threading.Thread(target=lambda: found.append(text_of(server.stream(TEXT, body))))
            thread.start()
            while not server.metrics()["heddle_texts_at_work"] and thread.is_alive():
                pass
            server.process.terminate()
            thread.join()
            assert found == [expected]
            assert server.process.wait(20) == 0


if __name__ == "__main__":
    Tests(*sys.argv[1:]).run()
