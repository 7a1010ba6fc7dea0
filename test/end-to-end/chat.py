"""chat.py HEDDLE EXAMPLES FOLDER: conversations with examples/scripture, which has got a chat template for that."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

TEMPLATE = """{%- for message in messages %}
{%- if message.role not in ['system', 'user', 'assistant'] %}{{ raise_exception('found the role ' + message.role) }}{% endif %}
{{- message.role ~ ': ' ~ message.content | trim ~ '\\n' }}
{%- endfor %}
{%- if tools %}{{ tools | tojson ~ '\\n' }}{% endif %}
{%- if add_generation_prompt %}{{ 'assistant:' }}{% endif %}
"""
OPTIONS = ["-n", "8", "--temperature", "0"]


def write_down(*turns):
    """What the template makes of (role, content)."""
    return "".join(f"{role}: {content.strip()}\n" for role, content in turns) + "assistant:"


class Tests:
    def __init__(self, heddle, examples, folder):
        self.heddle, self.folder = heddle, pathlib.Path(folder)
        self.checkpoint = self.folder / "checkpoint"
        shutil.copytree(pathlib.Path(examples) / "scripture", self.checkpoint)
        self.plain = self.build("plain")
        (self.checkpoint / "chat_template.jinja").write_text(TEMPLATE)
        self.program = self.build("chatting")

    def build(self, name, notes=""):
        done = subprocess.run([self.heddle, "build", "--cpu=native", self.checkpoint, "-o", self.folder / name], capture_output=True, text=True)
        assert done.returncode == 0 and notes in done.stderr, done.stderr
        return self.folder / name

    def run(self, *arguments, text="", code=0, program=None):
        done = subprocess.run([program or self.program, *arguments], input=text, capture_output=True, text=True)
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done

    def answer(self, *turns):
        """What the model says, and how many tokens the text before it has."""
        done = self.run(write_down(*turns), *OPTIONS, "--no-echo", "--profile", program=self.plain)
        return done.stdout.rstrip("\n"), int(re.search(r"prefill +(\d+)", done.stderr)[1])

    def turns(self):
        turns = [("system", "Thou art wise."), ("user", "And God said"), ("user", "And Moses went")]
        first, _ = self.answer(*turns[:2])
        second, tokens = self.answer(*turns[:2], ("assistant", first), turns[2])
        done = self.run("--chat", "--system", turns[0][1], turns[1][1], turns[2][1], *OPTIONS, "--profile")
        assert done.stdout == f"{first}\n{second}\n", (done.stdout, first, second)
        # All of the second text but the first answer's tokens, of which the model has read all but the last while it wrote them.
        read = int(re.search(r"prefill +(\d+)", done.stderr)[1])
        assert read == tokens - 7, (read, tokens)

        lines = self.run("--chat", "--system", turns[0][1], *OPTIONS, text=f"{turns[1][1]}\n{turns[2][1]}\n")
        assert lines.stdout == done.stdout
        objects = self.run("--chat", "--system", turns[0][1], "--format", "json", turns[1][1], *OPTIONS).stdout
        assert json.loads(objects) == {"role": "assistant", "content": first}

    def drafts(self):
        """Answers whose tokens are drafted are the same, and so is what is kept of them."""
        turns = ["Say: go up unto the LORD, go up unto the LORD, go up", "Say it again: go up unto the LORD, go up"]
        options = ["-n", "40", "--temperature", "0.4", "--seed", "3"]
        once = self.run("--chat", *turns, *options).stdout
        done = self.run("--chat", *turns, *options, "--speculate", "lookup", "--profile")
        assert done.stdout == once and re.search(r"drafted +[1-9]", done.stderr), (once, done.stdout, done.stderr)
        parts = [self.run("--chat", turn, "--session", self.folder / "drafted", *options, "--speculate", "lookup").stdout for turn in turns]
        assert "".join(parts) == once, (parts, once)

    def commands(self):
        alone, _ = self.answer(("user", "And the king"))
        saved = self.folder / "saved.json"
        done = self.run("--chat", *OPTIONS, text=f"And God said\n/reset\nAnd the king\n/save {saved}\n/quit\nno\n")
        assert done.stdout.endswith(f"{alone}\n") and "no" not in done.stdout.split("\n")
        messages = json.loads(saved.read_text())["messages"]
        assert messages == [{"role": "user", "content": "And the king"}, {"role": "assistant", "content": alone}], messages
        more, _ = self.answer(("user", "And the king"), ("assistant", alone), ("user", "said\n/unto\nhim"))
        done = self.run("--chat", *OPTIONS, text=f"/load {saved}\n\"\"\"\nsaid\n/unto\nhim\n\"\"\"\n")
        assert done.stdout == f"{more}\n"
        slash, _ = self.answer(("user", "/x\ny"))
        assert self.run("--chat", *OPTIONS, text="//x\\\ny\n").stdout == f"{slash}\n"
        tools = self.folder / "tools.json"
        tools.write_text('[{"name": "f"}]')
        assert self.run("--chat", "--tools", tools, "Hear", *OPTIONS).stdout

    def refusals(self):
        broken, role = self.folder / "broken.json", self.folder / "role.json"
        broken.write_text('{"messages": [{"role": ')
        role.write_text('[{"role": "king", "content": "x"}]')
        for arguments, text, message in [
                (["--chat", "x", "--lines"], "", "--chat does not go with --lines"),
                (["--system", "x"], "", "--system is of a conversation: it goes with --chat"),
                (["--chat"], "/nothing\n", "/nothing is no command"),
                (["--chat"], "/load\n", "/load needs the name of a file"),
                (["--chat"], f"/load {broken}\n", "broken.json: found no JSON value, needed JSON"),
                (["--chat"], f"/load {role}\nx\n", "chat template, line 2: found the role king"),
                (["--chat"], "\"\"\"\nx\n", "standard input ends within"),
                (["--chat"], "x\0y\n", "it holds a zero byte"),
                (["--chat", "and " * 300], "", "tokens, the context has room for 256")]:
            done = self.run(*arguments, text=text, code=1)
            assert message in done.stderr and done.stderr.count("error:") == 1, (message, done.stderr)
        done = self.run("--chat", "x", code=1, program=self.plain)
        assert "compiled without a chat template" in done.stderr
        assert b"libedit" not in self.plain.read_bytes() and b"libedit" in self.program.read_bytes()

    def templates(self):
        (self.checkpoint / "chat_template.jinja").write_text("{% if true %}\n{% include 'x' %}{% endif %}")
        name = self.build("refused", "chat_template.jinja `default`: line 2: the statement `include` is not supported: the program does not offer --chat")
        assert "--chat" not in self.run("--help", program=name).stdout
        (self.checkpoint / "chat_template.jinja").unlink()
        named = [{"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"}, {"name": "tool_use", "template": "{{ tools[0].name }}"}]
        (self.checkpoint / "tokenizer_config.json").write_text(json.dumps({"chat_template": named, "bos_token": {"content": "And"}}))
        name = self.build("named")
        assert "chat      template tool_use\n" in self.run("--info", program=name).stdout
        wanted = self.run("And God", *OPTIONS, "--no-echo", program=self.plain).stdout
        assert self.run("--chat", " God", *OPTIONS, program=name).stdout == wanted

    def session(self):
        """A conversation goes on from a file, of which nothing is believed that does not fit."""
        kept, turns = self.folder / "kept", ["And God said", "And Moses went"]
        once = self.run("--chat", *turns, *OPTIONS, "--profile")
        parts = [self.run("--chat", turn, "--session", kept, *OPTIONS, "--profile") for turn in turns]
        assert "".join(part.stdout for part in parts) == once.stdout
        read = [int(re.search(r"prefill +(\d+)", done.stderr)[1]) for done in (once, *parts)]
        assert read[0] == read[1] + read[2], read
        whole = kept.read_bytes()

        def refused(content, message, program=None, arguments=()):
            kept.write_bytes(content)
            done = self.run("--chat", "x", "--session", kept, *OPTIONS, *arguments, code=1, program=program)
            assert message in done.stderr and done.stderr.count("error:") == 1, done.stderr
            assert kept.read_bytes() == content

        for place in [*range(0, 88, 3), *range(88, len(whole), len(whole) // 60)]:
            refused(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1:], "kept is ")
        for length in (0, 1, 79, 80, 81, len(whole) // 2, len(whole) - 1):
            refused(whole[:length], "kept is ")
        refused(whole + b"x", "kept is damaged, or was cut")
        refused(whole, "context has room for 16", arguments=["--context", "16"])
        refused(whole, "does not begin with that --system", arguments=["--system", "x"])
        done = subprocess.run([self.heddle, "build", "--cpu=native", self.checkpoint, "--quant", "q8", "-o", self.folder / "other"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        refused(whole, "kept is a session of another model, or of other weights", self.folder / "other")
        (self.folder / "folder").mkdir()
        done = self.run("--chat", "x", "--session", self.folder / "folder", code=1)
        assert "is a directory" in done.stderr

    def terminal(self):
        """Ctrl-C ends an answer and not the program; what was typed is there again."""
        said = "And God said"
        whole = len(self.run("--chat", said, "-n", "200", "--temperature", "0").stdout)
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
            os.execv(self.program, [self.program, "--chat", "-n", "200", "--temperature", "0"])

        held = b""

        def seen_before(wanted, seconds):
            """What the terminal shows up to the words wanted; None where they do not come in time."""
            nonlocal held
            end = time.monotonic() + seconds
            while wanted.encode() not in held:
                if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
                    return None
                try:
                    held += os.read(terminal, 4096)
                except OSError:
                    raise AssertionError(f"the program has ended: {held}")
            seen, held = held.split(wanted.encode(), 1)
            return seen

        def expect(wanted):
            assert seen_before(wanted, 60) is not None, (wanted, held)

        def mark(name):
            """Types a line until the program answers to it: with ctrl-C, a terminal forgets what was typed and not read yet."""
            for _ in range(60):
                os.write(terminal, f"/{name}\n".encode())
                if (seen := seen_before(f"/{name} is no command", 1)) is not None:
                    return seen
            raise AssertionError((name, held))

        cut = 0
        for turn in range(20):
            mark(f"begun{turn}")
            expect("> ")
            os.write(terminal, f"{said}\n".encode())
            expect(f"{said}\r\n")
            time.sleep(0.003 * turn)
            os.write(terminal, b"\x03")
            cut += len(mark(f"ended{turn}")) < whole
            expect("> ")
            os.write(terminal, b"/reset\n")
            expect("> ")
        assert cut, "no answer was cut short"
        os.write(terminal, b"\x03")
        mark("over")
        os.write(terminal, b"/quit\n")
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status


if __name__ == "__main__":
    signal.alarm(300)
    tests = Tests(*sys.argv[1:])
    for test in ("turns", "drafts", "commands", "refusals", "session", "templates", "terminal"):
        getattr(tests, test)()
