"""speculation.py HEDDLE EXAMPLES GOLDEN FOLDER: texts with --speculate lookup and without."""
import json
import pathlib
import re
import subprocess
import sys

from drafts import Drafts

VERSE = "And God said unto Moses, Go in unto Pharaoh, and say unto him, Let my people go. And God said unto Aaron, Go in unto Pharaoh"
SCHEMA = {"type": "object", "properties": {"names": {"type": "array", "items": {"enum": ["Moses", "Aaron"]}, "minItems": 3, "maxItems": 9}},
          "required": ["names"], "additionalProperties": False}


class Tests(Drafts):
    source = "lookup"

    def __init__(self, heddle, examples, golden, folder):
        self.heddle, self.examples, self.golden, self.folder = heddle, pathlib.Path(examples), pathlib.Path(golden), pathlib.Path(folder)
        self.program = self.build("scripture", self.examples / "scripture")

    def build(self, name, model, *options):
        subprocess.run([self.heddle, "build", "--cpu=native", model, *options, "-o", self.folder / name], check=True, capture_output=True)
        return self.folder / name

    def counted(self, *arguments):
        """That some drafts are chosen, and that those which are not do not count as tokens that were written."""
        self.same(*arguments)
        done = self.run(self.program, *arguments, "--speculate", "lookup", "--profile")
        drafted, accepted = map(int, re.search(r"drafted +(\d+) tokens, (\d+) of them", done.stderr).groups())
        written = int(re.search(r"decode +(\d+) tokens", done.stderr)[1])
        assert 0 < accepted <= drafted and "drafted" not in self.run(self.program, *arguments, "--profile").stderr
        assert written == int(arguments[arguments.index("-n") + 1]) - 1, written

    def greedy(self):
        for context in (60, 100, 256):
            self.same(VERSE, "-n", -1, "--temperature", 0, "--context", context)
        for threads in (1, 2, 3):
            self.same(VERSE, "-n", 150, "--temperature", 0, "--threads", threads)
        self.counted(VERSE, "-n", 150, "--temperature", 0)
        self.counted("In the beginning " * 12, "-n", 90, "--temperature", 0.5)

    def drawn(self):
        for seed in range(8):
            self.same(VERSE, "-n", 120, "--temperature", 0.1 + seed / 8, "--seed", seed)
            self.same(VERSE, "-n", 80, "--temperature", 0.7, "--top-p", 0.9, "--top-k", 20, "--seed", seed, "--repetition-penalty", 1.1)
        for seed in range(3):
            self.same(VERSE, "-n", 60, "--samples", 6, "--temperature", 0.5, "--seed", seed, "--frequency-penalty", 0.3)
            self.same(VERSE, "-n", 60, "--temperature", 0.5, "--seed", seed, "--logit-bias", "77=4", "--min-p", 0.05, "--typical-p", 0.9)

    def rows(self):
        lines = "\n".join([VERSE, "And Moses", VERSE[:60], "The LORD spake unto Moses, saying, Speak unto the children of Israel", "a"] * 3)
        self.same("--lines", "-n", 70, "--temperature", 0, input=lines)
        self.same("--lines", "-n", 70, "--temperature", 0.6, "--format", "json", "--logprobs", 2, input=lines)

    def ends(self):
        whole = self.run(self.program, VERSE, "-n", 80, "--temperature", 0, "--no-echo").stdout
        for begin in (5, 31, 60):
            self.same(VERSE, "-n", 80, "--temperature", 0, "--stop", whole[begin:begin + 4])

    def schema(self):
        path = self.folder / "schema.json"
        path.write_text(json.dumps(SCHEMA))
        for seed in range(4):
            self.same(VERSE + ' {"names": ["Moses", "Aaron"]} ', "-n", 100, "--temperature", 0.5, "--seed", seed, "--json-schema", path)

    def others(self):
        prompt = ",".join(map(str, [5, 9, 7, 5, 9, 7, 5, 9, 7, 5, 9]))
        for name in ("gpt2", "qwen2", "mistral-window", "mixtral", "glm4", "t5", "marian"):
            program = self.build(name, self.golden / name)
            for options in (["--temperature", 0], ["--temperature", 0.3, "--seed", 2], ["--temperature", 1, "--seed", 3]):
                self.same("--ids", prompt, "--ids", "3,4,3,4,3", "-n", 40, *options, program=program)

    def refusals(self):
        for arguments, message in [(["--speculate", "guess"], "--speculate is guess, needed: none, lookup or model"),
                                   (["--speculate", "lookup", "--beams", 2, "--temperature", 0], "--speculate does not go with a search with beams")]:
            assert message in self.run(self.program, VERSE, *arguments, code=1).stderr, message
        program = self.build("rnn", self.examples / "models/rnn_lm.heddle", "--random-weights=1", *(f"--set={size}=8" for size in "DFV"))
        error = self.run(program, "--ids", "1,2", "--speculate", "lookup", code=1).stderr
        assert re.search("speculate: rnn_lm carries .* from step to step, and cannot take back a draft that is not chosen", error), error


tests = Tests(*sys.argv[1:])
for test in (tests.greedy, tests.drawn, tests.rows, tests.ends, tests.schema, tests.others, tests.refusals):
    test()
