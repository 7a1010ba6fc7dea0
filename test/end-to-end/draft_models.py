"""draft_models.py HEDDLE EXAMPLES GOLDEN FOLDER: texts with --speculate model and without."""
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys

import safetensors_file
from drafts import Drafts
from trace_file import TraceFile

VERSE = "And God said unto Moses, Go in unto Pharaoh, and say unto him"
SCHEMA = {"type": "object", "properties": {"name": {"enum": ["Moses", "Aaron"]}}, "required": ["name"], "additionalProperties": False}


class Tests(Drafts):
    source = "model"

    def __init__(self, heddle, examples, golden, folder):
        self.heddle, self.golden, self.folder = heddle, pathlib.Path(golden), pathlib.Path(folder)
        self.scripture = pathlib.Path(examples) / "scripture"
        self.dates = pathlib.Path(examples) / "dates"
        self.program = self.build("same", "--speculate", self.scripture, "--speculate-quant", "q8")

    def build(self, name, *options, model=None):
        done = subprocess.run([self.heddle, "build", model or self.scripture, *options, "--cpu=native", "-o", self.folder / name],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return self.folder / name

    def refuse(self, message, *options, model=None):
        done = subprocess.run([self.heddle, "build", model or self.scripture, *options, "--cpu=native", "-o", self.folder / "refused"],
                              capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.startswith("error: --speculate"), done.stderr
        assert message in done.stderr and done.stderr.count("error:") == 1 and not (self.folder / "refused").exists(), done.stderr

    def other(self, name, change):
        """A copy of the checkpoint."""
        shutil.copytree(self.scripture, self.folder / name)
        change(self.folder / name)
        return self.folder / name

    def texts(self):
        total = [0, 0]
        for options in [["--temperature", 0], ["--temperature", 0, "--threads", 1], ["--temperature", 0, "--context", 100],
                        *(["--temperature", 0.3 + seed / 4, "--seed", seed, "--top-k", 30, "--repetition-penalty", 1.1] for seed in range(4)),
                        ["--temperature", 0.5, "--samples", 5, "--seed", 9], ["--temperature", 0, "--stop", "LORD"]]:
            total = [a + b for a, b in zip(total, self.same(VERSE, "-n", 150, *options))]
        assert total[0] > 20 and total[1] > 0.7 * total[0], total
        lines = "\n".join([VERSE, "And Moses", VERSE[:30], "The LORD spake unto Moses", "a"] * 3)
        assert self.same("--lines", "-n", 70, "--temperature", 0, input=lines)[1] > 0
        self.same("--lines", "-n", 70, "--temperature", 0.6, "--format", "json", "--logprobs", 2, input=lines)
        schema = self.folder / "schema.json"
        schema.write_text(json.dumps(SCHEMA))
        self.same(VERSE, "-n", 60, "--temperature", 0.5, "--json-schema", schema)

    def profiled(self):
        """The small model's calls are told beside the model's, as its own."""
        path = self.folder / "trace.json"
        for seed in range(10):  # how long calls take decides whether it is asked
            options = [VERSE, "-n", 150, "--temperature", 0.3, "--top-k", 30, "--seed", seed]
            done = self.run(self.program, *options, "--speculate", "model", "--profile", f"--profile={path}")
            assert done.stdout == self.run(self.program, *options).stdout
            trace = TraceFile(path)
            trace.check_totals(done.stderr)
            draft = trace.about["draft"]
            if len(trace.of("call", draft=True)) > 10:
                break
        assert draft["model"] == trace.about["model"] + "_draft", draft["model"]
        for drafts in (False, True):
            calls, layers = trace.of("call", drafts), trace.of("layer", drafts)
            assert len(calls) > 10 and len(layers) == 4 * len(calls), (drafts, len(calls), len(layers))
        assert {event["name"] for event in trace.of("call", True)} <= {"draft: step", "draft: score"}
        # Types differ: int8 products are the small model's alone.
        assert {site["arithmetic"] for site in draft["sites"]} == {"f32", "i8"} and {site["arithmetic"] for site in trace.about["sites"]} == {"f32"}
        # Where it is not asked it is not told.
        TraceFile(self.traced(path, *options)).check_totals()
        assert not json.loads(path.read_text())["heddle"]["draft"]["calls"]

    def traced(self, path, *options):
        self.run(self.program, *options, f"--profile={path}")
        return path

    def told(self):
        info = self.run(self.program, "--info").stdout
        assert re.search(r"^draft +\d+ bytes of tensors, 256 tokens of context", info, re.M), info
        self.run(self.program, VERSE, "-n", 2, "--check-weights")
        plain = self.build("plain")
        assert "draft " not in self.run(plain, "--info").stdout
        error = self.run(plain, VERSE, "--speculate", "model", code=1).stderr
        assert "was built without a small model that drafts: heddle build --speculate puts one in" in error, error

    def drafts(self):
        """A small model that is cut off, and one that knows nothing; for several processors, and with its weights beside."""
        cut = self.build("cut", "--speculate", self.scripture, "--speculate-set", "L=2", "--weights-file=beside")
        self.same(VERSE, "-n", 200, "--temperature", 0, program=cut)
        assert not (self.folder / "cut.weights").read_bytes()[:4] == b"\x7fELF"

        def shuffle(folder):
            path = folder / "model.safetensors"
            tensors = {}
            for name, dtype, shape, data in safetensors_file.read(path):
                pieces = [data[at:at + 4] for at in range(0, len(data), 4)]
                random.Random(name).shuffle(pieces)
                tensors[name] = (dtype, shape, b"".join(pieces))
            safetensors_file.write(path, tensors)
        unknowing = self.other("shuffled", shuffle)
        several = self.folder / "several"
        subprocess.run([self.heddle, "build", self.scripture, "--speculate", unknowing, "--cpu=native", "-o", several],
                       check=True, capture_output=True)
        drafted, chosen = self.same(VERSE, "-n", 200, "--temperature", 0, program=several)
        assert drafted > chosen, (drafted, chosen)

    def damage(self):
        """What lies behind the model's weights is checked as they are."""
        data = bytearray((self.folder / "cut.weights").read_bytes())
        header = data.rindex(b"HEDDEW1\0")
        assert header > 0 and header % 4096 == 0, "found no second header"
        bad = self.folder / "bad.weights"
        for change, message in [(lambda d: d.__delitem__(slice(header, None)), "holds no weights of"),
                                (lambda d: d.__setitem__(header + 20, d[header + 20] ^ 1), "damaged"),
                                (lambda d: d.__delitem__(slice(len(d) - 4096, None)), "cut off")]:
            wrong = bytearray(data)
            change(wrong)
            bad.write_bytes(wrong)
            error = self.run(self.folder / "cut", "--weights", bad, VERSE, "-n", 2, code=1).stderr
            assert message in error and error.count("\n") == 1, error

    def refusals(self):
        def rename(folder):
            path = folder / "tokenizer.json"
            text = json.loads(path.read_text())
            vocabulary = text["model"]["vocab"]
            first = min((id for id in vocabulary.values() if id > 300), default=None)
            names = {id: name for name, id in vocabulary.items()}
            assert first is not None
            one, two = names[first], names[first + 1]
            vocabulary[one], vocabulary[two] = first + 1, first
            path.write_text(json.dumps(text))
        self.refuse("has other tokens: found 301 = ", "--speculate", self.other("renamed", rename))
        self.refuse("has other tokens: found ", "--speculate", self.golden / "gpt2")
        self.refuse("has an encoder, needed a model that reads its prompt itself", "--speculate", self.dates)
        self.refuse("has an encoder, needed a model that reads its prompt itself", "--speculate", self.scripture, model=self.dates)
        self.refuse("does not generate", "--speculate", self.golden / "bert")
        self.refuse("is for programs and libraries", "--speculate", self.scripture, "--emit=header")
        self.refuse("need --speculate", "--speculate-quant", "q4")


tests = Tests(*sys.argv[1:])
for test in (tests.texts, tests.profiled, tests.told, tests.drafts, tests.damage, tests.refusals):
    test()
